"""A pytest plugin: what is tested must be the mutated copy, not the checkout or a wheel."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

ELSEWHERE = 90
"""Exit code, outside of pytest's own."""


def pytest_collection_finish() -> None:
    imported = importlib.import_module("consumer").__file__ or ""
    if not Path(imported).is_relative_to(os.environ["MUTATED_TREE"]):
        pytest.exit(f"consumer was imported from {imported}", returncode=ELSEWHERE)
