"""Ticket systems that make a bare ticket of the same mails: django-helpdesk and roundup.

Both are installed by pip into a throw-away environment (`RAZBOR_BENCHMARK_PEERS` keeps it for the next
run) and set up as their manuals say, on SQLite like ours. django-helpdesk reads a local folder
(`get_email`), its outgoing mail goes to Django's dummy backend; roundup reads a mailbox file
(`roundup-mailgw`), its outgoing mail goes to a file, and unknown senders may write.
"""

from __future__ import annotations

import mailbox
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.smtp_load import Letter

PACKAGES: Final = (
    "django-helpdesk==2.6.1",
    "packaging",
    "roundup==2.6.0",
)  # packaging: undeclared by the first
INSTALL_S: Final = 300
RUN_S: Final = 170
KEEP_ENV: Final = "RAZBOR_BENCHMARK_PEERS"
DJANGO_SETTINGS: Final = """
from pathlib import Path
BASE = Path(__file__).parent
SECRET_KEY = "throw-away"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "desk.db"}}
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in
      ("admin", "auth", "contenttypes", "sessions", "sites", "messages", "humanize")),
    "rest_framework", "helpdesk",
]
SITE_ID = 1
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MEDIA_ROOT = str(BASE / "media")
ROOT_URLCONF = "urls"
HELPDESK_TEAMS_MODEL = "auth.Group"
HELPDESK_TEAMS_MIGRATION_DEPENDENCIES = []
HELPDESK_KBITEM_TEAM_GETTER = lambda _: None
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""
DJANGO_URLS: Final = """
from django.urls import include, path
urlpatterns = [path("helpdesk/", include("helpdesk.urls", namespace="helpdesk"))]
"""
DJANGO_PREPARE: Final = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from helpdesk.models import Queue
Queue.objects.create(title="Support", slug="support", email_address="support@razbor.local",
    allow_email_submission=True, email_box_type="local", email_box_local_dir="INBOX", email_box_interval=0)
"""
DJANGO_RUN: Final = """
import django; django.setup()
from django.core.management import call_command
call_command("get_email", quiet=True)
"""


class Peer(Protocol):
    """A ticket system that is set up."""

    name: str

    def work(self, letters: Sequence[Letter]) -> tuple[float, float]:
        """Make tickets of letters; return the seconds and processor seconds of its command."""

    def tickets(self) -> int:
        """Count its tickets."""


def installed_peers(folder: Path) -> list[Peer]:
    """Install and set up the peers below `folder`; none, with a remark on stderr, where pip cannot."""
    kept = os.environ.get(KEEP_ENV)
    environment = Path(kept) if kept else folder / "environment"
    python = environment / "bin" / "python"
    if not python.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=INSTALL_S)
            install = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
            subprocess.run(install, check=True, timeout=INSTALL_S, capture_output=True)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"peers skipped, they could not be installed: {error}", file=sys.stderr)
            shutil.rmtree(environment, ignore_errors=True)
            return []
    return [Helpdesk.set_up(python, folder / "helpdesk"), Roundup.set_up(python, folder / "roundup")]


@dataclass
class Helpdesk:
    """django-helpdesk."""

    python: Path
    folder: Path
    name: str = "django_helpdesk"

    @classmethod
    def set_up(cls, python: Path, folder: Path) -> Helpdesk:
        """Make its database and a queue that reads a folder."""
        (folder / "inbox").mkdir(parents=True)
        (folder / "settings.py").write_text(DJANGO_SETTINGS)
        (folder / "urls.py").write_text(DJANGO_URLS)
        made = cls(python, folder)
        made._run(DJANGO_PREPARE.replace("INBOX", f"{folder / 'inbox'}/"))
        return made

    def work(self, letters: Sequence[Letter]) -> tuple[float, float]:
        """Lay letters into the folder and fetch them once."""
        for number, letter in enumerate(letters):
            (self.folder / "inbox" / f"{number}").write_bytes(letter.octets)
        return self._run(DJANGO_RUN)

    def tickets(self) -> int:
        """Count its tickets."""
        return _count(self.folder / "desk.db", "helpdesk_ticket")

    def _run(self, script: str) -> tuple[float, float]:
        command = [str(self.python), "-c", script]
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.folder)}
        return _timed(command, self.folder, env)


@dataclass
class Roundup:
    """roundup's classic tracker."""

    python: Path
    folder: Path
    name: str = "roundup"

    @classmethod
    def set_up(cls, python: Path, folder: Path) -> Roundup:
        """Make a tracker to which anybody may write."""
        folder.mkdir(parents=True)
        made = cls(python, folder)
        settings = (
            "mail_domain=razbor.local,tracker_web=http://localhost/,mail_host=localhost,"
            f"mail_debug={folder}/outgoing"
        )
        made._admin("install", "classic", "sqlite", settings)
        schema = folder / "tracker" / "schema.py"
        allowed = "db.security.addPermissionToRole('Anonymous', 'Email Access')"
        schema.write_text(schema.read_text().replace(f"#{allowed}", allowed))
        made._admin("initialise", "throw-away")
        return made

    def work(self, letters: Sequence[Letter]) -> tuple[float, float]:
        """Put letters into a mailbox file and fetch them once."""
        path = self.folder / "mailbox"
        path.unlink(missing_ok=True)
        box = mailbox.mbox(path)
        for letter in letters:
            box.add(letter.octets)
        box.close()
        command = [
            str(self.python.parent / "roundup-mailgw"),
            str(self.folder / "tracker"),
            "mailbox",
            str(path),
        ]
        return _timed(command, self.folder, dict(os.environ))

    def tickets(self) -> int:
        """Count its issues."""
        return _count(self.folder / "tracker" / "db" / "db", "_issue")

    def _admin(self, *words: str) -> None:
        tracker = self.folder / "tracker"
        tracker.mkdir(exist_ok=True)
        command = [str(self.python.parent / "roundup-admin"), "-i", str(tracker), *words]
        subprocess.run(command, check=True, capture_output=True, timeout=RUN_S)


def _timed(command: list[str], folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its seconds and the processor seconds of it and its children."""
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True, timeout=RUN_S)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, used


def _count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0])
