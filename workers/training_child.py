"""Training in a process of its own: lowered priority, bounded memory, one thread, gone with its parent.

The parent writes the examples into a folder of its own and starts `python -m workers.training_child
FOLDER`; the child writes the artefact and what is told about it. What it says on standard output
are lines of progress. So a training that needs too much memory ends itself, never the service.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from classifier.artifact import dump
from classifier.dataset import Example
from classifier.documents import Document
from classifier.train import train

MEMORY_BYTES: Final = 4 * 1024**3
NICE: Final = 10
_PR_SET_PDEATHSIG: Final = 1
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Arrays of a batch go back to the system: with a threshold that adapts, glibc keeps a gigabyte of holes.
_NO_HOLES: Final = {"MALLOC_MMAP_THRESHOLD_": str(256 * 1024)}
_LAST_LINES: Final = 3

Progress = Callable[[float, str], None]


class TrainingError(RuntimeError):
    """The training process ended without a model; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of a training: the artefact's bytes and what is told about it."""

    data: bytes
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    environment: dict[str, Any]
    threshold_set: str
    thresholds: dict[str, Any]


def train_apart(
    examples: Sequence[Example],
    *,
    target: float,
    progress: Progress | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Trained:
    """Train in a child process. Raises TrainingError when it ends without a model."""
    with tempfile.TemporaryDirectory(prefix="razbor-train-") as name:
        folder = Path(name)
        with (folder / "examples.jsonl").open("w", encoding="utf-8") as file:
            for example in examples:
                file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
        (folder / "order.json").write_text(json.dumps({"target": target, "memory_bytes": memory_bytes}))
        with (
            (folder / "errors").open("w+", encoding="utf-8") as errors,
            subprocess.Popen(
                [sys.executable, "-m", "workers.training_child", name],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **_ONE_THREAD, **_NO_HOLES},
            ) as child,
        ):
            try:
                _follow(child, progress)
            except BaseException:
                child.kill()  # what ends the parent's waiting ends the training
                raise
            if child.wait() != 0:
                errors.seek(0)
                raise TrainingError(_cause(child.returncode, errors.read(), memory_bytes))
        told = json.loads((folder / "told.json").read_text())
        return Trained(data=(folder / "artefact").read_bytes(), **told)


def _follow(child: subprocess.Popen[str], progress: Progress | None) -> None:
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    for line in child.stdout:
        with suppress(ValueError):
            share, stage = json.loads(line)
            if progress is not None:
                progress(float(share), str(stage))


def _cause(code: int, errors: str, memory_bytes: int) -> str:
    if "MemoryError" in errors or code == -signal.SIGKILL:
        return (
            f"the training needed more than {memory_bytes / 1024**3:.1f} GB and was ended; "
            "the champion goes on serving: train with fewer mails or on a larger machine"
        )
    last = " / ".join(errors.strip().splitlines()[-_LAST_LINES:]) or "no message"
    return f"the training ended with status {code} ({last}); the champion goes on serving"


def main() -> None:
    """Train what the folder given as argument holds; this is the child."""
    folder = Path(sys.argv[1])
    order = json.loads((folder / "order.json").read_text())
    with suppress(OSError, AttributeError):  # Linux only: elsewhere the pipe's end must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (order["memory_bytes"], order["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trained = train(_examples(folder / "examples.jsonl"), progress=_say, target=order["target"])
    (folder / "artefact").write_bytes(dump(trained))
    told = {
        "metrics": trained.metrics,
        "parameters": trained.parameters,
        "environment": trained.environment,
        "threshold_set": trained.thresholds.name,
        "thresholds": trained.thresholds.as_json(),
    }
    (folder / "told.json").write_text(json.dumps(told))


def _examples(path: Path) -> list[Example]:
    with path.open(encoding="utf-8") as file:
        return [_example(json.loads(line)) for line in file]


def _example(stored: dict[str, Any]) -> Example:
    document = stored.pop("document")
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
    also = tuple(stored.pop("also_topics"))
    return Example(document=Document(**given), also_topics=also, **stored)


def _say(share: float, stage: str) -> None:
    with suppress(BrokenPipeError):
        print(json.dumps([share, stage]), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main()
