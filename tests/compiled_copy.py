"""The compiled copy of reading (`make compiled`) held against the sources.

As a plugin of pytest (`-p tests.compiled_copy`) it refuses to run any test unless the compiled modules are
the ones that are imported. As a command (`python -P -m tests.compiled_copy` with the copy on PYTHONPATH)
every mail of the corpus and of the test sets, and mutated ones, are read by both; the records must be the
same in every field.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "compiled"
MUTATED = 3_000
LEAST_MODULES = 60  # fewer: something was left out of the copy


def refuse_sources() -> None:
    """End unless every compiled module of the copy is what its name imports."""
    compiled = [path for path in COPY.rglob("*.so") if path.parent != COPY]
    if len(compiled) < LEAST_MODULES:
        sys.exit(f"{len(compiled)} compiled modules in {COPY}: run `make compiled`")
    for path in compiled:
        name = ".".join(path.relative_to(COPY).parts).partition(".cpython")[0]
        found = importlib.util.find_spec(name)
        if found is None or Path(str(found.origin)) != path:
            sys.exit(f"{name} is not imported from the copy: put it first on PYTHONPATH, with python -P")


def _mails() -> Iterator[tuple[str, bytes]]:
    """Yield a name and the octets of every mail, the same in every process."""
    from cli.corpus_mail import render
    from tests.fuzz.mutate import mutate, seed_mails

    for path in sorted((ROOT / "classifier" / "corpus").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            random.seed(number)  # boundaries of multiparts are drawn
            yield f"{path.name}:{number}", render(json.loads(line))
    for path in sorted((ROOT / "tests").rglob("*.eml")):
        yield str(path.relative_to(ROOT)), path.read_bytes()
    seeds = seed_mails()
    for number in range(MUTATED):
        yield f"mutated {number}", mutate(seeds, random.Random(number))


def digests() -> dict[str, str]:
    """Read every mail; return a digest of its whole record by its name."""
    from intake.read_mail import ReadOptions, read_mail

    options = ReadOptions(read_attachments=False)
    return {
        name: hashlib.sha256(repr(read_mail(raw, None, options)).encode("utf-8", "replace")).hexdigest()
        for name, raw in _mails()
    }


def main() -> None:
    """Compare; exits with 1 and the names of the mails that are read otherwise."""
    if sys.argv[1:] == ["--digests"]:
        json.dump(digests(), sys.stdout)
        return
    refuse_sources()
    told = subprocess.run(
        [sys.executable, "-P", "-m", "tests.compiled_copy", "--digests"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    pure, compiled = json.loads(told.stdout), digests()
    different = [name for name in compiled if compiled[name] != pure[name]]
    print(
        f"{len(compiled)} mails read by sources and copy, {len(different)} differently", *different, sep="\n"
    )
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
elif "pytest" in sys.modules:
    refuse_sources()
