"""Login through an OpenID Connect provider: authorization code with PKCE, ID token checked by the JWKS.

In go the settings and what the provider answers, out comes an `Identity` (subject, names, role). Rules of
OpenID Connect Core 3.1.3.7 and RFC 9700: exact issuer, own client id in `aud`, nonce, expiry, asymmetric
algorithms only, `state` bound to the browser, `iss` of the callback (RFC 9207) where it is given. What
the provider sends is bounded in time and size; redirects are not followed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from models.store.people import ROLES

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
MAX_ANSWER_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 5.0
KEPT_S: Final = 3600.0  # metadata and keys; an unknown key is looked for sooner
LOOK_AGAIN_S: Final = 60.0
LEEWAY_S: Final = 60
MAX_LOGIN_CHARS: Final = 100


class OidcError(Exception):
    """The provider's answer proves nothing; the message is for the log, not for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcOptions:
    """What the provider knows us by, and which of its groups has which role."""

    issuer: str
    client_id: str
    client_secret: str = ""  # "" is a public client: PKCE alone
    scope: str = "openid profile email"
    role_claim: str = "groups"
    roles: dict[str, str] = field(default_factory=dict)  # group -> role


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A login that was begun: where to send the browser, and what it must bring back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is."""

    subject: str  # issuer and `sub`: the only thing that stays the same
    login: str
    name: str
    role: str  # "" when no group has a role here


class OidcProvider:
    """One provider; safe to share between threads."""

    def __init__(self, options: OidcOptions, client: httpx.Client | None = None) -> None:
        self.options = options
        self._client = client or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: Any = None  # a KeySet
        self._read_at_s = -KEPT_S

    def begin(self, redirect_uri: str) -> Begun:
        """Return the address of the provider's login page; raises OidcError when it cannot be reached."""
        metadata = self._look()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.options.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.options.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = metadata["authorization_endpoint"]
        gap = "&" if "?" in endpoint else "?"
        return Begun(
            address=f"{endpoint}{gap}{urlencode(asked)}", state=state, nonce=nonce, verifier=verifier
        )

    def finish(self, code: str, *, nonce: str, verifier: str, redirect_uri: str, issuer: str) -> Identity:
        """Exchange the code and check what it gives; `issuer` is the callback's `iss`, "" without one.

        Raises OidcError for everything that does not prove who it is.
        """
        if issuer and issuer != self.options.issuer:
            msg = f"the callback names the issuer {issuer[:200]!r}"
            raise OidcError(msg)
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.options.client_id,
        }
        secret = self.options.client_secret
        login = httpx.BasicAuth(self.options.client_id, secret) if secret else None
        answer = self._ask("POST", self._look()["token_endpoint"], data=given, auth=login)
        token = answer.get("id_token")
        if not isinstance(token, str):
            msg = "the token endpoint gave no ID token"
            raise OidcError(msg)
        return self._identity(self._claims(token, nonce))

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        claims = self._signed(token)
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": self.options.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            msg = f"the ID token is not for this login: {error}"
            raise OidcError(msg) from error
        audience, party = claims["aud"], claims.get("azp")
        is_shared = isinstance(audience, list) and len(audience) > 1
        if (is_shared or party is not None) and party != self.options.client_id:
            msg = "the ID token was made for another party"
            raise OidcError(msg)
        return claims

    def _signed(self, token: str) -> dict[str, Any]:
        """Return the claims of a token whose signature is the provider's; looks for new keys once."""
        if len(token) > MAX_ANSWER_BYTES:
            msg = "the ID token is too long"
            raise OidcError(msg)
        self._look()
        for attempt in (1, 2):
            try:
                decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError) as error:
                if attempt == 1 and self._look_again():
                    continue
                msg = f"the ID token is not signed by the provider: {error}"
                raise OidcError(msg) from error
            return dict(decoded.claims)
        msg = "the ID token is not signed by the provider"
        raise OidcError(msg)

    def _identity(self, claims: dict[str, Any]) -> Identity:
        named = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        login = str(named).strip().casefold()
        if not login or len(login) > MAX_LOGIN_CHARS or not login.isprintable() or " " in login:
            msg = "the provider's name of the person is no login"
            raise OidcError(msg)
        groups = claims.get(self.options.role_claim, [])
        groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        held = {self.options.roles.get(group, "") for group in groups if isinstance(group, str)}
        role = next((role for role in reversed(ROLES) if role in held), "")
        name = claims.get("name")
        return Identity(
            subject=f"{self.options.issuer} {claims['sub']}"[:500],
            login=login,
            name=name[:200] if isinstance(name, str) and name.isprintable() else "",
            role=role,
        )

    def _look(self) -> dict[str, Any]:
        """Return the provider's metadata, read anew once an hour with its keys."""
        with self._lock:
            if time.monotonic() - self._read_at_s >= KEPT_S:
                self._read()
            return self._metadata

    def _look_again(self) -> bool:
        """Read metadata and keys anew, unless that was a moment ago; True when they were read."""
        with self._lock:
            if time.monotonic() - self._read_at_s < LOOK_AGAIN_S:
                return False
            self._read()
            return True

    def _read(self) -> None:
        metadata = self._ask("GET", f"{self.options.issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self.options.issuer:
            msg = f"the provider calls itself {str(metadata.get('issuer'))[:200]!r}"
            raise OidcError(msg)
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            check_provider_address(str(metadata.get(name, "")))
        try:
            keys = KeySet.import_key_set(cast("Any", self._ask("GET", metadata["jwks_uri"])))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            msg = "the provider's keys cannot be read"
            raise OidcError(msg) from error
        self._metadata, self._keys, self._read_at_s = metadata, keys, time.monotonic()

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        """Ask the provider for a JSON object, bounded in size."""
        check_provider_address(address)
        body = b""
        try:
            with self._client.stream(
                method, address, headers={"Accept": "application/json"}, **more
            ) as answer:
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        break
        except httpx.HTTPError as error:
            msg = f"the provider does not answer: {error!r}"
            raise OidcError(msg) from error
        if answer.status_code != 200 or len(body) > MAX_ANSWER_BYTES:
            msg = f"{urlsplit(address).path} of the provider answered {answer.status_code}, {len(body)} bytes"
            raise OidcError(msg)
        try:
            said = json.loads(body)
        except (ValueError, RecursionError) as error:
            msg = "the provider did not answer with JSON"
            raise OidcError(msg) from error
        if not isinstance(said, dict):
            msg = "the provider did not answer with a JSON object"
            raise OidcError(msg)
        return said


def check_provider_address(address: str) -> None:
    """Raise OidcError for an address that is not https; http is for this machine alone."""
    parts = urlsplit(address)
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_here)):
        msg = f"the address of a provider is https://..., not {address[:200]!r}"
        raise OidcError(msg)


def parse_roles(words: str) -> dict[str, str]:
    """Read "group=role, group=role"; raises ValueError for a role that is none."""
    roles: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in words.split(","))):
        group, equals, role = pair.rpartition("=")
        if not equals or role.strip() not in ROLES:
            msg = f"RAZBOR_OIDC_ROLES looks like support=operator,leads=lead; roles are {', '.join(ROLES)}"
            raise ValueError(msg)
        roles[group.strip()] = role.strip()
    return roles
