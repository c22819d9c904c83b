"""The signal part of SEEK's schema, as an executable graphql-core schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, TypeAlias, cast

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
)

Resolver: TypeAlias = Callable[..., object]

VERSION: Final = "sandbox"
RFC_3339_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


def is_date_time(value: object) -> bool:
    """RFC 3339 5.6 at UTC, written with `T` and `Z`, and a day and time that exist."""
    if not isinstance(value, str) or RFC_3339_UTC.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def sdl() -> Traversable:
    """The schema file: beside the package in a wheel, at the repository's top in a checkout."""
    packaged = resources.files("consumer") / "_schemas" / "seek" / "signals.graphql"
    checkout = Path(__file__).resolve().parents[2] / "schemas" / "seek" / "signals.graphql"
    return packaged if packaged.is_file() else checkout


def signals_schema(send: Resolver) -> GraphQLSchema:
    """`send` resolves each mutation, called as `send(root, info, input=…)`."""
    schema = build_schema(sdl().read_text(encoding="utf-8"))
    date_time = schema.type_map["DateTime"]
    if isinstance(date_time, GraphQLScalarType):
        # How graphql-core wants a scalar of an SDL to get its parser.
        date_time.parse_value = _parse_date_time  # type: ignore[method-assign]
    if schema.query_type is not None:
        schema.query_type.fields["version"].resolve = _version
    for field in _mutations(schema).values():
        field.resolve = send
    return schema


def mutation_inputs(schema: GraphQLSchema) -> dict[str, object]:
    """The graphql-core type of each mutation's `input`."""
    arguments = {name: field.args["input"] for name, field in _mutations(schema).items()}
    return {name: cast("object", argument.type) for name, argument in arguments.items()}  # pyright: ignore[reportUnknownMemberType] -- one of its types lacks an argument


def _mutations(schema: GraphQLSchema) -> Mapping[str, GraphQLField]:
    if schema.mutation_type is None:
        return {}
    return cast("Mapping[str, GraphQLField]", schema.mutation_type.fields)


def _parse_date_time(value: object) -> object:
    if not is_date_time(value):
        message = "DateTime must be RFC 3339 at UTC, for example 2020-01-02T00:00:00.000Z"
        raise GraphQLError(message)
    return value


def _version(_root: object, _info: GraphQLResolveInfo) -> str:
    return VERSION
