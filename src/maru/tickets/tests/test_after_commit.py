"""Nobody waits for a page to be rendered to get at the ticket it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from maru.organizations import desk
from maru.tickets.tests.desk import HTMX, fresh, url
from maru.tickets.views import detail


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("/priority", {"priority": "4"}),
        ("/messages", {"body": "답변", "mode": "reply", "submit": "open"}),
        ("/note", {"note": "메모", "version": "0"}),
    ],
)
def test_an_htmx_answer_is_rendered_when_the_change_is_committed(
    agent: Any, make_ticket: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch, address: str, given: dict[str, str]
) -> None:
    ticket = make_ticket()
    steps: list[str] = []
    tenant, render = desk.tenant, detail.render_block

    @contextmanager
    def watched(organization_id: int) -> Iterator[None]:
        with tenant(organization_id):
            steps.append("begin")
            yield
        steps.append("commit")

    def spy(*args: Any, **kwargs: Any) -> Any:
        steps.append("render")
        return render(*args, **kwargs)

    monkeypatch.setattr(desk, "tenant", watched)
    monkeypatch.setattr(detail, "render_block", spy)
    answer = client_of(agent).post(url(ticket, address), given, headers=HTMX)
    assert answer.status_code == 200
    assert steps == ["begin", "commit", "begin", "render", "commit"]
    assert fresh(ticket).updated_at > ticket.updated_at
