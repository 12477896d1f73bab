"""`razbor listen`: the SMTP listener as a process of its own.

Here acceptance gets what `intake` may not know: the settings, the store, and Celery to tell
the workers. Publishing raises when the broker is away; the listener's own circuit breaker
deals with that, off the event loop and after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cli.faults import ConfigError

if TYPE_CHECKING:
    from intake.listener import ListenerOptions
    from models.accepted_mail import RawStore
    from models.raw_store import SqliteRawStore
    from settings import Settings

NUDGE_EXPIRES_S: Final = 60  # an older one tells nothing that the sweep does not find
BROKER_TIMEOUT_S: Final = 5


def listen() -> None:
    """Accept mail over SMTP until stopped; mails in transit may finish.

    Started by a systemd socket unit it listens on that socket, and a restart turns nobody away.
    """
    from cli.child_process import announce_ready, part_name
    from cli.inherited_socket import inherited_socket
    from cli.log_setup import configure_logging
    from intake.listener import Listener, ListenError
    from models import traces
    from models.raw_store import SqliteRawStore
    from settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, json_lines=settings.log_json, part=part_name("listen"))
    store = open_raw_store(settings)
    start_traces(settings)
    try:
        listener = Listener(
            listener_options(settings),
            store,
            read_nudge(settings.effective_broker_url),
            upkeep_of(store) if isinstance(store, SqliteRawStore) else None,
            inherited_socket(),
        )
        listener.serve_forever(on_ready=lambda port: announce_ready(port=port))
    except ListenError as error:
        raise ConfigError(str(error)) from error
    finally:
        store.close()
        traces.stop()


def start_traces(settings: Settings) -> None:
    """Send spans where the settings want it."""
    if settings.traces_url:
        from models import traces
        from workers.app import signing_key

        traces.start(settings.traces_url, "listen", signing_key(settings))


def listener_options(settings: Settings) -> ListenerOptions:
    """Translate the settings into what a listener needs."""
    from intake.limits import Limits
    from intake.listener import ListenerOptions

    return ListenerOptions(
        host=settings.smtp_host,
        port=settings.smtp_port,
        hostname=settings.smtp_hostname,
        mailboxes=settings.mailboxes,
        mail_domain=settings.effective_mail_domain,
        limits=Limits(
            max_message_bytes=settings.max_message_bytes,
            max_recipients=settings.max_recipients,
            max_connections=settings.smtp_max_connections,
            max_connections_per_address=settings.smtp_max_connections_per_address,
            max_mails_per_minute=settings.smtp_rate_limit,
        ),
        tls_cert=settings.smtp_tls_cert,
        tls_key=settings.smtp_tls_key,
        proxy_protocol=settings.smtp_proxy_protocol,
        reuse_port=not settings.is_sqlite,  # several listeners need PostgreSQL
    )


def open_raw_store(settings: Settings) -> RawStore:
    """Open where accepted mail is kept.

    Raises StoreUnavailable when it cannot be used now, KeyringError for a keyring that cannot be read.
    """
    from models.keyring import NO_KEYS, Keyring
    from models.raw_store import PostgresRawStore, SqliteRawStore

    keyring = Keyring(settings.keyring) if settings.keyring else NO_KEYS
    if settings.is_sqlite:
        return SqliteRawStore(settings.data_dir / "intake.db", keyring=keyring)
    # The driver's own address; the one for SQLAlchemy is asked for because it refuses what is no PostgreSQL.
    dsn = settings.main_database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return PostgresRawStore(dsn, keyring=keyring)


def upkeep_of(store: SqliteRawStore) -> Callable[[], bool]:
    """Make the listener's upkeep of the file that it alone writes; it says whether more is left."""

    def upkeep() -> bool:
        store.upkeep()
        return not store.is_settled

    return upkeep


def read_nudge(broker_url: str) -> Callable[[], object]:
    """Make the function that tells the workers that mail waits; it raises when the broker is away."""
    from celery import Celery

    from models.topics import READ_QUEUE
    from workers.nudges import READ_TASK

    app = Celery("razbor-listen", broker=broker_url, set_as_current=False)
    app.conf.broker_transport_options = {
        "socket_timeout": BROKER_TIMEOUT_S,
        "socket_connect_timeout": BROKER_TIMEOUT_S,
        "max_retries": 0,  # else kombu tries for seconds before it says that the broker is away
    }

    def nudge() -> object:
        return app.send_task(
            READ_TASK, queue=READ_QUEUE, retry=False, ignore_result=True, expires=NUDGE_EXPIRES_S
        )

    return nudge
