"""The child that reads mail: frames in on standard input, frames out on standard output, limits around each mail.

In:  4 bytes length + JSON options, 8 bytes length + raw mail.
Out: 4 bytes length + JSON, then the attachments' bytes in order; lengths stand in the JSON.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import time
from typing import Any

from maru.channels.kinds.mail.parse.model import ParsedMail, Quarantine
from maru.channels.kinds.mail.parse.reader import read_mail
from maru.core.confined import allow_cpu, read_exactly, restrict
from maru.core.html.invisible import strip_controls

CPU_SECONDS = 5


def answer(raw: bytes, options: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Result as JSON-ready dict and attachments. A failure is an answer too."""
    started = time.process_time()
    try:
        result = read_mail(raw, **options)
    except MemoryError:
        result = Quarantine("memory")
    except Exception as error:  # Whatever a mail does to the reader must end in quarantine, with its name.
        result = Quarantine("unreadable", f"{type(error).__name__}: {error}"[:200])
    data: dict[str, Any]
    if isinstance(result, ParsedMail):
        data, contents = {"mail": result.to_json()}, [item.content for item in result.attachments]
    else:
        data, contents = {"quarantine": [result.reason, result.detail]}, []
    data = _clean(data)
    data["cpu_ms"] = round((time.process_time() - started) * 1000, 2)
    return data, contents


def _clean(value: Any) -> Any:
    """The same data without NUL, control characters and lone surrogates, wherever an encoded word may hide them."""
    if isinstance(value, str):
        return strip_controls(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value


def main() -> None:
    """Serves until the parent closes the pipe."""
    restrict()
    # Cycles are collected between mails, not in the middle of one.
    gc.disable()
    source, target = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    while True:
        try:
            options = json.loads(read_exactly(source, struct.unpack("!I", read_exactly(source, 4))[0]))
            raw = read_exactly(source, struct.unpack("!Q", read_exactly(source, 8))[0])
        except EOFError:
            return
        # The kernel counts in whole seconds; all in all it is no more than ours.
        allow_cpu(CPU_SECONDS - 1)
        data, contents = answer(raw, options)
        encoded = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        target.write(struct.pack("!I", len(encoded)) + encoded)
        for content in contents:
            target.write(content)
        target.flush()
        if data.get("quarantine", [""])[0] in ("memory", "unreadable"):
            # A process that has been through that is not used again.
            return
        del raw, contents, data, encoded
        gc.collect(1)


if __name__ == "__main__":
    main()
