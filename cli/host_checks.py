"""Checks of `razbor doctor` on this host: clock, memory, files, file system, certificate, console port."""

from __future__ import annotations

import os
import resource
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from settings import Settings

MEMORY_PER_PROCESS_BYTES: Final = 300 * 1024 * 1024
SPARE_FILES: Final = 100  # for the database, logs and libraries of the listener
# SQLite's locks and shared memory do not work on these (sqlite.org/wal.html, "all processes on one host").
NETWORK_FILE_SYSTEMS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph"})
_SOON: Final = timedelta(days=14)
_FIX_CERTIFICATE: Final = "Renew the certificate and restart the listener (RAZBOR_SMTP_TLS_CERT)."


def check_clock(_settings: Settings) -> CheckResult:
    """Look whether the clock is at least not before this program was installed."""
    now, installed = datetime.now(UTC), datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    if now < installed - timedelta(days=1):
        return failed(
            "clock",
            f"{now:%Y-%m-%d %H:%M} UTC is before this version was installed ({installed:%Y-%m-%d})",
            "Set the clock and keep it right (NTP): leases, terms and reminders count on it.",
        )
    return passed("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def check_memory(settings: Settings) -> CheckResult:
    """Look whether the worker's processes fit into this machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    needed = (settings.worker_processes + 3) * MEMORY_PER_PROCESS_BYTES
    told = f"{total / 2**30:.1f} GiB, {settings.worker_processes} worker processes"
    if needed > total:
        return failed(
            "memory",
            f"{told} with listener, beat and console may need {needed / 2**30:.1f} GiB",
            "Set RAZBOR_WORKER_PROCESSES lower, or give the machine more memory.",
        )
    if settings.worker_processes > 2 * (os.cpu_count() or 1):
        return noted("memory", told, "More worker processes than twice the cores only cost memory.")
    return passed("memory", told)


def check_open_files(settings: Settings) -> CheckResult:
    """Look whether the listener may open as many connections as the settings promise."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.smtp_max_connections + SPARE_FILES
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        return failed(
            "open files",
            f"{allowed} are allowed, {settings.smtp_max_connections} connections need {needed}",
            "Raise the limit (LimitNOFILE= of the unit, `ulimit -n`), or lower RAZBOR_SMTP_MAX_CONNECTIONS.",
        )
    return passed("open files", str(allowed))


def check_file_system(settings: Settings, mounts: Path = Path("/proc/mounts")) -> CheckResult:
    """Look whether SQLite's files would lie on a network file system."""
    if not settings.is_sqlite:
        return passed("file system", "the database is PostgreSQL")
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return noted("file system", "unknown: this system has no /proc/mounts")
    place = settings.data_dir.resolve()
    fields = [line.split() for line in lines]
    found = [
        (len(point), kind)
        for _, point, kind, *_ in (row for row in fields if len(row) > 2)
        if place.is_relative_to(point.replace("\\040", " "))
    ]
    kind = max(found, default=(0, "unknown"))[1]
    if kind in NETWORK_FILE_SYSTEMS:
        return failed(
            "file system",
            f"{place} lies on {kind}, where SQLite loses data",
            "Name a folder on a local disk in RAZBOR_DATA_DIR, or use PostgreSQL (RAZBOR_DATABASE_URL).",
        )
    return passed("file system", kind)


def check_console_port(settings: Settings) -> CheckResult:
    """Look whether the console's port is free, or taken by our own."""
    from cli.instance_lock import running_instance
    from cli.parts import answers_healthz

    name = f"{settings.console_host}:{settings.console_port}"
    if running_instance(settings.data_dir) or answers_healthz(settings.console_host, settings.console_port):
        return passed("console port", f"{name}, served by our own")
    try:
        socket.create_server((settings.console_host, settings.console_port)).close()
    except OSError as error:
        return failed(
            "console port",
            f"{name}: {error.strerror or error}",
            "Set RAZBOR_CONSOLE_PORT to a free port, and RAZBOR_CONSOLE_HOST to an address of this machine.",
        )
    return passed("console port", f"{name} is free")


def check_certificate(settings: Settings) -> CheckResult:
    """Look whether a sender that looks closely would accept the certificate of STARTTLS."""
    certificate, key = settings.smtp_tls_cert, settings.smtp_tls_key
    if certificate is None or key is None or not certificate.is_file() or not key.is_file():
        return passed("certificate", "none")
    try:
        shown = _handshake(certificate, key, settings.smtp_hostname)
    except ssl.SSLCertVerificationError as error:
        return failed("certificate", f"{certificate}: {error.verify_message}", _FIX_CERTIFICATE)
    except (ssl.SSLError, OSError) as error:
        return noted("certificate", f"not looked at: {error}")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    if ends - datetime.now(UTC) < _SOON:
        return noted("certificate", f"{certificate} ends on {ends:%Y-%m-%d}", _FIX_CERTIFICATE)
    return passed("certificate", f"for {settings.smtp_hostname} until {ends:%Y-%m-%d}")


def _handshake(certificate: Path, key: Path, name: str) -> dict[str, Any]:
    """Let a client that trusts this very certificate meet it in memory; return what it was shown.

    Raises ssl.SSLCertVerificationError when the date or the name is wrong.
    """
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    client_side = ssl.create_default_context(cafile=str(certificate))
    client_side.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    client = client_side.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(4):  # a handshake of TLS 1.3 takes two flights
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert() or {}
