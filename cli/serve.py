"""`razbor serve`: everything on this machine, supervised: what docker-compose starts, from one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cli.faults import KnownError
from cli.prepare import NO_MODEL_EXIT

if TYPE_CHECKING:
    from cli.part import Sink
    from cli.supervisor import Supervisor
    from settings import Settings

STOP_GRACE_S: Final = 15.0  # for a command that runs before the parts


def serve() -> None:
    """Run listener, workers, nightly jobs and, by default, the embedded broker and database."""
    from cli.instance_lock import Instance, InstanceLock
    from cli.merged_log import ConsoleLog
    from settings import load_settings

    settings = load_settings()
    with InstanceLock(settings.data_dir) as lock:
        log = ConsoleLog(json_lines=settings.log_json)
        with supervised(settings, log) as (supervisor, port):
            web = int(supervisor.facts("console").get("port", settings.console_port))
            lock.publish(
                Instance(pid=os.getpid(), smtp_host=settings.smtp_host, smtp_port=port, console_port=web)
            )
            if not supervisor.stopping.is_set():
                supervisor.say(
                    f"up: SMTP on {settings.smtp_host}:{port}, console on "
                    f"http://{settings.console_host}:{web}; Ctrl-C stops everything"
                )
            supervisor.run()


@contextmanager
def supervised(settings: Settings, log: Sink) -> Iterator[tuple[Supervisor, int]]:
    """Start every part, give the supervisor and the SMTP port, and stop everything at the end.

    Mail is accepted first: the model may still be trained while the first mails come in. Raises
    KnownError when the preparation fails or a part cannot be kept up.
    """
    from cli.embedded_broker import check_socket_path, clear_run_dir, prepare_run_dir
    from cli.parts import broker_part, console_part, listener_part, working_parts
    from cli.supervisor import Supervisor

    supervisor = Supervisor(log)
    with supervisor.signals():
        try:
            if sys.platform != "linux":
                supervisor.say(
                    "this system cannot tie children to their parent: end them by hand after `kill -9`"
                )
            prepared = run_first(supervisor, "prepare")
            if prepared not in {0, NO_MODEL_EXIT}:
                raise KnownError("The preparation failed; its last line above names the remedy.")
            if not settings.broker_url:
                prepare_run_dir(settings.run_dir)
                check_socket_path(settings.embedded_broker_socket)
                supervisor.start([broker_part(settings)])
            supervisor.start([listener_part(settings)])
            if prepared == NO_MODEL_EXIT and run_first(supervisor, "train", "--if-missing") != 0:
                supervisor.say("no model was made: every mail goes to review until `razbor train` succeeds")
            supervisor.start([*working_parts(), console_part(settings)])
            yield supervisor, int(supervisor.facts("listen").get("port", settings.smtp_port))
        finally:
            supervisor.stop()
            clear_run_dir(settings.run_dir)


def run_first(supervisor: Supervisor, *words: str) -> int:
    """Run a command before the next part starts, with its output on the terminal; return its exit code.

    A process of its own, so that its memory is given back. A requested stop ends it early, which
    is no failure: 0.
    """
    from cli.part import child_environment, own_command

    if supervisor.stopping.is_set():
        return 0
    # In a session of its own, so that Ctrl-C reaches it once, from here, and it can tidy up.
    command = subprocess.Popen(
        own_command(*words), stdin=subprocess.DEVNULL, env=child_environment(), start_new_session=True
    )
    try:
        supervisor.run(until=lambda: command.poll() is not None)
    finally:
        if command.poll() is None:
            command.send_signal(signal.SIGINT)
        try:
            command.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
    return 0 if supervisor.stopping.is_set() else command.returncode
