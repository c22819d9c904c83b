"""Log lines: one for each change of state, none for each record, never a record's content."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from consumer.adapters.telemetry.hold_advice import HOLD_ADVICE
from consumer.adapters.telemetry.rate_limit import RateLimit
from consumer.observed import (
    BatchAtFault,
    CommitRefused,
    DeadLettered,
    Drained,
    HoldBegan,
    HoldChanged,
    HoldEnded,
    Occurrence,
    Rebalanced,
    RequestLanded,
    Snapshot,
    UnknownCode,
)

EXPECTED_OUTCOMES = frozenset({"accepted", "validated"})


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    format_: Literal["json", "console", "auto"],
    stream: TextIO | None = None,
) -> None:
    """Sets up structlog for the process, on stderr unless told, and libraries' warnings with it.

    Libraries stay at warning whatever the level: at debug some print headers, and so tokens.
    """
    out = stream or sys.stderr
    structlog.configure(
        processors=_processors(
            console=format_ == "console" or (format_ == "auto" and out.isatty())
        ),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[Forward()], level=logging.WARNING, force=True)


def _processors(*, console: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if console:
        return [*shared, structlog.dev.ConsoleRenderer(colors=False)]
    return [*shared, structlog.processors.JSONRenderer(sort_keys=False)]


class Forward(logging.Handler):
    """Makes an event of a line that a library logged."""

    def emit(self, record: logging.LogRecord) -> None:
        what = record.getMessage()
        logger().log(near_level(record.levelno), "library reported", library=record.name, what=what)


def near_level(level: int) -> int:
    """The nearest of the levels that have a name, at or below: a library may have its own."""
    return min(max(level // 10 * 10, logging.DEBUG), logging.CRITICAL)


def logger() -> FilteringBoundLogger:
    return cast("FilteringBoundLogger", structlog.get_logger())


@dataclass(slots=True)
class LoggingTelemetry:
    """A sink of telemetry. What can repeat without end is told once a minute, with a count."""

    monotonic_s: Callable[[], float] = time.monotonic
    _limit: RateLimit = field(init=False, default_factory=RateLimit)

    def note(self, occurrence: Occurrence) -> None:
        tell = self._tells.get(type(occurrence))
        if tell is not None:  # All else is for metrics only.
            tell(self, occurrence)

    def show(self, snapshot: Snapshot) -> None:
        """A snapshot is no change of state."""

    def _hold_began(self, occurrence: HoldBegan) -> None:
        reason, topic, detail = occurrence
        advice = {"advice": HOLD_ADVICE[reason]} if reason in HOLD_ADVICE else {}
        logger().error("hold began", reason=reason.value, topic=topic, detail=detail, **advice)

    def _hold_changed(self, occurrence: HoldChanged) -> None:
        reason, topic, detail = occurrence
        logger().error("hold goes on", reason=reason.value, topic=topic, detail=detail)

    def _hold_ended(self, occurrence: HoldEnded) -> None:
        reason, topic, seconds = occurrence
        logger().info("hold ended", reason=reason.value, topic=topic, seconds=round(seconds, 1))

    def _rebalanced(self, occurrence: Rebalanced) -> None:
        places = [str(place) for place in occurrence.partitions]
        logger().info("partitions " + occurrence.event, partitions=places)

    def _drained(self, occurrence: Drained) -> None:
        log = logger().info if occurrence.in_time else logger().warning
        log("drained", seconds=round(occurrence.seconds, 3), in_time=occurrence.in_time)

    def _buried(self, occurrence: DeadLettered) -> None:
        kind = (DeadLettered, occurrence.place.topic, occurrence.stage, occurrence.reason)
        self._sometimes(
            kind,
            "record dead-lettered",
            place=str(occurrence.place),
            offset=occurrence.offset,
            stage=occurrence.stage,
            reason=occurrence.reason,
        )

    def _not_committed(self, occurrence: CommitRefused) -> None:
        self._sometimes((CommitRefused, occurrence.code), "commit refused", code=occurrence.code)

    def _landed(self, occurrence: RequestLanded) -> None:
        if occurrence.outcome in EXPECTED_OUTCOMES:
            return
        self._sometimes(
            (RequestLanded, occurrence.outcome, occurrence.code),
            "request not accepted",
            outcome=occurrence.outcome,
            code=occurrence.code,
            signals=occurrence.signals,
            seconds=round(occurrence.seconds, 3),
            request_id=occurrence.request_id,
            batch_id=occurrence.batch_id,
            **({"trace_id": occurrence.trace_id} if occurrence.trace_id else {}),
        )

    def _unknown_code(self, occurrence: UnknownCode) -> None:
        self._sometimes((UnknownCode, occurrence.code), "code not known", code=occurrence.said)

    def _at_fault(self, occurrence: BatchAtFault) -> None:
        self._sometimes(BatchAtFault, "batch fails while others pass", fault=occurrence.fault)

    _tells: ClassVar[Mapping[type[Occurrence], Callable[[Any, Any], None]]] = {
        HoldBegan: _hold_began,
        HoldChanged: _hold_changed,
        HoldEnded: _hold_ended,
        Rebalanced: _rebalanced,
        Drained: _drained,
        DeadLettered: _buried,
        CommitRefused: _not_committed,
        RequestLanded: _landed,
        UnknownCode: _unknown_code,
        BatchAtFault: _at_fault,
    }

    def _sometimes(self, kind: Hashable, event: str, **fields: object) -> None:
        kept_back = self._limit.passes(kind, self.monotonic_s())
        if kept_back is not None:
            logger().warning(event, **fields, like_it_before=kept_back)
