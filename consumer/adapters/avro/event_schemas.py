"""Our event schemas: where they lie, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

EVENT_TYPES: Final = (
    "application_status_changed",
    "position_status_changed",
    "application_completed",
)
"""One folder each under `schemas/`; also the `"type"` of a line that `publish` reads."""

_PACKAGE: Final = Path(__file__).resolve().parents[2]


def schemas_folder(package: Path = _PACKAGE) -> Path:
    """`consumer/_schemas` in an installed wheel, `schemas` beside the package in a checkout.

    Raises FileNotFoundError when neither is there: the installation is broken.
    """
    for folder in (package / "_schemas", package.parent / "schemas"):
        if folder.is_dir():
            return folder
    msg = "the event schemas are missing from this installation; install the package again"
    raise FileNotFoundError(msg)


@dataclass(frozen=True, slots=True)
class EventSchema:
    """The newest version of one event's schema."""

    event_type: str
    record_name: str
    """Unqualified name of the Avro record: `ApplicationStatusChanged`."""
    text: str
    """The `.avsc` as released, documentation included."""


@cache  # Released files never change, so a process reads each once.
def event_schema(event_type: str) -> EventSchema:
    """Raises ValueError for a name that is not in `EVENT_TYPES`."""
    if event_type not in EVENT_TYPES:
        msg = f"no event type {event_type!r}; there are {', '.join(EVENT_TYPES)}"
        raise ValueError(msg)
    text = (schemas_folder() / event_type / "v1.avsc").read_text(encoding="utf-8")
    record_name = "".join(word.capitalize() for word in event_type.split("_"))
    return EventSchema(event_type, record_name, text)
