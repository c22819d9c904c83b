# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""thread, pycurl, generated: run by an interpreter that has confluent-kafka, orjson, pycurl."""

from __future__ import annotations

import io
import json
import os
import threading
from collections import deque
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

import orjson
import pycurl
from confluent_kafka import Consumer, TopicPartition
from decoder import compile_decoder

TOPIC: Final = os.environ["BENCH_TOPIC"]
URL: Final = os.environ["BENCH_URL"] + "/graphql"
IN_FLIGHT: Final = int(os.environ["BENCH_IN_FLIGHT"])
BATCH: Final = 100
TAKE: Final = 500
QUERY: Final = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"
ACCEPTED: Final = {"data": {"sendSignals": True}}


class Cell:
    """One batch's last offset in one partition."""

    __slots__ = ("done", "next_offset")

    def __init__(self, next_offset: int) -> None:
        self.next_offset = next_offset
        self.done = False


class Job(NamedTuple):
    body: bytes
    cells: list[tuple[int, Cell]]


class Offsets:
    def __init__(self) -> None:
        self._cells: dict[int, deque[Cell]] = {}
        self._ready: dict[int, int] = {}

    def start(self, ends: dict[int, int]) -> list[tuple[int, Cell]]:
        started = [(partition, Cell(end)) for partition, end in ends.items()]
        for partition, cell in started:
            self._cells.setdefault(partition, deque()).append(cell)
        return started

    def finish(self, cells: list[tuple[int, Cell]]) -> None:
        for partition, cell in cells:
            cell.done = True
            waiting = self._cells[partition]
            while waiting and waiting[0].done:
                self._ready[partition] = waiting.popleft().next_offset

    def store(self, consumer: Consumer) -> None:
        if self._ready:
            ready, self._ready = self._ready, {}
            consumer.store_offsets(offsets=[TopicPartition(TOPIC, *it) for it in ready.items()])


class Prototype:
    def __init__(self) -> None:
        self.offsets = Offsets()
        self.work: SimpleQueue[Job] = SimpleQueue()
        self.finished: SimpleQueue[Job] = SimpleQueue()
        self.in_flight = 0
        self.batch: list[Any] = []
        self.ends: dict[int, int] = {}

    def run(self) -> None:
        schema = json.loads(Path(os.environ["BENCH_SCHEMA"]).read_text(encoding="utf-8"))
        decode = compile_decoder(schema)
        for _ in range(IN_FLIGHT):
            threading.Thread(target=self.send, daemon=True).start()
        consumer = Consumer(
            {
                "bootstrap.servers": os.environ["BENCH_BOOTSTRAP"],
                "group.id": os.environ["BENCH_GROUP"],
                "auto.offset.reset": "earliest",
                "enable.auto.commit": True,
                "auto.commit.interval.ms": 1_000,
                "enable.auto.offset.store": False,
                "queued.min.messages": 20_000,
                "fetch.wait.max.ms": 20,
                "fetch.queue.backoff.ms": 10,
            }
        )
        consumer.subscribe([TOPIC])
        while True:
            self.settle(wait=False)
            self.offsets.store(consumer)
            for message in consumer.consume(TAKE, 0.1):
                assert message.error() is None, message.error()
                self.batch.append(decode(message.value()))
                self.ends[message.partition()] = message.offset() + 1
                if len(self.batch) == BATCH:
                    self.flush()

    def flush(self) -> None:
        if self.in_flight >= IN_FLIGHT:
            self.settle(wait=True)
        body = orjson.dumps({"query": QUERY, "variables": {"input": {"signals": self.batch}}})
        self.work.put(Job(body, self.offsets.start(self.ends)))
        self.in_flight += 1
        self.batch, self.ends = [], {}

    def settle(self, *, wait: bool) -> None:
        while self.in_flight and (wait or not self.finished.empty()):
            self.offsets.finish(self.finished.get().cells)
            self.in_flight -= 1
            wait = False

    def send(self) -> None:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, URL)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.NOSIGNAL, 1)
        bearer = "Authorization: Bearer " + "x" * 600
        curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", bearer, "Expect:"])
        while True:
            job = self.work.get()
            answer = io.BytesIO()
            curl.setopt(pycurl.POSTFIELDS, job.body)
            curl.setopt(pycurl.WRITEDATA, answer)
            curl.perform()
            assert orjson.loads(answer.getvalue()) == ACCEPTED
            self.finished.put(job)


if __name__ == "__main__":
    Prototype().run()
