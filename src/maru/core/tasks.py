"""Timed chores of the ground floor."""

from procrastinate.contrib.django import app

from maru.core.files.sweep import sweep_files, sweep_strays


@app.periodic(cron="41 * * * *")
@app.task(queue="chores", queueing_lock="core.sweep_files", name="core.sweep_files")
def sweep_unattached_files(timestamp: int) -> None:
    """Once an hour: files that nothing has taken on within a day."""
    sweep_files()


@app.periodic(cron="23 19 * * *")
@app.task(queue="chores", queueing_lock="core.sweep_strays", name="core.sweep_strays")
def sweep_stray_bytes(timestamp: int) -> None:
    """Once a day, at night in Seoul and Tokyo: bytes without a row."""
    sweep_strays()
