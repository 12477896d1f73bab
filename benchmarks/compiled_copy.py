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


@contextmanager
def compiled_copy(name: str) -> Iterator[Callable[[str], float] | None]:
    """Start the process for the benchmark of that module; ends it behind the block."""
    if not (COPY / ".built").exists():
        print("compiled reading is not measured: `make compiled` builds it", file=sys.stderr)
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "benchmarks.compiled_copy", name],
        env=os.environ | {"PYTHONPATH": f"{COPY}{os.pathsep}{ROOT}"},
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
