"""Every bound of the delivery, in one frozen object. Reasons: design 8, and `settings`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PacerLimits:
    in_flight_min: int = 1
    in_flight_max: int = 8
    in_flight_start: int = 2
    hold_base_s: float = 0.5
    hold_max_s: float = 60.0
    auth_probe_s: float = 60.0
    """How often refused credentials are tried again."""
    rate_max_per_s: float | None = None
    """A ceiling of requests a second, for backfills."""


@dataclass(frozen=True, slots=True)
class SickLimits:
    attempts: int = 5
    after_s: float = 900.0
    subjects_max: int = 3
    """More sick subjects than this at once are a partial outage: none is buried."""
    in_a_row_max: int = 10
    """So many of one signal type or hirer, and none of it accepted between, are one too."""
    company_share: float = 0.5
    """So much beyond its own bounds a partition may read for others to show that SEEK is well:
    ten polls of the usual bound, where a sick record needs six."""


@dataclass(frozen=True, slots=True)
class FloodLimits:
    window: int = 200
    at_least: int = 50
    share: float = 0.9
    probe_s: float = 60.0
    """How often a held record of a flooded topic is tried again."""


@dataclass(frozen=True, slots=True)
class Limits:
    batch_size: int = 100
    linger_s: float = 0.0
    pending_records: int = 10_000
    pending_bytes: int = 24 * 1024 * 1024
    pending_per_partition: int = 2_500
    exposed_per_partition: int = 10_000
    commit_every_s: float = 0.25
    commit_after: int = 1_000
    drain_s: float = 25.0
    lease_s: float = 30.0
    isolation_requests: int = 40
    """Extra requests to find the culprits of one batch, before the rest goes one by one."""
    forbidden_before_apart: int = 3
    """Isolated refusals of one hirer before its signals travel apart."""
    commit_metadata_bytes: int = 4_096
    """What a broker takes by default (`offset.metadata.max.bytes`)."""
    pacer: PacerLimits = field(default_factory=PacerLimits)
    sick: SickLimits = field(default_factory=SickLimits)
    flood: FloodLimits = field(default_factory=FloodLimits)
