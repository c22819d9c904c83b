"""Whether the process lives, and whether it can work: two questions, kept apart.

A hold makes neither false. Restarting does not bring SEEK back, and a rollout that
carries the cure must be able to finish (design 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from consumer.observed import Hold, Occurrence, Snapshot, Standing


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: dict[str, object]


@dataclass(slots=True)
class Health:
    """A sink of telemetry: the loop thread shows, any thread asks."""

    live_within_s: float
    monotonic_s: Callable[[], float]
    standing: Callable[[], Sequence[Standing]]
    """Partitions that do not move though there is more to read."""
    _started_at_s: float = field(init=False)
    _latest: Snapshot | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._started_at_s = self.monotonic_s()

    def note(self, occurrence: Occurrence) -> None:
        """Snapshots alone tell the health."""

    def show(self, snapshot: Snapshot) -> None:
        self._latest = snapshot

    def live(self) -> Answer:
        """503 once the loop has not turned, or not begun to turn, for `live_within_s`."""
        age_s = self._age_s()
        live = age_s <= self.live_within_s
        body: dict[str, object] = {"live": live, "turned_s_ago": round(age_s, 3)}
        return Answer(HTTPStatus.OK if live else HTTPStatus.SERVICE_UNAVAILABLE, body)

    def ready(self) -> Answer:
        """503 while the group has not taken this member in, or has let it go."""
        latest = self._latest
        member = latest is not None and latest.member
        holds = [_told(hold) for hold in latest.holds] if latest is not None else []
        standing = [_told_of(each) for each in self.standing()]
        body: dict[str, object] = {"ready": member, "holds": holds, "standing": standing}
        if not member:
            body["why"] = "not a member of the consumer group"
        return Answer(HTTPStatus.OK if member else HTTPStatus.SERVICE_UNAVAILABLE, body)

    def _age_s(self) -> float:
        latest = self._latest
        turned_at_s = self._started_at_s if latest is None else latest.turned_at_s
        return self.monotonic_s() - turned_at_s


def _told(hold: Hold) -> dict[str, object]:
    since = datetime.fromtimestamp(hold.since_ms / 1000, UTC).isoformat()
    told: dict[str, object] = {"reason": hold.reason.value, "since": since, "detail": hold.detail}
    if hold.topic is not None:
        told["topic"] = hold.topic
    return told


def _told_of(standing: Standing) -> dict[str, object]:
    topic, partition = standing.place
    told: dict[str, object] = {
        "topic": topic,
        "partition": partition,
        "seconds": round(standing.seconds),
    }
    if standing.waits_for:
        told["waits_for"] = standing.waits_for
    return told
