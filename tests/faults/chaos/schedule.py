"""Which fault begins when, for how long: a pure function of the seed.

Each track draws for itself, one fault after the other; tracks overlap, so several faults are
on at once. What must not overlap shares a track: a quorum of brokers is always left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from tests.faults.chaos.sandbox_faults import SANDBOX_FAULTS, Script
from tests.faults.chaos.spans import INSTANT, Span

WARM_UP_S: Final = 4.0
"""Without faults, for the members to get their partitions."""
COOL_DOWN_S: Final = 2.0


class Sort(NamedTuple):
    """A fault that can be drawn."""

    kind: str
    lasts: Span
    strength: Span = INSTANT
    """Seconds of delay, bytes a second: what the kind makes of it."""
    weight: int = 1


class Track(NamedTuple):
    name: str
    targets: Sequence[str]
    sorts: Sequence[Sort]
    gap: Span
    """Between the end of a fault and the next begin."""


@dataclass(frozen=True, slots=True)
class Planned:
    begin_s: float
    """After the start of publishing."""
    lasts_s: float
    kind: str
    target: str
    strength: float = 0.0
    script: Script = field(default=())
    """For the sandbox."""

    @property
    def end_s(self) -> float:
        return self.begin_s + self.lasts_s

    def __str__(self) -> str:
        strength = f", {self.strength:g}" if self.strength else ""
        lasts = f"{self.begin_s:8.2f} s for {self.lasts_s:5.2f} s"
        script = "".join(f", {json.dumps(entry)}" for entry in self.script)
        return f"{lasts}  {self.kind} {self.target}{strength}{script}"


PROCESS: Final = (
    Sort("consumer.kill", Span(0.3, 4.0), weight=3),
    Sort("consumer.stop", Span(0.3, 3.0)),
    Sort("consumer.freeze", Span(1.0, 4.0)),
    # Beyond the session's 6 s: others get the partitions while it stands still.
    Sort("consumer.freeze", Span(8.0, 11.0)),
)
BROKER: Final = (
    Sort("broker.kill", Span(2.0, 8.0)),
    Sort("broker.freeze", Span(2.0, 9.0)),  # 6 s is when the others take over.
)
NETWORK: Final = (
    Sort("cut", INSTANT, weight=2),
    Sort("refuse", Span(1.0, 5.0)),
    Sort("stall", Span(1.0, 8.0), weight=2),
    Sort("drip", Span(2.0, 6.0), Span(2_000, 40_000)),
    Sort("delay", Span(3.0, 10.0), Span(0.02, 0.4)),
)
OPERATOR: Final = (
    Sort("operator.rotate", Span(1.0, 4.0), weight=2),
    Sort("operator.partitions", INSTANT),
    Sort("operator.join", Span(5.0, 12.0), weight=2),
)
NODES: Final = ("1", "2", "3")


def plan(seed: int, seconds: float, consumers: int) -> list[Planned]:
    """In the order of their begin. All have ended when `seconds` are over."""
    faults = [
        fault
        for track in _tracks(consumers)
        for fault in _on_track(Random(f"{seed} {track.name}"), track, seconds)
    ]
    return sorted(faults, key=lambda fault: (fault.begin_s, fault.kind, fault.target))


def consumers_of(seed: int) -> int:
    """Two to four, the member that joins for a while not counted."""
    return Random(f"{seed} consumers").randint(2, 4)


def protocol_of(seed: int) -> str:
    return Random(f"{seed} protocol").choice(["classic", "consumer"])


def _tracks(consumers: int) -> Iterator[Track]:
    names = [f"consumer-{number}" for number in range(1, consumers + 1)]
    for name in names:
        yield Track(name, [name], PROCESS, Span(6.0, 25.0))
    yield Track("brokers", NODES, BROKER, Span(12.0, 30.0))
    yield Track("seek", names, _on_the_way("seek"), Span(2.0, 14.0))
    yield Track("kafka", NODES, _on_the_way("kafka"), Span(6.0, 20.0))
    yield Track("registry", ["all"], _on_the_way("registry"), Span(8.0, 25.0))
    yield Track("operator", ["all"], OPERATOR, Span(8.0, 25.0))
    sandbox = [Sort(f"sandbox.{name}", s.lasts) for name, s in SANDBOX_FAULTS.items()]
    for number in (1, 2):
        yield Track(f"sandbox {number}", ["all"], sandbox, Span(3.0, 10.0))


def _on_the_way(area: str) -> list[Sort]:
    return [sort._replace(kind=f"{area}.{sort.kind}") for sort in NETWORK]


def _on_track(draw: Random, track: Track, seconds: float) -> Iterator[Planned]:
    # The first comes soon: a short run should have some of all.
    begin_s = WARM_UP_S + draw.uniform(0.0, track.gap.least)
    bag: list[Sort] = []
    while True:
        if not bag:
            bag = [sort for sort in track.sorts for _ in range(sort.weight)]
            draw.shuffle(bag)
        sort = bag.pop()
        lasts_s = sort.lasts.drawn(draw)
        fault = Planned(
            round(begin_s, 2),
            lasts_s,
            sort.kind,
            draw.choice(list(track.targets)),
            sort.strength.drawn(draw),
            _script(draw, sort.kind),
        )
        if fault.end_s > seconds - COOL_DOWN_S:
            return
        yield fault
        begin_s = fault.end_s + track.gap.drawn(draw)


def _script(draw: Random, kind: str) -> Script:
    area, _, name = kind.partition(".")
    return SANDBOX_FAULTS[name].script(draw) if area == "sandbox" else ()
