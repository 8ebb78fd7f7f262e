"""While the database is away a page says so, and that it passes."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client


@pytest.mark.parametrize(("language", "word"), [("ko", "잠시 후"), ("ja", "しばらく"), ("en", "Try again")])
def test_pages_say_that_it_passes(monkeypatch: pytest.MonkeyPatch, language: str, word: str) -> None:
    def away(*_words: Any, **_more: Any) -> None:
        raise OperationalError("connection refused: host=secret")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", away)
    client = Client(raise_request_exception=False)
    answer = client.get("/ab", headers={"Accept-Language": language})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert word in answer.content.decode()
    assert "secret" not in answer.content.decode()
