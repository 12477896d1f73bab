"""A progress bar for counted work, on standard error, so that output stays clean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MIN_SHOWN = 20  # fewer things are done before a bar can be read


@contextmanager
def counted_progress(what: str, total: int, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Give a callback that takes how many more were done; silent in pipes and for a few things."""
    if quiet or total < MIN_SHOWN or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.update(task, advance=count)
