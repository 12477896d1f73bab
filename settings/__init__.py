"""One frozen `Settings` object: what a process needs to start.

Read from the environment (`RAZBOR_*`) or a `.env` file in the working directory, by process
entries only (`cli`, `workers.app`). Policy that operators change while the service runs
(mailboxes, topics, required data, templates, thresholds) is rows in the database, seeded
from here and from data files at first start.

Empty `database_url` and `broker_url` mean the embedded defaults: SQLite in the data
directory, and a Valkey server that `razbor serve` starts on a unix socket.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_PREFIX: Final = "RAZBOR_"


class Settings(BaseSettings):
    """Every setting with its unit, default and one-sentence meaning."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("var"), description="Folder for the embedded database, broker and caches.")
    database_url: str = Field(
        "",
        description="PostgreSQL as postgresql://user:password@host/name; empty: SQLite in DATA_DIR.",
    )
    broker_url: str = Field(
        "", description="Redis as redis://host:port/0; empty: the embedded server that `razbor serve` starts."
    )
    keyring: Path | None = Field(
        None,
        description="File of keys that seal stored raw mail, made by `razbor keys rotate`; "
        "empty: raw mail is stored as received.",
    )
    smtp_host: str = Field("127.0.0.1", description="Address that the SMTP listener binds.")
    smtp_port: int = Field(
        8025, ge=0, le=65535, description="Port that the SMTP listener binds; 0: any free one."
    )
    smtp_hostname: str = Field("razbor.local", description="Name that the listener gives in its greeting.")
    smtp_rate_limit: int = Field(
        0, ge=0, description="Mails that one client address may hand in per minute; 0: off."
    )
    smtp_max_connections: int = Field(1000, ge=1, description="Open SMTP connections in all.")
    smtp_max_connections_per_address: int = Field(
        0, ge=0, description="Open SMTP connections from one client address; 0: off."
    )
    smtp_tls_cert: Path | None = Field(
        None, description="PEM certificate chain; with it STARTTLS is offered."
    )
    smtp_tls_key: Path | None = Field(None, description="PEM private key of SMTP_TLS_CERT.")
    smtp_proxy_protocol: bool = Field(
        default=False,
        description="Expect a PROXY protocol header before the greeting (behind a load balancer).",
    )
    max_message_bytes: int = Field(
        35 * 1024 * 1024, ge=1024, description="Largest mail that is accepted, in bytes."
    )
    max_recipients: int = Field(100, ge=1, description="Most recipients of one mail.")
    mailboxes: Annotated[tuple[str, ...], NoDecode] = Field(
        (
            "support@razbor.local",
            "help@razbor.local",
            "sellers@razbor.local",
            "pvz@razbor.local",
        ),
        description="Addresses that receive mail, comma-separated; plus-addresses of each are accepted too. "
        "`*@example.org` accepts every local part of a domain.",
    )
    mail_domain: str = Field(
        "", description="Domain of our Message-IDs and bounce addresses; empty: that of the first mailbox."
    )
    relay_url: str = Field(
        "",
        description="Where replies go: smtp://[user:password@]host:port (a password leaves under TLS only), "
        "or smtps://; empty: none.",
    )
    dkim_key: Path | None = Field(
        None, description="PEM RSA key that signs outgoing mail (DKIM); empty: mail leaves unsigned."
    )
    dkim_selector: str = Field(
        "razbor", description="Selector under which the public half of DKIM_KEY stands in the DNS."
    )
    public_url: str = Field("", description="Address of the console as operators see it.")
    console_host: str = Field("127.0.0.1", description="Address that the console binds.")
    api_requests_per_minute: int = Field(
        600, ge=0, description="Requests that one API token may send per minute; 0: off."
    )
    oidc_issuer: str = Field(
        "", description="Issuer of an OpenID Connect provider whose people may log in; empty: passwords only."
    )
    oidc_client_id: str = Field(
        "", description="Name by which the provider of OIDC_ISSUER knows the console."
    )
    oidc_client_secret: str = Field("", description="Secret of OIDC_CLIENT_ID; empty: PKCE alone.")
    oidc_scope: str = Field("openid profile email", description="Scopes that the provider is asked for.")
    oidc_role_claim: str = Field("groups", description="Claim of the ID token that names a person's groups.")
    oidc_roles: str = Field(
        "", description="Role of each group as group=role, comma-separated; who has none of them stays out."
    )
    webhook_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts that webhooks may also reach by plain http and on private addresses, "
        "as host or host:port, comma-separated; empty: none.",
    )
    console_port: int = Field(8080, ge=0, le=65535, description="Port that the console binds.")
    metrics_token: str = Field(
        "", description="Bearer token for /metrics of the console; empty: only this machine may read them."
    )
    timezone: str = Field(
        "Europe/Moscow", description="Time zone of the desk: dates without a zone, calendars."
    )
    precision_target: float = Field(
        0.98, gt=0.5, lt=1.0, description="Share of automatically routed mails that must be right."
    )
    worker_processes: int = Field(
        2, ge=1, le=64, description="Processes of one `razbor worker`; they share the model."
    )
    batch_size: int = Field(64, ge=1, le=1000, description="Most mails that a worker reads in one go.")
    lease_s: int = Field(
        120, ge=5, description="Seconds after which work of a vanished worker is taken over."
    )
    sweep_s: float = Field(
        5.0, gt=0, description="Seconds between two looks for work that nobody was told of."
    )
    secret_key: str = Field(
        "", description="Key that signs bounce addresses and Message-IDs; empty: one is made in DATA_DIR."
    )
    authserv_id: str = Field(
        "", description="Trust Authentication-Results headers with this authserv-id (of your own front MTA)."
    )
    authentication: Literal["off", "front", "own"] = Field(
        "front",
        description="Who checks senders: off; front: your front MTA, see AUTHSERV_ID; "
        "own: Razbor asks the name service (SPF, DKIM, DMARC); "
        "your front MTA counts if its address is private.",
    )
    dns_server: str = Field(
        "",
        description="Name server for these checks as address, address:port or [address]:port; "
        "empty: that of the system.",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(default=False, description="One JSON object per log line.")
    traces_url: str = Field(
        "",
        description="OTLP address for spans, such as http://collector:4318/v1/traces; empty: none are made.",
    )

    @field_validator("mailboxes", "webhook_hosts", mode="before")
    @classmethod
    def _split_mailboxes(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("dns_server")
    @classmethod
    def _check_dns_server(cls, value: str) -> str:
        _address_and_port(value)
        return value

    @property
    def dns_server_address(self) -> tuple[str, int]:
        """IP address and port of the name server; "" is that of the system."""
        return _address_and_port(self.dns_server)

    @property
    def trusted_authserv_id(self) -> str:
        """Authserv-id whose results count, "" when senders are not checked at all."""
        return "" if self.authentication == "off" else self.authserv_id

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded database."""
        return not self.database_url

    @property
    def main_database_url(self) -> str:
        """SQLAlchemy address of the main database."""
        return (
            _psycopg(self.database_url) if self.database_url else f"sqlite:///{self.data_dir / 'razbor.db'}"
        )

    @property
    def intake_database_url(self) -> str:
        """SQLAlchemy address of the raw mail: its own file on SQLite, the same database on PostgreSQL."""
        return (
            _psycopg(self.database_url) if self.database_url else f"sqlite:///{self.data_dir / 'intake.db'}"
        )

    @property
    def run_dir(self) -> Path:
        """Private folder for sockets and locks; short, since a socket path may have 107 bytes at most."""
        digest = hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"razbor-{os.getuid()}-{digest}"

    @property
    def labelled_dir(self) -> Path:
        """Folder of the labelled mails of one's own that `razbor train FILE…` keeps."""
        return self.data_dir / "labelled"

    @property
    def embedded_broker_socket(self) -> Path:
        """Unix socket of the embedded broker."""
        return self.run_dir / "broker.sock"

    @property
    def effective_broker_url(self) -> str:
        """Broker address for Celery and redis-py."""
        return self.broker_url or f"redis+socket://{self.embedded_broker_socket}"

    @property
    def effective_mail_domain(self) -> str:
        """Domain of our Message-IDs and bounce addresses."""
        return self.mail_domain or self.mailboxes[0].rpartition("@")[2]


def _address_and_port(server: str) -> tuple[str, int]:
    """Split "address", "address:port" or "[address]:port"; raise `ValueError` for anything else."""
    host, port = server.strip(), ""
    if not host:
        return "", 53
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        port = rest.removeprefix(":") if bracket else "?"
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        address, number = str(ip_address(host)), int(port or 53)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        msg = f"RAZBOR_DNS_SERVER must be an IP address, with :port if it is not 53; got {server!r}"
        raise ValueError(msg)
    return address, number


def _psycopg(url: str) -> str:
    """Name the driver in a PostgreSQL address, as SQLAlchemy wants it."""
    scheme, sep, rest = url.partition("://")
    if not sep or not scheme.startswith(("postgresql", "postgres")):
        msg = f"RAZBOR_DATABASE_URL must start with postgresql:// (SQLite needs no address); got {scheme!r}"
        raise ValueError(msg)
    return f"postgresql+psycopg://{rest}"


def load_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Raises `pydantic.ValidationError` that names each bad variable.
    """
    return Settings()
