from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.domain.timestamps import MAX_MS, MIN_MS, rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_ONE_MS = -62_135_596_800_000
"""Where Python's own calendar begins; the year 0 of RFC 3339 is tested by hand."""


@given(st.integers(YEAR_ONE_MS, MAX_MS))
@example(951_782_400_000)  # 2000-02-29: divisible by 400.
@example(-2_203_891_200_000)  # 1900-03-01: divisible by 100, no leap year.
@example(-1)
def test_a_time_is_rendered_as_the_standard_library_would(timestamp_ms: int) -> None:
    moment = EPOCH + timedelta(milliseconds=timestamp_ms)
    expected = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    assert rfc3339(timestamp_ms) == expected


@pytest.mark.parametrize("year", range(1, 10_000, 37))
def test_every_year_begins_and_ends_on_its_day(year: int) -> None:
    first_ms = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)

    assert rfc3339(first_ms) == f"{year:04}-01-01T00:00:00.000Z"
    assert rfc3339(first_ms - 1) == f"{year - 1:04}-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("timestamp_ms", "text"),
    [
        (1_577_923_200_000, "2020-01-02T00:00:00.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (MIN_MS, "0000-01-01T00:00:00.000Z"),
        (MIN_MS + 59 * 86_400_000, "0000-02-29T00:00:00.000Z"),
        (MAX_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_known_moments(timestamp_ms: int, text: str) -> None:
    assert rfc3339(timestamp_ms) == text


@pytest.mark.parametrize("timestamp_ms", [MIN_MS - 1, MAX_MS + 1, 2**63 - 1, -(2**63)])
def test_a_time_that_four_digits_cannot_write_is_refused(timestamp_ms: int) -> None:
    with pytest.raises(ValueError, match="outside the years 0000 to 9999"):
        rfc3339(timestamp_ms)
