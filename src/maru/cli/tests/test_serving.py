"""What works off the jobs."""

import asyncio
import os
import signal
import threading

from procrastinate import App
from procrastinate.testing import InMemoryConnector

from maru.cli.serving import JOBS_AT_ONCE, work_off


def test_slow_pictures_stop_no_other_job() -> None:
    app = App(connector=InMemoryConnector())
    looking, answered, done = threading.Semaphore(0), threading.Event(), []

    @app.task(queue="pictures")
    def slow(number: int) -> None:
        looking.release()
        answered.wait(60)

    @app.task(queue="chores")
    def quick(number: int) -> None:
        # As many as may run, and all of them while pictures are waited for.
        assert not answered.is_set()
        done.append(number)
        if len(done) == JOBS_AT_ONCE:
            os.kill(os.getpid(), signal.SIGTERM)
            answered.set()

    for number in range(2 * JOBS_AT_ONCE):
        slow.defer(number=number)
    guard = threading.Timer(60, os.kill, [os.getpid(), signal.SIGTERM])
    guard.start()

    async def run() -> None:
        working = asyncio.create_task(work_off(app))
        await asyncio.to_thread(looking.acquire, timeout=30)
        for number in range(JOBS_AT_ONCE):
            await quick.defer_async(number=number)
        await working

    asyncio.run(run())
    guard.cancel()
    assert sorted(done) == list(range(JOBS_AT_ONCE))
