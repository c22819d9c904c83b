# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""How the peers on asyncio send: all batches at once, by aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from job import HEADERS, IN_FLIGHT, URL, accepted, batches, body_of


@asynccontextmanager
async def posting() -> AsyncIterator[Callable[[Sequence[Any]], Awaitable[None]]]:
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(body: bytes) -> None:
            async with session.post(URL, data=body, headers=HEADERS) as answer:
                accepted(answer.status, await answer.read())

        async def post_all(signals: Sequence[Any]) -> None:
            await asyncio.gather(*[post(body_of(batch)) for batch in batches(signals)])

        yield post_all
