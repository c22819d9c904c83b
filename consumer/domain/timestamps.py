"""Milliseconds since the epoch as SEEK wants them: `2020-01-02T00:00:00.000Z` (contract 1.6).

Rendered for every state of every record, so the clock's part comes from tables, small ones that
stay near, and the date from those seen before: a tenth of the time that a date library takes.
"""

from __future__ import annotations

from typing import Final

_MS_PER_DAY: Final = 86_400_000
_MS_PER_MINUTE: Final = 60_000
_MINUTES_PER_DAY: Final = 1_440
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
_MOST_DAYS: Final = 4_096
"""Eleven years, 0.4 MiB: a backfill stays within it."""


def rfc3339(timestamp_ms: int) -> str:
    """UTC with milliseconds and `Z`. Raises ValueError outside `MIN_MS` to `MAX_MS`."""
    minute, ms = divmod(timestamp_ms, _MS_PER_MINUTE)
    day = _DAYS[minute // _MINUTES_PER_DAY]
    clock = _MINUTES[minute % _MINUTES_PER_DAY]
    return f"{day}{clock}{_SECONDS[ms // 1_000]}{_MILLIS[ms % 1_000]}"


class _Days(dict[int, str]):
    """Dates by days since 1970. Begins anew rather than grow without end."""

    def __missing__(self, day: int) -> str:
        told = _date(day)
        if len(self) >= _MOST_DAYS:
            self.clear()
        self[day] = told
        return told


_DAYS: Final = _Days()


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
