"""What this Razbor is: its commit, and whether the reading of mails was compiled (ADR 28).

The commit is written into the wheel by `make release`, or asked of git in a checkout.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

COMMIT_FILE: Final = Path(__file__).with_name("commit.txt")
_TIMEOUT_S: Final = 5


def full_version() -> str:
    """Return the version, with the commit in brackets where it is known."""
    commit = _commit()
    return f"{version('razbor')} ({commit})" if commit else version("razbor")


def reading_is_compiled() -> bool:
    """Tell whether the modules that read a mail are native code; one of them stands for all."""
    found = importlib.util.find_spec("intake.quotes")
    return found is not None and not str(found.origin).endswith(".py")


def _commit() -> str:
    if COMMIT_FILE.exists():
        return COMMIT_FILE.read_text(encoding="ascii", errors="replace").strip()
    root = COMMIT_FILE.parent.parent
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return ""
    try:
        answer = subprocess.run(
            [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
