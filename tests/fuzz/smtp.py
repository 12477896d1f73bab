"""The listener, tried through real sockets with whole sessions; every reply and every mail is checked.

A session's octets are sent at once or in pieces, with the end of the stream behind them; the answers
must come to an end, fit what was sent (`smtp_oracle`), and the store must hold exactly the mails that were
promised, octet by octet, so that nothing is lost, made up or smuggled.
"""

from __future__ import annotations

import random
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from models.raw_store import AcceptedMail
from tests.fuzz.campaign import FindingError
from tests.fuzz.smtp_oracle import Walk
from tests.fuzz.smtp_words import session
from tests.intake.smtp_harness import RunningListener

CERTIFICATE = Path(__file__).parents[1] / "intake" / "smtp_test_certificate.pem"
HANG_S = 30.0  # for the end of a session; a busy machine makes it long, a hang makes it endless
MAX_GROWTH_BYTES = 200 * 1024 * 1024  # above what the process had: in the suite it has run other tests


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class MemoryStore:
    """Keeps the mails of one session."""

    def __init__(self) -> None:
        self.mails: list[AcceptedMail] = []
        self.resident_before_bytes = _resident_bytes()
        self._last_id = 0

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        self.mails += mails
        self._last_id += len(mails)
        return range(self._last_id - len(mails) + 1, self._last_id + 1)

    def take(self) -> list[bytes]:
        taken, self.mails = [mail.raw for mail in self.mails], []
        return taken

    def close(self) -> None:
        pass


@contextmanager
def sessions() -> Iterator[Callable[[random.Random, Counter[str]], int]]:
    """Run a listener and give the trial that holds one session with it."""
    store = MemoryStore()
    with RunningListener(store, tls_cert=CERTIFICATE, tls_key=CERTIFICATE) as running:

        def trial(source: random.Random, seen: Counter[str]) -> int:
            return try_session(running, store, session(source), seen, source)

        yield trial


def try_session(
    running: RunningListener,
    store: MemoryStore,
    sent: bytes,
    seen: Counter[str],
    source: random.Random | None = None,
) -> int:
    """Hold one session, check it, and return how many inputs it had; raises FindingError."""
    try:
        replies, is_cut = converse(running.port, sent, source)
        walk = Walk(sent, replies, is_cut=is_cut).run()
    except TimeoutError:
        store.take()
        raise FindingError("the session hangs", sent) from None
    except FindingError:
        store.take()
        raise
    kept = store.take()
    if kept[: len(walk.promised)] != walk.promised or (len(kept) > len(walk.promised) and not is_cut):
        raise FindingError(f"promised {len(walk.promised)} mails, stored {len(kept)} others", sent)
    if running.loop_errors:
        raise FindingError(f"fault in the loop: {running.loop_errors.pop()}", sent)
    if _resident_bytes() - store.resident_before_bytes > MAX_GROWTH_BYTES:
        raise FindingError(f"grew by more than {MAX_GROWTH_BYTES >> 20} MB", sent)
    seen["cut off"] += is_cut
    seen["mails stored"] += len(kept)
    seen["refusals"] += sum(reply[:1] in {b"4", b"5"} for reply in walk.replies)
    return max(1, walk.inputs)


def converse(port: int, sent: bytes, source: random.Random | None = None) -> tuple[list[bytes], bool]:
    """Send everything, say that it is all; return the lines that come back, and whether TCP cut them off.

    A server that closes before it has read everything makes its TCP throw away what we did not fetch yet.
    """
    is_cut = False
    cuts = (
        sorted(source.sample(range(len(sent)), min(len(sent), source.choice((0, 0, 1, 4))))) if source else []
    )
    with socket.create_connection(("127.0.0.1", port), HANG_S) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = bytearray()
        try:
            for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
                peer.sendall(sent[start:end])
            peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                back += piece
        except TimeoutError:
            raise
        except OSError:  # broken pipe, reset, not connected: closed while we were still talking
            is_cut = True
    return bytes(back).splitlines(keepends=True), is_cut
