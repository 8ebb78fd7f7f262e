"""Chores of the house that belong to no single room."""

import procrastinate
from django.db import connection

STALLED_AFTER_SECONDS = 60


def register(app: procrastinate.App) -> None:
    """Add the periodic chores to the job queue."""

    @app.periodic(cron="* * * * *")
    @app.task(queue="chores", queueing_lock="retry_stalled", pass_context=True, name="core.retry_stalled")
    async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
        """Put jobs of killed workers back in the queue; every job is safe to run twice."""
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
            await manager.retry_job(job)

    @app.periodic(cron="17 * * * *")
    @app.task(queue="chores", queueing_lock="forget_attempts", name="core.forget_attempts")
    def forget_attempts(timestamp: int) -> None:
        """Throw away rate-limit windows older than two days."""
        with connection.cursor() as cursor:
            cursor.execute("delete from core_ratecounter where \"window\" < now() - interval '2 days'")
