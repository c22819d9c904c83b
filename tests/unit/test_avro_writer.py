"""Events given as JSON: what is written, and how a mistake is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import compile_decoder
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.framing import schema_id_of
from consumer.adapters.avro.writer import EventFaultError, EventWriter, encode_event, subject_id
from consumer.domain.events import ApplicationCompleted, ApplicationStatusChanged, Event
from consumer.domain.signals import Rejected, Skipped
from tests.avro_samples import SAMPLES, application_event, completed_event, state


def read_back(event_type: str, value: bytes) -> Event:
    decode = compile_decoder(event_schema(event_type).text)
    assert not isinstance(decode, Skipped | Rejected)
    return decode(value)


def faults(event: dict[str, Any], event_type: str = "application_status_changed") -> list[str]:
    with pytest.raises(EventFaultError) as caught:
        encode_event(event_type, event, 1)
    return caught.value.faults


def test_what_may_be_null_may_be_left_out() -> None:
    event = {
        "eventId": "1",
        "applicationId": "2",
        "occurredAt": 0,
        "current": {"status": {"label": "New", "index": 1, "total": 2}, "timestamp": 1},
    }

    decoded = read_back(
        "application_status_changed", encode_event("application_status_changed", event, 1)
    )

    assert isinstance(decoded, ApplicationStatusChanged)
    assert (decoded.seek_token, decoded.previous, decoded.hirer_id) == (None, None, None)
    assert decoded.position_profile_ids == []
    standing, _ = decoded.current
    assert (standing.phase, standing.success) == (None, None)


@pytest.mark.parametrize(
    ("given_time", "milliseconds"),
    [
        (1_577_923_200_123, 1_577_923_200_123),
        ("2020-01-02T00:00:00Z", 1_577_923_200_000),
        ("2020-01-02T00:00:00.123Z", 1_577_923_200_123),
        ("2020-01-02T00:00:00.123999Z", 1_577_923_200_123),
        ("2020-01-02T11:00:00+11:00", 1_577_923_200_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_times_are_milliseconds_or_rfc_3339(given_time: int | str, milliseconds: int) -> None:
    event = completed_event(completedAt=given_time)

    decoded = read_back("application_completed", encode_event("application_completed", event, 1))

    assert isinstance(decoded, ApplicationCompleted)
    assert decoded.completed_at_ms == milliseconds


@pytest.mark.parametrize(
    "time",
    ["2020-01-02", "2020-01-02T00:00:00", "yesterday", "", "2020-01-02T25:00:00Z", 1.5, True],
)
def test_any_other_time_is_refused_with_an_example(time: object) -> None:
    (fault,) = faults(completed_event(completedAt=time), "application_completed")

    assert fault.startswith("completedAt: expected milliseconds or a text like 2020-01-02T00")


def test_all_faults_are_named_at_once_by_their_path() -> None:
    event = application_event(
        eventId=7,
        current=state(status={"label": "New", "index": "1", "total": 2**31}, success="no"),
        previous=state(phase=[]),
        positionProfileIds=["a", None],
        seekTokn="token",
    )
    del event["occurredAt"]

    assert faults(event) == [
        "seekTokn: no such field; did you mean 'seekToken'?",
        "eventId: expected string, got a number",
        "occurredAt: missing",
        "positionProfileIds[1]: expected string, got null",
        "current.status.index: expected int, got another text",
        "current.status.total: expected int, got a number",
        "current.success: expected boolean, got another text",
        "previous.phase: expected an object, got a list",
    ]


def test_a_fault_never_quotes_what_may_be_about_a_person() -> None:
    event = application_event(
        seekToken={"secret": "secret"}, eventId=["secret"], occurredAt="secret", previous="secret"
    )

    assert len(faults(event)) == 4
    assert "secret" not in "; ".join(faults(event))


def test_half_a_surrogate_pair_is_refused_before_it_is_encoded() -> None:
    assert faults(application_event(eventId="\ud800")) == [
        "eventId: expected string, got another text"
    ]


def test_an_unknown_type_is_refused_by_naming_those_that_exist() -> None:
    (fault,) = faults({}, "job_closed")

    assert fault.startswith("type: must be one of")
    assert all(event_type in fault for event_type in EVENT_TYPES)


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [
        ("application_status_changed", "app-1"),
        ("position_status_changed", "pos-1"),
        ("application_completed", "app-1"),
    ],
)
def test_the_subject_is_the_id_of_the_application_or_position(
    event_type: str, subject: str
) -> None:
    assert subject_id(event_type, SAMPLES[event_type]) == subject
    with pytest.raises(EventFaultError, match="expected a string"):
        subject_id(event_type, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@given(event_type=st.sampled_from(EVENT_TYPES), data=st.data())
def test_any_json_is_written_or_refused(event_type: str, data: st.DataObject) -> None:
    event: dict[str, object] = dict(SAMPLES[event_type])
    for name in data.draw(st.lists(st.sampled_from(sorted(event)), max_size=3)):
        event[name] = data.draw(json_values)

    try:
        value = encode_event(event_type, event, 1)
    except EventFaultError as error:
        assert error.faults  # noqa: PT017 -- either way is right, but a refusal says why
    else:
        assert read_back(event_type, value)


class CountingRegistry:
    """The port `Registrar`: gives ids in turn."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def register(self, subject: str, text: str) -> int:
        assert text
        self.subjects.append(subject)
        return 40 + len(self.subjects)


def test_a_schema_is_registered_once_for_each_topic() -> None:
    registry = CountingRegistry()
    writer = EventWriter(registry)

    values = [
        writer.encode("application_completed", topic, completed_event())
        for topic in ("one", "two", "one")
    ]

    assert registry.subjects == ["one-value", "two-value"]
    assert [schema_id_of(value) for value in values] == [41, 42, 41]
