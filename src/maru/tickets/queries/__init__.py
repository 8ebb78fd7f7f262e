"""Reads of tickets: always inside the actor's organization, never bare."""

from maru.tickets.queries.one import get_ticket_by_id_for, get_ticket_for, stages_of

__all__ = ["get_ticket_by_id_for", "get_ticket_for", "stages_of"]
