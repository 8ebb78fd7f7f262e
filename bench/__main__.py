"""``make bench``: fill a small and a large house, load them, write ``bench/results/latest.json``.

The size is an option: ``python -m bench --tickets 1000000 --organizations 200 --largest 300000``. Filled houses are
kept under ``bench/var`` and used again while the options are the same.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import doors, pages, streams
from bench.client import Client
from bench.limits import LIMITS, verdict
from bench.running import Running

HERE = Path(__file__).resolve().parent
SMALL = 10_000
PAGE_KINDS = ("list", "detail", "board", "search_rare", "search_medium", "search_common", "counts")


def main() -> int:
    """Measure and tell; returns 0 when every figure is met."""
    options = read_options()
    began = time.monotonic()
    share = SMALL / options.tickets
    small = filled("small", SMALL, options.organizations, max(1, round(options.largest * share)), options.seed)
    large = filled("large", options.tickets, options.organizations, options.largest, options.seed)
    print(f"{SMALL:,} tickets", flush=True)
    with Running(small) as running:
        before = pages.measure(running, *signed_in(running))
    print(f"{options.tickets:,} tickets", flush=True)
    figures, details = measured(large)
    for kind in PAGE_KINDS:
        figures[f"{kind}_growth"] = details["pages"][kind]["p95_ms"] / before[kind]["p95_ms"]
    details |= {
        "small": before,
        "minutes": (time.monotonic() - began) / 60,
        "machine": machine(),
        "options": vars(options),
    }
    rounded = {name: round(figures[name], 2) for name in LIMITS}
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "latest.json").write_text(json.dumps(rounded | {"details": details}, indent=2, default=str) + "\n")
    print(verdict(rounded))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--tickets", type=int, default=int(os.environ.get("BENCH_TICKETS", "100000")))
    parser.add_argument("--organizations", type=int, default=int(os.environ.get("BENCH_ORGANIZATIONS", "40")))
    parser.add_argument("--largest", type=int, default=int(os.environ.get("BENCH_LARGEST", "30000")))
    parser.add_argument("--seed", type=int, default=704)
    return parser.parse_args()


def filled(name: str, tickets: int, organizations: int, largest: int, seed: int) -> Path:
    """The folder of a house with so many tickets; made when it is not there yet."""
    data = HERE / "var" / name
    wanted = {"tickets": tickets, "organizations": organizations, "largest": largest, "seed": seed}
    try:
        kept = json.loads((data / "bench.json").read_text())
    except (OSError, ValueError):
        kept = {}
    if all(kept.get(key) == value for key, value in wanted.items()):
        return data
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    arguments = [word for key, value in wanted.items() for word in (f"--{key}", str(value))]
    subprocess.run([sys.executable, "-m", "bench.generate", "--data", str(data), *arguments], check=True)
    return data


def signed_in(running: Running) -> tuple[Client, dict[str, Any]]:
    """An agent of the largest organization in his browser, and what there is to look at."""
    done = subprocess.run([sys.executable, "-m", "bench.facts"], env=running.env, check=True, stdout=subprocess.PIPE)
    facts = json.loads(done.stdout)
    client = Client(running.port)
    client.sign_in("agent0@bench0.example", facts["password"])
    return client, facts


def measured(data: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """All figures of the large house but growth, and what else was seen."""
    with Running(data):
        pass
    with Running(data) as running:
        figures = {"start_s": running.start_s}
        time.sleep(10)
        figures["idle_mb"] = running.memory_mb()
        client, facts = signed_in(running)
        found = pages.measure(running, client, facts)
        details: dict[str, Any] = {"pages": found}
        figures |= {f"{kind}_p95_ms": found[kind]["p95_ms"] for kind in PAGE_KINDS}
        figures |= {f"{kind}_cpu_ms": found[kind]["cpu_ms"] for kind in ("list", "detail")}
        searches = [found[kind]["cpu_ms"] for kind in ("search_rare", "search_medium", "search_common")]
        figures["search_cpu_ms"] = sum(searches) / len(searches)
        kinds = pages.kinds(facts)
        details["per_s"] = {
            kind: pages.rate(running, client, kinds[kind]) for kind in ("list", "detail", "search_rare")
        }
        for part in (
            lambda: doors.through_api(running, facts["key"], facts["requests"]),
            lambda: doors.through_form(running, facts["codes"], facts["requests"]),
            lambda: doors.through_mail(running, facts["slug"], facts["requests"]),
            lambda: streams.fanout(running, facts),
        ):
            doors.settle(running)
            told = part()
            figures |= told
            print("  " + "  ".join(f"{name} {value:.2f}" for name, value in told.items()), flush=True)
        details["loaded_mb"] = running.memory_mb()
    return figures, details


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


if __name__ == "__main__":
    sys.exit(main())
