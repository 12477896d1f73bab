"""The child that reads hostile files: its limits are real, its parent always gets an answer."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake import reader_process
from intake.reader_process import ReadingBudget, read_in_child
from intake.unreadable import UnreadableFileError
from tests.intake.attachment_files import pdf, workbook

ROOT = Path(__file__).resolve().parents[2]
LIMITED = "from intake.reader_child import limit_this_process; limit_this_process()\n"


def run(code: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED + code], cwd=ROOT, capture_output=True, timeout=30, check=False
    )


def test_memory_limit_holds() -> None:
    child = run("x = bytearray(700 * 1024 * 1024)")
    assert b"MemoryError" in child.stderr
    assert run("x = bytearray(200 * 1024 * 1024)").returncode == 0


def test_a_reader_may_not_write_or_open_much(tmp_path: Path) -> None:
    target = tmp_path / "written"
    assert b"File too large" in run(f"with open({str(target)!r}, 'w') as file: file.write('x')").stderr
    assert target.stat().st_size == 0
    assert b"Too many open files" in run("files = [open('/dev/null') for _ in range(100)]").stderr


def test_limits_that_stand_already_are_kept_when_they_are_lower() -> None:
    preset = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (2, 3))\n"
    code = preset + LIMITED + "print(resource.getrlimit(resource.RLIMIT_CPU))"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert child.stdout == b"(3, 3)\n"


def test_a_reader_may_not_start_processes() -> None:
    limit = run("import resource; print(resource.getrlimit(resource.RLIMIT_NPROC))")
    assert limit.stdout == b"(0, 0)\n"  # the kernel enforces it for everybody but root


def test_processor_time_limit_kills() -> None:
    code = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 6))\nwhile True: pass"
    before_s = time.monotonic()
    assert run(code).returncode < 0
    assert time.monotonic() - before_s < 20
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY  # only the child's


def test_a_reader_out_of_time_is_killed_and_the_next_file_is_refused() -> None:
    budget = ReadingBudget(wall_s=0.002)
    with pytest.raises(UnreadableFileError, match="took more than"):
        read_in_child("pdf", pdf("x"), budget)
    with pytest.raises(UnreadableFileError, match="took all the time"):
        read_in_child("pdf", pdf("x"), budget)


def test_a_mail_may_start_so_many_readers() -> None:
    budget = ReadingBudget(processes=1)
    assert read_in_child("spreadsheet", workbook(["a"]), budget).found["sheets"] == [[[["a"]], 0]]
    with pytest.raises(UnreadableFileError, match="a mail may bring"):
        read_in_child("spreadsheet", workbook(["a"]), budget)


def test_the_environment_of_the_worker_stays_with_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAZBOR_DATABASE_PASSWORD", "secret")
    passed = {name: os.environ[name] for name in reader_process._ENVIRONMENT if name in os.environ}
    assert "RAZBOR_DATABASE_PASSWORD" not in passed
    with pytest.raises(UnreadableFileError, match="there is no reader"):
        read_in_child("nothing", b"", ReadingBudget())
