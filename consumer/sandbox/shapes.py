"""A quick yes for input that graphql-core would accept.

graphql-core takes about 8 ms to coerce 100 signals, most of what a request costs here.
So its input types are compiled once into plain predicates. Their yes must be right;
their no only means that graphql-core decides, and words the error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
)

from consumer.sandbox.json_values import as_list
from consumer.sandbox.schema import is_date_time

Shape: TypeAlias = Callable[[object], bool]

INT_BOUND: Final = 2**31
"""GraphQL's `Int` is signed and has 32 bits."""


def compile_shape(of: object) -> Shape:
    """For types without cycles, as those of the signal inputs are."""
    if isinstance(of, GraphQLNonNull):
        return _not_null(cast("GraphQLNonNull[GraphQLScalarType]", of).of_type)
    inner = _compile_nullable(of)
    return lambda value: value is None or inner(value)


def _not_null(of: object) -> Shape:
    inner = _compile_nullable(of)
    return lambda value: value is not None and inner(value)


def _compile_nullable(of: object) -> Shape:
    if isinstance(of, GraphQLList):
        return _list(compile_shape(cast("GraphQLList[GraphQLScalarType]", of).of_type))
    if isinstance(of, GraphQLInputObjectType):
        return _object(of)
    return SCALARS.get(str(of), _never)


def _list(item: Shape) -> Shape:
    def fits(value: object) -> bool:
        items = as_list(value)
        return item(value) if items is None else all(map(item, items))

    return fits


def _object(of: GraphQLInputObjectType) -> Shape:
    shapes = {name: compile_shape(field.type) for name, field in of.fields.items()}
    required = [
        name
        for name, field in of.fields.items()
        if isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined
    ]

    def fits(value: object) -> bool:
        if type(value) is not dict:
            return False
        fields = cast("dict[str, object]", value)
        return all(name in fields for name in required) and all(
            (shape := shapes.get(name)) is not None and shape(field)
            for name, field in fields.items()
        )

    return fits


def _is_int(value: object) -> bool:
    return type(value) is int and -INT_BOUND <= value < INT_BOUND


def _is_string(value: object) -> bool:
    return type(value) is str


def _is_boolean(value: object) -> bool:
    return type(value) is bool


def _never(_value: object) -> bool:
    return False


SCALARS: Final[dict[str, Shape]] = {
    "Int": _is_int,
    "String": _is_string,
    "Boolean": _is_boolean,
    "DateTime": is_date_time,
}
