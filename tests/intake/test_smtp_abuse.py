"""Many kinds of abuse at once against one listener: its memory stays small, other senders are served.

Each attacker is one kind and comes back as soon as it is sent away. The limits are those of the
product, but for the times, which would take minutes. The short form runs for seconds; `make soak` has
the long one.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.intake.smtp_harness import Client, ListenerProcess, client, make_store_file, stored

MEMORY_LIMIT_BYTES = 300 * 1024 * 1024
MB = 1024 * 1024
PATIENCE_S = 20.0  # for one reply; a busy machine, not the listener, makes this long
Attack = Callable[[Client, threading.Event], None]


def slow_words(peer: Client, stop: threading.Event) -> None:
    """Slowloris: a command that never ends, octet by octet."""
    peer.reply()
    for octet in itertools.cycle(b"EHLO client.example"):
        peer.send(bytes([octet]))
        if stop.wait(0.3):
            return


def slow_body(peer: Client, stop: threading.Event) -> None:
    peer.hello().begin()
    while not stop.wait(0.3):
        peer.send(b"x")


def flood(peer: Client, _stop: threading.Event) -> None:
    """Connect, say nothing, leave."""
    peer.reply()


def endless_line(peer: Client, _stop: threading.Event) -> None:
    peer.hello().begin()
    for _ in range(8):
        peer.send(b"x" * MB)
    peer.ask(b"\r\n.\r\n")


def huge_mails(peer: Client, stop: threading.Event) -> None:
    """As large as is allowed, and all of them in memory at the same time."""
    peer.hello().begin()
    peer.socket.settimeout(30.0)
    peer.send((b"y" * 998 + b"\r\n") * 30_000)
    stop.wait(0.5)
    assert peer.ask(b".\r\n")[:3] in {"250", "452"}


def pipelined_junk(peer: Client, _stop: threading.Event) -> None:
    """Thousands of commands ahead of any reply, which is never read."""
    peer.send(b"EHLO x\r\n" + b"MAIL FROM:<a@b.example>\r\nRSET\r\nVRFY root\r\n" * 3000)
    time.sleep(0.2)


def bad_octets(peer: Client, _stop: threading.Event) -> None:
    peer.hello()
    for line in (
        b"\0" * 200,
        b"\xff\xfe\xfd",
        b"MAIL FROM:<\x00@x>",
        b"\xed\xa0\x80",
        b"EHLO \r",
        b"\x1b[2J",
    ):
        assert peer.ask(line + b"\r\n")[:1] in {"5", "4"}


def guessed_passwords(peer: Client, _stop: threading.Event) -> None:
    """AUTH is not offered: nothing is ever right, and the session ends."""
    peer.hello()
    for number in itertools.count():
        reply = peer.ask(f"AUTH PLAIN AGFkbWlu{number:04d}")
        assert reply[:3] in {"502", "421", ""}, reply
        if not reply.startswith("502"):
            return


def smuggled(peer: Client, _stop: threading.Event) -> None:
    inner = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<support@razbor.test>\r\nDATA\r\nevil\r\n"
    peer.hello().begin()
    assert peer.ask(b"Subject: outer\r\n\n.\r\n" + inner + b"\r.\r\n" + inner + b"\r\n.\r\n")[:3] == "250"


def broken_chunks(peer: Client, _stop: threading.Event) -> None:
    peer.hello()
    peer.ask("MAIL FROM:<a@b.example>")
    peer.ask("RCPT TO:<support@razbor.test>")
    peer.send(b"BDAT 99999\r\nshort")
    peer.send(b"BDAT 18446744073709551616 LAST\r\n")


def injected_before_tls(peer: Client, _stop: threading.Event) -> None:
    """No certificate here: what follows STARTTLS is a command like any other, and refused."""
    peer.hello()
    assert peer.ask(b"STARTTLS\r\n").startswith("502")


ATTACKS: tuple[tuple[Attack, int], ...] = (
    (slow_words, 8),
    (slow_body, 8),
    (flood, 2),
    (endless_line, 1),
    (huge_mails, 6),
    (pipelined_junk, 1),
    (bad_octets, 1),
    (guessed_passwords, 1),
    (smuggled, 1),
    (broken_chunks, 1),
    (injected_before_tls, 1),
)


class Crowd:
    """Attackers and honest senders, each a thread."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = threading.Event()
        self.waited_s: list[float] = []
        self.faults: list[str] = []
        self.attacked: Counter[str] = Counter()

    def attack(self, kind: Attack) -> None:
        while not self.stop.is_set():
            try:
                with Client(self.port, timeout_s=PATIENCE_S) as peer:
                    kind(peer, self.stop)
            except (OSError, ConnectionError):
                pass  # sent away, as it should be
            except AssertionError as error:
                self.faults.append(f"{kind.__name__}: {error}")
            self.attacked[kind.__name__] += 1
            self.stop.wait(0.05)

    def send(self, number: int) -> None:
        """Hand in honest mail, one per connection."""
        for count in itertools.count():
            if self.stop.is_set():
                return
            begun = time.monotonic()
            try:
                with client(self.port) as peer:
                    peer.socket.settimeout(PATIENCE_S)
                    reply = peer.deliver(f"Subject: honest {number}-{count}\r\n".encode())
                if not reply.startswith("250 "):
                    self.faults.append(f"an honest mail got {reply}")
            except (OSError, AssertionError) as error:
                self.faults.append(f"an honest sender was not served: {error!r}")
            self.waited_s.append(time.monotonic() - begun)
            self.stop.wait(0.02)


