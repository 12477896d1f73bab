"""A progress bar for trainings, on standard error, so that `--json` stays clean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def training_progress(*, quiet: bool) -> Iterator[Callable[[float, str], None] | None]:
    """Give a callback that takes the share done (0 to 1) and what is going on."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield _plain_lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("training: {task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=1.0)

        def advance(share: float, what: str) -> None:
            bar.update(task, completed=share, description=what)

        yield advance


def _plain_lines() -> Callable[[float, str], None]:
    """Say each new stage once: for logs and pipes."""
    said: set[str] = set()

    def advance(share: float, what: str) -> None:
        if what not in said:
            said.add(what)
            print(f"training: {share:4.0%} {what}", file=sys.stderr, flush=True)

    return advance
