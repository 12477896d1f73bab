"""Login through a real OpenID Connect server of our own, which can lie in every way that we know."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from cli.console import oidc_provider
from cli.faults import ConfigError
from console.app import create_app
from console.context import Console
from console.guard import SESSION_COOKIE
from console.oidc import OidcError, OidcOptions, OidcProvider, check_provider_address, parse_roles
from models.store.people import add_person, change_person, people
from settings import Settings
from tests.console.conftest import on_sqlite

CLIENT, SECRET = "razbor-console", "not a real secret"
KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


class Provider:
    """An OpenID Connect provider with one person, whose answers tests change."""

    def __init__(self) -> None:
        self.claims: dict[str, object] = {}  # over the right ones; None leaves one out
        self.metadata: dict[str, object] = {}
        self.key, self.algorithm, self.header = KEY, "RS256", {"kid": "one"}
        self.published = [KEY]
        self.padding = 0
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                if self.path.endswith("openid-configuration"):
                    self._say(provider.described())
                else:
                    self._say({"keys": [key.as_dict(private=False) for key in provider.published]})

            def do_POST(self) -> None:
                given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, said = provider.exchange({name: one[0] for name, one in given.items()}, self.headers)
                self._say(said, status)

            def _say(self, said: dict, status: int = 200) -> None:
                body = json.dumps(said).encode() + b" " * provider.padding
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def described(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.metadata,
        }

    def authorize(self, address: str) -> dict[str, str]:
        """Log the person in at the provider; return what the browser brings back."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def exchange(self, given: dict[str, str], headers) -> tuple[int, dict]:
        """Answer the token endpoint, strictly: client, code once, redirect address, PKCE."""
        asked = self.codes.pop(given["code"], None)
        login = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        plain = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = (
            asked is not None
            and headers.get("Authorization") in {login, plain}
            and given["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if not is_right:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "u-17",
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "preferred_username": "Maria",
            "name": "Мария",
            "groups": ["support", "unknown"],
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            return 200, {"id_token": f"{head}.{body}."}
        header = {"alg": self.algorithm, **self.header}
        return 200, {"id_token": jwt.encode(header, claims, self.key, algorithms=[self.algorithm])}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def signed_on(web, provider):
    """The console with the provider; `roles` map its groups."""
    options = OidcOptions(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        roles={"support": "operator", "leads": "lead"},
    )
    web.oidc = OidcProvider(options)
    web.console = Console(store=web.desk.store, desk=web.console.desk, oidc=web.oidc)
    web.client.app = web.client._transport.app = create_app(web.console)
    return web


def log_in(web, provider, **changed: str):
    begun = web.get("/login/oidc?to=/queues")
    assert begun.status_code == 303, begun.text
    brought = provider.authorize(begun.headers["location"]) | changed
    return web.get(f"/login/oidc/callback?{urlencode(brought)}")


def persons(web):
    with web.desk.store.read() as db:
        return people(db)


@on_sqlite
def test_a_person_of_the_provider_logs_in(signed_on, provider) -> None:
    assert "/login/oidc?to=" in signed_on.get("/login").text
    answer = log_in(signed_on, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/queues")
    assert signed_on.get("/queues").status_code == 200
    (maria,) = persons(signed_on)
    assert (maria.login, maria.role, maria.name) == ("maria", "operator", "Мария")
    assert provider.asked.count("/keys") == 1
    provider.claims = {"groups": ["leads", "support"], "preferred_username": "renamed"}
    old = signed_on.client.cookies[SESSION_COOKIE]
    assert log_in(signed_on, provider).status_code == 303
    (maria,) = persons(signed_on)
    assert (maria.login, maria.role) == ("maria", "lead"), "known by subject; the role is today's"
    signed_on.client.cookies.set(SESSION_COOKIE, old)
    assert signed_on.get("/queues").status_code == 303, "the session of the role before ended"
    assert provider.asked.count("/keys") == 1, "metadata and keys are kept"
    with signed_on.desk.store.write() as db:
        change_person(db, "maria", active=False)
    signed_on.client.cookies.clear()
    assert log_in(signed_on, provider).status_code == 403
    assert SESSION_COOKIE not in signed_on.client.cookies


FOR_ANOTHER = {
    "issuer": {"iss": "https://elsewhere.example"},
    "audience": {"aud": "another-client"},
    "shared audience": {"aud": [CLIENT, "another-client"]},
    "party": {"azp": "another-client"},
    "nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1_700_000_000},
    "no expiry": {"exp": None},
    "from the future": {"iat": 4_000_000_000},
    "no subject": {"sub": None},
    "no login": {"preferred_username": "two words"},
}


@on_sqlite
def test_a_token_that_is_not_for_this_login_opens_nothing(signed_on, provider) -> None:
    for what, claims in FOR_ANOTHER.items():
        provider.claims = claims
        answer = log_in(signed_on, provider)
        assert answer.status_code == 401, what
        assert SESSION_COOKIE not in signed_on.client.cookies, what
    assert persons(signed_on) == []


@on_sqlite
def test_a_token_that_the_provider_did_not_sign_opens_nothing(signed_on, provider) -> None:
    shared = OctKey.import_key(SECRET * 3)
    for what, key, algorithm in (
        ("another's key", OTHER_KEY, "RS256"),
        ("the client's secret", shared, "HS256"),
        ("nobody", KEY, "none"),
    ):
        provider.key, provider.algorithm = key, algorithm
        assert log_in(signed_on, provider).status_code == 401, what
    provider.key, provider.algorithm = KEY, "RS256"
    new = RSAKey.generate_key(2048, {"kid": "two"})
    provider.key, provider.published, provider.header = new, [KEY, new], {"kid": "two"}
    signed_on.oidc._read_at_s -= 61  # the last look was a minute ago
    assert log_in(signed_on, provider).status_code == 303, "a new key is looked for"
    assert provider.asked.count("/keys") == 2


@on_sqlite
def test_a_browser_finishes_only_what_it_began(signed_on, provider) -> None:
    for changed in (
        {"state": "guess"},
        {"code": "guess"},
        {"iss": "https://elsewhere.example"},
        {"code": ""},
    ):
        assert log_in(signed_on, provider, **changed).status_code == 401, changed
    begun = signed_on.get("/login/oidc")
    brought = provider.authorize(begun.headers["location"])
    signed_on.client.cookies.clear()
    callback = f"/login/oidc/callback?{urlencode(brought)}"
    assert signed_on.get(callback).status_code == 401, "in another browser"
    begun = signed_on.get("/login/oidc?to=//elsewhere.example")
    callback = f"/login/oidc/callback?{urlencode(provider.authorize(begun.headers['location']))}"
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert signed_on.get(callback).headers["location"] == "/", "no redirect leaves the console"
    assert signed_on.get(callback).status_code == 401, "once"
    denied = signed_on.get("/login/oidc/callback?error=access_denied&state=x")
    assert denied.status_code == 401


@on_sqlite
def test_a_login_of_the_desk_is_not_taken_over(signed_on, provider) -> None:
    with signed_on.desk.store.write() as db:
        add_person(db, "maria", password_hash="-", role="admin")
    assert log_in(signed_on, provider).status_code == 403
    provider.claims = {"preferred_username": "ivan", "groups": ["unknown"]}
    assert log_in(signed_on, provider).status_code == 403, "no group with a role"
    provider.claims = {"preferred_username": "ivan", "groups": {"support": 1}}
    assert log_in(signed_on, provider).status_code == 403
    assert [(person.login, person.role) for person in persons(signed_on)] == [("maria", "admin")]


@on_sqlite
def test_a_provider_that_makes_no_sense_is_told_in_words(signed_on, provider) -> None:
    for lie in (
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": None},
    ):
        provider.metadata = lie
        assert signed_on.get("/login/oidc").status_code == 401, lie
    provider.metadata, provider.padding = {}, 300_000
    assert signed_on.get("/login/oidc").status_code == 401, "an answer without end"
    provider.padding = 0
    assert signed_on.get("/login/oidc").status_code == 303
    provider.stop()
    assert (
        "provider did not confirm"
        in signed_on.get("/login/oidc/callback?code=x&state=x", **{"Accept-Language": "en"}).text
    )


@on_sqlite
def test_without_a_provider_there_is_no_such_page(web) -> None:
    assert web.get("/login/oidc").status_code == 404
    assert web.get("/login/oidc/callback?code=1&state=1").status_code == 404
    assert "/login/oidc" not in web.get("/login").text


def test_settings_that_cannot_work_are_refused() -> None:
    assert oidc_provider(Settings()) is None
    for wrong in ({"oidc_issuer": "http://idp.example"}, {"oidc_issuer": "https://idp.example"}):
        with pytest.raises(ConfigError):
            oidc_provider(Settings(**wrong))
    made = oidc_provider(
        Settings(oidc_issuer="https://idp.example", oidc_client_id="c", oidc_roles="a = admin, b=lead,")
    )
    assert made is not None
    assert made.options.roles == {"a": "admin", "b": "lead"}
    with pytest.raises(ValueError, match="RAZBOR_OIDC_ROLES"):
        parse_roles("support=king")
    for address in ("ftp://idp.example", "idp.example", "http://10.0.0.1/"):
        with pytest.raises(OidcError):
            check_provider_address(address)
