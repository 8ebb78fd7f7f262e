"""The pages of one signed-in agent: how long they take and what they cost."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from bench.client import Client, percentile, timed
from bench.running import Running
from bench.terms import COMMON, MEDIUM, RARE

ROUNDS = 3
EACH = 80
WARM_UP = 30
CONNECTIONS = 8
SECONDS = 4.0


def kinds(facts: dict[str, Any]) -> dict[str, list[str]]:
    """Addresses of each kind of page, varied as an agent would."""
    desk = f"/desk/{facts['slug']}"
    views = ["", "?view=mine", "?view=unassigned", "?view=all", "?view=closed", "?view=hold"]
    views += [f"?group={group}" for group in facts["groups"]]
    views += [f"?category={category}" for category in facts["categories"]]
    views += [f"?assignee={member}" for member in facts["members"][:5]]
    return {
        "list": [f"{desk}/tickets{view}" for view in views],
        "detail": [f"{desk}/tickets/{number}" for number in facts["numbers"]],
        "board": [f"{desk}/board"],
        "search_rare": [f"{desk}/search?q={quote(word)}" for word in RARE],
        "search_medium": [f"{desk}/search?q={quote(word)}" for word in MEDIUM],
        "search_common": [f"{desk}/search?q={quote(word)}" for word in COMMON],
        "counts": [f"{desk}/tickets/counts"],
    }


def paths_of(choices: list[str], count: int, seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    return iter(rng.choices(choices, k=count))


def measure(running: Running, client: Client, facts: dict[str, Any]) -> dict[str, dict[str, float]]:
    """For each kind: p50_ms, p95_ms (the middle of three rounds), cpu_ms (all processes), postgres_ms of it."""
    found = {}
    idle = running.idle_cpu()
    for kind, choices in kinds(facts).items():
        timed(client, list(paths_of(choices, WARM_UP, 0)))
        rounds, cpu, began = [], running.cpu_by_kind(), time.monotonic()
        for number in range(ROUNDS):
            rounds.append(timed(client, list(paths_of(choices, EACH, number + 1))))
        seconds = time.monotonic() - began
        after = running.cpu_by_kind()
        spent = {part: after[part] - cpu[part] for part in cpu}
        spent["maru"] -= idle * seconds
        found[kind] = {
            "p50_ms": sorted(percentile(times, 0.5) for times in rounds)[ROUNDS // 2],
            "p95_ms": sorted(percentile(times, 0.95) for times in rounds)[ROUNDS // 2],
            "cpu_ms": sum(spent.values()) / (ROUNDS * EACH),
            "postgres_ms": spent["postgres"] / (ROUNDS * EACH),
        }
        print(f"  {kind:15} " + "  ".join(f"{key} {value:7.1f}" for key, value in found[kind].items()), flush=True)
    return found


def rate(running: Running, client: Client, choices: list[str]) -> float:
    """Pages a second with several connections at once."""
    end = time.monotonic() + SECONDS

    def keep_asking(seed: int) -> int:
        own = Client(running.port, client.headers)
        own.cookies = dict(client.cookies)
        done = 0
        for path in paths_of(choices, 10_000, seed):
            if time.monotonic() > end:
                break
            timed(own, [path])
            done += 1
        return done

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(keep_asking, range(CONNECTIONS))) / SECONDS
