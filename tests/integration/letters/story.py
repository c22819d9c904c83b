"""Records that fail, one in each way there is, and some that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.registry import RegistryClient
from consumer.adapters.avro.writer import EventWriter, encode_event

EVENT: Final = "application_status_changed"
STEPS: Final = 3
"""Records of one subject that fail alike, one after the other."""
SMALL_BYTES: Final = 4_000
SUBJECTS: Final[Mapping[str, int]] = {
    "bad_user_input": 60,
    "forbidden": 40,
    "request_too_large": 10,
    "unknown_schema": 20,
    "too_large": 10,
}
"""How many subjects fail in each way whose cause can be mended."""
SICK: Final = ("server_fault", "unknown_code")
SICK_EACH: Final = 3
MENDED: Final = (*SUBJECTS, *SICK)
IGNORED: Final = "unknown_record_type"
ODD_TYPE: Final = "OddOne"
LIVE_AFTER: Final = 20
"""Subjects of `bad_user_input` of which a later record is accepted."""
HOPELESS_EACH: Final = 7
_STATUS: Final = {"label": "New", "index": 1, "total": 2}
HOPELESS: Final = (
    *("no_bytes", "bad_framing", "incompatible_schema", "undecodable", "blank_event_id"),
    *("blank_subject", "blank_token", "token_whitespace", "blank_profile_id", "blank_label"),
    *("wrong_environment", "bad_time"),
)
FAULTS: Final[Mapping[str, dict[str, object]]] = {
    "bad_user_input": {"fault": "refuse", "match": {"token": "global-bad_user_input*"}},
    "forbidden": {
        "fault": "refuse",
        "code": "FORBIDDEN",
        "match": {"token": "global-forbidden*"},
    },
    "request_too_large": {
        "fault": "status",
        "status": 413,
        "match": {"token": "global-request_too_large*"},
    },
    "server_fault": {
        "fault": "code",
        "code": "INTERNAL_SERVER_ERROR",
        "match": {"token": "global-server_fault*"},
    },
    "unknown_code": {
        "fault": "code",
        "code": "TEAPOT",
        "match": {"token": "global-unknown_code*"},
    },
}
"""What SEEK has against records of a class, until that is mended."""


class Published(NamedTuple):
    reason: str
    """The class that its letter will have; `fine` for what is accepted at once."""
    key: bytes
    value: bytes
    token: str = ""
    step: int = 0


def fields(reason: str, subject: int, step: int, **more: object) -> dict[str, object]:
    return {
        "eventId": f"e-{reason}-{subject}-{step}",
        "applicationId": f"{reason}-{subject}",
        "hirerId": f"{_hirers_of(reason)}-{subject % 4}",
        "occurredAt": "2026-01-05T09:00:02Z",
        "seekToken": f"global-{reason}{subject:04}",
        "current": {
            "status": {"label": f"step {step}", "index": step + 1, "total": 9},
            "timestamp": f"2026-01-05T09:0{step}:00Z",
        },
        **more,
    }


def _hirers_of(reason: str) -> str:
    """FORBIDDEN is about a hirer: when the signals of one travel apart they are refused together,
    and whatever else was among them would be, too."""
    return "estranged" if reason == "forbidden" else "hirer"


class Story:
    """`registry` gets the events' schema at once, and the one that is missing later."""

    def __init__(self, registry: RegistryClient, topic: str) -> None:
        self._registry, self._topic = registry, topic
        self.known = EventWriter(registry).register(EVENT, topic)
        self._other = self._register(
            "other", {"type": "record", "name": ODD_TYPE, "fields": [], "doc": topic}
        )
        partial = {"type": "record", "name": "ApplicationStatusChanged", "fields": []}
        self._partial = self._register("partial", {**partial, "doc": topic})
        self.missing = self._partial + 1
        """The id that the next schema gets."""

    def mend_registry(self) -> int:
        """The schema that was missing; its id."""
        schema = json.loads(event_schema(EVENT).text)
        return self._register("late", {**schema, "doc": self._topic})

    def encoded(self, event: Mapping[str, object], schema_id: int | None = None) -> bytes:
        return encode_event(EVENT, event, schema_id or self.known)

    def fine(self, numbers: range) -> Iterator[Published]:
        for number in numbers:
            event = fields("fine", number, 0)
            key = f"fine-{number}".encode()
            yield Published("fine", key, self.encoded(event), f"global-fine{number:04}")

    def failing(self) -> Iterator[Published]:
        """Those of one subject in their order, subjects interleaved."""
        for step in range(STEPS):
            for reason, subjects in SUBJECTS.items():
                for subject in range(subjects):
                    yield self._mendable(reason, subject, step)
        for reason in SICK:
            for subject in range(SICK_EACH):
                yield self._mendable(reason, subject, 0)
        for number in range(HOPELESS_EACH):
            for reason, value in self._hopeless(number).items():
                yield Published(reason, f"{reason}-{number}".encode(), value)

    def later(self) -> Iterator[Published]:
        """Accepted records of subjects that have failed before."""
        for subject in range(LIVE_AFTER):
            event = fields("bad_user_input", subject, 9, seekToken=f"global-fine-later{subject}")
            key = f"bad_user_input-{subject}".encode()
            yield Published("fine", key, self.encoded(event), f"global-fine-later{subject}", 9)

    def _mendable(self, reason: str, subject: int, step: int) -> Published:
        event = fields(reason, subject, step)
        if reason == "too_large":
            event["eventId"] = "e" * SMALL_BYTES
        schema_id = self.missing if reason == "unknown_schema" else self.known
        key, token = f"{reason}-{subject}".encode(), str(event["seekToken"])
        return Published(reason, key, self.encoded(event, schema_id), token, step)

    def _hopeless(self, number: int) -> dict[str, bytes]:
        whole = fields("hopeless", number, 0)
        sound = self.encoded(whole)
        state = {"status": {"label": " ", "index": 1, "total": 2}, "timestamp": 1}
        return {
            "no_bytes": b"",
            "bad_framing": b"garbage",
            "incompatible_schema": b"\x00" + self._partial.to_bytes(4, "big"),
            "undecodable": sound[:-3],
            IGNORED: b"\x00" + self._other.to_bytes(4, "big"),
            "blank_event_id": self.encoded(whole | {"eventId": ""}),
            "blank_subject": self.encoded(whole | {"applicationId": " "}),
            "blank_token": self.encoded(whole | {"seekToken": ""}),
            "token_whitespace": self.encoded(whole | {"seekToken": "global-a b"}),
            "blank_profile_id": self.encoded(whole | {"candidateApplicationProfileId": ""}),
            "blank_label": self.encoded(whole | {"current": state}),
            "wrong_environment": self.encoded(whole | {"seekToken": "globalPublicTest-abc"}),
            "bad_time": self.encoded(
                whole | {"current": {**state, "status": _STATUS, "timestamp": 2**60}}
            ),
        }

    def _register(self, name: str, schema: Mapping[str, object]) -> int:
        return self._registry.register(f"{self._topic}-{name}", json.dumps(schema))
