"""Signs of life that a container's health check can look at: one file per part, touched by its main loop."""

from __future__ import annotations

import time
from pathlib import Path

from cli.embedded_broker import prepare_run_dir


def touch_heartbeat(run_dir: Path, part: str) -> None:
    """Note that the main loop of a part turned just now."""
    prepare_run_dir(run_dir)
    (run_dir / f"alive.{part}").touch()


def heartbeat_age_s(run_dir: Path, part: str) -> float | None:
    """Seconds since the main loop of a part last turned; None when it never did."""
    try:
        touched_at_s = (run_dir / f"alive.{part}").stat().st_mtime
    except FileNotFoundError:
        return None
    return time.time() - touched_at_s
