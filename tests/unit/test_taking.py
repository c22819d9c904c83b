"""What one poll brings: bounded in records and in bytes."""

from __future__ import annotations

from collections import deque

from consumer.adapters.kafka.taking import STEP, TAKE, TAKE_BYTES, with_more


def _poll(fetched: int, record_bytes: int) -> list[bytes]:
    """Of so many records that lie ready."""
    ready = deque([bytes(record_bytes)] * fetched)

    def consume(most: int, wait_s: float) -> list[bytes]:
        assert wait_s == 0
        return [ready.popleft() for _ in range(min(most, len(ready)))]

    return with_more(consume, ready.popleft())


def test_a_poll_brings_what_is_there() -> None:
    assert [len(_poll(fetched, 300)) for fetched in (1, 2, STEP, STEP + 1)] == [
        *(1, 2, STEP, STEP + 1)
    ]


def test_a_poll_brings_so_many_records_at_most() -> None:
    assert len(_poll(10 * TAKE, 300)) == TAKE


def test_large_records_come_a_few_at_a_time() -> None:
    record_bytes = TAKE_BYTES // 150
    assert len(_poll(TAKE, record_bytes)) == 2 * STEP
    assert len(_poll(TAKE, TAKE_BYTES)) == 1
