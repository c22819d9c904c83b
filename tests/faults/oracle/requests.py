"""The requests that SEEK got: which process sent each, and what became of its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from consumer.sandbox.journal import Entry, RequestLine


class Answer(NamedTuple):
    """From SEEK's log of requests."""

    arrived_ms: float
    fault: str
    """The scripted fault that decided it; empty when none did."""
    sent: bool


class SeenRequest(NamedTuple):
    """As far as is known of a request that brought signals."""

    request_id: str
    session: str
    """Of the process that sent it."""
    accepted_ms: float
    arrived_ms: float
    fault: str
    answered: bool


@dataclass(slots=True)
class Requests:
    _numbers: dict[str, int] = field(default_factory=dict[str, int])
    _accepted: list[tuple[str, str, float]] = field(default_factory=list[tuple[str, str, float]])
    _answers: dict[str, Answer] = field(default_factory=dict[str, Answer])

    def number_of(self, entry: Entry) -> int:
        """Of the request that brought this line of the journal."""
        request_id = entry["requestId"] or ""
        number = self._numbers.get(request_id)
        if number is None:
            number = self._numbers[request_id] = len(self._accepted)
            session = entry["sessionId"] or ""
            self._accepted.append((request_id, session, entry["monotonicMs"]))
        return number

    def log(self, line: RequestLine) -> None:
        if line["outcome"] == "accepted":  # Of the others the journal has no line either.
            answer = Answer(line["monotonicMs"], line["fault"] or "", line["status"] is not None)
            self._answers[line["requestId"] or ""] = answer

    def __iter__(self) -> Iterator[SeenRequest]:
        return (self[number] for number in range(len(self._accepted)))

    def __getitem__(self, number: int) -> SeenRequest:
        request_id, session, accepted_ms = self._accepted[number]
        answer = self._answers.get(request_id) or Answer(accepted_ms, "", sent=True)
        return SeenRequest(
            request_id, session, accepted_ms, answer.arrived_ms, answer.fault, answer.sent
        )
