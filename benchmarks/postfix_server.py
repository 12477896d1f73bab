"""Postfix accepting mail into its hold queue: durable acceptance and nothing else, the fairest yardstick.

Needs the Debian package (`apt-get install postfix`; any version with a `postfix` command) and root,
which Postfix's master needs. An instance of its own: queue and configuration lie in a folder of the
measurement, and the machine's own Postfix is neither used nor changed. One smtpd on a free port of
127.0.0.1, every mail held (`check_client_access static:HOLD`), no host names looked up, no limits on
connections, no delay of the incoming flow, smtpd not in a chroot, 120 processes at most.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MAIN_CF: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = razbor.local
mydestination = razbor.local
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
local_transport = discard:
default_transport = discard:
relay_transport = discard:
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 120
smtpd_peername_lookup = no
smtpd_client_restrictions = check_client_access static:HOLD
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
"""
SERVICES: Final = {
    "pickup": "unix n - n 60 1 pickup",
    "cleanup": "unix n - n - 0 cleanup",
    "qmgr": "unix n - n 300 1 qmgr",
    "rewrite": "unix - - n - - trivial-rewrite",
    "bounce": "unix - - n - 0 bounce",
    "defer": "unix - - n - 0 bounce",
    "trace": "unix - - n - 0 bounce",
    "verify": "unix - - n - 1 verify",
    "flush": "unix n - n 1000? 0 flush",
    "proxymap": "unix - - n - - proxymap",
    "showq": "unix n - n - - showq",
    "error": "unix - - n - - error",
    "retry": "unix - - n - - error",
    "discard": "unix - - n - - discard",
    "anvil": "unix - - n - 1 anvil",
    "scache": "unix - - n - 1 scache",
    "postlog": "unix-dgram n - n - 1 postlogd",
}
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class Postfix:
    """A running instance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def held(self) -> tuple[int, int]:
        """Return the mails in the hold queue, twice: a file is a mail, whatever its number says."""
        files = sum(1 for path in (self._folder / "queue" / "hold").rglob("*") if path.is_file())
        return files, files

    def cpu_s(self) -> float:
        """Return the processor seconds of the master and all that it started, the ended ones too."""
        master = int((self._folder / "queue" / "pid" / "master.pid").read_text())
        return sum(_cpu_s(pid, with_ended=True) for pid in _family(master))


@contextmanager
def postfix_hold(folder: Path, port: int) -> Iterator[Postfix | None]:
    """Run Postfix on `port`; None, with a remark on stderr, where it cannot be run here."""
    why_not = _why_not()
    if why_not:
        print(f"postfix skipped: {why_not}", file=sys.stderr)
        yield None
        return
    config = folder / "config"
    for name in ("config", "data", "queue"):
        (folder / name).mkdir(parents=True)
    for path in (folder, *folder.parents):
        if path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(0o755)
    (config / "main.cf").write_text(MAIN_CF.format(folder=folder))
    lines = [f"127.0.0.1:{port} inet n - n - - smtpd", *(f"{name} {rest}" for name, rest in SERVICES.items())]
    (config / "master.cf").write_text("\n".join(lines) + "\n")
    shutil.chown(folder / "data", "postfix", "postfix")
    _postfix(config, "check")
    _postfix(config, "start")
    try:
        yield Postfix(folder)
    finally:
        _postfix(config, "stop")


def _why_not() -> str:
    if shutil.which("postfix") is None:
        return "no such command (on Debian: apt-get install --no-install-recommends postfix)"
    if os.geteuid() != 0:
        return "its master needs root"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "there is no account postfix"
    return ""


def _postfix(config: Path, act: str) -> None:
    subprocess.run(["postfix", "-c", str(config), act], check=act != "stop", capture_output=True, timeout=60)
    time.sleep(0.5)


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _cpu_s(pid: int, *, with_ended: bool) -> float:
    """User and system time of a process, fields 14 and 15 of /proc/PID/stat; of ended children 16 and 17."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if with_ended else 13]) / TICKS_PER_S
