"""The worker's timer, in a real worker on a real broker: sweeps run, also after the broker was away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from cli.broker_client import answers, connect
from cli.heartbeat import heartbeat_age_s
from cli.listen import read_nudge
from cli.parts import broker_part
from cli.supervisor import Supervisor
from cli.sweep import publish_sweep
from models.topics import READ_QUEUE, UPKEEP_QUEUE
from settings import Settings
from workers.nudges import READ_TASK

ROOT = Path(__file__).parents[2]
WORKER = """
import sys
from pathlib import Path
from celery import Celery
from kombu.exceptions import OperationalError
from cli.sweep import sweep_step
from models.topics import UPKEEP_QUEUE
from workers.nudges import SWEEP_TASK

app = Celery("test", broker=sys.argv[1], set_as_current=False)
app.conf.update(broker_transport_options={"max_retries": 0, "socket_timeout": 2}, task_ignore_result=True)

@app.task(name=SWEEP_TASK)
def sweep():
    with open(sys.argv[3], "a") as seen:
        seen.write("x")

app.steps["consumer"].add(sweep_step(0.3, Path(sys.argv[2])))
worker = app.Worker(pool_cls="solo", queues=[UPKEEP_QUEUE], quiet=True)
worker.start()
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("RAZBOR_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(ROOT)
    made = Settings(_env_file=None)
    yield made
    for left in made.run_dir.glob("*") if made.run_dir.exists() else ():
        left.unlink()
    if made.run_dir.exists():
        made.run_dir.rmdir()


@pytest.fixture
def broker(settings: Settings) -> Iterator[Supervisor]:
    supervisor = Supervisor(lambda part, line: None)
    supervisor.start([broker_part(settings)])
    yield supervisor
    supervisor.stop()


def eventually(condition: Callable[[], bool], supervisor: Supervisor, timeout_s: float = 20) -> bool:
    deadline = time.monotonic() + timeout_s
    supervisor.run(until=lambda: condition() or time.monotonic() > deadline)
    return condition()


def test_sweeps_go_on_after_the_broker_was_away(
    settings: Settings, broker: Supervisor, tmp_path: Path
) -> None:
    url, seen = settings.effective_broker_url, tmp_path / "seen"
    seen.touch()
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(settings.run_dir), str(seen)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as worker:
        try:
            assert eventually(lambda: seen.stat().st_size >= 2, broker)
            age_s = heartbeat_age_s(settings.run_dir, "worker")
            assert age_s is not None
            assert age_s < 5
            os.kill(int(connect(url).info()["process_id"]), signal.SIGKILL)
            assert eventually(lambda: answers(url), broker)
            before = seen.stat().st_size
            assert eventually(lambda: seen.stat().st_size >= before + 2, broker)
        finally:
            worker.terminate()


def test_nobody_hears_a_nudge_while_the_broker_is_away(settings: Settings) -> None:
    app = Celery("test", broker=settings.effective_broker_url, set_as_current=False)
    app.conf.broker_transport_options = {"max_retries": 0}
    began = time.monotonic()
    assert not publish_sweep(app, 1.0)
    with pytest.raises(OperationalError):
        read_nudge(settings.effective_broker_url)()
    assert time.monotonic() - began < 2


def test_nudges_wait_in_their_queues(settings: Settings, broker: Supervisor) -> None:
    url = settings.effective_broker_url
    assert publish_sweep(Celery("test", broker=url, set_as_current=False), 1.0)
    read_nudge(url)()
    with connect(url) as client:
        assert client.llen(UPKEEP_QUEUE) == client.llen(READ_QUEUE) == 1
        assert READ_TASK in str(client.lindex(READ_QUEUE, 0))
