"""Fuzz the reader of mails: `python -m tests.fuzz` (short), `--seconds 600` (long), `--atheris` (guided).

Real mails are mutated and read; the checks of `tests.fuzz.target` must hold for each. A mail
that breaks one is written to the folder given by `--findings`, and the exit code is 1. The
short run has a fixed number of mails and a fixed seed, so `make check` gives the same verdict
every time.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path

from tests.fuzz.mutate import mutate, seed_mails
from tests.fuzz.target import FindingError, check_mail

SHORT_RUN_MAILS = 120


def main() -> int:
    """Run the mutations; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--mails", type=int, default=SHORT_RUN_MAILS, help="number of mutated mails")
    parser.add_argument("--seconds", type=float, default=0.0, help="run as long as this instead")
    parser.add_argument("--seed", type=int, default=20261122, help="of the mutations")
    parser.add_argument("--slow", type=float, default=0.0, help="CPU seconds a mail may cost; 0: not checked")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--atheris", action="store_true", help="guided by coverage, until stopped")
    options = parser.parse_args()
    if options.atheris:
        return _run_atheris(options.findings)
    seeds = seed_mails()
    source = random.Random(options.seed)  # not for secrets: the same seed must give the same mails
    started, count, failures = time.monotonic(), 0, 0
    while time.monotonic() - started < options.seconds if options.seconds else count < options.mails:
        raw = mutate(seeds, source)
        count += 1
        try:
            check_mail(raw, slow_s=options.slow)
        except FindingError as failure:
            failures += 1
            print(f"{_keep(raw, options.findings)}: {failure}", flush=True)
    print(f"fuzz: {count} mutated mails read in {time.monotonic() - started:.1f} s, {failures} findings")
    return 1 if failures else 0


def _keep(raw: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(raw).hexdigest()[:16]}.eml"
    path.write_bytes(raw)
    return path


def _run_atheris(findings: Path) -> int:
    """Let atheris (libFuzzer) look for octets that reach new code; it ends with the first finding."""
    import atheris  # a tool of development: not on every machine

    corpus = findings / "corpus"
    for raw in seed_mails():
        _keep(raw, corpus)

    def one_mail(raw: bytes) -> None:
        check_mail(raw)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=20000"], one_mail)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
