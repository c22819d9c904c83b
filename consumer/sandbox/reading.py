"""GraphQL over HTTP, as SEEK reads it (contract 5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson
from graphql import OperationDefinitionNode

from consumer.sandbox.documents import (
    Document,
    Documents,
    Sending,
    operation_of,
    raw_input,
    sendings,
    signals_in,
)
from consumer.sandbox.json_values import JsonObject, as_object, as_text, listed

BAD_REQUEST = "BAD_REQUEST"


class Asked(NamedTuple):
    """A request that can be read. Whether its document is valid is another matter."""

    document: Document
    operation: OperationDefinitionNode | None
    """None: the document is not valid, or `operation_name` does not pick one of it."""
    operation_name: str | None
    variables: JsonObject
    sendings: tuple[Sending, ...]
    signals: list[JsonObject]
    """Of all its mutation fields, in order, exactly as sent; not yet checked."""


class Unreadable(NamedTuple):
    status: int
    code: str
    message: str


class Posted(NamedTuple):
    """The parts of the body."""

    query: str
    variables: JsonObject
    operation_name: str | None


def read_request(
    headers: Mapping[str, str], body: bytes, documents: Documents, max_bytes: int
) -> Asked | Unreadable:
    posted = _unacceptable(headers, len(body), max_bytes) or _posted(body)
    if isinstance(posted, Unreadable):
        return posted
    document = documents.read(posted.query)
    operation = operation_of(document, posted.operation_name)
    fields = sendings(operation)
    signals = [
        signal
        for field in fields
        for signal in signals_in(field.name, raw_input(field.argument, posted.variables))
    ]
    return Asked(document, operation, posted.operation_name, posted.variables, fields, signals)


def subject(signal: JsonObject) -> str:
    """What a signal is about, by the first identifier that it has."""
    for name in ("token", "candidateApplicationProfileId"):
        if isinstance(value := signal.get(name), str):
            return value
    return ",".join(map(str, listed(signal.get("positionProfileIds"))))


def _unacceptable(headers: Mapping[str, str], size: int, max_bytes: int) -> Unreadable | None:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        return Unreadable(415, BAD_REQUEST, "Content-Type must be application/json")
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    if charset not in {"", "utf-8", "utf8"}:
        return Unreadable(415, BAD_REQUEST, "The body must be UTF-8")
    if headers.get("content-encoding", "identity") != "identity":
        return Unreadable(415, BAD_REQUEST, "Content-Encoding is not supported")
    if size > max_bytes:
        return Unreadable(413, "PAYLOAD_TOO_LARGE", f"The body has more than {max_bytes} bytes")
    return None


def _posted(body: bytes) -> Posted | Unreadable:
    try:
        posted = as_object(orjson.loads(body))
    except orjson.JSONDecodeError:
        posted = None
    if posted is None:
        return Unreadable(400, BAD_REQUEST, "The body must be a JSON object")
    query, name = as_text(posted.get("query")), posted.get("operationName")
    if not query:
        return Unreadable(400, BAD_REQUEST, "`query` must be a GraphQL document")
    if name is not None and not isinstance(name, str):
        return Unreadable(400, BAD_REQUEST, "`operationName` must be a string")
    given = posted.get("variables")
    variables = as_object({} if given is None else given)
    if variables is None:
        text = "`variables` must be an object, not a JSON-encoded string"
        return Unreadable(400, BAD_REQUEST, text)
    return Posted(query, variables, name)
