"""The job queue: rows in the same database, written in the transaction of their cause."""

import os

import django
import procrastinate

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maru.config.settings")


def on_app_ready(app: procrastinate.App) -> None:
    """Called once by procrastinate when Django is ready; registers what retries stalled jobs."""
    from maru.core import housekeeping

    housekeeping.register(app)


def __getattr__(name: str) -> procrastinate.App:
    if name != "app":
        raise AttributeError(name)
    django.setup()
    from procrastinate.contrib.django import app

    return app
