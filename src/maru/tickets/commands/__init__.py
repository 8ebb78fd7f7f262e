"""Writes to tickets. Each is one verb in one transaction, actor first."""

from maru.tickets.commands.assigning import assign, forward, take, unassign
from maru.tickets.commands.changing import (
    mark_spam,
    rename,
    set_category,
    set_priority,
    set_requester,
    set_shared_note,
)
from maru.tickets.commands.conversing import (
    accept_held,
    add_customer_message,
    comment,
    dismiss_held,
    hold_message,
    reply,
)
from maru.tickets.commands.opening import open_ticket
from maru.tickets.commands.participants import add_participant, propose_participants, remove_participant
from maru.tickets.commands.setting_up import set_up_desk
from maru.tickets.commands.staging import close_silent, resolve_internally, set_stage

__all__ = [
    "accept_held",
    "add_customer_message",
    "add_participant",
    "assign",
    "close_silent",
    "comment",
    "dismiss_held",
    "forward",
    "hold_message",
    "mark_spam",
    "open_ticket",
    "propose_participants",
    "remove_participant",
    "rename",
    "reply",
    "resolve_internally",
    "set_category",
    "set_priority",
    "set_requester",
    "set_shared_note",
    "set_stage",
    "set_up_desk",
    "take",
    "unassign",
]
