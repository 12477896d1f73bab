"""Requests to the JSON API, made from its own description and then spoilt.

In go the OpenAPI description and a generator of numbers, out comes one request: method, path, query, headers
and body. All begin as right ones with values of the desk; in four of five pieces are replaced, doubled, cut.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, quote_from_bytes

TEXTS: Final = (
    "", "x", "new", "closed", "недостача", "质量", "Мы нашли две коробки, приёмка исправлена.", "0", "-1",
    "1e309", "null",
    "2026-11-16T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "\x00", "\ud7ff",
    "\u202e", "\n", "\r\n",
    "' OR 1=1 --", "%", "_", "*", '"', "<script>", "../..", "a" * 300, "я" * 5000, "\U0001f600", "true",
    "[]", "{}", "\\", "ſ",
    "logistics_acceptance", "spam_phishing", "urgent", "seller@shop.example", "2000061286750", "1,250.00",
)  # fmt: skip
VALUES: Final = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 10**400, 1.5, -0.0, [], {}, [[]], [None], {"": ""},
    "", "x", ["x"] * 50,
)  # fmt: skip
OCTETS: Final = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"{", b"}", b"[", b'"', b"\\u0000", b"\\ud800", b",",
    b"1e999", b"NaN",
    b"-Infinity", b"[" * 2000, b'{"a":' * 500, b" " * 500, b"\xef\xbb\xbf", b"\\x", b"//", b"9" * 5000,
)  # fmt: skip
LARGE_BODY_BYTES: Final = 300_000  # above what the API takes
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X\u00e4")


@dataclass
class Ask:
    """One request as it goes to the application."""

    method: str
    path: str
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def told(self) -> bytes:
        """Write it down."""
        head = f"{self.method} {quote(self.path, safe='/')}?".encode() + self.query
        return b"\n".join([head, *(name + b": " + value for name, value in self.headers), b"", self.body])


class Asker:
    """Makes requests for what an OpenAPI description offers."""

    def __init__(self, description: dict[str, Any], prefix: str, numbers: Sequence[int]) -> None:
        self.shapes: dict[str, Any] = description["components"]["schemas"]
        self.prefix, self.numbers = prefix, [*numbers, 1, 2, 3]
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in sorted(description["paths"].items())
            for method, operation in sorted(methods.items())
        ]

    def ask(self, source: random.Random, token: str) -> Ask:
        """Return one request."""
        method, path, operation = source.choice(self.operations)
        made = Ask(method, self.prefix + path.replace("{number}", str(source.choice(self.numbers))))
        if token:
            made.headers.append((b"authorization", f"Bearer {token}".encode()))
        pairs = self._parameters(source, operation, made)
        if "requestBody" in operation:
            shape = operation["requestBody"]["content"]["application/json"]["schema"]
            made.body = json.dumps(self._value(source, shape)).encode()
            made.headers.append((b"content-type", b"application/json"))
        made.query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs).encode()
        if source.random() < 0.8:
            for _ in range(source.choice((1, 1, 2, 3, 5))):
                source.choice(_CHANGES)(made, source)
        return made

    def _parameters(
        self, source: random.Random, operation: dict[str, Any], made: Ask
    ) -> list[tuple[str, str]]:
        pairs = []
        for parameter in operation.get("parameters", ()):
            name, place = parameter["name"], parameter["in"]
            if name.lower() == "if-match":
                made.headers.append((b"if-match", source.choice((b"*", b"*", b'"x"', b"", b'W/"x"'))))
            elif place == "header" and source.random() < 0.2:
                made.headers.append(
                    (name.lower().encode(), source.choice(("k1", "k2", "\t", '"e"', "k" * 260)).encode())
                )
            elif place == "query" and source.random() < 0.3:
                value = self._value(source, parameter.get("schema", {}))
                pairs.append((name, value if isinstance(value, str) else json.dumps(value)))
        return pairs

    def _value(self, source: random.Random, shape: dict[str, Any]) -> Any:
        """Return a value of a shape, as a rule a right one."""
        if "$ref" in shape:
            shape = self.shapes[shape["$ref"].rpartition("/")[2]]
        if source.random() < 0.08:
            return source.choice(VALUES)
        if "anyOf" in shape:
            return self._value(source, source.choice(shape["anyOf"]))
        if "enum" in shape:
            return source.choice(shape["enum"])
        return self._of_kind(source, shape)

    def _of_kind(self, source: random.Random, shape: dict[str, Any]) -> Any:
        kind = shape.get("type")
        if kind == "object":
            needed = shape.get("required", ())
            return {
                name: self._value(source, inner)
                for name, inner in shape.get("properties", {}).items()
                if name in needed or source.random() < 0.6
            }
        if kind == "array":
            return [self._value(source, shape.get("items", {})) for _ in range(source.choice((0, 1, 3)))]
        if kind in {"integer", "number"}:
            return source.choice((*self.numbers, 0, 50, 200, 201))
        return {"boolean": source.random() < 0.5, "null": None}.get(str(kind), source.choice(TEXTS))


def _other_method(made: Ask, source: random.Random) -> None:
    made.method = source.choice(METHODS)


def _spoilt_path(made: Ask, source: random.Random) -> None:
    at = source.randrange(len(made.path) + 1)
    made.path = (
        made.path[:at] + source.choice((*TEXTS, "/", "//", "/../", "%2e%2e", ";", "?", "#")) + made.path[at:]
    )


def _other_number(made: Ask, source: random.Random) -> None:
    parts = made.path.split("/")
    parts[source.randrange(len(parts))] = source.choice(
        ("0", "-1", "9" * 30, "1.0", "٣", "1_0", "0x1", " 1", "+1", "nan")
    )
    made.path = "/".join(parts)


def _spoilt_query(made: Ask, source: random.Random) -> None:
    octets = source.choice((*OCTETS, *(text.encode() for text in TEXTS)))
    made.query += (
        source.choice((b"&", b"", b"&limit=", b"&cursor=", b"&x=")) + quote_from_bytes(octets).encode()
    )


def _raw_query(made: Ask, source: random.Random) -> None:
    made.query = (
        made.query + source.choice((b"%", b"%zz", b"&&&", b"=", b"%ff", b"a=1&a=2", b"&limit=1&limit=2"))
    )[:4000]


def _spoilt_header(made: Ask, source: random.Random) -> None:
    name = source.choice(
        (b"content-type", b"if-match", b"if-none-match", b"idempotency-key", b"authorization", b"accept")
    )
    value = source.choice(
        (
            *OCTETS,
            b"text/plain",
            b"application/json; charset=utf-16",
            b"Basic eDp5",
            b"Bearer",
            b"multipart/form-data",
        )
    )
    made.headers.append((name, value.replace(b"\x00", b"0")[:3000]))


def _less_headers(made: Ask, source: random.Random) -> None:
    if made.headers:
        del made.headers[source.randrange(len(made.headers))]


def _spoilt_body(made: Ask, source: random.Random) -> None:
    at = source.randrange(len(made.body) + 1)
    cut = source.choice((0, 0, 1, 5))
    made.body = made.body[:at] + source.choice(OCTETS) + made.body[at + cut :]


def _cut_body(made: Ask, source: random.Random) -> None:
    made.body = made.body[: source.randrange(len(made.body) + 1)]


def _large_body(made: Ask, source: random.Random) -> None:
    if source.random() < 0.05:
        octets = source.choice(OCTETS)
        made.body += octets * (LARGE_BODY_BYTES // len(octets))


_CHANGES: Final = (
    _other_method, _spoilt_path, _other_number, _spoilt_query, _raw_query, _spoilt_header, _less_headers,
    _spoilt_body, _spoilt_body,
    _cut_body, _large_body,
)  # fmt: skip
