"""PostgreSQL goes away under load and comes back; what was acknowledged is there."""

import json
import threading
import time
import urllib.error
import urllib.request

from tests.torture.running import Running

# Seconds.
BACK_WITHIN = 15


def create(running: Running, key: str, number: int, attempt: str) -> str | None:
    """A ticket by the API; its number when it was acknowledged."""
    body = {"title": f"restart {attempt} {number}", "content": "text", "requester": {"name": "김", "email": ""}}
    request = urllib.request.Request(
        f"{running.url}/api/v1/tickets",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["number"])
    except (urllib.error.URLError, OSError, TimeoutError):
        return None


def test_no_acknowledged_write_is_lost_when_the_database_dies(running: Running, large: bool) -> None:
    key = running.maru("api-key", "create", "--service", "ab/help").strip()
    acknowledged: list[str] = []
    outages: list[float] = []
    stop = threading.Event()

    def load(worker: int) -> None:
        number, down = 0, 0.0
        while not stop.is_set():
            number += 1
            found = create(running, key, number, str(worker))
            if found:
                acknowledged.append(found)
                if down:
                    outages.append(time.monotonic() - down)
                down = 0.0
            else:
                down = down or time.monotonic()
                time.sleep(0.1)

    threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10 if large else 2):
        time.sleep(3)
        assert running.kill("postgres")
        time.sleep(3)
        running.wait_ready(BACK_WITHIN)
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join()
    with running.connect() as connection:
        there = {row[0] for row in connection.execute("select number from tickets_ticket").fetchall()}
    missing = [number for number in acknowledged if number.replace("-", "") not in there]
    print(f"{len(acknowledged)} acknowledged, longest outage {max(outages, default=0):.1f} s")
    assert len(acknowledged) > 20
    assert not missing
    assert max(outages, default=0) <= BACK_WITHIN
