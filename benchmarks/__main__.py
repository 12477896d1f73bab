"""`python -m benchmarks [NAME ...] [--rounds N] [--json] [--save FILE]`: side-by-side measurements as ratios.

Each benchmark is a module with `run(rounds) -> rows`, a row being one flat dictionary; adding
one means one line in BENCHMARKS, or in ON_DEMAND when it takes minutes.

Without names all of BENCHMARKS run, smaller than when named (3 rounds, desks of 10,000 tickets) and each
in a process of its own, so that none feels what another left behind; one that fails is told, and the
others go on. The model that several of them need is trained once.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

COMPLETE_ROUNDS = 3
COMPLETE_TICKETS = 10_000
PATIENCE_S = 300  # of one benchmark in a complete run
BENCHMARKS = {
    "extraction": "benchmarks.extraction",  # finding identifiers, dates and amounts, beside mail-parser
    "intake": "benchmarks.intake",  # durable SMTP acceptance
    "triage": "benchmarks.triage",  # SMTP to routed ticket, beside django-helpdesk and roundup
    "sealing": "benchmarks.sealing",  # storing raw mail sealed beside in the clear
    "growth": "benchmarks.growth",  # the cost of a mail on desks from empty to large
    "scaling": "benchmarks.scaling",  # 1, 2 and 4 listeners and workers on one PostgreSQL and Redis
    "reading": "benchmarks.reading",  # one corpus mail beside mail-parser alone
    "hostile": "benchmarks.hostile",  # what hostile mails cost their reader
    "classifier": "benchmarks.classifier_speed",  # one mail, batches, artefact, load
    "missing": "benchmarks.missing",  # the missing list of labelled mails whose topic is given
    "console": "benchmarks.console",  # every list, ticket, search and review at 100,000 tickets
}
ON_DEMAND = {  # minutes, or data from outside: run only when named
    "public-sets": "benchmarks.public_sets",  # banking77, clinc150, ruintents
    "training": "benchmarks.training",  # 100,000 labelled mails
    "memory": "benchmarks.memory",  # of every process after ten times as many mails
    "confusables": "benchmarks.confusables",  # numbers that are no identifiers, with and without their words
    "month": "benchmarks.month",  # a simulated month of labels, a poisoned night
    "fill": "benchmarks.fill_command",  # the database of RAZBOR_DATA_DIR or RAZBOR_DATABASE_URL with tickets
    "screenshots": "benchmarks.screenshots",  # docs/screenshots/*.png, over a small filled desk
}


def main() -> None:
    known = BENCHMARKS | ON_DEMAND
    arguments = _arguments(known)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before its time"))  # servers are ended too
    if arguments.tickets:
        os.environ["RAZBOR_BENCHMARK_TICKETS"] = str(arguments.tickets)
    if arguments.mails:
        os.environ["RAZBOR_BENCHMARK_MAILS"] = str(arguments.mails)
    rows: list[dict[str, Any]] = []
    if arguments.names:
        for name in arguments.names:
            found = importlib.import_module(known[name]).run(arguments.rounds or 5)
            rows += _told([{"bench": name, **row} for row in found], as_json=arguments.json)
        failed = []
    else:
        failed = _complete_run(rows, arguments.rounds or COMPLETE_ROUNDS, as_json=arguments.json)
    if arguments.save is not None:
        arguments.save.parent.mkdir(parents=True, exist_ok=True)
        arguments.save.write_text(
            json.dumps({"machine": _machine(), "rows": rows}, ensure_ascii=False, indent=1)
        )
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _arguments(known: dict[str, str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; none: {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--rounds", type=int, help=f"interleaved rounds (5; {COMPLETE_ROUNDS} without names)")
    parser.add_argument("--json", action="store_true", help="one JSON object per line instead of a table")
    parser.add_argument(
        "--save", type=Path, help="a file for all rows and a description of the machine, as JSON"
    )
    parser.add_argument(
        "--tickets", type=int, help="size of the desks of `fill`, `console` and `growth` (100,000)"
    )
    parser.add_argument("--mails", type=int, help="how many mails `memory` and `training` take")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}")
    return arguments


def _complete_run(rows: list[dict[str, Any]], rounds: int, *, as_json: bool) -> list[str]:
    """Run every benchmark in a process of its own, add its rows; return the names of those that failed."""
    from benchmarks.running_desk import MODEL_ENV, trained_database

    environment = os.environ | {MODEL_ENV: str(trained_database().parent)}
    environment.setdefault("RAZBOR_BENCHMARK_TICKETS", str(COMPLETE_TICKETS))
    failed = []
    for name in BENCHMARKS:
        began = time.monotonic()
        command = [sys.executable, "-m", "benchmarks", name, "--json", "--rounds", str(rounds)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            told = process.communicate(timeout=PATIENCE_S)[0]
        except subprocess.TimeoutExpired:
            process.terminate()  # it ends the servers that it started
            told = process.communicate()[0]
            print(f"{name}: not ended within {PATIENCE_S} s", file=sys.stderr)
        if process.returncode:
            failed.append(name)
        rows += _told(
            [json.loads(line) for line in told.splitlines() if line.startswith("{")], as_json=as_json
        )
        if not as_json:
            print(f"    ({name}: {time.monotonic() - began:.0f} s)\n")
    return failed


def _told(rows: list[dict[str, Any]], *, as_json: bool) -> list[dict[str, Any]]:
    """Print rows and return them."""
    for row in rows:
        if as_json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
            continue
        print(f"{row['bench']}: {row.get('case', '')}")
        for key, value in row.items():
            if key not in {"bench", "case"}:
                print(f"    {key:<24} {value!s:>10}", flush=True)
    return rows


def _machine() -> dict[str, Any]:
    """Describe where a run was made, as far as figures depend on it."""
    return {
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
