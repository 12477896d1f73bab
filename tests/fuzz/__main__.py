"""Fuzz what strangers reach: `python -m tests.fuzz [reading|many|smtp|api|all] --count N`.

`reading` (the usual one) mutates real mails of any length, `many` short ones of every shape, `smtp` holds
whole sessions with a listener, `api` asks the JSON API. What breaks a check is written to the folder given
by `--findings`, and the exit code is 1. The short run has a fixed number of mails and a fixed seed, so
`make check` gives the same verdict every time. `--atheris` lets the reader be guided by coverage.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from tests.fuzz.campaign import Campaign
from tests.fuzz.mutate import seed_mails
from tests.fuzz.reading import many_mails, real_mails
from tests.fuzz.target import check_mail

SHORT_RUN_INPUTS = 120
KINDS = ("reading", "many", "smtp", "api")


def main() -> int:
    """Run what is asked for; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", nargs="?", default="reading", choices=(*KINDS, "all"))
    parser.add_argument("--count", type=int, default=SHORT_RUN_INPUTS, help="inputs to try, of each kind")
    parser.add_argument("--seconds", type=float, default=0.0, help="run as long as this instead")
    parser.add_argument("--seed", type=int, default=20261122, help="of everything that is made")
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--trials", type=int, default=0, help="only so many, to see a finding again")
    parser.add_argument("--slow", type=float, default=0.0, help="CPU seconds a mail may cost; 0: not checked")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--atheris", action="store_true", help="guided by coverage, until stopped")
    options = parser.parse_args()
    if options.atheris:
        return _run_atheris(options.findings)
    kinds = [kind for kind in KINDS if kind != "reading"] if options.kind == "all" else [options.kind]
    return 1 if sum([_run(kind, options) for kind in kinds]) else 0


def _run(kind: str, options: argparse.Namespace) -> int:
    """Run one kind; return the number of findings."""
    campaign = Campaign(
        name=kind,
        seed=options.seed,
        count=0 if options.seconds else options.count,
        seconds=options.seconds,
        first=options.first,
        trials=options.trials,
        findings=options.findings,
        suffix=".eml" if kind in {"reading", "many"} else ".txt",
    )
    if kind == "reading":
        return campaign.run(real_mails(slow_s=options.slow))
    if kind == "many":
        return campaign.run(many_mails(slow_s=options.slow))
    if kind == "smtp":
        from tests.fuzz.smtp import sessions as trials
    else:
        from tests.fuzz.api import requests as trials
    with trials() as trial:
        return campaign.run(trial)


def _run_atheris(findings: Path) -> int:
    """Let atheris (libFuzzer) look for octets that reach new code; it ends with the first finding."""
    import atheris  # a tool of development: not on every machine

    corpus = findings / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for raw in seed_mails():
        (corpus / f"{hashlib.sha256(raw).hexdigest()[:16]}.eml").write_bytes(raw)

    def one_mail(raw: bytes) -> None:
        check_mail(raw)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=20000"], one_mail)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
