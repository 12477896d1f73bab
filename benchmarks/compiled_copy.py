"""`with compiled_copy(NAME) as ask`: the same work in the compiled copy of reading, one piece at a time.

Sources and compiled modules have the same names, so the copy (`make compiled`) works in a process of its own.
In goes a line of words for the benchmark's `answering()`, out comes what it returns: seconds of processor
time of that process. So both are measured in turn, beside what they are compared with. Without a copy `ask`
is None.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "compiled"


def has_copy() -> bool:
    """Tell whether there is a copy; says on the error output how to make one."""
    if (COPY / ".built").exists():
        return True
    print("compiled reading is not measured: `make compiled` builds it", file=sys.stderr)
    return False


def compiled_environment() -> dict[str, str]:
    """Return the variables with which Python and its children import the copy and not the sources."""
    return {"PYTHONPATH": f"{COPY}{os.pathsep}{ROOT}", "PYTHONSAFEPATH": "1"}


@contextmanager
def compiled_copy(name: str) -> Iterator[Callable[[str], float] | None]:
    """Start the process for the benchmark of that module; ends it behind the block."""
    if not has_copy():
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.compiled_copy", name],
        env=os.environ | compiled_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(line: str) -> float:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the process was started with pipes")
        print(line, file=process.stdin, flush=True)
        return float(process.stdout.readline())

    with process:
        try:
            yield ask
        finally:
            process.terminate()


def main() -> None:
    found = importlib.util.find_spec("intake.quotes")
    if found is None or not str(found.origin).endswith(".so"):
        sys.exit("this process was to measure compiled modules and would import sources")
    answer = importlib.import_module(f"benchmarks.{sys.argv[1]}").answering()
    for line in sys.stdin:
        print(answer(line.strip()), flush=True)


if __name__ == "__main__":
    main()
