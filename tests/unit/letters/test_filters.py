"""One set of filters for all verbs."""

from __future__ import annotations

import pytest

from consumer.letters.errors import BadOptionsError
from consumer.letters.filters import Filter, known_classes, known_states, moment_ms, offsets_of
from consumer.letters.letter import CLASSES, Letter, Spot, read_letter
from consumer.letters.standing import Standing
from tests.unit.letters.samples import AT_MS, buried, source

NOW_MS = AT_MS + 86_400_000
FAILED_MS = AT_MS + 60_000


def one(reason: str = "forbidden", message: str = "no such Token") -> Letter:
    return read_letter(buried(source(7, b"app-1"), Spot(0, 0), reason, message))


def no_hirer(_: Letter) -> str | None:
    raise AssertionError


@pytest.mark.parametrize(
    "given",
    [
        Filter(),
        Filter(classes=frozenset({"forbidden", "bad_time"})),
        Filter(codes=frozenset({""})),
        Filter(topics=frozenset({"moves", "x"})),
        Filter(partition=0),
        Filter(offsets=offsets_of("7")),
        Filter(offsets=offsets_of("3..7")),
        Filter(offsets=offsets_of("7..")),
        Filter(offsets=offsets_of("..7")),
        Filter(since_ms=FAILED_MS, until_ms=FAILED_MS + 1),
        Filter(key=b"app-1"),
        Filter(match="SUCH token"),
    ],
)
def test_what_fits_is_taken(given: Filter) -> None:
    assert given.takes(one(), no_hirer)


@pytest.mark.parametrize(
    "given",
    [
        Filter(classes=frozenset({"bad_time"})),
        Filter(codes=frozenset({"FORBIDDEN"})),
        Filter(topics=frozenset({"move"})),
        Filter(partition=1),
        Filter(offsets=offsets_of("8")),
        Filter(offsets=offsets_of("8..")),
        Filter(offsets=offsets_of("..6")),
        Filter(since_ms=FAILED_MS + 1),
        Filter(until_ms=FAILED_MS),
        Filter(key=b"app"),
        Filter(match="other"),
    ],
)
def test_what_does_not_fit_is_left(given: Filter) -> None:
    assert not given.takes(one(), no_hirer)


def test_the_hirer_is_looked_for_last_since_that_decodes() -> None:
    by_hirer = Filter(hirer="h-1")
    assert by_hirer.takes(one(), lambda _: "h-1")
    assert not by_hirer.takes(one(), lambda _: None)
    assert not Filter(hirer="h-1", match="other").takes(one(), no_hirer)


def test_an_unknown_class_names_the_known_ones() -> None:
    with pytest.raises(BadOptionsError) as caught:
        known_classes(["forbiden", "bad_time"])

    first, second = str(caught.value).splitlines()
    assert first == "--class forbiden: there is no such class; did you mean forbidden?"
    assert all(name in second for name in CLASSES)
    assert known_classes(list(CLASSES)) == set(CLASSES)


def test_an_unknown_state_names_the_known_ones() -> None:
    with pytest.raises(BadOptionsError) as caught:
        known_states(["eaten"])

    assert (
        str(caught.value).splitlines()[1] == "known states: new, replayed, accepted, parked, purged"
    )
    assert known_states(["new"]) == {Standing.NEW}


@pytest.mark.parametrize("text", ["", "x", "..", "9..3", "1-2", "-1"])
def test_offsets_that_are_no_range_are_refused(text: str) -> None:
    with pytest.raises(BadOptionsError, match="--offsets"):
        offsets_of(text)


def test_a_moment_is_so_long_ago_or_a_time() -> None:
    assert moment_ms("--since", None, NOW_MS) is None
    assert moment_ms("--since", "90s", NOW_MS) == NOW_MS - 90_000
    assert moment_ms("--since", "2h", NOW_MS) == NOW_MS - 7_200_000
    assert moment_ms("--since", "1w", NOW_MS) == NOW_MS - 604_800_000
    assert moment_ms("--since", "2023-11-14T22:13:20Z", NOW_MS) == AT_MS


@pytest.mark.parametrize("text", ["yesterday", "2023-11-14", "2023-11-14T22:13:20", "2y", ""])
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadOptionsError, match=r"--until .*2026-01-31T09:00:00Z"):
        moment_ms("--until", text, NOW_MS)
