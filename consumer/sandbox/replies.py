"""What goes back over the wire. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from enum import Enum
from typing import Final

import orjson

from consumer.sandbox.fault_kinds import (
    Code,
    Cut,
    Decisive,
    Empty,
    Huge,
    LostAnswer,
    Quota,
    Silence,
    Stall,
    Status,
    Truncated,
)

JSON: Final = "application/json; charset=utf-8"
GRAPHQL_JSON: Final = "application/graphql-response+json; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
DEFAULT_THROTTLE_STATUS: Final = 429
OK: Final = 200
BODILESS: Final = frozenset({204, 205, 304})
"""HTTP forbids these a body."""


class Ending(Enum):
    ANSWERED = "answered"
    CUT = "cut"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, or that there is none."""

    status: int = OK
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ending: Ending = Ending.ANSWERED


def json_reply(payload: Mapping[str, object], status: int = 200, media_type: str = JSON) -> Reply:
    return Reply(status, orjson.dumps(payload), media_type)


def error_payload(code: str, message: str, path: Sequence[str] = ()) -> dict[str, object]:
    """A GraphQL answer with one error and no `data`."""
    error: dict[str, object] = {"message": message, "extensions": {"code": code}}
    if path:
        error |= {"path": list(path)}
    return {"errors": [error]}


def spoil(fault: Decisive, right: Reply, key: str, wall_s: float) -> Reply:
    """The answer that `fault` makes of the right one. `key` is the mutation's in `data`."""
    match fault:
        case Stall():
            return Reply(ending=Ending.STALLED)
        case Cut() | LostAnswer():
            return Reply(ending=Ending.CUT)
        case Status() | Code() | Quota():
            reply = _in_place(fault, right, key)
            return replace(reply, headers=_retry_after(fault, wall_s))
        case Truncated() | Silence() | Empty() | Huge():
            return _bent(fault, right, key)


def oauth_error(fault: Decisive, reply: Reply) -> Reply:
    """A scripted code, in the form that a token endpoint answers with."""
    if not isinstance(fault, Code):
        return reply
    payload = {"error": fault.code, "error_description": fault.message}
    status = 401 if fault.status == OK else fault.status
    return replace(json_reply(payload, status), headers=reply.headers)


def _in_place(fault: Status | Code | Quota, right: Reply, key: str) -> Reply:
    if isinstance(fault, Status):
        return _page(fault.status, fault.body)
    if isinstance(fault, Quota) and fault.code is None:
        return _page(fault.status or DEFAULT_THROTTLE_STATUS, "json")
    message = fault.message if isinstance(fault, Code) else "Too many requests"
    form = fault.data if isinstance(fault, Code) else "field"
    payload = error_payload(fault.code or "", message, [key])
    if form != "absent":
        payload["data"] = {key: None} if form == "field" else None
    return json_reply(payload, fault.status or 200, right.media_type)


def _bent(fault: Truncated | Silence | Empty | Huge, right: Reply, key: str) -> Reply:
    match fault:
        case Truncated():
            return replace(right, body=right.body[: len(right.body) // 2])
        case Silence():
            return json_reply({"data": {key: fault.value}}, media_type=right.media_type)
        case Empty():
            return replace(right, status=200, body=b"")
        case Huge():
            padding = b'{"padding":"' + b"x" * fault.size_bytes + b'",'
            return replace(right, body=right.body.replace(b"{", padding, 1))


def _page(status: int, body: str) -> Reply:
    match "empty" if status in BODILESS else body:
        case "html":
            page = f"<html><body><h1>{status}</h1><p>The sandbox was told to.</p></body></html>"
            return Reply(status, page.encode(), HTML)
        case "json":
            return json_reply({"message": "The sandbox was told to."}, status)
        case "empty":
            return Reply(status, b"", TEXT)
        case text:
            return Reply(status, text.encode(), JSON if text.startswith(("{", "[")) else TEXT)


def _retry_after(fault: Status | Code | Quota, wall_s: float) -> dict[str, str]:
    if fault.retry_after_s is None:
        return {}
    if fault.retry_after_as == "date":
        return {"Retry-After": formatdate(math.ceil(wall_s + fault.retry_after_s), usegmt=True)}
    return {"Retry-After": f"{fault.retry_after_s:g}"}
