"""However many letters there are, a verb's memory is bounded: `million` measures it with more."""

from __future__ import annotations

from tests.integration.letters.bench import Bench
from tests.integration.letters.million import each_verb, fill

FEW = 5_000
MANY = 60_000
RSS_BYTES = 150_000_000
"""Of a pod that may have 256 MiB."""
GROWTH_BYTES = 45_000_000
"""The client fetches 16 MiB ahead, the database keeps 16 MiB of its file; letters as objects would
be 150 bytes each, and their values more."""


def test_memory_does_not_grow_with_the_letters(bench: Bench) -> None:
    fill(bench, FEW)
    few = list(each_verb(bench))
    fill(bench, MANY)  # The first ones are there twice, as after a crash.
    many = list(each_verb(bench))

    assert [each.code for each in (*few, *many)] == [0] * len(few) * 2
    assert (few[0].lines, many[0].lines) == (FEW // 2, MANY // 2)
    for before, after in zip(few, many, strict=True):
        assert after.rss_bytes < RSS_BYTES, after
        assert after.rss_bytes - before.rss_bytes < GROWTH_BYTES, (before, after)
