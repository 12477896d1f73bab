"""Type docs/operations.md in as written on a fresh Debian: `python -m tests.operations.fresh_machine ROOT`.

ROOT is a folder with what `debootstrap --variant=minbase --include=python3,ca-certificates bookworm ROOT`
makes; it is changed, so give a copy. Needs root's rights, the package registries, and a checkout with
`dist/` from `make release`. Every block without a language runs line by line in one shell, in the order of
the page; the first line that fails ends the run. What cannot be as on a machine of its own: systemd does
not run, so `systemctl` and `journalctl` are played by `shims/`; `apt-get` is told not to ask; names of
keys and tickets are those of this run. What is left out stands in `LEFT_OUT` with the reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "operations.md"
SHIMS: Final = Path(__file__).parent / "shims"
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT: Final = {
    "RAZBOR_OIDC_ISSUER": "settings that need a provider of one's own",
    "[Service]": "an override for systemd; its ExecStart is run by hand",
}
# What the page leaves to its reader, by the section before which it is done.
MAIL: Final = """
python3 - <<'END'
import smtplib, time
for number, sender in enumerate(("ivan@shop.example", "petr@depot.example")):
    with smtplib.SMTP("127.0.0.1", 8025, timeout=60) as client:
        client.sendmail(sender, ["support@example.org"], (
            f"From: {sender}\\r\\nTo: support@example.org\\r\\nSubject: Supply 200006128675{number}\\r\\n"
            f"Message-ID: <{number}.{time.time()}@shop.example>\\r\\n\\r\\n"
            "Hello, our supply was accepted with 12 boxes instead of 14. Please find the two boxes.\\r\\n"
        ).encode())
END
for _ in $(seq 120); do
  razbor status --json | grep -q '"in_flight": 0' && break
  sleep 1
done
razbor status --json | grep -q '"in_flight": 0'
"""
TICKET: Final = (
    "ticket=$(razbor tickets list --json | head -1 | python3 -c "
    "'import json, sys; print(json.loads(sys.stdin.readline())[\"number\"])')"
)
OLD_KEY: Final = "old_key=$(razbor keys show | grep -oE '\\b[0-9a-f]{8}\\b' | head -1)"
# Installed servers start by themselves where an init runs; here they are started behind the installation.
APT: Final = (
    'apt-get() { command apt-get -y -qq --no-install-recommends "$@" >/var/log/apt.log 2>&1; '
    'if [ "$1" = install ]; then service postgresql start; service redis-server start; fi; }'
)
# Lines that may end with status 1: they look for something, and tell so that they found nothing, or faults.
LOOKS: Final = re.compile(
    r"^(?:razbor doctor.*|razbor keys drop \S+|razbor person erase \S+|journalctl .* grep .*)$", re.MULTILINE
)
BEFORE: Final = {
    "Upgrade": MAIL,
    "Scale": "timeout 20 sudo -E -u razbor /opt/razbor/bin/razbor worker --queues read --processes 4 "
    ">/var/log/scaled.log 2>&1 || [ $? = 124 ]\n",
}


def blocks() -> Iterator[tuple[str, str]]:
    """Give section and text of every block that is typed in, in the order of the page."""
    text = PAGE.read_text(encoding="utf-8")
    heads = [(found.start(), found[1]) for found in _SECTION.finditer(text)]
    for found in _BLOCK.finditer(text):
        if not any(mark in found[1] for mark in LEFT_OUT):
            yield [head for start, head in heads if start < found.start()][-1], found[1]


def adapted(block: str) -> str:
    """Put in what is different in each run: the id of a key, the number of a ticket."""
    named = block.replace("1a2b3c4d", '"$old_key"').replace("RZ-100042", '"$ticket"')
    return LOOKS.sub(lambda line: f"{line[0]} || [ $? = 1 ]", named)


def script() -> str:
    """Return the shell's input: the blocks, and what the page leaves to its reader."""
    lines = [
        "set -eE -o pipefail",
        "trap 'echo \"FAILED in: $section: $BASH_COMMAND\"' ERR",
        "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8",
        APT,
        "cd ~/razbor",
        "apt-get update",
    ]
    section = ""
    for head, block in blocks():
        if head != section:
            lines.append(next((words for start, words in BEFORE.items() if head.startswith(start)), ""))
            section = head
        lines.append(f'section={head!r}; echo; echo "== $section"')
        lines += [OLD_KEY] * ("1a2b3c4d" in block) + [TICKET] * ("RZ-100042" in block)
        lines.append(adapted(block))
    lines += ["systemctl stop-all", "echo ALL BLOCKS WORKED"]
    return "\n".join(lines) + "\n"


def prepare(root: Path) -> None:
    """Put the checkout's release, the shims and the resolver into the machine."""
    checkout = root / "root" / "razbor"
    shutil.rmtree(checkout, ignore_errors=True)
    checkout.mkdir(parents=True)
    for name in ("requirements", "docs", "dist"):
        shutil.copytree(ROOT / name, checkout / name)
    for shim in SHIMS.iterdir():
        shutil.copy(shim, root / "usr" / "local" / "sbin" / shim.name)
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")


def main() -> int:
    """Type the page in; answers 0 when every block worked."""
    root = Path(sys.argv[1]).resolve()
    prepare(root)
    (root / "root" / "typed.sh").write_text(script(), encoding="utf-8")
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", str(root)]
    mounts = "mount -t proc proc /proc; mount -t tmpfs tmpfs /dev/shm; mount -t devpts devpts /dev/pts"
    inside = f"{mounts}; exec bash ~/typed.sh"
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    return subprocess.run([*command, "bash", "-c", inside], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
