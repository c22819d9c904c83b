"""What the landing of a batch came to: a value, for the loop to act on."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.lanes import Parcel


@dataclass(frozen=True, slots=True)
class Poison:
    """A parcel that SEEK will not take: it has to be buried."""

    parcel: Parcel
    reason: str
    code: str
    message: str
    attempts: int


@dataclass(slots=True)
class Landing:
    """What the landing of one batch came to; what is in neither list is still pending."""

    accepted: list[Parcel] = field(default_factory=list[Parcel])
    poison: list[Poison] = field(default_factory=list[Poison])
    at_fault: str | None = None
    """The batch failed with this while others were accepted: the fault is its own, not SEEK's."""
