"""Fixtures of real parts, and what all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.testbed import KafkaCluster, Registry, running_kafka, running_registry
from tests.testbed.artifacts import kafka_jars, registry_folder

TESTS = Path(__file__).parent
NEED_A_BROKER = ("integration", "faults")
"""Folders whose tests run on real parts, marked or not."""

# A busy machine makes no property false.
hypothesis.settings.register_profile("project", deadline=None, print_blob=True)
hypothesis.settings.load_profile("project")


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaCluster]:
    """One real node for all tests that only need topics of their own. Do not stop it:
    a test that breaks brokers starts a cluster with `running_kafka`."""
    with running_kafka() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """A real registry for all tests; use subjects of your own."""
    with running_registry() as running:
        yield running


@pytest.hookimpl(tryfirst=True)  # Before `-m` chooses by the marks.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if folder in NEED_A_BROKER or {"kafka", "registry"} & set(fixtures):
            item.add_marker(pytest.mark.broker)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetches what is missing before the first test, where its progress can be seen."""
    if session.config.option.collectonly:
        return
    if any(item.get_closest_marker("broker") for item in session.items):
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        say = reporter.write_line if reporter else print
        kafka_jars(say)
        registry_folder(say)
