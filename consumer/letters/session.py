"""The right to change states: one run at a time, shown by a heartbeat in the state topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from consumer.letters.catalogue import Catalogue
from consumer.letters.errors import BusyError
from consumer.letters.ports import RetryRecord, States, Writer
from consumer.letters.standing import Filed, Heartbeat, encode_heartbeat, encode_mark
from consumer.ports import Clock

BEAT_EVERY_S: Final = 5.0
WATCHED_S: Final = 12.0
"""How long a run is watched that seems dead: one that lives beats at least twice."""

_T = TypeVar("_T")


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
    wait: Callable[[float], None]
    """So many seconds; may raise to end the waiting."""
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
        catalogue.remember(self.along(marks_of(self.states.read())))

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

    def along(self, things: Iterable[_T]) -> Iterator[_T]:
        """Beats while these are gone through, however long that takes."""
        for thing in things:
            self.beat_if_due()
            yield thing

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
        """A beat that looks old may be of a host whose clock is wrong, so it is watched whether
        there comes another: only that costs time, and only after a run that died."""
        last = self._last_beat()
        if last is None or last.ended:
            return
        if not last.is_fresh(self.clock.wall_ms()):
            self.wait(WATCHED_S)
            known, last = last, self._last_beat()
            if last is None or last.ended or last == known:
                return
        raise BusyError(last, self.clock.wall_ms())

    def _last_beat(self) -> Heartbeat | None:
        last = None
        for state in self.states.read():
            last = state if isinstance(state, Heartbeat) else last
        return last


def marks_of(states: Iterable[Filed | Heartbeat]) -> Iterator[Filed]:
    for state in states:
        if not isinstance(state, Heartbeat):
            yield state
