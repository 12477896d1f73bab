"""`razbor beat`: the clock of nightly jobs, Celery's own scheduler.

Only one should run; a second one does no harm, since every job is guarded by a row
`job_run(name, due_at)` in the database.
"""

from __future__ import annotations


def beat() -> None:
    """Start the nightly jobs when they are due."""
    from celery.beat import PersistentScheduler

    from cli.child_process import announce_ready, part_name
    from cli.heartbeat import touch_heartbeat
    from cli.log_setup import configure_logging
    from cli.worker import use_own_logging
    from settings import load_settings
    from workers.app import create_app

    settings = load_settings()
    configure_logging(settings.log_level, json_lines=settings.log_json, part=part_name("beat"))
    use_own_logging()
    settings.data_dir.mkdir(parents=True, exist_ok=True)

    class HeartbeatScheduler(PersistentScheduler):  # type: ignore[misc]  # celery has no types
        """Celery's scheduler that shows that it still ticks."""

        def tick(self, *arguments: object, **options: object) -> float:
            touch_heartbeat(settings.run_dir, "beat")
            waited: float = super().tick(*arguments, **options)
            return waited

    schedule = str(settings.data_dir / "beat-schedule")
    clock = create_app(settings, works=False).Beat(
        schedule=schedule,
        scheduler_cls=HeartbeatScheduler,
        loglevel=settings.log_level.upper(),
        max_interval=30,
        quiet=True,
    )
    announce_ready()
    clock.run()
