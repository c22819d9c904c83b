"""What the tests of dead letters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.letters.bench import Bench
from tests.integration.letters.zygote import Zygote, running_zygote
from tests.testbed import KafkaCluster


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with running_zygote(tmp_path_factory.mktemp("runs")) as running:
        yield running


@pytest.fixture
def bench(kafka: KafkaCluster, zygote: Zygote) -> Bench:
    made = Bench(kafka, zygote)
    made.create()
    return made
