"""Checks of `razbor doctor` on the settings themselves: misspelt, contradictory, or open to the world."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from settings import Settings

# Read by the compose file, the tests and the benchmarks, not by a process of ours.
FOREIGN_VARIABLES: Final = (
    "RAZBOR_TEST_",
    "RAZBOR_BENCHMARKS",
    "RAZBOR_SMTP_PUBLISH",
    "RAZBOR_CONSOLE_PUBLISH",
)
LEAST_KEY_CHARS: Final = 16
LEASE_SWEEPS: Final = 4
# RFC 1035 section 2.3.1 with the underscore left out, at least two labels (RFC 5321 section 2.3.5).
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE
)
# RFC 2606 and RFC 6762: no other server can answer to an address in one of these.
_UNREACHABLE: Final = (".local", ".localhost", ".example", ".invalid", ".test")


def check_variables(settings: Settings) -> CheckResult:
    """Look for RAZBOR_ variables that no setting reads: a misspelt one changes nothing, silently."""
    known = {f"RAZBOR_{name.upper()}" for name in type(settings).model_fields}
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("RAZBOR_") and name not in known and not name.startswith(FOREIGN_VARIABLES)
    )
    if not unknown:
        return passed("variables", "all known")
    near = [match for name in unknown for match in difflib.get_close_matches(name, known, n=1)]
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    return failed(
        "variables",
        f"no setting reads {', '.join(unknown)}",
        f"Correct or remove them; `razbor settings` lists all names.{meant}",
    )


def check_signing_key(settings: Settings) -> CheckResult:
    """Look whether the key that signs addresses and Message-IDs is long enough and kept from others."""
    remedy = (
        "Name a long random one in RAZBOR_SECRET_KEY (`openssl rand -hex 32`), the same for every process."
    )
    if settings.secret_key:
        if len(settings.secret_key) < LEAST_KEY_CHARS:
            return failed("signing key", "RAZBOR_SECRET_KEY is short enough to be guessed", remedy)
        return passed("signing key", "from RAZBOR_SECRET_KEY")
    path = settings.data_dir / "signing.key"
    if not path.exists():
        return passed("signing key", "is made at the first start")
    if len(path.read_text(errors="replace").strip()) < LEAST_KEY_CHARS:
        return failed(
            "signing key", f"{path} was cut off", f"Bring it back from a backup, or delete it. {remedy}"
        )
    if _open_to_others(path):
        return failed("signing key", f"{path} can be read by others", f"chmod 600 {path}")
    return passed("signing key", str(path))


def check_privacy(settings: Settings) -> CheckResult:
    """Look whether what sellers wrote, and a file of settings with passwords, can be read by others."""
    places = [settings.data_dir, *settings.data_dir.glob("*.db"), Path(".env")]
    open_ones = [str(place) for place in places if place.exists() and _open_to_others(place)]
    if settings.data_dir.exists() and not _open_to_others(settings.data_dir):
        open_ones = [place for place in open_ones if place == ".env"]  # nobody can reach what lies inside
    if open_ones:
        names = " ".join(open_ones)
        return failed("privacy", f"others on this machine can read {names}", f"chmod go-rwx {names}")
    return passed("privacy", "only this user reads the data")


def _open_to_others(place: Path) -> bool:
    return bool(place.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def check_domain(settings: Settings) -> CheckResult:
    """Look whether answers to our mails can come back, and the greeting names a host."""
    domain = settings.effective_mail_domain if settings.mailboxes else settings.mail_domain
    if domain and not _DOMAIN.fullmatch(domain):
        return failed(
            "mail domain", repr(domain), "RAZBOR_MAIL_DOMAIN must be a domain such as shop.example."
        )
    if not _DOMAIN.fullmatch(settings.smtp_hostname):
        return failed(
            "mail domain",
            f"the greeting names {settings.smtp_hostname!r}",
            "RAZBOR_SMTP_HOSTNAME must be this machine's full name, as the DNS has it.",
        )
    if settings.relay_url and domain.endswith(_UNREACHABLE):
        return failed(
            "mail domain",
            f"replies would leave with addresses in {domain}, to which nobody can answer",
            "Set RAZBOR_MAILBOXES to your own addresses (and RAZBOR_MAIL_DOMAIN if bounces go elsewhere).",
        )
    return passed("mail domain", domain)


def check_times(settings: Settings) -> CheckResult:
    """Look whether a lease outlives several sweeps: else slow work is taken from a living worker."""
    if settings.lease_s < LEASE_SWEEPS * settings.sweep_s:
        return failed(
            "leases",
            f"a lease of {settings.lease_s} s with a sweep every {settings.sweep_s:g} s",
            f"RAZBOR_LEASE_S must be at least {LEASE_SWEEPS} times RAZBOR_SWEEP_S.",
        )
    return passed("leases", f"{settings.lease_s} s, sweep every {settings.sweep_s:g} s")


def check_console(settings: Settings) -> CheckResult:
    """Look whether the console's address can be opened, and passwords do not travel in the clear."""
    url = urlsplit(settings.public_url)
    if settings.public_url and (url.scheme not in {"http", "https"} or not url.hostname):
        return failed(
            "console",
            f"RAZBOR_PUBLIC_URL is {settings.public_url!r}",
            "Write it as https://desk.shop.example.",
        )
    if not _is_local(settings.console_host) and url.scheme != "https":
        return noted(  # a container binds every address of its own; what matters is what is published
            "console",
            f"{settings.console_host}:{settings.console_port} may be reached from elsewhere without TLS",
            "Put a proxy with TLS before it and set RAZBOR_PUBLIC_URL=https://..., or bind 127.0.0.1 "
            "(RAZBOR_CONSOLE_HOST).",
        )
    return passed("console", settings.public_url or f"http://{settings.console_host}:{settings.console_port}")


