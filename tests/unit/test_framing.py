from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.framing import HEADER_BYTES, MAX_RECORD_BYTES, frame, schema_id_of
from consumer.domain.signals import Reason, Rejected, Stage


@given(schema_id=st.integers(0, 2**31 - 1), body=st.binary())
def test_a_framed_body_gives_back_its_id_and_its_bytes(schema_id: int, body: bytes) -> None:
    value = frame(schema_id, body)

    assert schema_id_of(value) == schema_id
    assert value[HEADER_BYTES:] == body


def test_the_id_is_big_endian_as_confluents_clients_write_it() -> None:
    assert schema_id_of(b"\x00\x00\x01\x02\x03rest") == 0x010203


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.NO_BYTES),
        (b"\x00", Reason.BAD_FRAMING),
        (b"\x00\x00\x00\x01", Reason.BAD_FRAMING),
        (b"\x01\x00\x00\x00\x01body", Reason.BAD_FRAMING),
        (b'{"eventId": "1"}', Reason.BAD_FRAMING),
        (b"\x00\x80\x00\x00\x00body", Reason.BAD_FRAMING),
        (b"\x00" * (MAX_RECORD_BYTES + 1), Reason.TOO_LARGE),
    ],
)
def test_what_is_not_framed_is_refused_by_its_own_reason(value: bytes, reason: Reason) -> None:
    result = schema_id_of(value)

    assert isinstance(result, Rejected)
    assert result.reason is reason
    assert result.reason.stage is Stage.DECODE


def test_the_limit_of_size_is_the_largest_that_passes() -> None:
    value = frame(1, b"1234567")

    assert schema_id_of(value, max_bytes=12) == 1
    assert isinstance(schema_id_of(value, max_bytes=11), Rejected)
