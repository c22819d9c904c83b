"""What has become of a letter, from its mark on the state topic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.letters.standing import (
    HEARTBEAT_KEY,
    NOT_RETRIED,
    Heartbeat,
    Mark,
    OriginKey,
    Standing,
    decode,
    encode_heartbeat,
    encode_mark,
    standing_of,
)

REPLAYED = Mark(Standing.REPLAYED, 1, 5, "run", retry_partition=2, retry_offset=10)

keys = st.builds(
    OriginKey,
    st.text(max_size=9),
    st.integers(0, 9),
    st.integers(0, 2**62),
    st.sampled_from(["", "other"]),
    st.none() | st.integers(-1, 2**62),
)
marks = st.builds(
    Mark,
    st.sampled_from([Standing.REPLAYED, Standing.PARKED, Standing.PURGED]),
    st.integers(0, 9),
    st.integers(0, 2**62),
    st.text(max_size=9),
    st.just(NOT_RETRIED),
    st.just(NOT_RETRIED),
)


@given(key=keys, mark=marks, retried=st.booleans())
def test_a_mark_is_read_as_it_was_written(key: OriginKey, mark: Mark, *, retried: bool) -> None:
    if retried:
        mark = mark._replace(retry_partition=1, retry_offset=7)
    assert decode(*encode_mark(key, mark)) == (key, mark)


def test_a_heartbeat_is_read_as_it_was_written() -> None:
    beat = Heartbeat("run", "replay", "host", 1, 2)
    assert decode(*encode_heartbeat(beat)) == beat


def test_the_form_of_a_mark_is_pinned() -> None:
    """Another version of the command reads it."""
    assert encode_mark(OriginKey("moves", 0, 7), REPLAYED) == (
        b'["moves",0,7]',
        b'{"state":"replayed","replayCount":1,"at":5,"run":"run","retry":[2,10]}',
    )
    dated = OriginKey("moves", 0, 7, timestamp_ms=9)
    assert encode_mark(dated, REPLAYED)[0] == b'["moves",0,7,"",9]'
    assert encode_mark(OriginKey("moves", 0, 7, "other"), REPLAYED)[0] == b'["moves",0,7,"other"]'


@given(key=st.none() | st.binary(max_size=9), value=st.none() | st.binary(max_size=20))
def test_what_is_no_state_of_ours_is_passed_over(key: bytes | None, value: bytes | None) -> None:
    assert decode(key, value) is None


@pytest.mark.parametrize("value", [b"{}", b"[]", b'{"state":"eaten"}', b"null", b"7", None])
def test_a_state_of_a_version_to_come_is_passed_over(value: bytes | None) -> None:
    assert decode(b'["moves",0,7]', value) is None
    assert decode(HEARTBEAT_KEY, value) is None


def test_without_a_mark_a_letter_is_new() -> None:
    assert standing_of(0, 0, None, {}) is Standing.NEW


@pytest.mark.parametrize(
    ("count", "newest", "committed", "standing"),
    [
        pytest.param(2, 2, {2: 99}, Standing.NEW, id="it failed again after that replay"),
        pytest.param(1, 1, {}, Standing.REPLAYED, id="nothing is committed"),
        pytest.param(1, 1, {2: 10}, Standing.REPLAYED, id="the commit is just before it"),
        pytest.param(1, 1, {1: 99}, Standing.REPLAYED, id="another partition"),
        pytest.param(1, 1, {2: 11}, Standing.ACCEPTED, id="the commit has passed it"),
        pytest.param(1, 2, {2: 11}, Standing.REPLAYED, id="passed, and it came back"),
        pytest.param(0, 2, {2: 11}, Standing.REPLAYED, id="an earlier one of the same record"),
        pytest.param(0, 1, {2: 11}, Standing.REPLAYED, id="earlier, and the last is accepted"),
    ],
)
def test_a_replayed_letter_is_accepted_once_the_group_has_passed_it(
    count: int, newest: int, committed: dict[int, int], standing: Standing
) -> None:
    assert standing_of(count, newest, REPLAYED, committed) is standing


@pytest.mark.parametrize("given_up", [Standing.PARKED, Standing.PURGED])
def test_parked_and_purged_hold_for_that_letter_only(given_up: Standing) -> None:
    mark = Mark(given_up, 1, 5)
    assert standing_of(1, 1, mark, {}) is given_up
    assert standing_of(2, 2, mark, {}) is Standing.NEW
