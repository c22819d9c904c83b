"""One sink of telemetry out of several."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.observed import Occurrence, Snapshot, Telemetry


@dataclass(frozen=True, slots=True)
class Fanout:
    """Tells every sink, in order."""

    sinks: tuple[Telemetry, ...]

    def note(self, occurrence: Occurrence) -> None:
        for sink in self.sinks:
            sink.note(occurrence)

    def show(self, snapshot: Snapshot) -> None:
        for sink in self.sinks:
            sink.show(snapshot)


def both(*sinks: Telemetry) -> Fanout:
    return Fanout(sinks)