def check_exposure(settings: Settings) -> CheckResult:
    """Look whether a listener that strangers reach has limits per address."""
    if _is_local(settings.smtp_host):
        return passed("smtp limits", "only this machine reaches the listener")
    if not settings.smtp_rate_limit or not settings.smtp_max_connections_per_address:
        return noted(
            "smtp limits",
            "one address may take all connections and send without end",
            "Set RAZBOR_SMTP_RATE_LIMIT and RAZBOR_SMTP_MAX_CONNECTIONS_PER_ADDRESS, unless only your own "
            "front server reaches this port.",
        )
    return passed("smtp limits", f"{settings.smtp_rate_limit} mails a minute and address")


def check_relay_target(settings: Settings) -> CheckResult:
    """Look whether replies would come back to ourselves, or a password travel in the clear."""
    try:
        relay = urlsplit(settings.relay_url)
        port = relay.port or 25
    except ValueError:
        return noted("relay target", "not looked at: RAZBOR_RELAY_URL cannot be read")
    host = relay.hostname or ""
    own = {settings.smtp_host, "localhost", "127.0.0.1", "::1"} if _is_local(host) else {settings.smtp_host}
    if host in own and port == settings.smtp_port:
        return failed(
            "relay target",
            f"{host}:{port} is our own listener: replies would come back as mail",
            "RAZBOR_RELAY_URL must name the server that delivers your outgoing mail.",
        )
    return passed("relay target", f"{host}:{port}" if host else "none")


def check_dkim(settings: Settings) -> CheckResult:
    """Look whether the key that signs outgoing mail can be used."""
    if settings.dkim_key is None:
        return noted("dkim", "off: replies leave unsigned", "Set RAZBOR_DKIM_KEY, unless your relay signs.")
    from workers.dkim_signing import read_dkim_key

    try:
        key = read_dkim_key(
            settings.dkim_key, selector=settings.dkim_selector, domain=settings.effective_mail_domain
        )
    except ValueError as error:
        return failed("dkim", str(error), "Correct RAZBOR_DKIM_KEY, or leave it empty.")
    if _open_to_others(settings.dkim_key):
        return failed("dkim", f"{settings.dkim_key} can be read by others", f"chmod 600 {settings.dkim_key}")
    return passed("dkim", f"{key.selector}._domainkey.{key.domain}")


def check_sender_trust(settings: Settings) -> CheckResult:
    """Look whether anybody checks who a mail is really from."""
    if settings.authentication == "front" and not settings.authserv_id:
        return noted(
            "sender checks",
            "nobody checks senders: a forged From is believed",
            "Set RAZBOR_AUTHSERV_ID to your front server's, or RAZBOR_AUTHENTICATION=own.",
        )
    if settings.authentication == "off":
        return noted("sender checks", "off: a forged From is believed", "Set RAZBOR_AUTHENTICATION=own.")
    return passed("sender checks", settings.authentication)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
