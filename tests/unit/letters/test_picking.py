"""Where only so many letters may go, which do: each has its turn, and none passes an older one."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.dead_letter import unwrap
from tests.unit.letters.fake_kafka import FakeKafka
from tests.unit.letters.replaying_process import Process, accept, bury, fail_again, with_letters


def test_no_more_than_asked_for_are_replayed_and_the_oldest_go_first() -> None:
    kafka = with_letters(4, 3, 2, 1)

    assert Process(kafka).replay(most=3).replayed.total() == 3
    assert kafka.origins() == [1, 2, 3]
    assert Process(kafka).replay(most=3).replayed.total() == 1


def test_where_only_so_many_may_go_those_go_that_were_replayed_least() -> None:
    kafka = FakeKafka()
    for offset, subject in enumerate("abcdef"):
        bury(kafka, offset, subject, "server_fault")
    for _ in range(3):
        Process(kafka).replay(most=2)
        fail_again(kafka, "server_fault")

    assert sorted(kafka.origins()) == [0, 1, 2, 3, 4, 5]


def test_a_letter_does_not_pass_an_older_one_of_its_key_that_was_replayed_more_often() -> None:
    kafka = FakeKafka()
    bury(kafka, 1, "s")
    bury(kafka, 2, "t")
    Process(kafka, takes=lambda letter: letter.origin.offset == 1).replay()
    fail_again(kafka)
    bury(kafka, 3, "s")

    assert Process(kafka).replay(most=2).replayed.total() == 2
    assert sorted(kafka.retried()) == [("moves", 0, 1, 1), ("moves", 0, 1, 2), ("moves", 0, 2, 1)]


@settings(max_examples=40)
@given(
    subjects=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9),
    most=st.integers(1, 4),
    hopeless=st.frozensets(st.sampled_from("abcdef")),
)
def test_however_many_fail_for_ever_each_letter_has_its_turn_in_the_order_of_its_subject(
    subjects: list[str], most: int, hopeless: frozenset[str]
) -> None:
    """Those of hopeless subjects come back each time. Of a subject with more letters than may go
    at once the newest wait until an older one comes through."""
    kafka, replayed, left = FakeKafka(), [], set(range(len(subjects)))
    for offset, subject in enumerate(subjects):
        bury(kafka, offset, subject, "server_fault")

    for _ in range(25):
        taken = {number: len(retries) for number, retries in kafka.retry.items()}
        Process(kafka).replay(most=most, look_ahead=False)
        gone = new_retries(kafka, taken)
        for subject in subjects:
            mine = [offset for offset in gone if subjects[offset] == subject]
            older = [o for o in left if subjects[o] == subject and o < max(mine, default=0)]
            assert mine == sorted(mine)
            assert set(older) <= set(mine)
        replayed += gone
        left -= {offset for offset in gone if subjects[offset] not in hopeless}
        come_back(kafka, taken, lambda offset: subjects[offset] in hopeless)

    few = [o for o, s in enumerate(subjects) if s not in hopeless or subjects.count(s) <= most]
    assert set(few) <= set(replayed)


def new_retries(kafka: FakeKafka, taken: dict[int, int]) -> list[int]:
    """Origins of the retry records behind `taken`, by partition and offset."""
    return [
        letter.origin.offset
        for number in sorted(kafka.retry)
        for retry in kafka.retry[number][taken.get(number, 0) :]
        if (letter := unwrap(retry.headers)) is not None
    ]


def come_back(kafka: FakeKafka, taken: dict[int, int], fails: Callable[[int], bool]) -> None:
    """Of the retry records behind `taken` those that fail are letters again."""
    kafka.committed = taken
    kept = {number: list(retries) for number, retries in kafka.retry.items()}
    for number, retries in kafka.retry.items():
        behind = retries[taken.get(number, 0) :]
        failing = [r for r in behind if (d := unwrap(r.headers)) and fails(d.origin.offset)]
        kafka.retry[number] = [*retries[: taken.get(number, 0)], *failing]
    fail_again(kafka, "server_fault")
    kafka.retry = kept
    accept(kafka)
