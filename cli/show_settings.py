"""`razbor settings`: every setting with its variable, value, default and meaning; secrets are masked."""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import typer

from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from settings import Settings

MASK: Final = "********"
_SECRET_FIELDS: Final = frozenset({"secret_key", "metrics_token", "oidc_client_secret"})
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]{0,256}):([^@\s]{1,1024})@")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as an operator sees it."""

    name: str
    env: str
    value: str
    default: str
    meaning: str


def show_settings(
    *,
    as_json: JsonOption = False,
) -> None:
    """List every setting with its variable, value, default and meaning.

    Settings come from the environment or from a file `.env` in the working directory.
    """
    from settings import load_settings

    rows = setting_rows(load_settings())
    for row in rows:
        if as_json:
            print_json(asdict(row))
            continue
        changed = "" if row.value == row.default else f"   (default: {row.default or 'empty'})"
        typer.echo(f"{row.env}={row.value}{changed}")
        typer.echo(textwrap.indent(textwrap.fill(row.meaning, 96), "    "))


def setting_rows(settings: Settings) -> list[SettingRow]:
    """Describe every field of `Settings`, in the order of the class."""
    from settings import ENV_PREFIX

    return [
        SettingRow(
            name=name,
            env=f"{ENV_PREFIX}{name.upper()}",
            value=mask(name, shown(getattr(settings, name))),
            default=mask(name, shown(field.default)),
            meaning=field.description or "",
        )
        for name, field in type(settings).model_fields.items()
    ]


def shown(value: object) -> str:
    """Write a value as it would stand in the environment."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value)


def mask(name: str, value: str) -> str:
    """Hide a secret value, and the password inside an address."""
    if name in _SECRET_FIELDS:
        return MASK if value else ""
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", value)
