"""Reads docker-compose.yml and runs its services on this machine: each command with its environment.

What a container engine would give is replaced by what the test has: the hosts `postgres` and `redis` by the
test's servers, `/data` by a folder, the ports by free ones, the temporary folder of each container by one
of its own. Order and conditions of `depends_on` and the commands of the health checks are those of the file.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.live.conftest import START_TIMEOUT_S, Desk
from tests.warm_command import WarmService, warm_razbor

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
GIVEN = frozenset({"postgres", "redis"})  # run by the fixtures
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def compose_services() -> dict[str, dict[str, Any]]:
    """Give the services of the compose file, its variables filled in with their defaults."""
    text = _DEFAULT.sub(lambda found: found[1], COMPOSE.read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return services


@dataclass
class ComposedDesk(Desk):
    """A desk whose parts are the services of the compose file."""

    running: dict[str, WarmService] = field(default_factory=dict)
    sessions: set[int] = field(default_factory=set)

    def start(self) -> None:
        """Start every service once what it depends on is there, and wait until all are healthy."""
        services = {name: body for name, body in compose_services().items() if name not in GIVEN}
        left = dict(services)
        finished: set[str] = set()
        while left:
            name = next(
                name for name, body in left.items() if set(body["depends_on"]) - GIVEN <= finished
            )  # StopIteration: the file waits for something that never ends
            body = left.pop(name)
            environment = self._environment(name, body)
            if body["restart"] == "no":  # asked for with `service_completed_successfully`
                done = subprocess.run(
                    _own(body["command"]), env=environment, capture_output=True, timeout=120, check=False
                )
                assert done.returncode == 0, f"{name}: {done.stderr.decode()[-2000:]}"
                finished.add(name)
                continue
            self.running[name] = WarmService(body["command"], env=environment, log=self.log)
            self.sessions.add(self.running[name].pid)
        for name in self.running:
            self._wait_until_healthy(name, services[name])
        assert self.sessions <= set(self.processes("")), "what runs is found, so `none_left` means something"

    def processes(self, words: str) -> list[int]:
        """Processes of the desk: what was forked shows the words of its server, but its session is ours."""
        found = set(super().processes(words))
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) in self.sessions and state != "Z":
                    found.add(int(folder.name))
        return sorted(found)

    @property
    def is_running(self) -> bool:
        return bool(self.running)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the services as the engine does: SIGTERM for all at once, each with its grace."""
        if self.store is not None:
            self.store.close()
            self.store = None
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(timeout=60) for name, process in self.running.items()}
        self.running.clear()
        # The web server ends by the very signal once it has closed; for an engine that is a clean stop.
        assert set(codes.values()) <= {0, -signal.SIGTERM}, codes
        return 0

    def _environment(self, name: str, body: dict[str, Any]) -> dict[str, str]:
        """Give what the container would see; `environment` wins over the `.env` of the desk."""
        own_temporary = Path(self.env["RAZBOR_DATA_DIR"]).parent / f"tmp-{name}"
        own_temporary.mkdir(exist_ok=True)
        mapped = {
            "RAZBOR_DATA_DIR": self.env["RAZBOR_DATA_DIR"],
            "RAZBOR_DATABASE_URL": self.env["RAZBOR_DATABASE_URL"],
            "RAZBOR_BROKER_URL": self.env["RAZBOR_BROKER_URL"],
            "RAZBOR_SMTP_PORT": str(self.port),
            "RAZBOR_CONSOLE_PORT": self.env["RAZBOR_CONSOLE_PORT"],
        }
        asked = {key: str(value) for key, value in body["environment"].items()}
        return {**self.env, **asked, **{key: mapped[key] for key in asked.keys() & mapped.keys()}} | {
            "TMPDIR": str(own_temporary)
        }

    def _wait_until_healthy(self, name: str, body: dict[str, Any]) -> None:
        kind, razbor, *words = body["healthcheck"]["test"]
        assert (kind, razbor) == ("CMD", "razbor")
        deadline = time.monotonic() + START_TIMEOUT_S
        while warm_razbor(*words, env=self._environment(name, body)).returncode != 0:
            assert self.running[name].poll() is None, f"{name} ended: {self.told()}"
            assert time.monotonic() < deadline, f"{name} did not become healthy: {self.told()}"
            time.sleep(1.0)


def _own(words: list[str]) -> list[str]:
    """Run `razbor WORDS` from these sources."""
    return [sys.executable, "-m", "cli", *words]
