"""SEEK's types: the quick check agrees with graphql-core, and DateTime is strict."""

from __future__ import annotations

from typing import cast

import pytest
from graphql import GraphQLError, GraphQLNonNull, coerce_input_value
from graphql.type import GraphQLInputObjectType
from hypothesis import given
from hypothesis import strategies as st

from consumer.sandbox.schema import is_date_time, mutation_inputs, signals_schema
from consumer.sandbox.shapes import compile_shape
from tests.unit.sandbox_signals import complete, moved, moved_within_seek, opened


def unused(*_: object, **__: object) -> bool:
    raise AssertionError


INPUT = cast(
    "GraphQLNonNull[GraphQLInputObjectType]",
    mutation_inputs(signals_schema(unused))["sendSignals"],
)
FITS = compile_shape(INPUT)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**33), 2**33)
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from(["2020-01-02T00:00:00.000Z", "2020-01-02"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
names = st.sampled_from(
    ["typeCode", "token", "current", "previous", "positionProfileIds", "timestamp", "extra"]
)
state_names = st.sampled_from(["status", "timestamp", "phase", "success", "extra"])
places = st.sampled_from(["index", "label", "total", "extra"])


@st.composite
def spoilt_signals(draw: st.DrawFn) -> dict[str, object]:
    """A good signal, with some fields replaced or dropped at any depth."""
    signal = draw(st.sampled_from([complete(), moved(), moved_within_seek(), opened()]))
    for spoilt, field in _levels(signal, draw):
        if draw(st.booleans()):
            spoilt[field] = draw(anything)
        elif draw(st.booleans()):
            spoilt.pop(field, None)
    return signal


def _levels(signal: dict[str, object], draw: st.DrawFn) -> list[tuple[dict[str, object], str]]:
    levels = [(signal, draw(names))]
    if isinstance(state := signal.get("current"), dict):
        levels.append((state, draw(state_names)))
        if isinstance(status := state.get("status"), dict):
            levels.append((status, draw(places)))
    return levels


def coerces(value: object) -> bool:
    """What graphql-core says."""
    wrong: list[GraphQLError] = []
    coerce_input_value(value, INPUT, lambda _path, _value, error: wrong.append(error))
    return not wrong


@given(st.lists(spoilt_signals(), max_size=3) | anything)
def test_the_quick_check_never_says_yes_where_graphql_core_says_no(signals: object) -> None:
    value = {"signals": signals}

    assert coerces(value) or not FITS(value)


@given(st.lists(spoilt_signals(), max_size=3))
def test_the_quick_check_says_yes_where_it_must_be_quick(signals: list[object]) -> None:
    """It may say no to what senders do not send: whole numbers written as 1.0."""
    value = {"signals": signals}

    assert FITS(value) or not coerces(value) or ".0" in repr(value) or "e+" in repr(value)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"signals": None}, {"signals": [None]}])
def test_the_quick_check_leaves_what_is_no_batch_to_graphql_core(value: object) -> None:
    assert not FITS(value)


@pytest.mark.parametrize(
    "value",
    ["2020-01-02T00:00:00Z", "2020-01-02T00:00:00.000Z", "2024-02-29T23:59:59.123456789Z"],
)
def test_a_time_at_utc_is_a_date_time(value: str) -> None:
    assert is_date_time(value)


@pytest.mark.parametrize(
    "value",
    [
        "2020-01-02",
        "2020-01-02T00:00:00",
        "2020-01-02T00:00:00+00:00",
        "2020-01-02T10:00:00+10:00",
        "2020-01-02 00:00:00Z",
        "2020-01-02t00:00:00z",
        "2020-02-30T00:00:00Z",
        "2020-01-02T24:00:00Z",
        "2020-01-02T00:00:00.Z",
        "2020-01-02T00:00:00Z\n",
        "٢٠٢٠-01-02T00:00:00Z",
        "",
        1577923200000,
        None,
    ],
)
def test_other_times_are_none(value: object) -> None:
    assert not is_date_time(value)
