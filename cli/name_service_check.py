"""Check of `razbor doctor` that the name service answers, where senders are checked by Razbor itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cli.findings import CheckResult, noted, passed

if TYPE_CHECKING:
    from settings import Settings

TIMEOUT_S: Final = 2.0


def check_name_service(settings: Settings) -> CheckResult:
    """Ask for a name that needs no answer but a reply; nothing is asked unless the settings want checks."""
    if settings.authentication != "own":
        by = f"the front server {settings.authserv_id}" if settings.trusted_authserv_id else "nobody"
        return passed("senders", f"checked by {by}")
    from intake.dns_lookup import NoAnswerError
    from intake.dns_resolver import DnsResolver

    address, port = settings.dns_server_address
    name = f"{address} port {port}" if address else "the system's name server"
    try:
        DnsResolver(address, port)("example.org", "TXT", TIMEOUT_S)
    except NoAnswerError:
        return noted(
            "senders",
            f"{name} does not answer: mails are read, their senders stay unchecked",
            "Correct RAZBOR_DNS_SERVER or the network.",
        )
    return passed("senders", f"checked by Razbor, {name} answers")
