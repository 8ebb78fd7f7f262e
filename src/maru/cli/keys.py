"""``maru api-key``."""

from __future__ import annotations

import argparse

from maru.cli.database import running_database, set_up_django
from maru.cli.terminal import CommandProblem, say
from maru.core.environment import Environment
from maru.core.terminal_words import _


def create(environment: Environment, asked: argparse.Namespace) -> int:
    """Make a key and print it, alone, on stdout: it is shown this once."""
    organization, slash, service = asked.service.partition("/")
    if not (organization and slash and service) or "/" in service:
        raise CommandProblem(_("--service must look like ORG/SERVICE, such as ab/help."))
    with running_database(environment):
        set_up_django()
        from maru.api.keys import create_from_cli
        from maru.core.errors import MaruError, NotFound

        try:
            say(create_from_cli(service=asked.service, name=asked.name or _("Made at the terminal")))
        except NotFound as problem:
            raise CommandProblem(_("There is no service “%(service)s”.") % {"service": asked.service}) from problem
        except MaruError as problem:
            raise CommandProblem(problem.message) from problem
    return 0
