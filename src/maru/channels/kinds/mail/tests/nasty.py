"""An SMTP server that misbehaves on command, written on bare asyncio so that nothing tidies up after it."""

import asyncio
import threading
from collections.abc import Sequence


class NastyServer:
    """``script`` says what happens to each mail in turn: ``ok``, ``451``, ``550``, ``rcpt550``, ``rcpt450``, ``mail550``, ``cut``
    (the line dies before the 250), ``late`` (it dies right after it), ``mute`` (no greeting). Then ``ok`` for ever.
    """

    def __init__(self, script: Sequence[str] = ()) -> None:
        self.script = list(script)
        self.accepted: list[tuple[str, str, bytes]] = []
        self.seen: list[bytes] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def __enter__(self) -> "NastyServer":
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()

    def _next(self) -> str:
        return self.script.pop(0) if self.script else "ok"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.script[:1] == ["mute"]:
            self.script.pop(0)
            writer.close()
            return
        sender = recipient = act = ""

        def say(words: str) -> None:
            writer.write(words.encode() + b"\r\n")

        say("220 nasty")
        while line := await reader.readline():
            command = line.decode().strip()
            verb = command[:4].upper()
            if verb in ("EHLO", "HELO"):
                say("250 nasty")
            elif verb == "MAIL":
                sender, act = command.split("<")[1].split(">")[0], self._next()
                say("550 5.7.1 not you" if act == "mail550" else "250 ok")
            elif verb == "RCPT":
                recipient = command.split("<")[1].split(">")[0]
                say({"rcpt550": "550 5.1.1 unknown user", "rcpt450": "450 4.2.1 greylisted"}.get(act, "250 ok"))
            elif verb == "DATA":
                say("354 go on")
                raw = b""
                while not raw.endswith(b"\r\n.\r\n"):
                    raw += await reader.readline()
                self.seen.append(raw)
                if act == "cut":
                    writer.close()
                    return
                if act in ("451", "550"):
                    say(f"{act} {act[0]}.3.0 no")
                    continue
                self.accepted.append((sender, recipient, raw[:-5]))
                if act == "late":
                    writer.close()
                    return
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                writer.close()
                return
            else:
                say("250 ok")
