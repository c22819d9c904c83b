"""The HTTP side: reads requests, waits where told to, answers, or does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, cast

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from consumer.errors import BadConfigurationError
from consumer.sandbox.desk import Desk
from consumer.sandbox.fault_script import as_json, parse_faults
from consumer.sandbox.json_values import as_object
from consumer.sandbox.replies import Ending, Reply, json_reply

CUT: Final = "sandbox.cut"
"""Key in the scope's extensions: a function that drops the connection."""


@dataclass(slots=True)
class Patience:
    """Waits that a stopping server cuts short."""

    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), seconds)

    async def outwait(self, receive: Receive) -> None:
        """Until the client gives up, or the server stops."""
        ends = [
            asyncio.ensure_future(self.stopping.wait()),
            asyncio.ensure_future(_client_left(receive)),
        ]
        _, pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()


@dataclass(slots=True)
class GraphqlEndpoint:
    desk: Desk
    patience: Patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.desk.stats.one_in_flight(), suppress(ClientDisconnect):
            arrived_s = self.desk.monotonic_s()
            request = Request(scope, receive)
            body = await request.body()
            arrival = self.desk.arrive(request.headers, body, arrived_s)
            await self.patience.wait(self.desk.config.latency_s + arrival.plan.wait_s)
            reply = self.desk.answer(arrival)
            await self.patience.wait(arrival.plan.wait_after_s)
            await _deliver(reply, self.patience, scope, receive, send)


@dataclass(slots=True)
class TokenEndpoint:
    desk: Desk
    patience: Patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            request = Request(scope, receive)
            body = await request.body()
            plan = self.desk.plan_token()
            await self.patience.wait(plan.wait_s)
            reply = self.desk.answer_token(_json(body), plan)
            await self.patience.wait(plan.wait_after_s)
            await _deliver(reply, self.patience, scope, receive, send)


@dataclass(slots=True)
class Control:
    """`/_sandbox/…`: what SEEK does not have."""

    desk: Desk

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.desk.set_faults([])
        if request.method == "PUT":
            refusal = self._put(await request.body())
            if refusal is not None:
                return _response(refusal)
        armed = [as_json(a.fault) | {"fired": a.fired} for a in self.desk.faults.armed]
        return _response(json_reply({"faults": armed}))

    async def stats(self, _request: Request) -> Response:
        return _response(json_reply(dict(self.desk.stats.as_json())))

    def _put(self, body: bytes) -> Reply | None:
        try:
            self.desk.set_faults(parse_faults(orjson.loads(body)))
        except orjson.JSONDecodeError as error:
            return json_reply({"wrong": [f"the body is not JSON: {error.msg}"]}, 400)
        except BadConfigurationError as error:
            return json_reply({"wrong": error.faults}, 400)
        return None


def application(desk: Desk, patience: Patience) -> Starlette:
    control = Control(desk)
    return Starlette(
        routes=[
            Route("/graphql", GraphqlEndpoint(desk, patience), methods=["POST"]),
            Route("/oauth/token", TokenEndpoint(desk, patience), methods=["POST"]),
            Route("/_sandbox/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
            Route("/_sandbox/stats", control.stats, methods=["GET"]),
        ],
        exception_handlers={404: _not_here, 405: _not_here},
    )


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    hint = (
        "The sandbox has POST /graphql, POST /oauth/token, "
        "GET, PUT and DELETE /_sandbox/faults, and GET /_sandbox/stats."
    )
    return _response(json_reply({"message": f"{request.method} is not here. {hint}"}, status))


async def _deliver(
    reply: Reply, patience: Patience, scope: Scope, receive: Receive, send: Send
) -> None:
    if reply.ending is Ending.ANSWERED:
        await _response(reply)(scope, receive, send)
        return
    if reply.ending is Ending.STALLED:
        await patience.outwait(receive)
    cut = cast("Callable[[], None]", scope["extensions"][CUT])
    cut()
    await _client_left(receive)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _response(reply: Reply) -> Response:
    headers = {**reply.headers, "Content-Type": reply.media_type}
    return Response(reply.body, reply.status, headers)


def _json(body: bytes) -> dict[str, object] | None:
    try:
        posted = as_object(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None
    return None if posted is None else dict(posted)
