# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""aiokafka and aiohttp by hand: as many records as fit in flight, sent at once, then a commit."""

from __future__ import annotations

import asyncio

import aiohttp
from aiokafka import AIOKafkaConsumer
from job import (
    BATCH,
    BOOTSTRAP,
    GROUP,
    HEADERS,
    IN_FLIGHT,
    TOPIC,
    URL,
    accepted,
    batches,
    body_of,
    to_signal,
)


async def main() -> None:
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(body: bytes) -> None:
            async with session.post(URL, data=body, headers=HEADERS) as answer:
                accepted(answer.status, await answer.read())

        consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=BOOTSTRAP,
            group_id=GROUP,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        while True:
            got = await consumer.getmany(timeout_ms=100, max_records=BATCH * IN_FLIGHT)
            signals = [to_signal(it.value) for messages in got.values() for it in messages]
            await asyncio.gather(*[post(body_of(batch)) for batch in batches(signals)])
            if got:
                await consumer.commit({place: its[-1].offset + 1 for place, its in got.items()})


asyncio.run(main())
