"""``maru mail status``."""

from __future__ import annotations

import argparse
import json

from maru.cli.database import running_database, set_up_django
from maru.cli.terminal import say
from maru.core.environment import Environment
from maru.core.terminal_words import _

KEYS = ("received", "done", "quarantined", "pending")


def status(environment: Environment, asked: argparse.Namespace) -> int:
    """Print how many mails came in and what became of them."""
    with running_database(environment):
        set_up_django()
        from maru.channels.kinds.mail.status import counts

        found = counts()
    if asked.json:
        say(json.dumps({key: found[key] for key in KEYS}))
        return 0
    words = {
        "received": _("received"),
        "done": _("became part of a ticket"),
        "quarantined": _("could not be read and wait in quarantine"),
        "pending": _("are being worked on"),
    }
    for key in KEYS:
        say(f"{found[key]:>8}  {words[key]}")
    return 0
