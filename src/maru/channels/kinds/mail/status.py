"""How many mails came in and what became of them, over all organizations."""

from django.db import connection


def counts() -> dict[str, int]:
    """`received` (all ever), `done` (worked in or rightly ignored), `quarantined`, `pending`."""
    with connection.cursor() as cursor:
        cursor.execute("select state, n from channels_raw_counts()")
        found = dict(cursor.fetchall())
    done = found.get("done", 0) + found.get("ignored", 0)
    return {
        "received": sum(found.values()),
        "done": done,
        "quarantined": found.get("quarantined", 0),
        "pending": found.get("received", 0),
    }
