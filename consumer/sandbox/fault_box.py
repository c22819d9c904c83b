"""Which faults hold for a request now. Pure: time is an argument, chance has a seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Literal, TypeAlias

from consumer.sandbox.fault_kinds import (
    Action,
    Conditional,
    Decisive,
    ExpiresIn,
    Fault,
    Match,
    Quota,
    Refuse,
    Revoke,
    Rotate,
    Slow,
    Swallow,
)
from consumer.sandbox.json_values import JsonObject, as_object, listed

Endpoint: TypeAlias = Literal["graphql", "token"]


@dataclass(slots=True)
class Plan:
    """What the script wants for one request."""

    wait_s: float = 0.0
    """Before anything is looked at."""
    wait_after_s: float = 0.0
    """After the signals were accepted."""
    decisive: Decisive | None = None
    refused: dict[int, Refuse] = field(default_factory=dict[int, Refuse])
    swallowed: set[int] = field(default_factory=set[int])
    expires_in_s: int | None = None


@dataclass(slots=True)
class ArmedFault:
    """A fault that was set, with what it has done since."""

    fault: Fault
    armed_at_s: float
    fired: int = 0
    _met: int = 0
    _random: Random = field(init=False)
    _bucket: float | None = None
    _filled_at_s: float = 0.0

    def __post_init__(self) -> None:
        seed = 0 if isinstance(self.fault, Revoke | Rotate) else self.fault.seed
        self._random = Random(seed)  # noqa: S311 -- a repeatable draw is the point

    def fires(self, fault: Conditional, signals: Sequence[JsonObject], now_s: float) -> bool:
        """Whether it holds for this request, which then counts."""
        if not self._is_on(fault, now_s) or not (fault.match is None or _any(fault.match, signals)):
            return False
        self._met += 1
        if self._met <= fault.skip:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        if isinstance(fault, Quota) and self._has_room(fault, now_s):
            return False
        self.fired += 1
        return True

    def is_due(self, fault: Action, now_s: float) -> bool:
        """True once."""
        due = not self.fired and now_s >= self.armed_at_s + fault.after_s
        self.fired += due
        return due

    def _is_on(self, fault: Conditional, now_s: float) -> bool:
        since_s = now_s - self.armed_at_s - fault.after_s
        in_time = since_s >= 0 and (fault.seconds is None or since_s < fault.seconds)
        return in_time and (fault.requests is None or self.fired < fault.requests)

    def _has_room(self, quota: Quota, now_s: float) -> bool:
        """Takes a token from the bucket, if there is one."""
        gained = (now_s - self._filled_at_s) * quota.per_s
        full = quota.burst
        level = full if self._bucket is None else min(full, self._bucket + gained)
        self._filled_at_s = now_s
        self._bucket = level - 1 if level >= 1 else level
        return level >= 1


@dataclass(slots=True)
class FaultBox:
    """The faults that are set, in their order."""

    armed: list[ArmedFault] = field(default_factory=list[ArmedFault])

    def set(self, faults: Iterable[Fault], now_s: float) -> None:
        """Replaces all; their counts and durations start now."""
        self.armed = [ArmedFault(fault, now_s) for fault in faults]

    def due_actions(self, now_s: float) -> Iterator[tuple[Action, float]]:
        """Each action once, with the moment that it was due."""
        for armed in self.armed:
            fault = armed.fault
            if isinstance(fault, Revoke | Rotate) and armed.is_due(fault, now_s):
                yield fault, armed.armed_at_s + fault.after_s

    def plan(self, endpoint: Endpoint, signals: Sequence[JsonObject], now_s: float) -> Plan:
        plan = Plan()
        for armed in self.armed:
            fault = armed.fault
            if isinstance(fault, Revoke | Rotate) or not _concerns(fault, endpoint, plan):
                continue
            if armed.fires(fault, signals, now_s):
                _enter(plan, fault, signals)
        return plan


def _concerns(fault: Conditional, endpoint: Endpoint, plan: Plan) -> bool:
    """Of the decisive ones the first that holds decides; the rest are not asked, nor counted."""
    match fault:
        case Refuse() | Swallow():
            return endpoint == "graphql"
        case ExpiresIn():
            return endpoint == "token"
        case Slow():
            return fault.on == endpoint
        case _:
            return fault.on == endpoint and plan.decisive is None


def _enter(plan: Plan, fault: Conditional, signals: Sequence[JsonObject]) -> None:
    match fault:
        case Slow(after_acceptance=True):
            plan.wait_after_s += fault.delay_s
        case Slow():
            plan.wait_s += fault.delay_s
        case Refuse():
            for index in _matching(fault.match, signals):
                plan.refused.setdefault(index, fault)
        case Swallow():
            plan.swallowed.update(_matching(fault.match, signals))
        case ExpiresIn():
            plan.expires_in_s = fault.expires_in_s
        case _:
            plan.decisive = fault


def _matching(match: Match, signals: Sequence[JsonObject]) -> list[int]:
    return [index for index, signal in enumerate(signals) if _is_match(match, signal)]


def _any(match: Match, signals: Sequence[JsonObject]) -> bool:
    return any(_is_match(match, signal) for signal in signals)


def _is_match(match: Match, signal: JsonObject) -> bool:
    return (
        _fits(match.token, [signal.get("token")])
        and _fits(match.profile_id, [signal.get("candidateApplicationProfileId")])
        and _fits(match.position_id, listed(signal.get("positionProfileIds")))
        and (match.label is None or any(match.label in label for label in _labels(signal)))
    )


def _fits(pattern: str | None, values: Iterable[object]) -> bool:
    return pattern is None or any(
        isinstance(value, str) and (value == pattern or fnmatchcase(value, pattern))
        for value in values
    )


def _labels(signal: JsonObject) -> Iterator[str]:
    for state in ("current", "previous"):
        parts = as_object(signal.get(state)) or {}
        for part in ("status", "phase"):
            label = (as_object(parts.get(part)) or {}).get("label")
            if isinstance(label, str):
                yield label
