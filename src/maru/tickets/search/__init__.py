"""Full-text search over tickets, in plain PostgreSQL (docs/concepts/search.md)."""

from maru.tickets.search.find import search
from maru.tickets.search.index import index_new_ticket, index_ticket, rebuild
from maru.tickets.search.text import normalise

__all__ = ["index_new_ticket", "index_ticket", "normalise", "rebuild", "search"]
