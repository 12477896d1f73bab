"""Reading a suspect mail in a process of its own, so that only that process can die of it.

A mail that was twice in the hands of a worker that vanished is read here: options, envelope
and octets go to the child's standard input, the mail comes back as one JSON object. The child
sets its own bounds on memory and time before it touches an octet. Only if it dies or fails
while its parent lives is the mail to blame; it is then held with the cause.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from intake.read_mail import ReadOptions, read_mail
from models.records import Envelope, Mail, RawMail
from workers.fault_words import fault_words
from workers.read_budget import Budget, OverBudgetError, within
from workers.warm_reader import warm_reader

TIMEOUT_S = 30
BUDGET = Budget()
CPU_LIMIT_S = 15  # start, warming up and reading; the kernel's word when the budget's timer cannot ring


class UnreadableMailError(Exception):
    """A mail cannot be read; the message is the cause that an operator sees."""


def read_apart(raw: RawMail, options: ReadOptions, *, timeout_s: float = TIMEOUT_S) -> Mail:
    """Read a mail in a child process. Raises UnreadableMailError when the child dies or gives up."""
    head = json.dumps({"options": _plain(options), "envelope": asdict(raw.envelope)}, default=_as_json)
    try:
        child = subprocess.run(
            [sys.executable, "-m", "workers.isolated_read"],
            input=head.encode() + b"\n" + raw.raw,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableMailError(f"reading it took longer than {timeout_s:.0f} s") from None
    if child.returncode < 0:
        raise UnreadableMailError(f"reading it ends its process with signal {-child.returncode}")
    try:
        answer = json.loads(child.stdout)
        if "cause" not in answer:
            return _mail_type().validate_python(answer["mail"])
    except (ValueError, KeyError, TypeError, ValidationError):
        raise UnreadableMailError(
            f"could not be read: its reader ended with status {child.returncode} and no answer"
        ) from None
    raise UnreadableMailError(str(answer["cause"]))


def _plain(options: ReadOptions) -> dict[str, Any]:
    """Return the options that another process can be told; what is made of live objects stays behind."""
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    plain = {"own_addresses": sorted(options.own_addresses), "now_utc": options.now_utc}
    return plain | {name: value for name, value in given.items() if isinstance(value, str | bool | int)}


def _as_json(value: Any) -> str:
    return str(value.isoformat())


@cache
def _mail_type() -> TypeAdapter[Mail]:
    return TypeAdapter(Mail)


def main() -> None:
    """Read one mail from standard input and print it, or the cause, as one JSON object."""
    warm_reader()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    head, _, octets = sys.stdin.buffer.read().partition(b"\n")
    given = json.loads(head)
    options = TypeAdapter(ReadOptions).validate_python(given["options"])
    envelope = TypeAdapter(Envelope).validate_python(given["envelope"])
    answer: dict[str, Any]
    try:
        answer = {"mail": asdict(within(BUDGET, lambda: read_mail(octets, envelope, options)))}
    except OverBudgetError as error:
        answer = {"cause": f"reading it takes {error}"}
    except Exception as error:  # noqa: BLE001 - the process edge: any fault is the mail's answer
        answer = {"cause": f"could not be read: {fault_words(error)}"}
    sys.stdout.write(json.dumps(answer, default=_as_json))


if __name__ == "__main__":
    main()
