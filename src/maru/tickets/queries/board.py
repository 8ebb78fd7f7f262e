"""The board: stages as columns, the newest cards of each, how many stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.tickets.models import Status
from maru.tickets.queries.counts import CAP
from maru.tickets.queries.directory import Directory, StageInfo
from maru.tickets.queries.filters import Condition, Filter, conditions
from maru.tickets.queries.lists import COLUMNS, Row, with_names

COLUMN_PAGE = 50
DONE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Column:
    """``count`` is capped; ``next`` the cursor for more cards, empty when all are here."""

    stage: StageInfo
    cards: list[Row]
    count: int
    late: int
    next: str

    @property
    def more(self) -> int:
        return self.count - len(self.cards)


def board_columns(actor: Actor, wanted: Filter, names: Directory) -> list[Column]:
    """All columns with their first cards: two statements."""
    actor.require(Permission.TICKET_VIEW)
    stages = list(names.stages.values())
    if not stages:
        return []
    parts: list[str] = []
    counts: list[str] = []
    values: list[Any] = []
    counted: list[Any] = []
    for stage in stages:
        text, params = _where(actor, stage, wanted, names)
        parts.append(f"(select {COLUMNS} from tickets_ticket where {text} order by board_rank desc, id desc limit %s)")
        values += [*params, COLUMN_PAGE + 1]
        counts.append(
            "(select json_build_array(count(*), count(*) filter (where answer_due_at < now())) from "
            f"(select answer_due_at from tickets_ticket where {text} limit {CAP + 1}) c)"
        )
        counted += params
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), values)
        rows = with_names([Row(*row) for row in cursor.fetchall()], names)
        cursor.execute(f"select {', '.join(counts)}", counted)
        totals: Sequence[Any] = cursor.fetchone()
    return [_column(stage, rows, total) for stage, total in zip(stages, totals, strict=True)]


def column_page(actor: Actor, stage: StageInfo, wanted: Filter, names: Directory, cursor_id: int) -> Column:
    """The cards of one column below the card ``cursor_id``."""
    actor.require(Permission.TICKET_VIEW)
    text, params = _where(actor, stage, wanted, names)
    below = (
        "(board_rank, id) < (select board_rank, id from tickets_ticket where organization_id = %s and id = %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {COLUMNS} from tickets_ticket where {text} and {below} order by board_rank desc, id desc limit %s",
            [*params, actor.organization_id, cursor_id, COLUMN_PAGE + 1],
        )
        rows = with_names([Row(*row) for row in cursor.fetchall()], names)
    return _column(stage, rows, (len(rows), 0))


def _column(stage: StageInfo, rows: list[Row], total: Sequence[int]) -> Column:
    mine = [row for row in rows if row.stage_id == stage.id]
    cards = mine[:COLUMN_PAGE]
    late = total[1] if not stage.is_done and stage.status != Status.PENDING else 0
    return Column(stage, cards, total[0], late, str(cards[-1].id) if len(mine) > COLUMN_PAGE else "")


def _where(actor: Actor, stage: StageInfo, wanted: Filter, names: Directory) -> tuple[str, list[Any]]:
    found: list[Condition] = [("stage_id = %s", [stage.id]), *conditions(replace(wanted, done=True), actor, names)]
    if stage.is_done and (wanted.is_refined or wanted.view not in ("open", "all")):
        # Who looks for his own cards among all that was ever finished would walk them all.
        found.append((f"updated_at > now() - interval '{DONE_DAYS} days'", []))
    text = " and ".join(phrase for phrase, _params in found)
    return f"organization_id = %s and {text}", [actor.organization_id, *(v for _p, given in found for v in given)]
