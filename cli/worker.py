"""`razbor worker`: reads mail and works topic queues, a Celery worker with a pool of processes.

The main process loads what reading needs, patterns and the model, before it forks the pool, so
that its processes share it. From then on it keeps off the database: it hands out tasks, shows
that it lives, and every few seconds publishes one sweep, so that work of which nobody was told
(broker wiped, worker killed) is found (`cli.sweep`). The pool's processes die with the main one.
"""

from __future__ import annotations

import gc
import os
import socket
import warnings
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.faults import ConfigError

if TYPE_CHECKING:
    from settings import Settings


def worker(
    queues: Annotated[
        str, typer.Option(help="Queues to work, comma-separated; default: all. `topic.*` means every topic.")
    ] = "",
    processes: Annotated[
        int, typer.Option(min=0, max=64, help="Processes of the pool; default: WORKER_PROCESSES.")
    ] = 0,
) -> None:
    """Work queues until stopped; the first SIGTERM or Ctrl-C lets tasks finish."""
    from celery.platforms import SecurityWarning
    from celery.signals import worker_process_init, worker_ready

    from cli.child_process import announce_ready, die_with_parent, part_name
    from cli.embedded_broker import require_broker
    from cli.log_setup import configure_logging
    from cli.sweep import sweep_step
    from settings import load_settings
    from workers.app import create_app

    settings = load_settings()
    names = queue_names(queues)
    configure_logging(settings.log_level, json_lines=settings.log_json, part=part_name("worker"))
    use_own_logging()
    if not settings.broker_url:
        require_broker(settings)  # a remote broker may come later, Celery waits for it

    app = create_app(settings)
    # A sweep is published from the main loop: an absent broker must not hold it up.
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}
    app.steps["consumer"].add(sweep_step(settings.sweep_s, settings.run_dir))
    # It warns of messages that run code when root reads them; only JSON is accepted here.
    warnings.simplefilter("ignore", SecurityWarning)
    main_pid = os.getpid()
    load_once(settings, names)

    def bind_pool_process(**_: Any) -> None:
        die_with_parent(main_pid)

    def say_ready(**_: Any) -> None:
        announce_ready(queues=len(names))

    worker_process_init.connect(bind_pool_process, weak=False)
    worker_ready.connect(say_ready, weak=False)
    controller = app.Worker(
        hostname=f"{part_name('worker')}-{main_pid}@{socket.gethostname()}",
        pool_cls="prefork",
        concurrency=processes or settings.worker_processes,
        queues=names,
        loglevel=settings.log_level.upper(),
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )
    controller.start()
    raise typer.Exit(controller.exitcode or 0)


def load_once(settings: Settings, queues: list[str]) -> None:
    """Load what reading needs before the pool is forked: its processes share patterns and model."""
    from models.topics import READ_QUEUE

    if READ_QUEUE in queues:
        from workers.app import load_before_fork

        load_before_fork(settings)
        gc.collect()
        gc.freeze()  # stays for good: a collector that looks at it would unshare its pages


def queue_names(given: str) -> list[str]:
    """Expand the queue list of the command line. Raises ConfigError for a name that nobody fills."""
    from models.topics import ALL_QUEUES

    topics = [name for name in ALL_QUEUES if name.startswith("topic.")]
    names: list[str] = []
    for part in [word.strip() for word in given.split(",") if word.strip()] or list(ALL_QUEUES):
        if part == "topic.*":
            names += topics
        elif part in ALL_QUEUES or part.startswith("topic."):  # a desk may add topics of its own
            names.append(part)
        else:
            raise ConfigError(f"There is no queue {part!r}. Queues: {', '.join(ALL_QUEUES)}.")
    return list(dict.fromkeys(names))


def use_own_logging() -> None:
    """Keep Celery from replacing the log handlers of this process."""
    from celery.signals import setup_logging

    setup_logging.connect(_leave_logging_alone, weak=False)


def _leave_logging_alone(**_: Any) -> None:
    """Celery configures logging itself unless somebody listens to this signal."""
