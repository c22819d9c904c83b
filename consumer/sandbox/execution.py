"""Runs a request's operation: graphql-core decides, with a short cut for the usual form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    execute_sync,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves a type argument out
    located_error,
)

from consumer.sandbox.documents import raw_input
from consumer.sandbox.json_values import JsonObject, as_object
from consumer.sandbox.reading import Asked
from consumer.sandbox.schema import mutation_inputs, signals_schema
from consumer.sandbox.shapes import Shape, compile_shape
from consumer.sandbox.submission import RefusedError, Submission


class Result(NamedTuple):
    payload: dict[str, object]
    """`data`, `errors` or both."""
    code: str | None
    """Of the first error."""


class Engine(NamedTuple):
    """SEEK's schema, and the quick checks made from it."""

    schema: GraphQLSchema
    shapes: Mapping[str, Shape]


def engine() -> Engine:
    schema = signals_schema(_resolve)
    inputs = mutation_inputs(schema)
    return Engine(schema, {name: compile_shape(of) for name, of in inputs.items()})


def run(engine: Engine, asked: Asked, submission: Submission) -> Result:
    """`asked` has a valid document and an operation."""
    short = _run_plain(engine, asked, submission)
    if short is not None:
        return short
    result = execute_sync(
        engine.schema,
        asked.document.ast,
        context_value=submission,
        variable_values=dict(asked.variables),
        operation_name=asked.operation_name,
    )
    return _result(result.data, result.errors or [])


def _run_plain(engine: Engine, asked: Asked, submission: Submission) -> Result | None:
    """One mutation whose `input` is a variable of the right shape; else None."""
    if len(asked.sendings) != 1 or asked.sendings[0].variable is None:
        return None
    field = asked.sendings[0]
    value = asked.variables.get(asked.sendings[0].variable)
    if not engine.shapes[field.name](value):
        return None
    try:
        return _result({field.key: submission.send(field.name, as_object(value))}, [])
    except RefusedError as error:
        located = located_error(error, [field.node], [field.key])
        return _result({field.key: None}, [located])


def _resolve(_root: object, info: GraphQLResolveInfo, **arguments: object) -> bool:
    """A mutation field. The signals are taken as they were sent, not as they were coerced."""
    submission = info.context
    if not isinstance(submission, Submission):
        raise TypeError(info.field_name)
    argument = info.field_nodes[0].arguments[0].value
    sent = raw_input(argument, submission.variables) or as_object(arguments["input"])
    return submission.send(info.field_name, sent)


def _result(data: Mapping[str, object] | None, errors: list[GraphQLError]) -> Result:
    """Without data the operation was not run: its variables do not fit."""
    payload: dict[str, object] = {} if data is None else {"data": data}
    told = [entry for error in errors for entry in _told(error)]
    if told:
        payload["errors"] = told
    return Result(payload, _code(told[0]) if told else None)


def _told(error: GraphQLError) -> list[dict[str, object]]:
    """graphql-core gives no codes; a refusal may stand for several errors."""
    plain: dict[str, object] = {"message": error.message}
    if error.locations:
        plain["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        plain["path"] = error.path
    original = error.original_error
    if isinstance(original, RefusedError):
        return [
            plain | {"message": refusal.message, "extensions": {"code": refusal.code}}
            for refusal in original.errors
        ]
    ours = original is not None and not isinstance(original, GraphQLError)
    code = "INTERNAL_SERVER_ERROR" if ours else "BAD_USER_INPUT"
    return [plain | {"extensions": {"code": code}}]


def _code(entry: Mapping[str, object]) -> str:
    extensions: JsonObject = as_object(entry["extensions"]) or {}
    return str(extensions["code"])
