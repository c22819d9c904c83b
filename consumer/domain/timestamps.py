"""Milliseconds since the epoch as SEEK wants them: `2020-01-02T00:00:00.000Z` (contract 1.6).

Rendered for every state of every record, so the clock's part comes from tables and
the date from a cache: a third of the time that a date library takes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_MINUTES_PER_DAY: Final = 1_440
_MS_PER_DAY: Final = 86_400_000
_DAYS_PER_ERA: Final = 146_097
"""Days in 400 years: the calendar repeats after them."""
_DAYS_PER_CENTURY: Final = 36_524
_DAYS_PER_FOUR_YEARS: Final = 1_461
_DAYS_PER_YEAR: Final = 365
_ERA_START: Final = -719_468
"""The day 0000-03-01. Years counted from March have their leap day at the end."""
_MARCH: Final = 3
_MONTHS: Final = 12

_FIRST_DAY: Final = -719_528
_LAST_DAY: Final = 2_932_896
MIN_MS: Final = _FIRST_DAY * _MS_PER_DAY
"""0000-01-01T00:00:00.000Z: the first moment that RFC 3339's four digits can write."""
MAX_MS: Final = (_LAST_DAY + 1) * _MS_PER_DAY - 1
"""9999-12-31T23:59:59.999Z."""

_MINUTES: Final = tuple(f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60))
_SECONDS: Final = tuple(f"{second:02}." for second in range(60))
_MILLIS: Final = tuple(f"{milli:03}Z" for milli in range(1_000))


def rfc3339(timestamp_ms: int) -> str:
    """UTC with milliseconds and `Z`. Raises ValueError outside `MIN_MS` to `MAX_MS`."""
    second, milli = divmod(timestamp_ms, 1_000)
    minute, second = divmod(second, 60)
    day, minute = divmod(minute, _MINUTES_PER_DAY)
    return f"{_date(day)}{_MINUTES[minute]}{_SECONDS[second]}{_MILLIS[milli]}"


@lru_cache(maxsize=4_096)  # Eleven years of days, 0.5 MiB: a backfill stays within it.
def _date(day: int) -> str:
    """The civil date of a day counted from 1970-01-01, in the proleptic Gregorian calendar."""
    if not _FIRST_DAY <= day <= _LAST_DAY:
        msg = f"day {day} since 1970 is outside the years 0000 to 9999"
        raise ValueError(msg)
    era, day = divmod(day - _ERA_START, _DAYS_PER_ERA)
    century = min(day // _DAYS_PER_CENTURY, 3)  # The fourth has the era's leap day as well.
    day -= century * _DAYS_PER_CENTURY
    leap_cycle, day = divmod(day, _DAYS_PER_FOUR_YEARS)
    year = min(day // _DAYS_PER_YEAR, 3)  # The fourth has the leap day.
    month, day = _month_and_day(day - year * _DAYS_PER_YEAR)
    year += 400 * era + 100 * century + 4 * leap_cycle
    if month < _MARCH:
        year += 1
    return f"{year:04}-{month:02}-{day:02}"


def _month_and_day(day: int) -> tuple[int, int]:
    """Of a day counted from 1 March: five months of 153 days repeat from there."""
    month = (5 * day + 2) // 153
    first = (153 * month + 2) // 5
    return (month + _MARCH - 1) % _MONTHS + 1, day - first + 1
