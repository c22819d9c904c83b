"""A line that `publish` reads is an event of a known type, or its fault is named."""

from __future__ import annotations

import orjson
import pytest

from consumer.demo.expectations import Kind
from consumer.demo.lines import BadLine, Line, as_ranges, parse_line

MOVED = {"type": "application_status_changed", "applicationId": "app-1", "seekToken": "global-1"}


def parsed(event: object) -> Line | BadLine:
    return parse_line(orjson.dumps(event))


def test_a_line_has_a_kind_a_key_and_an_event_without_its_type() -> None:
    assert parsed(MOVED) == Line(
        Kind.APPLICATION_STATUS_CHANGED,
        "app-1",
        {"applicationId": "app-1", "seekToken": "global-1"},
    )


def test_a_position_is_keyed_by_its_own_id() -> None:
    line = parsed({"type": "position_status_changed", "positionId": "pos-1"})

    assert isinstance(line, Line)
    assert line.key == "pos-1"


def test_a_byte_order_mark_is_no_fault_of_the_first_line() -> None:
    assert isinstance(parse_line(b"\xef\xbb\xbf" + orjson.dumps(MOVED)), Line)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"type": ', "not JSON: "),
        (b"[]", "must be a JSON object"),
        (b"{}", "type: must be one of .*; it is missing"),
        (b'{"type": 3}', "type: must be one of"),
        (b'{"type": "position_status_change"}', "type: .*did you mean 'position_status_changed'"),
        (b'{"type": "position_status_changed"}', "positionId: "),
    ],
)
def test_what_is_no_event_is_told_why(text: bytes, fault: str) -> None:
    line = parse_line(text)

    assert isinstance(line, BadLine)
    with pytest.raises(ValueError, match=f"^{fault}"):
        raise ValueError(*line.faults)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([4], "4"),
        ([1, 2, 3], "1-3"),
        ([9, 1, 2, 7, 8, 9, 4], "1-2, 4, 7-9"),
    ],
)
def test_line_numbers_are_told_in_runs(numbers: list[int], text: str) -> None:
    assert as_ranges(numbers) == text
