"""What a writer schema comes to, once; and what its records come to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import Compiled, Decode, UndecodableError, compile_decoder
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.writer import encode_event
from consumer.domain.events import (
    ApplicationCompleted,
    ApplicationStatusChanged,
    PositionStatusChanged,
)
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason
from consumer.domain.standings import Step
from tests.avro_samples import (
    SAMPLES,
    application_event,
    completed_event,
    position_event,
    schema_json,
    state,
    written,
)
from tests.unit.mapping_samples import state_of


def decoder(schema: object) -> Decode:
    compiled = compile_decoder(json.dumps(schema))
    assert not isinstance(compiled, Skipped | Rejected), compiled
    return compiled


def refusal(compiled: Compiled) -> Reason | None:
    return compiled.reason if isinstance(compiled, Rejected) else None


def test_an_application_status_changed_is_read_field_by_field() -> None:
    event = application_event(
        seekTokenIssuedAt=1_577_000_000_000,
        candidateApplicationProfileId="id-1",
        previous=state("Review", phase=None, success=True, timestamp=None),
    )

    decoded = decoder(schema_json("application_status_changed"))(
        encode_event("application_status_changed", event, 1)
    )

    assert decoded == ApplicationStatusChanged(
        event_id="event-1",
        application_id="app-1",
        hirer_id="hirer-1",
        occurred_at_ms=1_577_923_200_250,
        seek_token="token-1",  # noqa: S106 -- a sample
        seek_token_issued_at_ms=1_577_000_000_000,
        candidate_application_profile_id="id-1",
        position_profile_ids=["seekAnz:positionProfile:jobAd:1"],
        current=state_of(Step("Interview", 3, 6), Step("Shortlist", 2, 3), None, 1_577_923_200_000),
        previous=state_of(Step("Review", 3, 6), None, success=True, timestamp_ms=None),
    )


def test_a_position_status_changed_is_read_field_by_field() -> None:
    decoded = decoder(schema_json("position_status_changed"))(
        encode_event("position_status_changed", position_event(hirerId="hirer-2"), 1)
    )

    assert decoded == PositionStatusChanged(
        event_id="event-2",
        position_id="pos-1",
        hirer_id="hirer-2",
        occurred_at_ms=1_577_923_200_250,
        position_profile_ids=["seekAnz:positionProfile:jobAd:1"],
        current=state_of(
            Step("Withdrawn", 3, 6),
            Step("Shortlist", 2, 3),
            success=False,
            timestamp_ms=1_577_923_200_000,
        ),
        previous=None,
    )


def test_an_application_completed_is_read_field_by_field() -> None:
    decoded = decoder(schema_json("application_completed"))(
        encode_event("application_completed", completed_event(), 1)
    )

    assert decoded == ApplicationCompleted(
        event_id="event-3",
        application_id="app-1",
        hirer_id="hirer-1",
        occurred_at_ms=1_577_923_200_250,
        seek_token="token-1",  # noqa: S106 -- a sample
        seek_token_issued_at_ms=1_577_836_800_000,
        completed_at_ms=1_577_923_200_000,
    )


class TestTypes:
    def test_a_type_that_nobody_listed_is_unknown(self) -> None:
        schema = schema_json("application_completed") | {"name": "JobAdClosed"}

        assert refusal(compile_decoder(json.dumps(schema))) is Reason.UNKNOWN_RECORD_TYPE

    @pytest.mark.parametrize("ignored", ["JobAdClosed", "their.JobAdClosed", "Alias"])
    def test_a_type_to_be_ignored_is_skipped_by_any_of_its_names(self, ignored: str) -> None:
        schema = {
            "type": "record",
            "name": "their.JobAdClosed",
            "aliases": ["Alias"],
            "fields": [],
        }

        compiled = compile_decoder(json.dumps(schema), {ignored})

        assert compiled == Skipped(SkipReason.IGNORED_TYPE)

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_a_type_is_ours_in_any_namespace(self, event_type: str) -> None:
        schema = schema_json(event_type) | {"namespace": "com.example.hiring"}

        assert decoder(schema)(encode_event(event_type, SAMPLES[event_type], 1))

    def test_a_type_is_ours_when_it_names_ours_among_its_aliases(self) -> None:
        schema = schema_json("application_completed") | {
            "name": "FormSubmitted",
            "namespace": "com.example",
            "aliases": ["ats.events.ApplicationCompleted"],
        }
        schema["fields"] = [f for f in schema["fields"] if f["name"] != "hirerId"]
        record = completed_event()
        del record["hirerId"]

        decoded = decoder(schema)(written(schema, record))

        assert isinstance(decoded, ApplicationCompleted)
        assert (decoded.application_id, decoded.hirer_id) == ("app-1", None)


class TestSchemasThatDoNotResolve:
    @pytest.mark.parametrize("text", ["", "{", '"string"', "[]", '{"type": "enum"}', '["null"]'])
    def test_what_is_no_record_is_refused(self, text: str) -> None:
        assert refusal(compile_decoder(text)) is Reason.INCOMPATIBLE_SCHEMA

    def test_what_only_the_library_finds_wrong_is_refused_too(self) -> None:
        schema = schema_json("application_completed")
        enum = {"type": "enum", "name": "Own", "symbols": ["two words"]}
        schema["fields"].append({"name": "own", "type": enum})

        assert refusal(compile_decoder(json.dumps(schema))) is Reason.INCOMPATIBLE_SCHEMA

    def test_the_detail_names_every_field_at_fault(self) -> None:
        schema = schema_json("application_completed")
        fields = {field["name"]: field for field in schema["fields"]}
        fields["completedAt"]["type"] = {"type": "long", "logicalType": "timestamp-micros"}
        fields["occurredAt"]["type"] = "string"
        schema["fields"].remove(fields["eventId"])

        compiled = compile_decoder(json.dumps(schema))

        assert isinstance(compiled, Rejected)
        assert compiled.reason is Reason.INCOMPATIBLE_SCHEMA
        for name in ("completedAt", "occurredAt", "eventId"):
            assert f"ApplicationCompleted.{name}: " in compiled.detail

    @given(data=st.data())
    def test_no_text_makes_it_raise(self, data: st.DataObject) -> None:
        """Our own schema with some of its parts replaced by others of it, or by anything."""
        schema: list[object] = [schema_json(data.draw(st.sampled_from(EVENT_TYPES)))]
        for _ in range(data.draw(st.integers(1, 3))):
            places = list(_places(schema))
            container, key = data.draw(st.sampled_from(places))
            other, of_other = data.draw(st.sampled_from(places))
            replacement = st.just(other[of_other]) | st.none() | st.integers() | st.text() | types
            container[key] = json.loads(json.dumps(data.draw(replacement)))

        compiled = compile_decoder(json.dumps(schema[0]))

        assert compiled
        if not isinstance(compiled, Skipped | Rejected):
            _decodes_or_is_undecodable(compiled, data.draw(st.binary(min_size=5, max_size=50)))


class TestRecordsThatDoNotDecode:
    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_a_record_cut_anywhere(self, event_type: str) -> None:
        decode = decoder(schema_json(event_type))
        value = encode_event(event_type, SAMPLES[event_type], 1)

        for end in range(5, len(value)):
            with pytest.raises(UndecodableError):
                decode(value[:end])

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_a_record_with_bytes_after_its_end(self, event_type: str) -> None:
        value = encode_event(event_type, SAMPLES[event_type], 1) + b"\x00"

        with pytest.raises(UndecodableError, match="the record ends at byte"):
            decoder(schema_json(event_type))(value)

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    @given(data=st.data())
    def test_flipped_bits_never_raise_anything_else(
        self, event_type: str, data: st.DataObject
    ) -> None:
        value = bytearray(encode_event(event_type, SAMPLES[event_type], 1))
        for _ in range(data.draw(st.integers(1, 4))):
            value[data.draw(st.integers(5, len(value) - 1))] ^= data.draw(st.integers(1, 255))

        _decodes_or_is_undecodable(decoder(schema_json(event_type)), bytes(value))

    @given(garbage=st.binary(max_size=200))
    def test_garbage_never_raises_anything_else(self, garbage: bytes) -> None:
        for event_type in EVENT_TYPES:
            _decodes_or_is_undecodable(decoder(schema_json(event_type)), b"\x00" * 5 + garbage)

    def test_an_index_beyond_32_bits(self) -> None:
        """The library reads a long where the schema says int; GraphQL's Int has 32 bits."""
        schema = schema_json("position_status_changed")
        wide = json.loads(json.dumps(schema).replace('"int"', '"long"'))
        step = {"label": "Open", "index": 2**31, "total": 6}
        record = position_event(current=state(status=step, timestamp=0))

        with pytest.raises(UndecodableError, match="32 bits"):
            decoder(schema)(written(wide, record))

    def test_a_null_where_we_need_a_value_is_the_records_fault_and_not_the_schemas(self) -> None:
        schema = schema_json("application_completed")
        schema["fields"][1]["type"] = ["null", "string"]
        decode = decoder(schema)

        assert decode(written(schema, completed_event()))
        with pytest.raises(UndecodableError):
            decode(written(schema, completed_event(applicationId=None)))


