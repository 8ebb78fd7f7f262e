"""`python -m maru.assets build [--force]`, and `check`: types and tests of the front end."""

import argparse
import sys

from maru.assets.build import BuildError, build, check


def main() -> int:
    """Exit status: 0 when the assets stand, 1 when the build failed."""
    parser = argparse.ArgumentParser(prog="python -m maru.assets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="build the assets when their sources changed")
    command.add_argument("--force", action="store_true", help="build even when nothing changed")
    commands.add_parser("check", help="check the types and run the tests of the front end")
    options = parser.parse_args()
    try:
        print(check() if options.command == "check" else build(force=options.force))
    except BuildError as problem:
        print(f"assets: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
