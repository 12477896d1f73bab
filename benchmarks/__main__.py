"""`python -m benchmarks [NAME ...] [--rounds N] [--json]`: side-by-side measurements as ratios.

Each benchmark is a module with `run(rounds) -> rows`, a row being one flat dictionary; adding
one means one line in BENCHMARKS, or in ON_DEMAND when it takes minutes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
from typing import Any

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
    "month": "benchmarks.month",  # a simulated month of labels, a poisoned night
    "fill": "benchmarks.fill_command",  # the database of RAZBOR_DATA_DIR or RAZBOR_DATABASE_URL with tickets
    "screenshots": "benchmarks.screenshots",  # docs/screenshots/*.png, over a small filled desk
}


def main() -> None:
    known = BENCHMARKS | ON_DEMAND
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(known)}; none: all but the last {len(ON_DEMAND)}",
    )
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--tickets", type=int, help="how many tickets `fill` and `console` make (100,000)")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}")
    if arguments.tickets:
        os.environ["RAZBOR_BENCHMARK_TICKETS"] = str(arguments.tickets)
    for name in arguments.names or BENCHMARKS:
        rows = importlib.import_module(known[name]).run(arguments.rounds)
        for row in rows:
            if arguments.json:
                print(json.dumps({"bench": name, **row}, ensure_ascii=False))
            else:
                _print_row(name, row)


def _print_row(name: str, row: dict[str, Any]) -> None:
    print(f"{name}: {row.get('case', '')}")
    for key, value in row.items():
        if key != "case":
            print(f"    {key:<16} {value:>10}")


if __name__ == "__main__":
    main()