class TestBombs:
    """Fields of the publisher's own, made so that they cost more than their bytes."""

    @staticmethod
    def bombed(type_: object) -> tuple[Decode, Callable[[bytes], bytes]]:
        schema = schema_json("application_completed")
        schema["fields"].append({"name": "own", "type": type_})
        value = encode_event("application_completed", completed_event(), 1)
        return decoder(schema), lambda own: value + own

    def test_an_array_of_nothing(self) -> None:
        decode, value = self.bombed({"type": "array", "items": "null"})

        assert decode(value(b"\x06\x00"))
        with pytest.raises(UndecodableError, match="more items"):
            decode(value(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"))

    def test_a_recursive_type(self) -> None:
        chain = {
            "type": "record",
            "name": "Chain",
            "fields": [{"name": "next", "type": ["null", "Chain"]}],
        }
        decode, value = self.bombed(chain)

        assert decode(value(b"\x02\x02\x00"))
        with pytest.raises(UndecodableError, match="nested deeper"):
            decode(value(b"\x02" * 1_000_000 + b"\x00"))

    @pytest.mark.parametrize("type_", ["string", "bytes", {"type": "map", "values": "string"}])
    def test_a_length_beyond_the_record(self, type_: object) -> None:
        decode, value = self.bombed(type_)

        with pytest.raises(UndecodableError):
            decode(value(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"))


types = st.sampled_from(
    ["string", "null", "State", "x.State", ["null", "int"], {"type": "array", "items": "null"}]
)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 -- a walk through any JSON
    keys = range(len(node)) if isinstance(node, list) else list(node)
    for key in keys:
        yield node, key
        if isinstance(node[key], list | dict):
            yield from _places(node[key])


def _decodes_or_is_undecodable(decode: Decode, value: bytes) -> None:
    try:
        decode(value)
    except UndecodableError as error:
        assert str(error)  # noqa: PT017 -- either way is right, but a refusal says why
