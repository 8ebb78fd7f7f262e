"""The ``maru`` command.

Nothing heavy is imported up here: ``maru run`` lives as long as the house does and has to stay small. Each
subcommand loads what it needs when it runs.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from maru.cli.services import die_with_supervisor
from maru.cli.terminal import CommandProblem, complain
from maru.core.embedded.errors import DatabaseProblem
from maru.core.environment import Environment, EnvironmentProblem, load
from maru.core.terminal_words import _

USAGE_ERROR = 2
UNREACHABLE = ("OperationalError", "InterfaceError", "ConnectorException")
Command = Callable[[Environment, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    :param arguments: words after ``maru``; the process's own when left out.
    :returns: exit status: 0 done, 1 something is wrong (said on stderr), 2 wrong use.
    """
    die_with_supervisor()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign must not make a command fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    parser = _parser()
    asked = parser.parse_args(arguments)
    if not hasattr(asked, "module"):
        parser.print_help()
        return USAGE_ERROR
    try:
        environment = load()
        command: Command = getattr(import_module(f"maru.cli.{asked.module}"), asked.function)
        return command(environment, asked)
    except (EnvironmentProblem, DatabaseProblem, CommandProblem) as problem:
        complain(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as problem:
        return _explain(problem)


def _explain(problem: Exception) -> int:
    """The machine's own troubles in one line each; what is our mistake goes on with all its traces."""
    if isinstance(problem, BrokenPipeError):
        # The reader of our output went away (maru doctor | head); nothing is wrong with us.
        sys.stderr.close()
    elif isinstance(problem, OSError):
        place = f" ({problem.filename})" if problem.filename else ""
        complain(f"{problem.strerror or problem}{place}")
    elif any(kind.__name__ in UNREACHABLE for kind in type(problem).__mro__):
        # Known by name: the driver and Django are loaded by those commands only that need them.
        said = str(problem.__cause__ or problem).strip()
        complain(_("The database cannot be reached: %(problem)s") % {"problem": said})
    else:
        raise problem
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maru", description=_("Maru, the help desk."))
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND")

    def add(name: str, module: str, function: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(module=module, function=function)
        return added

    add("run", "supervisor", "run", _("Start everything: database, pages, jobs, mail."))
    add("web", "serving", "web", _("Serve pages and API only."))
    add("worker", "serving", "worker", _("Work off jobs only."))
    add("mail", "serving", "mail", _("Receive mail only; “maru mail status” tells how much came."))
    migrate = add("migrate", "preparation", "migrate", _("Bring the database up to date."))
    migrate.add_argument("--if-needed", action="store_true", help=_("Do nothing when it is up to date already."))
    add("demo", "preparation", "demo", _("Fill the house with a demo company (on this machine only)."))
    add("doctor", "doctor", "doctor", _("Look whether all is well and say what to mend."))
    backup = add("backup", "archive", "backup", _("Write everything into one file; Maru may keep running."))
    backup.add_argument("file", metavar="FILE", help=_("The file to write, such as maru-backup.tar."))
    restore = add("restore", "archive", "restore", _("Bring everything back from a backup; Maru has to be stopped."))
    restore.add_argument("file", metavar="FILE", help=_("The file “maru backup” wrote."))
    restore.add_argument("--force", action="store_true", help=_("Replace what is there now."))
    upgrade = add(
        "upgrade-database", "upgrade", "upgrade", _("Bring Maru's own database over from an older major version.")
    )
    upgrade.add_argument("--programs", metavar="FOLDER", help=_("Where the programs of the older PostgreSQL are."))
    _add_nested(commands)
    return parser


def _add_nested(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Subcommands of two words."""
    keys = commands.add_parser("api-key", help=_("Keys for the API."))
    create = keys.add_subparsers(metavar="ACTION", required=True).add_parser("create", help=_("Make a key."))
    create.add_argument("--service", required=True, metavar="ORG/SERVICE", help=_("Such as ab/help."))
    create.add_argument("--name", default="", help=_("What the key is for."))
    create.set_defaults(module="keys", function="create")
    mail = commands.choices["mail"]
    status = mail.add_subparsers(metavar="ACTION").add_parser(
        "status", help=_("How much mail came and what became of it.")
    )
    status.add_argument("--json", action="store_true", help=_("For programs."))
    status.set_defaults(module="mail_status", function="status")
