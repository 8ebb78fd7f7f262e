"""Open pages: how long one change takes to reach two hundred of them."""

import asyncio
import json
import time
from typing import Any

from bench.client import Client, percentile
from bench.running import Running

PAGES = 200
CHANGES = 8


def fanout(running: Running, facts: dict[str, Any]) -> dict[str, float]:
    """``fanout_p95_ms``: from sending a change until an open page has its event, over all pages and changes."""
    return asyncio.run(_fanout(running, facts))


async def _fanout(running: Running, facts: dict[str, Any]) -> dict[str, float]:
    heard: list[list[float]] = [[] for _page in range(PAGES)]
    sessions = facts["sessions"]
    tasks, writers = [], []
    for page in range(PAGES):
        reader, writer = await _open(running, facts["slug"], sessions[page % len(sessions)])
        writers.append(writer)
        tasks.append(asyncio.create_task(_listen(reader, heard[page])))
    await asyncio.sleep(2)
    client = Client(running.port, {"Authorization": f"Bearer {facts['key']}", "Content-Type": "application/json"})
    waits: list[float] = []
    for n in range(CHANGES):
        for page in heard:
            page.clear()
        began = time.monotonic()
        path = f"/api/v1/tickets/{facts['numbers'][n]}"
        body = json.dumps({"title": f"문의 {time.time_ns()}"}).encode()
        answer = await asyncio.to_thread(client.call, "PATCH", path, body)
        assert answer.status == 200, answer.body[:300]
        deadline = began + 5
        while time.monotonic() < deadline and not all(heard):
            await asyncio.sleep(0.01)
        waits += [(page[0] - began) * 1000 if page else 5_000.0 for page in heard]
        await asyncio.sleep(0.3)
    for task, writer in zip(tasks, writers, strict=True):
        task.cancel()
        writer.close()
    return {"fanout_p95_ms": percentile(waits, 0.95)}


async def _open(running: Running, slug: str, session: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    request = (
        f"GET /desk/{slug}/live HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
        f"Accept: text/event-stream\r\nCookie: maru_session={session}\r\n\r\n"
    )
    writer.write(request.encode())
    status = await reader.readline()
    assert b" 200 " in status, status
    return reader, writer


async def _listen(reader: asyncio.StreamReader, heard: list[float]) -> None:
    while line := await reader.readline():
        if line.startswith(b"id:"):
            heard.append(time.monotonic())
