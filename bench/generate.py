"""Fill a Maru with made-up tickets: ``python -m bench.generate --tickets 100000``.

Numbers, dates, people and texts hang on ``--seed`` alone.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.django_ready import set_up
from maru.core.embedded.server import EmbeddedPostgres


def main() -> None:
    """Make the organizations, then their tickets; says how long each step took."""
    parser = argparse.ArgumentParser(prog="bench.generate")
    parser.add_argument("--data", type=Path, default=Path("bench/var/quick"))
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--organizations", type=int, default=20)
    parser.add_argument("--largest", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=704)
    options = parser.parse_args()
    began = time.monotonic()
    os.environ |= {"MARU_DATA": str(options.data.absolute()), "MARU_DEMO": "0"}
    postgres = EmbeddedPostgres(options.data.absolute())
    postgres.ensure_started()
    try:
        subprocess.run([sys.executable, "-m", "maru.cli", "migrate"], check=True)
        set_up()
        import psycopg

        from bench.filling import fill, make_organizations, organization_sizes, say

        sizes = organization_sizes(options.tickets, options.organizations, options.largest)
        houses = make_organizations(sizes, options.seed)
        say(began, f"{len(houses)} organizations")
        with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
            fill(connection, postgres.superuser_url, options.seed, houses, sizes, began)
        say(began, "done")
        (options.data / "bench.json").write_text(json.dumps(description(options, houses)))
    finally:
        postgres.stop()


def description(options: argparse.Namespace, houses: list[dict[str, Any]]) -> dict[str, Any]:
    """What a folder holds, kept beside it so that it is made only once."""
    return {
        "tickets": options.tickets,
        "organizations": options.organizations,
        "largest": options.largest,
        "seed": options.seed,
        "slugs": [house["slug"] for house in houses],
    }


if __name__ == "__main__":
    main()
