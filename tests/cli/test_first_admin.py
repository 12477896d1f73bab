"""The first administrator's password is told at once, also where the log is a pipe, as under systemd."""

from __future__ import annotations

import selectors
import subprocess
import sys

PROGRAM = """
import sys, cli.console
cli.console.make_first_admin = lambda store: "a-password"
cli.console.tell_first_admin(None)
sys.stdin.read()  # goes on serving
"""


def test_the_password_is_in_the_log_while_the_console_runs() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as console:
        assert console.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(console.stdout, selectors.EVENT_READ)
            told = ready.select(timeout=30)
        line = console.stdout.readline().decode() if told else ""
        console.communicate()
    assert "log in as admin with a-password" in line
