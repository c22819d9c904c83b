"""The right to change states: one run at a time, shown by a heartbeat in the state topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.letters.catalogue import Catalogue
from consumer.letters.errors import BusyError
from consumer.letters.ports import RetryRecord, States, Writer
from consumer.letters.standing import Filed, Heartbeat, encode_heartbeat, encode_mark
from consumer.ports import Clock

BEAT_EVERY_S: Final = 5.0


@dataclass(slots=True)
class Session:
    """`begin`, then `write` and `beat`, then `end`. Every write carries a heartbeat."""

    states: States
    writer: Writer
    clock: Clock
    run: str
    """A name of this run that no other has."""
    verb: str
    host: str
    _began_ms: int = field(init=False, default=0)
    _beaten_s: float = field(init=False, default=0.0)

    def begin(self, catalogue: Catalogue, *, take_over: bool) -> None:
        """Fills the catalogue with what has become of the letters. Raises BusyError.

        The order is the promise (P12): only after `open` no earlier run can add to the state
        any more, so only what is read after it may be chosen by.
        """
        self._began_ms = self.clock.wall_ms()
        if not take_over:
            self._refuse_if_busy()
        self.writer.open()
        self.beat()
        catalogue.remember(marks_of(self.states.read()))

    def write(
        self,
        retries: Sequence[RetryRecord],
        marks: Callable[[Sequence[int]], Sequence[Filed]],
    ) -> None:
        self._write(retries, marks, ended=False)

    def beat(self) -> None:
        self._write((), lambda _: (), ended=False)

    def beat_if_due(self) -> None:
        if self.clock.monotonic_s() - self._beaten_s >= BEAT_EVERY_S:
            self.beat()

    def end(self) -> None:
        self._write((), lambda _: (), ended=True)

    def _write(
        self,
        retries: Sequence[RetryRecord],
        marks: Callable[[Sequence[int]], Sequence[Filed]],
        *,
        ended: bool,
    ) -> None:
        now_ms = self.clock.wall_ms()
        beat = Heartbeat(self.run, self.verb, self.host, self._began_ms, now_ms, ended)
        self._beaten_s = self.clock.monotonic_s()
        self.writer.write(
            retries,
            lambda offsets: [
                *(encode_mark(*filed) for filed in marks(offsets)),
                encode_heartbeat(beat),
            ],
        )

    def _refuse_if_busy(self) -> None:
        now_ms = self.clock.wall_ms()
        last = None
        for state in self.states.read():
            last = state if isinstance(state, Heartbeat) else last
        if last is not None and last.is_alive(now_ms):
            raise BusyError(last, now_ms)


def marks_of(states: Iterable[Filed | Heartbeat]) -> Iterator[Filed]:
    for state in states:
        if not isinstance(state, Heartbeat):
            yield state
