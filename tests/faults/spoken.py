"""What a service says in its log of who it is and of its partitions."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.timeline import TimelineLog

_PARTITIONS: Final = "partitions "


@dataclass(slots=True)
class Spoken:
    """Tells a timeline of it, line by line as they come; of one process after the other."""

    name: str
    timeline: TimelineLog
    session: str = ""
    """Of the process whose lines come now."""

    def hear(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if b'"service started"' in line or b'"partitions ' in line:
                self._hear(orjson.loads(line))

    def _hear(self, line: dict[str, Any]) -> None:
        event = str(line["event"])
        if event == "service started":
            self.session = str(line["session_id"])
            self.timeline.session(self.session, self.name)
        elif event.startswith(_PARTITIONS) and line["partitions"]:
            at_ms = _monotonic_ms(line["timestamp"])
            places = [_place(each) for each in line["partitions"]]
            self.timeline.move(self.session, event.removeprefix(_PARTITIONS), places, at_ms)


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return TopicPartition(topic, int(partition))


def _monotonic_ms(time_: str) -> float:
    ago_s = time.time() - datetime.fromisoformat(time_).timestamp()
    return (time.monotonic() - ago_s) * 1000
