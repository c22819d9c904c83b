"""Whose subject has moved on: told, or left out, and never in the way of a replay."""

from __future__ import annotations

import pytest

from consumer.letters.errors import LettersError, StoppedError
from consumer.letters.superseding import Newer
from tests.unit.letters.fake_kafka import FakeClock, FakeKafka, FakeWatcher
from tests.unit.letters.replaying_process import Process, bury, with_letters
from tests.unit.letters.samples import AT_MS, key_of, source


def test_of_many_that_are_superseded_none_takes_the_place_of_one_that_is_not() -> None:
    """All that could go are looked at, not only as many as may."""
    kafka = FakeKafka()
    for offset, subject in enumerate("abcd"):
        bury(kafka, offset, subject)
    for offset, subject in enumerate("abc", 10):
        kafka.sources.append(source(offset, subject.encode(), value=subject.encode() + b" 1"))

    account = Process(kafka).replay(most=1, skip_superseded=True)

    assert kafka.origins() == [3]
    assert account.superseded.total == 3


def test_a_letter_whose_subject_has_moved_on_is_reported_with_the_newer_state_s_time() -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka).replay()

    assert account.superseded.first == [(key_of(1).origin, Newer(8, 1234))]
    assert kafka.origins() == [1]


def test_a_run_that_is_stopped_while_it_looks_for_what_to_leave_out_changes_nothing() -> None:
    kafka, clock = with_letters(1), FakeClock()

    with pytest.raises(StoppedError, match="nothing was changed"):
        Process(kafka, clock).replay(skip_superseded=True, watcher=FakeWatcher(clock, stop_after=0))

    assert kafka.retried() == []
    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 1


def test_a_run_that_is_stopped_while_it_looks_for_what_to_report_has_replayed_all() -> None:
    """However long the sources are, a run that is ended each time gets on with its letters."""
    kafka, clock = with_letters(1), FakeClock()
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka, clock).replay(watcher=FakeWatcher(clock, stop_after=1))

    assert (account.replayed.total(), account.interrupted, account.looked_ahead) == (
        1,
        False,
        False,
    )
    assert kafka.beats()[-1].ended


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(b"s", None, id="a tombstone"),
        pytest.param(b"s", b"-s 9", id="one that is skipped"),
        pytest.param(b"s", b"t 9", id="one of another subject with the same key"),
        pytest.param(b"t", b"s 9", id="one of another key, where nobody looks"),
    ],
)
def test_a_newer_record_that_does_not_tell_seek_of_the_subject_supersedes_nothing(
    key: bytes, value: bytes | None
) -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, key, value=value))

    account = Process(kafka).replay(skip_superseded=True)

    assert (kafka.origins(), account.superseded.total) == ([1], 0)


def test_a_source_that_may_not_be_read_is_told_and_nothing_waits_for_it() -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, b"s", value=b"s 9"))
    kafka.forbidden = "moves"

    account = Process(kafka).replay()

    assert (account.replayed.total(), account.looked_ahead) == (1, False)
    assert account.unread == {"moves/0": "reading moves failed"}


def test_what_is_superseded_is_not_left_out_by_guess() -> None:
    kafka = with_letters(1)
    kafka.forbidden = "moves"

    with pytest.raises(LettersError, match="not known which letters are superseded"):
        Process(kafka).replay(skip_superseded=True)
    assert kafka.retried() == []


def test_a_letter_that_does_not_say_where_it_came_from_is_superseded_by_nothing() -> None:
    kafka = with_letters(1)
    lost = kafka.dlq[0]
    kafka.dlq[0] = type(lost)(lost.place, 0, lost.key(), lost.value(), None, AT_MS)
    kafka.sources.append(type(lost)(lost.place, 1, lost.key(), lost.value(), None, AT_MS))

    account = Process(kafka).replay()

    assert (account.replayed.total(), account.superseded.total) == (1, 0)


def test_superseded_letters_are_left_out_when_asked_for() -> None:
    kafka = with_letters(1)
    bury(kafka, 2, subject="t")
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka).replay(skip_superseded=True)

    assert kafka.origins() == [2]
    assert [origin for origin, _ in account.superseded.first] == [key_of(1).origin]


def test_a_newer_letter_that_seek_never_got_supersedes_nothing() -> None:
    """Both go, in order."""
    kafka = with_letters(1, 2)

    account = Process(kafka).replay(skip_superseded=True)

    assert (kafka.origins(), account.superseded.total) == ([1, 2], 0)


def test_a_newer_letter_that_was_replayed_before_supersedes() -> None:
    kafka = with_letters(1, 2)
    second = Process(kafka, takes=lambda letter: letter.origin.offset == 2)
    second.replay()

    assert [each for each, _ in Process(kafka).replay().superseded.first] == [key_of(1).origin]
