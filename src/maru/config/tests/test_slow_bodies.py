"""Senders that stop in the middle are hung up on, and never hold the thread that makes pages."""

import asyncio
import json
from typing import Any

import pytest

from maru.config import asgi

SCOPE = {"type": "http", "method": "POST", "path": "/api/v1/tickets", "headers": []}


async def _sent(scope: dict[str, Any], pieces: list[bytes]) -> list[dict[str, Any]]:
    """What is answered to somebody who sends these pieces and then nothing more."""
    answer: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)

    await asgi.application(scope, receive, send)
    return answer


def test_silence_in_the_middle_of_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "SILENCE_SECONDS", 0.05)
    answer = asyncio.run(_sent({**SCOPE, "headers": [(b"accept-language", b"ko")]}, [b"{", b'"title"']))
    assert answer[0]["status"] == 408
    assert (b"connection", b"close") in answer[0]["headers"]
    assert (b"content-type", b"application/problem+json") in answer[0]["headers"]
    assert (b"content-length", str(len(answer[1]["body"])).encode()) in answer[0]["headers"]
    told = json.loads(answer[1]["body"])
    assert (told["status"], told["code"]) == (408, "too_slow")
    assert "도착하지" in told["detail"]
    answer = asyncio.run(_sent({**SCOPE, "headers": [(b"accept", b"text/html"), (b"accept-language", b"en")]}, [b"a="]))
    assert answer[0]["status"] == 408
    assert "Send it again" in answer[1]["body"].decode()


@pytest.mark.parametrize(("language", "word"), [("ko", "너무"), ("ja", "大き"), ("en", "too big")])
def test_too_large_a_body_is_told_to_programs_in_their_language(
    monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    monkeypatch.setattr(asgi, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(asgi, "BODY_LIMIT", 10)
    scope = {**SCOPE, "headers": [(b"accept-language", language.encode())]}
    answer = asyncio.run(_sent(scope, [b"x" * 20]))
    assert answer[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in answer[0]["headers"]
    assert word in json.loads(answer[1]["body"])["detail"]
