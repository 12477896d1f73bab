"""Reading a suspect mail in a process of its own, to find out whether it kills its reader.

A mail that was twice in the hands of a worker that vanished is read here first, with the
raw bytes on standard input and bounds on memory and time. Only if this child dies while its
parent lives is the mail to blame; it is then held with the cause.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from datetime import datetime

from intake.read_mail import ReadOptions, read_mail
from models.records import RawMail

TIMEOUT_S = 30
MEMORY_BYTES = 2 * 1024**3


def survives_reading(raw: RawMail, options: ReadOptions, *, timeout_s: float = TIMEOUT_S) -> str:
    """Read a mail in a child process; return "" when the child lived, else the cause in words."""
    head = json.dumps(
        {
            "timezone": options.timezone,
            "own_domain": options.own_domain,
            "now_utc": raw.envelope.received_at_utc.isoformat(),
        }
    ).encode()
    try:
        child = subprocess.run(
            [sys.executable, "-m", "workers.isolated_read"],
            input=head + b"\n" + raw.raw,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"reading it took longer than {timeout_s:.0f} s"
    if child.returncode == 0:
        return ""
    if child.returncode < 0:
        return f"reading it ends its process with signal {-child.returncode}"
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
    return f"could not be read: {last[0]}"


def main() -> None:
    """Read one mail from standard input; the exit status is the answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    head, _, raw = sys.stdin.buffer.read().partition(b"\n")
    given = json.loads(head)
    read_mail(
        raw,
        None,
        ReadOptions(
            timezone=given["timezone"],
            own_domain=given["own_domain"],
            now_utc=datetime.fromisoformat(given["now_utc"]),
        ),
    )


if __name__ == "__main__":
    main()
