"""``maru web``, ``maru worker``, ``maru mail``: what the supervisor starts, also to be run apart."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

from maru.cli.database import set_up_django
from maru.cli.services import die_hard_with_parent
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.environment import Environment

if TYPE_CHECKING:
    from procrastinate import App

WEB_APPLICATION = "maru.config.asgi:application"
# Open event streams count as running requests, so this is far above what the pages alone would need.
MOST_REQUESTS = 10_000
JOBS_AT_ONCE = 4
#: Jobs that wait for servers of strangers have places of their own: however slow those are, nothing else waits for them.
SLOW_QUEUES = {"pictures": 2}
# Seconds: after these, requests and jobs still running are cut off. Jobs are made to be run again.
WEB_GRACE = 4
JOB_GRACE = 10.0


def web(environment: Environment, _asked: argparse.Namespace) -> int:
    """Serve pages, API and event streams until told to stop."""
    _require_database(environment)
    # Loaded once, before the workers are forked: they share its memory, and a killed one is back at once.
    _load(WEB_APPLICATION)
    from django.urls import get_resolver

    # Views are otherwise imported by the first request, in each worker anew.
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        WEB_APPLICATION,
        address=environment.host,
        port=environment.port,
        interface=Interfaces.ASGI,
        workers=environment.web_workers,
        websockets=False,
        backpressure=MOST_REQUESTS,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=WEB_GRACE,
    ).serve(target_loader=load_web_application)
    return 0


def load_web_application(target: str) -> Callable[..., Any]:
    """Called in each web worker before it serves."""
    die_hard_with_parent()
    return _load(target)


def _load(target: str) -> Callable[..., Any]:
    module, _colon, name = target.partition(":")
    application: Callable[..., Any] = getattr(import_module(module), name)
    return application


def worker(environment: Environment, _asked: argparse.Namespace) -> int:
    """Work off jobs until told to stop."""
    _require_database(environment)
    set_up_django()
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from maru.config.jobs import app

    # Django's own connector can only put jobs in; the worker needs one that waits for them.
    assert isinstance(app.connector, DjangoConnector)
    with app.replace_connector(app.connector.get_worker_connector()):
        asyncio.run(work_off(app))
    return 0


async def work_off(app: App) -> None:
    """Run the jobs of all queues until SIGTERM or SIGINT; those of :data:`SLOW_QUEUES` beside the others."""
    loop = asyncio.get_running_loop()
    # Each job that runs holds a thread; asyncio's own pool would be smaller on a small machine.
    loop.set_default_executor(ThreadPoolExecutor(JOBS_AT_ONCE + sum(SLOW_QUEUES.values()) + 2))
    async with app.open_async():
        others = sorted({task.queue for task in app.tasks.values()} - SLOW_QUEUES.keys())
        shares = [("maru", others, JOBS_AT_ONCE), *((f"maru {name}", [name], n) for name, n in SLOW_QUEUES.items())]
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    name=name,
                    queues=queues,
                    concurrency=places,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=JOB_GRACE,
                    install_signal_handlers=False,
                )
            )
            for name, queues, places in shares
        ]

        def stop() -> None:
            for worker in workers:
                worker.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        # One that fails takes the others along: the supervisor starts them all anew.
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        stop()
        for result in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def mail(environment: Environment, _asked: argparse.Namespace) -> int:
    """Take in mail by SMTP and IMAP until told to stop."""
    _require_database(environment)
    set_up_django()
    from maru.channels.kinds.mail.service import main

    main()
    return 0


def _require_database(environment: Environment) -> None:
    if environment.embedded:
        EmbeddedPostgres(environment.data).require_running()
