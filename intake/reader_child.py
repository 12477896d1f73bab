"""Read a hostile file in a child process that cannot hurt its parent: the child's side.

Started as `python -m intake.reader_child JOB` with the file on stdin; prints one line of
JSON, then octets (`intake.reader_process` takes them apart). Before the first octet is
read the process limits its address space, processor time, wall time, open files, written
files (none) and children (none).
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys
from typing import Any, Final

from intake.unreadable import UnreadableFileError

MEMORY_BYTES: Final = 640 * 1024 * 1024  # of address space; an idle reader maps about 60 MB
CPU_S: Final = 6
_WALL_S: Final = 12  # for the case that nobody is left to end this process
_OPEN_FILES: Final = 64
_ENCRYPTED: Final = ("assword", "ncrypt")


def main() -> None:
    """Limit this process, read the file from stdin, print what was found."""
    limit_this_process()
    logging.disable(logging.CRITICAL)
    octets = b""
    try:
        found, octets = _read(sys.argv[1], sys.stdin.buffer.read())
    except MemoryError:
        found = {"error": "it needs more memory than is allowed"}
    except Exception as error:  # noqa: BLE001 - the process edge: parsers raise kinds of their own, and any ends here
        found = {"error": _reason(error)}
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + octets)


def limit_this_process() -> None:
    """Set the limits that the kernel enforces; they cannot be raised again."""
    for limit, wanted in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        allowed = resource.getrlimit(limit)[1]  # a worker may have been given less already
        value = wanted if allowed == resource.RLIM_INFINITY else min(wanted, allowed)
        resource.setrlimit(limit, (value, value))
    signal.alarm(_WALL_S)


def _read(job: str, octets: bytes) -> tuple[dict[str, Any], bytes]:
    if job == "spreadsheet":
        from intake import spreadsheet_reader

        return spreadsheet_reader.read(octets), b""
    if job == "pdf":
        from intake import pdf_reader

        return pdf_reader.read(octets), b""
    if job == "tnef":
        from intake import tnef_reader

        return tnef_reader.read(octets)
    raise UnreadableFileError(f"there is no reader for {job}")


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, UnreadableFileError):
        return text[:200]
    if any(word in text for word in _ENCRYPTED):
        return "it is encrypted, ask for it without a password"
    return "it is broken, ask for it again"


if __name__ == "__main__":
    main()
