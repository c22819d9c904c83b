"""The value of a letter as its writer meant it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer

from consumer.adapters.avro.registry import WriterSchema
from consumer.letters.masking import Entries
from consumer.letters.raw import Undecoded, decoded

CONTACT = {
    "type": "record",
    "name": "Contact",
    "fields": [
        {"name": "phones", "type": {"type": "map", "values": "string"}},
        {"name": "next", "type": ["null", "Contact"], "default": None},
    ],
}


@dataclass
class Known:
    """A registry that has one schema, whatever is asked for."""

    schema: Mapping[str, object]

    def fetch(self, schema_id: int) -> WriterSchema:  # noqa: ARG002 -- see above
        return WriterSchema(json.dumps(self.schema), "AVRO", references=False)


def framed(schema: Any, value: object) -> bytes:  # noqa: ANN401 -- JSON
    body = BytesIO()
    schemaless_writer(body, parse_schema(schema), value)
    return b"\x00\x00\x00\x00\x07" + body.getvalue()


def test_a_map_is_told_from_a_record_at_any_depth() -> None:
    value = {"phones": {"mobile": "1"}, "next": {"phones": {"home": "2"}, "next": None}}

    found = decoded(framed(CONTACT, value), Known(CONTACT))

    assert isinstance(found, dict)
    assert found == value
    assert not isinstance(found, Entries)
    assert [type(each["phones"]) for each in (found, found["next"])] == [Entries, Entries]
    assert type(found["next"]) is dict


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"\x00\x00\x00\x00\x07"])
def test_what_cannot_be_decoded_says_why_and_shows_nothing_of_it(value: bytes | None) -> None:
    found = decoded(value, Known(CONTACT))

    assert isinstance(found, Undecoded)
    assert "garbage" not in found.why
