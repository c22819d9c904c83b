"""The reader of a group's commits, and the two judgements on them, can fail."""

from __future__ import annotations

import pytest

from consumer.delivery.records import TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import DemoEvent, Kind, SignalKey, ToBeAccepted
from tests.integration.commit_history import Commit, read_commit, steps_back, too_early

PLACE = TopicPartition("changes", 1)
GROUP = "signals"


def commit(offset: int, at_ms: int = 0, place: TopicPartition = PLACE) -> Commit:
    return Commit(place, offset, "", at_ms)


def published(offset: int) -> Published:
    expectation = ToBeAccepted(SignalKey("x", str(offset), "", 0))
    return Published(
        DemoEvent(Kind.APPLICATION_COMPLETED, "k", {}, expectation), PLACE, offset, b"", b""
    )


def text(words: str) -> bytes:
    return len(words).to_bytes(2) + words.encode()


def key(group: str = GROUP, version: int = 1) -> bytes:
    return version.to_bytes(2) + text(group) + text(PLACE.topic) + PLACE.partition.to_bytes(4)


NUMBER = (7).to_bytes(8)
EPOCH = (-1).to_bytes(4, signed=True)
AT = (1_700_000_000_000).to_bytes(8)


@pytest.mark.parametrize(
    "value",
    [
        (1).to_bytes(2) + NUMBER + text("memo") + AT + AT,
        (3).to_bytes(2) + NUMBER + EPOCH + text("memo") + AT,
        (4).to_bytes(2) + NUMBER + EPOCH + b"\x05memo" + AT + b"\x00",
    ],
    ids=["version 1", "version 3", "version 4"],
)
def test_a_commit_is_read_in_each_format(value: bytes) -> None:
    assert read_commit(key(), value, GROUP) == Commit(PLACE, 7, "memo", 1_700_000_000_000)


def test_a_long_text_has_a_length_of_two_bytes_in_version_4() -> None:
    value = (4).to_bytes(2) + NUMBER + EPOCH + b"\xad\x02" + b"m" * 300 + AT + b"\x00"
    found = read_commit(key(), value, GROUP)
    assert found is not None
    assert (len(found.metadata), found.at_ms) == (300, 1_700_000_000_000)


def test_other_groups_and_what_is_said_of_members_are_left_out() -> None:
    value = (1).to_bytes(2) + NUMBER + text("") + AT + AT
    assert read_commit(key("others"), value, GROUP) is None
    assert read_commit(key(version=2), value, GROUP) is None


def test_a_commit_below_an_earlier_one_of_its_partition_steps_back() -> None:
    other = TopicPartition("changes", 2)
    commits = [commit(5), commit(3, place=other), commit(5), commit(4), commit(6)]
    assert steps_back(commits) == [commit(4)]


def test_a_commit_that_passed_a_record_before_it_was_settled_is_too_early() -> None:
    records = [published(0), published(1)]
    times = {0: 10.0, 1: 30.0}
    commits = [commit(1, at_ms=10), commit(2, at_ms=29), commit(2, at_ms=30)]
    assert too_early(commits, records, lambda each: times[each.offset]) == [commit(2, at_ms=29)]


def test_a_record_settled_late_holds_back_all_commits_beyond_it() -> None:
    times = {0: float("inf"), 1: 10.0}
    records = [published(0), published(1)]
    assert too_early([commit(0), commit(2, 99)], records, lambda each: times[each.offset]) == [
        commit(2, 99)
    ]
