"""Costly material of the tests, made once per run: the processes of pytest-xdist share it through files."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Made = TypeVar("Made")


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run see, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once_per_run(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[], Made]) -> Made:
    """Return what `make` gives; the first process makes it, others wait and read a copy of their own."""
    kept = shared_folder(tmp_path_factory) / f"{name}.pickle"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            made = make()
            unfinished = kept.with_suffix(".unfinished")
            unfinished.write_bytes(pickle.dumps(made))
            unfinished.rename(kept)
            return made
    loaded: Made = pickle.loads(kept.read_bytes())
    return loaded
