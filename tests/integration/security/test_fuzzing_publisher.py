"""Somebody throws thousands of records at the service that no publisher should: it goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, cast

from confluent_kafka import KafkaError, Message, Producer

from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.registry import RegistryClient, RegistryError, connect
from consumer.adapters.avro.writer import encode_event
from consumer.delivery.dead_letter import unwrap
from consumer.delivery.records import Headers, TopicPartition
from consumer.demo.expectations import Kind, ToBeAccepted
from consumer.observed import HoldReason
from tests.faults.scene import Scene, scene
from tests.faults.service import service
from tests.fuzz.hostile import SKIPPED, varint, with_skipped
from tests.integration.outages.watching import Watch
from tests.integration.security.access import events, is_committed
from tests.integration.security.raw_records import publish_with_header
from tests.testbed import KafkaCluster, Registry, free_port, read_all

KIND: Final = Kind.APPLICATION_STATUS_CHANGED
RECORDS: Final = 2_400
SOUND_SHARE: Final = 0.4
"""Less would be a flood, which holds the topic: not what is tried here."""
SEED: Final = 20261124
UNKNOWN_IDS: Final = (999_001, 999_002, 999_003)
BAD_NAME: Final = b"trace\xff\xfe"
LARGEST_RSS_KB: Final = 250 << 10
PATIENCE_S: Final = 120.0

Place = tuple[str, int, int]


class Thrower(NamedTuple):
    """Makes records from a seed: sound ones, mutated ones, and what was never any."""

    draw: Random
    sound: list[bytes]
    ids: list[int]
    """Of schemas, hostile ones among them."""

    def records(self) -> Iterator[bytes | None]:
        for _ in range(RECORDS):
            yield self._sound() if self.draw.random() < SOUND_SHARE else self._odd()

    def _sound(self) -> bytes:
        return self.draw.choice(self.sound)

    def _odd(self) -> bytes | None:
        draw = self.draw
        lies = (varint(draw.randint(-(1 << 63), 1 << 63)) for _ in range(6))
        return draw.choice(
            [
                draw.choice([None, b"", b"\x00", b"\x00\x00\x00", b"{}"]),
                b"\x01" + draw.randbytes(draw.randrange(200)),
                frame(draw.choice(UNKNOWN_IDS), draw.randbytes(9)),
                frame(draw.choice(self.ids), draw.randbytes(60)),
                frame(draw.choice(self.ids), b"".join(lies)),
                frame(draw.choice(self.ids), b"\x02" * draw.randrange(50_000)),
                self._sound()[: draw.randrange(200)],
                self._flipped(),
            ]
        )

    def _flipped(self) -> bytes:
        value = bytearray(self._sound())
        for _ in range(self.draw.randint(1, 8)):
            value[self.draw.randrange(5, len(value))] ^= 1 << self.draw.randrange(8)
        return bytes(value)


def _thrower(it: Scene) -> Thrower:
    client = connect({"url": it.registry.url})
    try:
        ours = client.register(f"{it.topics[KIND]}-value", _schema_text(None))
        ids = [ours, *_hostile_ids(client, it.group)]
    finally:
        client.close()
    sound = [
        encode_event(KIND, event.value, ours)
        for event in events()
        if event.kind is KIND
        and isinstance(event.expectation, ToBeAccepted)
        and isinstance(event.value, dict)
    ]
    return Thrower(Random(SEED), sound, ids)


def _hostile_ids(client: RegistryClient, group: str) -> Iterator[int]:
    for number, skipped in enumerate(SKIPPED):
        with suppress(RegistryError):  # Some the registry does not take.
            yield client.register(f"hostile-{number}-{group}", _schema_text(skipped))


def _schema_text(skipped: object) -> str:
    schema = with_skipped(KIND, skipped)
    if skipped is None:
        del schema["fields"][0]
    return json.dumps(schema)


def _throw(it: Scene, thrower: Thrower) -> set[Place]:
    """Where the broker put them all."""
    places: set[Place] = set()

    def confirmed(error: KafkaError | None, message: Message) -> None:
        assert error is None
        places.add(cast("Place", (message.topic(), message.partition(), message.offset())))

    producer = Producer({**it.kafka.client_config(), "linger.ms": 5})
    for number, value in enumerate(thrower.records()):
        key = b"%d" % (number % 50)
        producer.produce(it.topics[KIND], value=value, key=key, on_delivery=confirmed)
        producer.poll(0)
    assert producer.flush(PATIENCE_S) == 0
    return places


def _ends(places: set[Place]) -> dict[TopicPartition, int]:
    ends: dict[TopicPartition, int] = {}
    for topic, partition, offset in places:
        place = TopicPartition(topic, partition)
        ends[place] = max(ends.get(place, 0), offset + 1)
    return ends


def _peak_rss_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def _letters(it: Scene) -> list[Place]:
    letters = [
        unwrap(cast("Headers", record.headers()))
        for record in read_all(it.kafka, f"{it.group}.dlq")
    ]
    return [(at.topic, at.partition, at.offset) for at in (one.origin for one in letters if one)]


def test_all_that_is_thrown_is_accounted_for_and_the_loop_lives(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        thrower = _thrower(it)
        assert len(thrower.ids) > len(SKIPPED) // 2
        publish_with_header(kafka.bootstrap, it.topics[KIND], b"garbage", BAD_NAME)
        publish_with_header(kafka.bootstrap, it.topics[KIND], thrower.sound[0], BAD_NAME)
        # Those came first: whatever partitions they are in, what is thrown follows them.
        ends = _ends(_throw(it, thrower))
        port = free_port()
        environment = it.environment(
            SEEK_SIGNALS_UNKNOWN_SCHEMA_S="1", SEEK_SIGNALS_HTTP_PORT=str(port)
        )
        with service(environment, tmp_path / "service.log") as process:
            watch = Watch(process, port)
            deadline_s = time.monotonic() + PATIENCE_S
            while not is_committed(it, ends):
                assert time.monotonic() < deadline_s, process.said()[-3000:]
                assert process.running, process.said()[-3000:]
            skipped = watch.value("seek_signals_records_skipped_total")
            assert not watch.is_held(HoldReason.FLOOD)
            assert _peak_rss_kb(process.pid) < LARGEST_RSS_KB
            assert process.terminate() == 0

        letters = _letters(it)
        assert len(letters) == len(set(letters))
        assert len(letters) + it.sandbox.accepted + skipped == RECORDS + 2
        assert 0 < skipped < len(letters)
        assert it.sandbox.accepted >= RECORDS * SOUND_SHARE * 0.9
