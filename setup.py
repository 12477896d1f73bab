"""Builds Razbor. With RAZBOR_COMPILED=1 the modules that read a mail become native code (ADR 28).

What the package is made of stands in pyproject.toml. Here are only the modules that mypyc compiles, and the
search for what it needs: out comes a wheel (or a `build` folder) of this platform. Without the variable
nothing is compiled and the sources are what runs.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from setuptools import setup

if TYPE_CHECKING:
    from setuptools import Extension

# Beside all of intake/extraction, what every mail passes. What waits for files, processes and networks would
# gain nothing. `read_mail` itself stays open: it calls each stage once, and who measures a stage replaces it.
READING = (
    "attributions", "authentication", "bodies", "bounces", "boundaries", "charset", "charset_escapes",
    "charset_guess", "charset_labels", "evidence", "fingerprints", "flowed", "header_block", "headers",
    "html_attributes", "html_links", "html_text", "html_writer", "inline_files", "kind", "language",
    "machine_lines", "mime", "mime_tree", "octets", "phrase_finder", "quote_marks", "quotes",
    "rarest_letter", "shown_lines", "signatures", "text_in_disguise", "transfer",
)  # fmt: skip


def compiled_modules() -> list[str]:
    """Return the paths of the modules that are compiled."""
    extraction = {str(path) for path in Path("intake", "extraction").glob("*.py")}
    return sorted(
        {*extraction, *(f"intake/{name}.py" for name in READING)} - {"intake/extraction/__init__.py"}
    )


def extensions() -> list[Extension]:
    """Write their C code, return what is built of it; ends with the remedy where a tool is missing."""
    _require_tools()
    from mypyc.build import mypycify

    return mypycify(
        ["--config-file=pyproject.toml", *compiled_modules()],
        opt_level="2",
        debug_level="0",  # paths of the building machine would stand in the wheel
        multi_file=True,  # one C file for all would take the compiler more memory than small machines have
        group_name="razbor",  # names the shared library
        target_dir="build/c",
    )


def _require_tools() -> None:
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    remedy = "or build without RAZBOR_COMPILED: the sources run as they are, only slower"
    if shutil.which(compiler) is None:
        sys.exit(f"No C compiler ({compiler}): install gcc (Debian: apt-get install gcc libc6-dev), {remedy}")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        sys.exit(f"Python.h is missing: install Python's headers (Debian: python3-dev), {remedy}")
    if importlib.util.find_spec("mypyc") is None:
        sys.exit(f"mypyc is missing: `pip install --require-hashes -r requirements/compile.txt`, {remedy}")


setup(ext_modules=extensions() if os.environ.get("RAZBOR_COMPILED") == "1" else [])
