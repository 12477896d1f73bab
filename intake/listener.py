"""The SMTP listener as a process: binds the port, runs the sessions, stops without losing a mail.

`cli` puts it together: what it needs comes as `ListenerOptions`, where mail goes as `store`,
whom to tell as `enqueue`; so this room knows neither settings nor Celery.

Stopping is graceful: no new connections, 421 to idle sessions, mails whose body is coming in
may finish for a while, and every mail whose commit began gets its reply.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from intake.group_commit import GroupCommit
from intake.limits import Limits
from intake.nudge import Nudger
from intake.smtp import SmtpSession
from intake.smtp_addresses import Mailboxes
from intake.smtp_replies import Reply
from intake.smtp_service import BODY_PHASES, Phase, Session, SmtpService
from models.accepted_mail import StoreError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection
    from pathlib import Path

    from models.accepted_mail import RawStore

log = logging.getLogger(__name__)

BACKLOG: Final = 1024  # connections that the kernel holds for us
UPKEEP_PAUSE_S: Final = 1.0  # between two goes while there is more to do
HANDING_OVER_S: Final = 5.0  # for sessions that were begun and brought no mail yet
SETTLING_S: Final = 0.2  # until the connections that the kernel gave us have become sessions
CLOSING_RECHECK_S: Final = 0.02
SPARE_FILES: Final = 200  # database, log, and connections that are being sent away


class ListenError(RuntimeError):
    """The port or the certificate cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerOptions:
    """What a listener needs to start."""

    host: str = "127.0.0.1"
    port: int = 8025  # 0: any free one
    hostname: str = "razbor.local"  # in the greeting
    mailboxes: tuple[str, ...]  # addresses, and *@domain
    mail_domain: str = ""  # bounce+...@ this domain is accepted; "": none
    limits: Limits = field(default_factory=Limits)
    tls_cert: Path | None = None  # PEM chain; with it STARTTLS is offered
    tls_key: Path | None = None
    require_tls: bool = False
    proxy_protocol: bool = False
    reuse_port: bool = False  # several listeners on one port; needs PostgreSQL
    grace_s: float = 30.0  # for bodies that are coming in when the listener stops
    upkeep_every_s: float = 20.0  # how often the store is asked whether it has upkeep to do


