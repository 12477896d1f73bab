"""Passwords and login codes: argon2id (RFC 9106) and time-based codes (RFC 6238).

Hashing takes tens of milliseconds and 64 MiB on purpose: call it off the event loop. One
login at a time hashes, so that many logins at once cannot take all memory.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from datetime import datetime
from functools import cache
from typing import Final

import pyotp
import segno
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD_CHARS: Final = 12
MAX_PASSWORD_CHARS: Final = 200
CODE_STEP_S: Final = 30
_HASHER: Final = PasswordHasher()  # the library's defaults follow RFC 9106, second choice
_ONE_AT_A_TIME: Final = threading.Lock()


class WeakPasswordError(ValueError):
    """A password that is too short or too long; the message says the bounds."""


@cache
def unknown_login_hash() -> str:
    """Return a hash that no password fits: an unknown login must cost the same time as a known one.

    Made at the first call: whoever serves logins calls it before the first one.
    """
    return _HASHER.hash(secrets.token_hex(16))


def new_password() -> str:
    """Make a password of 120 random bits that can be typed."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(6)) for _ in range(4))


def hash_password(password: str) -> str:
    """Hash a password; raises WeakPasswordError outside of 12 to 200 characters."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        msg = f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
        raise WeakPasswordError(msg)
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether a password is the one that was hashed; without a hash it takes as long and says no."""
    if len(password) > MAX_PASSWORD_CHARS:
        return False
    try:
        with _ONE_AT_A_TIME:
            _HASHER.verify(password_hash or unknown_login_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def new_totp_secret() -> str:
    """Make the secret of a code generator, base32."""
    return pyotp.random_base32()


def totp_address(secret: str, login: str) -> str:
    """Return the otpauth address that code generators read."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Razbor")


def totp_picture(address: str, title: str) -> str:
    """Return the QR code (ISO/IEC 18004) of an otpauth address as an SVG element without styles."""
    return segno.make(address, error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, title=title
    )


def totp_step(secret: str, code: str, now_utc: datetime, last_step: int) -> int | None:
    """Return the time step that a code belongs to, one step early or late; None for a wrong or used one."""
    step = int(now_utc.timestamp()) // CODE_STEP_S
    generator = pyotp.TOTP(secret)
    for candidate in (step, step - 1, step + 1):
        expected = generator.at(candidate * CODE_STEP_S)
        if candidate > last_step and hmac.compare_digest(expected, code.strip().replace(" ", "")):
            return candidate
    return None
