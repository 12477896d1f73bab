"""Limits over a real socket: size, lines, recipients, connections, time, rate, memory."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from intake.limits import Gate, Limits, client_key
from tests.intake.smtp_harness import (
    MAILBOX,
    Client,
    ListenerProcess,
    RunningListener,
    SlowStore,
    client,
    make_store_file,
    small_limits,
    stored,
    wait_until,
)

MB = 1024 * 1024
RSS_ALLOWANCE_BYTES = 40 * MB


def test_too_large_mail_is_refused_at_its_end_and_the_session_lives() -> None:
    store = SlowStore()
    with RunningListener(store, limits=small_limits()) as listener, client(listener.port) as peer:
        assert peer.deliver(b"x" * 998 + b"\r\n" + b"y\r\n" * 70_000).startswith(
            "552 5.3.4 The mail is over 0.2 MB"
        )
        assert peer.deliver(b"x" * 998 + b"\r\n").startswith("250 ")
    assert len(store.mails) == 1


@pytest.mark.parametrize(
    ("chunk", "reply"),
    [(b"x" * MB, "500 5.6.0"), (b"x" * 998 + b"\r\n", "552 5.3.4"), (b"\n" * MB, "500 5.6.0")],
    ids=["one endless line", "endless lines", "endless bare LF"],
)
def test_100_mb_leave_memory_as_it_was(tmp_path: Path, chunk: bytes, reply: str) -> None:
    path = make_store_file(tmp_path)
    with ListenerProcess(path, str(10 * MB)) as listener, client(listener.port) as peer:
        assert peer.deliver(b"Subject: warm-up\r\n").startswith("250 ")
        before, peak = listener.rss_bytes(), 0
        peer.begin()
        data = memoryview(chunk * (MB // len(chunk)))
        for _ in range(100):
            peer.socket.sendall(data)
            peak = max(peak, listener.rss_bytes())
        assert peer.ask(b"\r\n.\r\n").startswith(reply)
        assert peak - before < RSS_ALLOWANCE_BYTES
        assert peer.deliver(b"Subject: still alive\r\n").startswith("250 ")
    assert len(stored(path)) == 2


def test_endless_command_leaves_memory_as_it_was(tmp_path: Path) -> None:
    with ListenerProcess(make_store_file(tmp_path)) as listener, client(listener.port) as peer:
        before = listener.rss_bytes()
        for _ in range(50):
            peer.socket.sendall(b"x" * MB)
        assert peer.ask("").startswith("500 5.5.2")
        assert listener.rss_bytes() - before < RSS_ALLOWANCE_BYTES


def test_ten_thousand_recipients() -> None:
    store = SlowStore()
    limits = small_limits(max_recipients=100)
    with RunningListener(store, limits=limits) as listener, client(listener.port) as peer:
        assert peer.ask("MAIL FROM:<a@b.example>").startswith("250 ")
        names = [f"support+{number}@razbor.test" for number in range(10_000)]
        commands = "".join(f"RCPT TO:<{name}>\r\n" for name in names)
        sender = threading.Thread(target=peer.send, args=(commands,))
        sender.start()
        replies = [peer.reply() for _ in names]
        sender.join()
        assert all(reply.startswith("250 ") for reply in replies[:100])
        assert set(replies[100:]) == {"452 4.5.3 At most 100 recipients: send another mail to the rest"}
        assert peer.ask("DATA").startswith("354 ")
        assert peer.ask(b"\r\n.\r\n").startswith("250 ")
    assert store.mails[0].envelope.rcpt_tos == tuple(names[:100])


def test_guessing_names_ends_the_session() -> None:
    with RunningListener(SlowStore(), limits=small_limits()) as listener, client(listener.port) as peer:
        peer.ask("MAIL FROM:<a@b.example>")
        replies = [peer.ask(f"RCPT TO:<name{number}@razbor.test>") for number in range(198)]
        assert {reply[:3] for reply in replies} == {"550"}
        assert peer.ask("NOOP").startswith("421 4.7.0 Too many commands")
        assert peer.reply() == ""


def test_connections_in_all_and_per_address() -> None:
    limits = small_limits(max_connections=3, max_connections_per_address=2)
    with RunningListener(SlowStore(), limits=limits) as listener, contextlib.ExitStack() as stack:
        first = stack.enter_context(client(listener.port))
        stack.enter_context(client(listener.port))
        with Client(listener.port) as third:
            assert third.reply().startswith("421 4.7.0 Too many connections")
            assert third.reply() == ""
        stack.enter_context(Client(listener.port, source="127.0.0.2").hello())
        with Client(listener.port, source="127.0.0.3") as fourth:
            assert fourth.reply().startswith("421 4.7.0")
        assert first.ask("NOOP").startswith("250 ")
        first.close()
        wait_until(lambda: _greeting(listener.port).startswith("220 "))


def _greeting(port: int) -> str:
    with Client(port) as peer:
        return peer.reply()


def test_idle_session_is_told_and_closed() -> None:
    with (
        RunningListener(SlowStore(), limits=small_limits(command_s=0.8)) as listener,
        client(listener.port) as peer,
    ):
        started = time.monotonic()
        assert peer.reply().startswith("421 4.4.2 Waited too long")
        assert peer.reply() == ""
        assert 0.5 < time.monotonic() - started < 5


def test_body_that_stops_coming_is_told_and_closed() -> None:
    store = SlowStore()
    with RunningListener(store, limits=small_limits(data_s=0.6)) as listener, client(listener.port) as peer:
        peer.begin()
        for _ in range(4):  # a body that comes slowly is no idle one
            time.sleep(0.25)
            peer.send(b"Subject: slow\r\n")
        assert peer.reply().startswith("421 4.4.2 Waited too long")
    assert store.mails == []


def test_noop_does_not_keep_a_session_alive() -> None:
    limits = small_limits(session_s=1.5, command_s=1.0)
    with RunningListener(SlowStore(), limits=limits) as listener, client(listener.port) as peer:
        replies = []
        while not replies or replies[-1].startswith("250 "):
            replies.append(peer.ask("NOOP"))
            time.sleep(0.1)
        assert replies[-1].startswith("421 4.4.2 Session too long")
        assert 3 < len(replies) < 40


def test_mails_keep_a_session_alive() -> None:
    store = SlowStore()
    with (
        RunningListener(store, limits=small_limits(session_s=1.2)) as listener,
        client(listener.port) as peer,
    ):
        for _ in range(5):
            time.sleep(0.4)
            assert peer.deliver(b"Subject: x\r\n").startswith("250 ")
    assert len(store.mails) == 5


def test_slow_commit_is_never_cut_off() -> None:
    store = SlowStore()
    limits = small_limits(session_s=1.0, command_s=0.6, data_s=0.6)
    with RunningListener(store, limits=limits) as listener, client(listener.port) as peer:
        store.gate.clear()
        threading.Timer(1.6, store.gate.set).start()
        started = time.monotonic()
        assert peer.deliver(b"Subject: x\r\n").startswith("250 ")
        assert time.monotonic() - started > 1.4
        assert peer.ask("NOOP").startswith("250 ")


def test_too_fast_is_told_to_wait_and_others_are_not() -> None:
    store = SlowStore()
    with RunningListener(store, limits=small_limits(max_mails_per_minute=3)) as listener:
        with client(listener.port) as peer:
            for _ in range(3):
                assert peer.deliver(b"Subject: x\r\n").startswith("250 ")
            assert peer.ask("MAIL FROM:<a@b.example>").startswith("421 4.7.1 Too many mails")
            assert peer.reply() == ""
        with Client(listener.port, source="127.0.0.2").hello() as other:
            assert other.deliver(b"Subject: y\r\n").startswith("250 ")
    assert len(store.mails) == 4


def test_gate_counts_in_windows_of_a_minute() -> None:
    gate = Gate(Limits(max_mails_per_minute=2))
    assert [gate.start_mail("a", now) for now in (0.0, 1.0, 2.0, 59.0)] == [True, True, False, False]
    assert gate.start_mail("b", 59.0)
    assert gate.start_mail("a", 61.0)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002/64"),
        ("2001:db8:1:2::1%eth0", "20010db800010002/64"),
        ("no:address", "no:address"),
    ],
)
def test_client_key(address: str, key: str) -> None:
    assert client_key(address) == key


def test_peer_that_never_reads_is_cut_off() -> None:
    limits = small_limits(max_commands_without_mail=10**9, command_s=0.8, close_s=0.5)
    with RunningListener(SlowStore(), limits=limits) as listener, client(listener.port) as peer:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):  # our replies fill its window, so we stop reading
            peer.socket.sendall(b"HELP\r\n" * 1_000_000)
        gate = listener.listener._running.service.gate  # type: ignore[union-attr]
        wait_until(lambda: gate.open_connections == 0)


def test_what_is_sent_ahead_of_a_commit_is_bounded_and_not_lost() -> None:
    store = SlowStore()
    with RunningListener(store, limits=small_limits()) as listener, client(listener.port) as peer:
        store.gate.clear()
        peer.begin()
        mail = f"MAIL FROM:<>\r\nRCPT TO:<{MAILBOX}>\r\nDATA\r\n".encode() + b"x" * 60_000 + b"\r\n.\r\n"
        sender = threading.Thread(target=peer.send, args=(b"\r\n.\r\n" + mail * 300,))
        sender.start()
        sender.join(1)
        assert sender.is_alive()  # 18 MB do not fit: the listener has stopped reading
        store.gate.set()
        replies = [peer.reply()[:3] for _ in range(1 + 4 * 300)]
        sender.join()
        assert replies == ["250"] + ["250", "250", "354", "250"] * 300
    assert len(store.mails) == 301