@contextlib.contextmanager
def siege(port: int) -> Iterator[Crowd]:
    crowd = Crowd(port)
    threads = [
        threading.Thread(target=crowd.attack, args=(kind,), daemon=True)
        for kind, count in ATTACKS
        for _ in range(count)
    ]
    threads += [threading.Thread(target=crowd.send, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield crowd
    finally:
        crowd.stop.set()
        for thread in threads:
            thread.join(30)


def besieged(folder: Path, seconds: float) -> tuple[Crowd, int]:
    """Let the crowd at a listener for a while; return it and the most memory that the listener had."""
    path = make_store_file(folder)
    with ListenerProcess(path) as listener:
        with siege(listener.port) as crowd:
            time.sleep(seconds)
        status = Path(f"/proc/{listener.process.pid}/status").read_text()
        peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        with client(listener.port) as peer:
            assert peer.deliver(b"Subject: after\r\n").startswith("250 ")
    subjects = Counter(mail.raw.split(b"\r\n", 1)[0] for mail in stored(path))
    honest = {subject for subject in subjects if b"honest" in subject}
    assert len(honest) == len(crowd.waited_s), "every honest mail is there"
    assert max(subjects[subject] for subject in honest) == 1
    assert not any(mail.mail_from == "evil@b.example" for mail in stored(path)), "smuggled"
    return crowd, peak


def assert_held(crowd: Crowd, peak_bytes: int) -> None:
    assert crowd.faults == []
    assert set(crowd.attacked) >= {kind.__name__ for kind, _ in ATTACKS} - {"slow_words", "slow_body"}
    assert peak_bytes < MEMORY_LIMIT_BYTES, f"{peak_bytes / MB:.0f} MB"
    assert crowd.waited_s


def test_a_siege_of_every_kind_leaves_memory_small_and_others_served(tmp_path: Path) -> None:
    assert_held(*besieged(tmp_path, 1.5))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_long_siege(tmp_path: Path) -> None:
    crowd, peak = besieged(tmp_path, 120.0)
    assert_held(crowd, peak)
    assert statistics.median(crowd.waited_s) < PATIENCE_S / 2
    print(
        f"{sum(crowd.attacked.values())} attacks, {len(crowd.waited_s)} honest mails, peak {peak / MB:.0f} MB"
    )


def test_one_address_meets_its_limits_and_others_do_not_notice() -> None:
    """A flood from one address of 127.0.0.0/8, an honest sender from another."""
    from tests.intake.smtp_harness import RunningListener, SlowStore, small_limits

    store = SlowStore()
    limits = small_limits(max_connections_per_address=5, max_mails_per_minute=10, max_connections=40)
    with RunningListener(store, limits=limits) as listener, contextlib.ExitStack() as stack:
        floods = [
            stack.enter_context(Client(listener.port, source="127.0.0.66"))
            for _ in range(random.Random(1).randint(20, 30))
        ]
        greetings = Counter(peer.reply()[:3] for peer in floods)
        assert greetings == {"220": 5, "421": len(floods) - 5}
        flooding = next(peer for peer in floods if not _is_closed(peer.socket))
        assert flooding.ask("EHLO flood.example").startswith("250-")
        refused = [flooding.ask("MAIL FROM:<a@b.example>")[:3] for _ in range(1)]
        assert refused == ["250"]
        for _ in range(10):
            flooding.ask("RSET")
            refused.append(flooding.ask("MAIL FROM:<a@b.example>")[:3])
        assert (refused.count("250"), refused[-1]) == (10, "421")
        with client(listener.port) as honest:
            assert honest.deliver(b"Subject: honest\r\n").startswith("250 ")
    assert len(store.mails) == 1


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the other side has closed, without waiting."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(20.0)
