"""What a SIGKILL costs at SEEK, 16 requests in flight and a record stuck in each partition (P9)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.controls.duplicates import EXPOSED_MAX, IN_FLIGHT, Case, duplicates_a_kill
from tests.testbed import KafkaCluster, Registry

KILLS = 2
LIFE = 1_500
"""So much is behind the stuck records at the last kill that it is above the bound."""


def test_with_the_commits_memory_a_kill_repeats_no_more_than_was_exposed(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case(memory=True, stuck=True, kills=KILLS, life=LIFE)

    counts = duplicates_a_kill(case, kafka, registry, tmp_path)

    with capsys.disabled():
        sys.stdout.write(f"\n{IN_FLIGHT} in flight, {case}: {counts} duplicates a kill ")
    assert len(counts) == KILLS
    assert max(counts) <= EXPOSED_MAX
