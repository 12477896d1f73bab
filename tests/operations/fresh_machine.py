"""Type docs/operations.md in as written on a fresh Debian: `python -m tests.operations.fresh_machine ROOT`.

ROOT is a folder with what `debootstrap --variant=minbase --include=$PACKAGES bookworm ROOT` makes, PACKAGES
being python3,ca-certificates,systemd,systemd-sysv,dbus; it is changed, so give a copy. Needs root's rights,
`systemd-nspawn`, the package registries, and a checkout with `dist/` from `make release`. The machine boots
with a systemd of its own; a unit types every block without a language in, line by line in one shell, in the
order of the page, and switches the machine off; the first line that fails ends the run. What differs from
typing: `apt-get` is told not to ask, a log is looked at until it has the line, names of keys and tickets
are those of this run, and what `systemctl edit` opens is written by its block. The machine shares the
network of the one it runs on. What is left out stands in `LEFT_OUT` with the reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "operations.md"
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT: Final = {"RAZBOR_OIDC_ISSUER": "settings that need a provider of one's own"}
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
APT: Final = 'apt-get() { command apt-get -y -qq "$@" >>/var/log/apt.log 2>&1; }'
# A person looks again until the line is there: the unit has started before its program has said it.
JOURNAL: Final = (
    'journalctl() { for _ in $(seq 60); do command journalctl "$@" && return; '
    '[[ " $* " == *" -g "* ]] || return; sleep 1; done; return 1; }'
)
# Lines that may end with status 1: they look for something, and tell so that they found nothing, or faults.
LOOKS: Final = re.compile(
    r"^(?:razbor doctor.*|razbor keys drop \S+|razbor person erase \S+|journalctl .* grep .*)$", re.MULTILINE
)
BEFORE: Final = {"Upgrade": MAIL}
# What the editor that `systemctl edit` opens would be given: the block, tried and taken back.
OVERRIDE: Final = """
install -D -m 0644 /dev/stdin /etc/systemd/system/razbor-worker.service.d/override.conf <<'END'
{block}END
systemctl daemon-reload
systemctl restart razbor-worker
sleep 15
systemctl is-active razbor-worker
systemctl show --property=ExecStart razbor-worker | grep -q 'queues read --processes 4'
rm -r /etc/systemd/system/razbor-worker.service.d
systemctl daemon-reload
systemctl restart razbor-worker
"""
UNIT: Final = """
[Service]
Type=exec
WorkingDirectory=%h
Environment=HOME=%h
StandardOutput=file:%h/typed.log
StandardError=inherit
ExecStart=/bin/bash -c 'bash %h/typed.sh; echo $? >%h/typed.status; systemctl poweroff'
"""
LAST: Final = """
systemctl list-units --no-pager 'razbor*'
for unit in listen worker beat console; do systemctl is-active "razbor-$unit"; done
if command journalctl --no-pager -u 'razbor-*' | grep -E 'Failed (to start|with result)|Traceback'; then
  false
fi
systemctl stop razbor.target
echo ALL BLOCKS WORKED
"""


def blocks() -> Iterator[tuple[str, str]]:
    """Give section and text of every block that is typed in, in the order of the page."""
    text = PAGE.read_text(encoding="utf-8")
    heads = [(found.start(), found[1]) for found in _SECTION.finditer(text)]
    for found in _BLOCK.finditer(text):
        if not any(mark in found[1] for mark in LEFT_OUT):
            yield [head for start, head in heads if start < found.start()][-1], found[1]


def adapted(block: str) -> str:
    """Put in what is different in each run: the id of a key, the number of a ticket."""
    if block.startswith("[Service]"):
        return OVERRIDE.format(block=block)
    named = block.replace("1a2b3c4d", '"$old_key"').replace("RZ-100042", '"$ticket"')
    return LOOKS.sub(lambda line: f"{line[0]} || [ $? = 1 ]", named)


def script() -> str:
    """Return the shell's input: the blocks, and what the page leaves to its reader."""
    lines = [
        "set -eE -o pipefail",
        "trap 'echo \"FAILED in: $section: $BASH_COMMAND\"' ERR",
        "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8",
        APT,
        JOURNAL,
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
    return "\n".join([*lines, LAST])


def home_of(root: Path) -> Path:
    """Return the home folder of the machine's administrator: what systemd writes for %h in a system unit."""
    administrator = next(
        line.split(":")
        for line in (root / "etc" / "passwd").read_text(encoding="utf-8").splitlines()
        if line.split(":")[2] == "0"
    )
    return root / administrator[5].lstrip("/")


def prepare(root: Path) -> None:
    """Put the checkout's release, the page's lines and the unit that types them into the machine."""
    home = home_of(root)
    checkout = home / "razbor"
    shutil.rmtree(checkout, ignore_errors=True)
    checkout.mkdir(parents=True)
    for name in ("requirements", "docs", "dist"):
        shutil.copytree(ROOT / name, checkout / name)
    for name in ("typed.log", "typed.status"):
        (home / name).unlink(missing_ok=True)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 fresh\n", encoding="ascii")
    (home / "typed.sh").write_text(script(), encoding="utf-8")
    units = root / "etc" / "systemd" / "system"
    (units / "typed.service").write_text(UNIT, encoding="utf-8")
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "typed.service").unlink(missing_ok=True)
    (wanted / "typed.service").symlink_to("../typed.service")


def watch(log: Path, machine: subprocess.Popen[bytes]) -> None:
    """Print what is written to a log until the machine is off."""
    told_bytes = 0
    is_on = True
    while is_on:
        is_on = machine.poll() is None
        new = log.read_bytes()[told_bytes:] if log.exists() else b""
        told_bytes += len(new)
        sys.stdout.write(new.decode(errors="replace"))
        sys.stdout.flush()
        time.sleep(1)


def main() -> int:
    """Boot the machine and let it type the page in; answers 0 when every block worked."""
    root = Path(sys.argv[1]).resolve()
    prepare(root)
    begun_s = time.monotonic()
    command = [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--console=pipe",
        "--hostname=fresh",
    ]
    with subprocess.Popen([*command, f"--directory={root}"], stdout=subprocess.DEVNULL) as machine:
        watch(home_of(root) / "typed.log", machine)
    status = (home_of(root) / "typed.status").read_text(encoding="ascii").strip()
    print(f"typed in {time.monotonic() - begun_s:,.0f} s, status {status}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
