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
from maru.tickets.queries.filters import Condition, Filter, conditions, held_by
from maru.tickets.queries.lists import COLUMNS, Row, rows_by_id, with_names

COLUMN_PAGE = 50
DONE_DAYS = 14
PERSONAL_CAP = 5000


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
    if wanted.view in ("mine", "involved") or wanted.assignee not in ("", "none"):
        return _personal_columns(actor, wanted, names)
    parts: list[str] = []
    counts: list[str] = []
    held, before = held_by(wanted, actor)
    values: list[Any] = [*before]
    counted: list[Any] = [*before]
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
        cursor.execute(f"{held} {' union all '.join(parts)}", values)
        rows = with_names([Row(*row) for row in cursor.fetchall()], names)
        cursor.execute(f"{held} select {', '.join(counts)}", counted)
        totals: Sequence[Any] = cursor.fetchone()
    return [_column(stage, rows, total) for stage, total in zip(stages, totals, strict=True)]


def _personal_columns(actor: Actor, wanted: Filter, names: Directory) -> list[Column]:
    """One member's board: few cards, so all their places are read in one go instead of column by column."""
    found = conditions(replace(wanted, done=True), actor, names)
    phrase = " and ".join(text for text, _params in found)
    given = [actor.organization_id, *(value for _text, params in found for value in params)]
    held, before = held_by(wanted, actor)
    place = "select id, stage_id, board_rank, answer_due_at < now() from tickets_ticket where organization_id = %s"
    recent = f"status >= 6 and updated_at > now() - interval '{DONE_DAYS} days'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{held} {place} and status < 6 and {phrase} union all {place} and {recent} and {phrase} limit {PERSONAL_CAP}",
            [*before, *given, *given],
        )
        places = cursor.fetchall()
    by_stage: dict[int, list[tuple[float, int, bool]]] = {}
    for ticket_id, stage_id, rank, is_late in places:
        by_stage.setdefault(stage_id, []).append((rank, ticket_id, bool(is_late)))
    for cards in by_stage.values():
        cards.sort(reverse=True)
    shown = [card[1] for cards in by_stage.values() for card in cards[: COLUMN_PAGE + 1]]
    rows = rows_by_id(actor, shown, names)
    return [
        _column(stage, rows, (len(cards), sum(card[2] for card in cards)))
        for stage in names.stages.values()
        for cards in [by_stage.get(stage.id, [])]
    ]


def column_page(actor: Actor, stage: StageInfo, wanted: Filter, names: Directory, cursor_id: int) -> Column:
    """The cards of one column below the card ``cursor_id``."""
    actor.require(Permission.TICKET_VIEW)
    text, params = _where(actor, stage, wanted, names)
    below = "(board_rank, id) < (select board_rank, id from tickets_ticket where organization_id = %s and id = %s)"
    held, before = held_by(wanted, actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{held} select {COLUMNS} from tickets_ticket where {text} and {below} order by board_rank desc, id desc limit %s",
            [*before, *params, actor.organization_id, cursor_id, COLUMN_PAGE + 1],
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
