"""What the newest records of a topic come to, counted. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from consumer.domain.signals import Mapped, Reason, Rejected, Signal, Skipped
from consumer.letters.advice import advice_on
from consumer.preflight.findings import Finding, fault, ok, warning

_NEARLY_ALL: Final = 0.98
_MOSTLY: Final = 0.5
_NAMED: Final = 3
_SENT: Final = "would be sent"


@dataclass(slots=True)
class Sample:
    """Of one topic."""

    topic: str
    outcomes: Counter[str] = field(default_factory=Counter[str])
    """`sent`, `skipped: not_from_seek`, …"""
    rejected: Counter[Reason] = field(default_factory=Counter[Reason])
    examples: dict[Reason, str] = field(default_factory=dict[Reason, str])
    """A place of each, for `explain`."""
    partitions: dict[str, dict[int, str]] = field(
        default_factory=lambda: defaultdict[str, dict[int, str]](dict)
    )
    """By subject: in which partitions it was seen, and where there."""

    def add(self, partition: int, offset: int, judged: Mapped) -> None:
        place = f"{self.topic}/{partition}/{offset}"
        match judged:
            case Signal():
                self.outcomes[_SENT] += 1
                self.partitions[judged.subject].setdefault(partition, place)
            case Skipped():
                self.outcomes[f"skipped as {judged.reason.value}"] += 1
            case Rejected():
                self.outcomes[f"dead letter {judged.reason.value}"] += 1
                self.rejected[judged.reason] += 1
                self.examples.setdefault(judged.reason, place)

    @property
    def total(self) -> int:
        return self.outcomes.total()

    def findings(self) -> Iterator[Finding]:
        about = f"records of {self.topic}"
        if not self.total:
            yield warning(about, "none is there to try", "publish some, then check again")
            return
        counts = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        yield ok(about, f"of the newest {self.total}: {counts}")
        yield from self._rejections(about)
        yield from self._skips(about)
        yield from self._spread(about)

    def _rejections(self, about: str) -> Iterator[Finding]:
        for reason, count in self.rejected.most_common():
            many = count > _MOSTLY * self.total
            made = fault if many else warning
            said = f"{count} of {self.total} would become dead letters: {reason.value}"
            look = f"seek-signals explain {self.examples[reason]}"
            yield made(about, said, f"{advice_on(reason)} See {look}")

    def _skips(self, about: str) -> Iterator[Finding]:
        skipped = sum(count for name, count in self.outcomes.items() if name.startswith("skipped"))
        if skipped >= _NEARLY_ALL * self.total:
            do = "see that the publisher fills seekToken, candidateApplicationProfileId or "
            do += "positionProfileIds where it has them"
            yield warning(about, "nearly all are skipped", do)

    def _spread(self, about: str) -> Iterator[Finding]:
        """Order is kept within a partition only (P3)."""
        spread = [
            [place for _, place in sorted(places.items())]  # whichever partition was read first
            for places in self.partitions.values()
            if len(places) > 1
        ]
        if spread:
            examples = "; ".join(" and ".join(places) for places in spread[:_NAMED])
            yield warning(
                about,
                f"{len(spread)} of {len(self.partitions)} subjects are in several partitions, "
                f"so their order is not kept: {examples}",
                "use the application's or position's id as the key of records",
            )


def fit(samples: Iterable[Sample], plays: str) -> Iterator[Finding]:
    """Whether the audience and the ids of records are of the same SEEK. `plays`: which the
    audience is of, `live SEEK` or `the Playground`."""
    found = list(samples)
    wrong = sum(sample.rejected[Reason.WRONG_ENVIRONMENT] for sample in found)
    fitting = sum(sample.outcomes[_SENT] for sample in found)
    if wrong:
        said = f"is for {plays}; the ids of {wrong} of {wrong + fitting} sampled records are not"
        made = fault if wrong > fitting else warning
        yield made(
            "audience", said, "check SEEK_AUDIENCE, and where the publisher has its ids from"
        )
    elif fitting:
        yield ok("audience", f"is for {plays}, and so are the ids of {fitting} sampled records")
    else:
        yield ok("audience", f"is for {plays}; no record was there to compare ids with")
