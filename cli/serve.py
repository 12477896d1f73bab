"""`razbor serve`: everything on this machine, supervised: what docker-compose starts, from one command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.faults import KnownError

if TYPE_CHECKING:
    from cli.supervisor import Supervisor
    from settings import Settings

PREPARATIONS = (("migrate",), ("train", "--if-missing"))


def serve() -> None:
    """Run listener, workers, nightly jobs and, by default, the embedded broker and database."""
    from cli.instance_lock import Instance, InstanceLock
    from cli.merged_log import ConsoleLog
    from cli.supervisor import Supervisor
    from settings import load_settings

    settings = load_settings()
    with InstanceLock(settings.data_dir) as lock:
        prepare(settings)
        supervisor = Supervisor(ConsoleLog(json_lines=settings.log_json))
        with supervisor.signals():
            try:
                port = start_parts(supervisor, settings)
                lock.publish(Instance(pid=os.getpid(), smtp_host=settings.smtp_host, smtp_port=port))
                if not supervisor.stopping.is_set():
                    supervisor.say(f"up: SMTP on {settings.smtp_host}:{port}; Ctrl-C stops everything")
                supervisor.run()
            finally:
                supervisor.stop()


def prepare(settings: Settings, commands: Sequence[Sequence[str]] = PREPARATIONS) -> None:
    """Bring the database up to date and see to it that there is a model, with its progress bar.

    These run as commands of their own, so their memory is given back before the parts start.
    Raises KnownError when one fails; its own last line has named the remedy then.
    """
    from cli.embedded_broker import check_socket_path, prepare_run_dir
    from cli.part import own_command

    if not settings.broker_url:
        prepare_run_dir(settings.run_dir)
        check_socket_path(settings.embedded_broker_socket)
    for command in commands:
        done = subprocess.run(own_command(*command), stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise KnownError(f"`razbor {' '.join(command)}` failed; its last line above names the remedy.")


def start_parts(supervisor: Supervisor, settings: Settings) -> int:
    """Start all parts and wait for them; return the port on which the listener answers."""
    from cli.parts import broker_part, working_parts

    if sys.platform != "linux":
        supervisor.say("this system cannot tie children to their parent: after `kill -9` end them by hand")
    if not settings.broker_url:
        supervisor.start([broker_part(settings)])
    supervisor.start(working_parts(settings))
    return int(supervisor.facts("listen").get("port", settings.smtp_port))