class Listener:
    """One SMTP listener: `start` and `stop` inside an event loop, or `serve_forever` as a process."""

    def __init__(
        self,
        options: ListenerOptions,
        store: RawStore,
        enqueue: Callable[[], object],
        upkeep: Callable[[], object] | None = None,
        inherited: socket.socket | None = None,
    ) -> None:
        """Accept mail as `options` say, keep it in `store`, tell `enqueue` after each commit.

        `store.append` runs in a thread of its own; the store stays the caller's to close, after
        the listener has stopped. `enqueue` runs in another thread, may fail or hang, and is
        called once for many mails. `upkeep` does what the store needs for a short while and says whether
        more may be left: it runs now and then in the thread of `store.append`, between commits.
        `inherited` is a socket that somebody else keeps listening: connections wait there while one
        listener stops and the next starts, so a stop turns nobody away who has not delivered yet. Raises
        `ListenError` for a certificate that cannot be used.
        """
        self._options = options
        self._store = store
        self._enqueue = enqueue
        self._upkeep = upkeep
        self._inherited = inherited
        self._tls_context = _tls_context(options)
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The bound port, also when any free one was asked for; raises RuntimeError while not started."""
        if self._running is None:
            raise RuntimeError("the listener has no port before start() and after stop()")
        return self._running.port

    def serve_forever(self, on_ready: Callable[[int], object] | None = None) -> None:
        """Run until SIGTERM or SIGINT, stop gracefully and return. Call it in the main thread.

        `on_ready` gets the bound port. A second signal cuts the grace short. Raises `ListenError`.
        """
        _allow_open_files(self._options.limits.max_connections)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve(on_ready))

    async def start(self) -> None:
        """Bind the port and begin to accept; raises `ListenError` when the port cannot be had."""
        options = self._options
        nudger = Nudger(self._enqueue)
        commits = GroupCommit(self._store, nudger.nudge)
        service = SmtpService(
            hostname=options.hostname,
            mailboxes=Mailboxes(options.mailboxes, options.mail_domain),
            commit=commits.commit,
            limits=options.limits,
            tls_context=self._tls_context,
            require_tls=options.require_tls,
            proxy_protocol=options.proxy_protocol,
        )
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: SmtpSession(service), backlog=BACKLOG, **self._place()
            )
        except OSError as error:
            commits.close()
            nudger.close()
            raise ListenError(
                f"cannot listen on {options.host}:{options.port} ({error}):"
                " stop what uses the port, or set RAZBOR_SMTP_HOST and RAZBOR_SMTP_PORT"
            ) from error
        port = server.sockets[0].getsockname()[1]
        caring = None
        if self._upkeep is not None:
            caring = asyncio.create_task(_care(commits, self._upkeep, options.upkeep_every_s))
        self._running = _Running(server, service, commits, nudger, port, caring)
        log.info("listening for SMTP on %s:%d", options.host, port)

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Stop accepting, let mails in transit finish, commit all that was taken.

        Setting `hurry` ends the grace for bodies that are still coming in.
        """
        if self._running is None:
            return
        running, self._running = self._running, None
        service = running.service
        if running.caring is not None:
            running.caring.cancel()
        service.is_handing_over = self._inherited is not None
        service.is_stopping = True  # from now on each session closes after its reply
        running.server.close()
        if service.is_handing_over:
            await asyncio.sleep(SETTLING_S)
            _dismiss([session for session in service.sessions if session.has_delivered])
            await _until_empty(service.sessions, HANDING_OVER_S, hurry)
            service.is_handing_over = False
        _dismiss(service.sessions)
        await _until_empty(service.sessions, self._options.grace_s, hurry)
        for session in list(service.sessions):
            if session.phase in BODY_PHASES:
                session.hang_up(Reply.SHUTTING_DOWN)
        await running.commits.drain()
        await _until_empty(service.sessions, service.limits.close_s + 1)
        running.commits.close()
        running.nudger.close()
        log.info("the listener has stopped")

    def _place(self) -> dict[str, Any]:
        """Say where the event loop is to listen."""
        if self._inherited is not None:
            return {"sock": self._inherited}
        options = self._options
        return {"host": options.host, "port": options.port, "reuse_port": options.reuse_port or None}

    async def _serve(self, on_ready: Callable[[int], object] | None) -> None:
        stop, hurry = asyncio.Event(), asyncio.Event()

        def ask_to_stop() -> None:
            (hurry if stop.is_set() else stop).set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ask_to_stop)
        await self.start()
        if on_ready is not None:
            on_ready(self.port)
        await stop.wait()
        await self.stop(hurry)


@dataclass(frozen=True, slots=True)
class _Running:
    """The parts of a started listener."""

    server: asyncio.Server
    service: SmtpService
    commits: GroupCommit
    nudger: Nudger
    port: int
    caring: asyncio.Task[None] | None = None


def _dismiss(sessions: Collection[Session]) -> None:
    """Tell sessions that bring no mail now to come again."""
    for session in list(sessions):
        if session.phase not in (*BODY_PHASES, Phase.STORING):
            session.hang_up(Reply.SHUTTING_DOWN)


async def _care(commits: GroupCommit, upkeep: Callable[[], object], every_s: float) -> None:
    """Let the store do what it must, now and then; a fault is told and tried again."""
    while True:
        pause_s = every_s
        try:
            if await commits.run_between(upkeep):
                pause_s = min(every_s, UPKEEP_PAUSE_S)
        except StoreError as error:
            log.warning("the upkeep of raw mail did not succeed, it is tried again: %s", error)
        await asyncio.sleep(pause_s)


async def _until_empty(
    sessions: Collection[Session], patience_s: float, hurry: asyncio.Event | None = None
) -> None:
    """Wait until every session is gone, `patience_s` is over or `hurry` is set."""
    give_up_at = time.monotonic() + patience_s
    while sessions and time.monotonic() < give_up_at and not (hurry and hurry.is_set()):  # noqa: ASYNC110 - three things to watch, once in a process's life
        await asyncio.sleep(CLOSING_RECHECK_S)


def _allow_open_files(connections: int) -> None:
    """Raise this process's limit of open files, 1024 on many systems, to what the connections need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give uvloop's event loop where it is installed (about a fifth faster), else the default."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _tls_context(options: ListenerOptions) -> ssl.SSLContext | None:
    """Load the certificate for STARTTLS, if one is configured."""
    if options.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996, whatever the machine's OpenSSL allows
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ListenError(
            f"cannot use the certificate {options.tls_cert} ({error}):"
            " check RAZBOR_SMTP_TLS_CERT and RAZBOR_SMTP_TLS_KEY"
        ) from error
    return context
