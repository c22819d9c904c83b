"""Does what was published equal what was accepted, skipped and dead-lettered? Pure.

Double entry: on one side what the publisher wrote and expects, record by record; on the
other SEEK's own journal, the dead-letter topic read back, the skips counted, and the offsets
that the broker holds. The consumer's word is taken for nothing but its skips, which leave no
trace elsewhere, and of those the reasons have to add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import (
    DemoEvent,
    Expectation,
    SignalKey,
    ToBeAccepted,
    ToBeBuried,
    ToBeSkipped,
)

_ACCEPTED: Final = "accepted"
_SKIPPED: Final = "skipped"
_BURIED: Final = "dead-lettered"


@dataclass(frozen=True, slots=True)
class Published:
    """An event that the broker has confirmed, with the bytes that were written."""

    event: DemoEvent
    place: TopicPartition
    offset: int
    key: bytes | None
    value: bytes | None


class Journaled(NamedTuple):
    """A signal that SEEK says it accepted."""

    signal: SignalKey
    request_id: str


class Letter(NamedTuple):
    """A dead letter as read back; `place` and `offset` are those of the original."""

    place: TopicPartition
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Evidence:
    published: Sequence[Published]
    unconfirmed: int
    """Events that were to be published and that the broker did not confirm."""
    journal: Sequence[Journaled]
    """In the order of acceptance."""
    letters: Sequence[Letter]
    skipped: Mapping[str, int]
    """Reason → records, as the consumer counted them."""
    committed: Mapping[TopicPartition, int]
    """What the broker holds for the group; absent: nothing."""
    requests: Mapping[str, int]
    """Outcome → requests that SEEK got."""
    passed_over: int = 0
    """Unsettled records seen below a committed offset while it ran."""


class Line(NamedTuple):
    """One row of the sheet."""

    fate: str
    """`accepted`, `skipped` or `dead-lettered`."""
    reason: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    published: int
    lines: Sequence[Line]
    faults: Sequence[str]
    """What does not add up, a sentence each. Names places in Kafka, never a candidate."""
    repeats: int
    """Signals accepted, letters written or records skipped once more than needed."""
    requests: Mapping[str, int]
    mean_batch: float
    """Signals a request, of the requests that were accepted."""

    @property
    def accounted(self) -> int:
        return sum(line.found for line in self.lines)

    @property
    def balances(self) -> bool:
        return not self.faults


def balance(evidence: Evidence) -> BalanceSheet:
    """The sheet; it balances when there is no fault."""
    accepted = Counter(signal for signal, _ in evidence.journal)
    letters = {(letter.place, letter.offset): letter for letter in evidence.letters}
    lines = list(_lines(evidence, accepted, letters))
    skipped_again = sum(evidence.skipped.values()) - _found(lines, _SKIPPED)
    accepted_again = sum(count - 1 for count in accepted.values())
    batches = {request_id for _, request_id in evidence.journal}
    return BalanceSheet(
        published=len(evidence.published),
        lines=lines,
        faults=list(_faults(evidence, lines, accepted, letters)),
        repeats=accepted_again + len(evidence.letters) - len(letters) + max(0, skipped_again),
        requests=evidence.requests,
        mean_batch=len(evidence.journal) / len(batches) if batches else 0.0,
    )


def unsettled_below(
    committed: Mapping[TopicPartition, int],
    published: Iterable[Published],
    accepted: Collection[SignalKey],
    buried: Collection[tuple[TopicPartition, int]],
) -> list[Published]:
    """Records that a commit has passed although they are not settled (P1, P2).

    Read `committed` before the other two: those only grow.
    """
    return [
        each
        for each in published
        if each.offset < committed.get(each.place, 0) and not _settled(each, accepted, buried)
    ]


def _settled(
    published: Published,
    accepted: Collection[SignalKey],
    buried: Collection[tuple[TopicPartition, int]],
) -> bool:
    match published.event.expectation:
        case ToBeAccepted(signal=signal):
            return signal in accepted
        case ToBeBuried():
            return (published.place, published.offset) in buried
        case ToBeSkipped():
            return True  # Leaves no trace: counted, not matched.


def _lines(
    evidence: Evidence,
    accepted: Mapping[SignalKey, int],
    letters: Mapping[tuple[TopicPartition, int], Letter],
) -> Iterator[Line]:
    wanted: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for published in evidence.published:
        row = _row(published.event.expectation)
        wanted[row] += 1
        found[row] += _came_true(published, accepted, letters)
    for (fate, reason), expected in sorted(wanted.items()):
        seen = evidence.skipped.get(reason, 0) if fate == _SKIPPED else found[fate, reason]
        # More skips than records are repeats; they make up for nothing.
        yield Line(fate, reason, expected, min(seen, expected))


def _row(expectation: Expectation) -> tuple[str, str]:
    match expectation:
        case ToBeAccepted(signal=signal):
            return _ACCEPTED, str(signal.type_code)
        case ToBeSkipped(reason=reason):
            return _SKIPPED, str(reason)
        case ToBeBuried(reason=reason):
            return _BURIED, str(reason)


def _came_true(
    published: Published,
    accepted: Mapping[SignalKey, int],
    letters: Mapping[tuple[TopicPartition, int], Letter],
) -> bool:
    match published.event.expectation:
        case ToBeAccepted(signal=signal):
            return signal in accepted
        case ToBeBuried(reason=reason):
            letter = letters.get((published.place, published.offset))
            return letter is not None and letter.reason == reason
        case ToBeSkipped():
            return False  # Leaves no trace of its own: see _lines.


def _found(lines: Iterable[Line], fate: str) -> int:
    return sum(line.found for line in lines if line.fate == fate)


def _faults(
    evidence: Evidence,
    lines: Iterable[Line],
    accepted: Mapping[SignalKey, int],
    letters: Mapping[tuple[TopicPartition, int], Letter],
) -> Iterator[str]:
    if evidence.unconfirmed:
        yield f"{evidence.unconfirmed} event(s) were not confirmed by Kafka"
    for line in lines:
        if line.found < line.expected:
            missing = line.expected - line.found
            yield f"{missing} of {line.expected} not {line.fate} as expected ({line.reason})"
    yield from _strange_signals(evidence, accepted)
    yield from _strange_letters(evidence.published, letters)
    yield from _order_faults(evidence)
    yield from _offset_faults(evidence, accepted, letters)


def _strange_signals(evidence: Evidence, accepted: Mapping[SignalKey, int]) -> Iterator[str]:
    wanted = {
        each.event.expectation.signal
        for each in evidence.published
        if isinstance(each.event.expectation, ToBeAccepted)
    }
    strange = sum(signal not in wanted for signal in accepted)
    if strange:
        yield f"SEEK accepted {strange} signal(s) that nothing published gives rise to"


def _strange_letters(
    published: Iterable[Published],
    letters: Mapping[tuple[TopicPartition, int], Letter],
) -> Iterator[str]:
    records = {(each.place, each.offset): each for each in published}
    for (place, offset), letter in letters.items():
        record = records.get((place, offset))
        if record is None:
            yield f"a dead letter says it is from {place} offset {offset}, which was not published"
        elif not isinstance(record.event.expectation, ToBeBuried):
            yield f"{place} offset {offset} is a dead letter ({letter.reason}) and should not be"
        elif (letter.key, letter.value) != (record.key, record.value):
            yield f"the dead letter of {place} offset {offset} does not hold the original bytes"


def _order_faults(evidence: Evidence) -> Iterator[str]:
    """First acceptance follows the source, for each subject within its partition (P3)."""
    first: dict[SignalKey, int] = {}
    for number, (signal, _) in enumerate(evidence.journal):
        first.setdefault(signal, number)
    last_of: dict[tuple[TopicPartition, str], int] = {}
    overtaken = 0
    for published in sorted(evidence.published, key=lambda each: (each.place, each.offset)):
        match published.event.expectation:
            case ToBeAccepted(signal=signal) if signal in first:
                subject = (published.place, published.event.key)
                overtaken += first[signal] < last_of.get(subject, -1)
                last_of[subject] = max(first[signal], last_of.get(subject, -1))
            case _:
                pass
    if overtaken:
        yield f"{overtaken} signal(s) were accepted after a later one of the same subject"


def _offset_faults(
    evidence: Evidence,
    accepted: Mapping[SignalKey, int],
    letters: Mapping[tuple[TopicPartition, int], Letter],
) -> Iterator[str]:
    if evidence.passed_over:
        yield f"{evidence.passed_over} unsettled record(s) lay below a committed offset on the way"
    passed = unsettled_below(
        evidence.committed, evidence.published, accepted.keys(), letters.keys()
    )
    if passed:
        where = f"first: {passed[0].place} offset {passed[0].offset}"
        yield f"{len(passed)} unsettled record(s) lie below a committed offset ({where})"
    for place, end in sorted(_ends(evidence.published).items()):
        committed = evidence.committed.get(place, 0)
        if committed != end:
            yield f"{place}: {committed} is committed, and its end is {end}"


def _ends(published: Iterable[Published]) -> dict[TopicPartition, int]:
    """One past the last record of each partition: the demo is the only one to publish."""
    ends: dict[TopicPartition, int] = {}
    for each in published:
        ends[each.place] = max(ends.get(each.place, 0), each.offset + 1)
    return ends
