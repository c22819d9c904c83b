"""From lines of a file to confirmed records, with an account of every line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from consumer.adapters.avro.writer import EventFaultError
from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.expectations import Kind
from consumer.demo.lines import BadLine, Line, as_ranges, parse_line

_MOST_SHOWN: Final = 50  # Of faults and of failures: all their numbers are in the summary.


Encode: TypeAlias = Callable[[str, str, Mapping[str, object]], bytes]
"""(type, topic, event) to framed Avro. Raises EventFaultError where the schema is not met."""

Send: TypeAlias = Callable[[int, str, bytes, bytes], None]
"""(line's number, topic, key, value)."""


@dataclass(slots=True)
class Account:
    """What became of each line, by its number from 1. The publisher reports to it."""

    tell: Callable[[str], None]
    """Shows one line of text to the user, at once."""
    good_word: str = "confirmed"
    """What a line is called that has passed; a dry run confirms nothing."""
    lines: int = 0
    """Read so far, blank ones not counted."""
    confirmed_lines: int = 0
    bad: list[int] = field(default_factory=list[int])
    unconfirmed: list[int] = field(default_factory=list[int])

    def confirmed(self, ticket: int, place: TopicPartition, offset: Offset) -> None:
        del ticket, place, offset
        self.confirmed_lines += 1

    def failed(self, ticket: int, error: str) -> None:
        self.unconfirmed.append(ticket)
        self._show(len(self.unconfirmed), f"line {ticket}: not confirmed: {error}")

    def refuse(self, number: int, faults: Iterable[str]) -> None:
        self.bad.append(number)
        self._show(len(self.bad), f"line {number}: {'; '.join(faults)}")

    def _show(self, count: int, text: str) -> None:
        if count <= _MOST_SHOWN:
            self.tell(text)
        elif count == _MOST_SHOWN + 1:
            self.tell("… more of these follow; the summary has their line numbers")


@dataclass(frozen=True, slots=True)
class Publication:
    topics: Mapping[Kind, str]
    encode: Encode
    send: Send
    account: Account

    def take(self, number: int, text: bytes) -> None:
        """One line of the file; blank ones are passed over."""
        if not text.strip():
            return
        self.account.lines += 1
        line = parse_line(text)
        if isinstance(line, BadLine):
            self.account.refuse(number, line.faults)
            return
        self._publish(number, line)

    def _publish(self, number: int, line: Line) -> None:
        topic = self.topics.get(line.kind)
        if topic is None:
            self.account.refuse(number, [_no_topic(line.kind)])
            return
        try:
            value = self.encode(line.kind, topic, line.event)
        except EventFaultError as error:
            self.account.refuse(number, error.faults)
            return
        self.send(number, topic, line.key.encode(), value)


def _no_topic(kind: Kind) -> str:
    return f"no topic for {kind}: name it with --topic {kind}=NAME, or in the settings"


def summary(account: Account, *, unread: bool) -> list[str]:
    """How it ended. `unread`: the file was not read to its end."""
    lines = [f"{account.confirmed_lines:,} of {account.lines:,} lines confirmed by Kafka"]
    if account.bad:
        lines.append(f"{len(account.bad):,} bad, not published: {as_ranges(account.bad)}")
    if account.unconfirmed:
        numbers = as_ranges(account.unconfirmed)
        lines.append(
            f"{len(account.unconfirmed):,} not confirmed (they may still have been written): "
            f"{numbers}"
        )
    if unread:
        lines.append("interrupted: the lines after these were not read")
    return lines
