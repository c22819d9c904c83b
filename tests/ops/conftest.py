"""The tools are looked up, or fetched, once for all tests."""

from __future__ import annotations

import pytest

from tests.ops.tools import Tools


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools()
