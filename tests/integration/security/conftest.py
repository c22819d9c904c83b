"""A broker that asks for a login over TLS and grants nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.testbed import KafkaCluster, running_kafka


@pytest.fixture(scope="session")
def guarded() -> Iterator[KafkaCluster]:
    """Users and rights are each test's own: see `access.Access`."""
    with running_kafka(sasl=True) as cluster:
        yield cluster
