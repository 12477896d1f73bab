"""The listening socket that a supervisor hands to `razbor listen` (sd_listen_fds(3)).

In come the variables LISTEN_PID and LISTEN_FDS, out goes a socket or None. systemd keeps such a socket
open while the listener restarts: connections wait in the kernel, and none is refused.
"""

from __future__ import annotations

import os
import socket
from typing import Final

from cli.faults import ConfigError

FIRST_FD: Final = 3  # SD_LISTEN_FDS_START


def inherited_socket() -> socket.socket | None:
    """Take the socket that was handed to this process, None when it was started without one.

    The variables are taken away, since they are for no child. Raises ConfigError for several sockets or
    one on which nobody can connect.
    """
    for_pid = os.environ.pop("LISTEN_PID", "")
    count = os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if for_pid != str(os.getpid()) or not count:
        return None
    remedy = "give the socket unit one ListenStream= line, with an address and a port"
    if count != "1":
        raise ConfigError(f"{count} sockets were handed over, the listener takes one: {remedy}.")
    taken = socket.socket(fileno=FIRST_FD)
    taken.set_inheritable(False)
    is_internet = taken.family in {socket.AF_INET, socket.AF_INET6} and taken.type == socket.SOCK_STREAM
    if not is_internet or not taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ConfigError(f"the socket that was handed over does not listen for TCP: {remedy}.")
    return taken
