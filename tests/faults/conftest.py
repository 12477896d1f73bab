"""The desk of the worker tests, for faults of what it stands on."""

from __future__ import annotations

from tests.workers.conftest import desk

__all__ = ["desk"]
