"""The faults, done to the parts and undone again. Each is told to the oracle as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewPartitions

from consumer.demo.expectations import Kind
from tests.faults.chaos.member import ORDERLY, Member
from tests.faults.chaos.schedule import Planned
from tests.faults.chaos.stage import JOINER, TOPICS, Stage
from tests.testbed import TcpProxy

IN_SYNC_WITHIN_S: Final = 300.0
ASK_S: Final = 10.0
GLANCE_S: Final = 0.5
GROWN: Final = Kind.APPLICATION_STATUS_CHANGED
"""The topic that gains partitions."""
PARTITIONS_MAX: Final = 16


class FailedActError(Exception):
    """The part did not do as it must, or could not be hit."""


@dataclass(slots=True)
class Acts:
    stage: Stage
    over: Event
    """Set: every fault ends at once, and none begins."""
    active: dict[int, Planned] = field(default_factory=dict[int, Planned])
    _telling: Lock = field(default_factory=Lock)
    _brokers: Lock = field(default_factory=Lock)

    def perform(self, fault: Planned) -> None:
        """Blocks until it is undone. Raises `FailedActError`, `BrokenTestBedError`."""
        area = fault.kind.partition(".")[0]
        act: Mapping[str, Callable[[Planned], None]] = {
            "consumer": self._on_consumer,
            "broker": self._on_broker,
            "seek": lambda it: self._on_way(it, self.stage.members[it.target].seek),
            "kafka": lambda it: self._on_way(it, self.stage.kafka.proxy(int(it.target))),
            "registry": lambda it: self._on_way(it, self.stage.registry_way),
            "sandbox": self._on_sandbox,
            "operator": self._by_operator,
        }
        act[area](fault)

    def _on_consumer(self, fault: Planned) -> None:
        member = self.stage.members[fault.target]
        with member.busy, self._told(fault) as on:
            if not on:
                return
            match fault.kind:
                case "consumer.kill":
                    member.kill()
                    self.over.wait(fault.lasts_s)
                    member.start()
                case "consumer.stop":
                    _end_in_order(member)
                    self.over.wait(fault.lasts_s)
                    member.start()
                case _:
                    member.process.freeze()
                    self.over.wait(fault.lasts_s)
                    member.process.thaw()

    def _on_broker(self, fault: Planned) -> None:
        """One at a time: the next waits until all replicas are back."""
        node = self.stage.kafka.node(int(fault.target))
        with self._brokers, self._told(fault) as on:
            if not on:
                return
            if fault.kind == "broker.kill":
                node.kill()
                self.over.wait(fault.lasts_s)
                node.start()
            else:
                node.freeze()
                self.over.wait(fault.lasts_s)
                node.thaw()
            self._wait_until_in_sync()

    def _on_way(self, fault: Planned, way: TcpProxy) -> None:
        with self._told(fault) as on:
            if not on:
                return
            match fault.kind.partition(".")[2]:
                case "cut":
                    way.cut()
                    return
                case "refuse":
                    way.refuse()
                case "stall":
                    way.stall()
                case "drip":
                    way.drip(fault.strength)
                case _:
                    way.delay(fault.strength)
            self.over.wait(fault.lasts_s)
            way.pass_on()

    def _on_sandbox(self, fault: Planned) -> None:
        with self._told(fault) as on:
            if not on:
                return
            if not fault.lasts_s:
                self.stage.sandbox.once(fault.script)
                return
            number = id(fault)
            self.stage.sandbox.begin(number, fault.script)
            self.over.wait(fault.lasts_s)
            self.stage.sandbox.end(number)

    def _by_operator(self, fault: Planned) -> None:
        with self._told(fault) as on:
            if not on:
                return
            match fault.kind:
                case "operator.rotate":
                    self._rotate(fault.lasts_s)
                case "operator.partitions":
                    self._add_partitions()
                case _:
                    self._join(fault.lasts_s)

    def _rotate(self, gap_s: float) -> None:
        """The new secret reaches the file only some seconds after SEEK refuses the old one."""
        secret = self.stage.sandbox.rotate()
        self.over.wait(gap_s)
        new = self.stage.files.secret.with_suffix(".new")
        new.write_text(secret)
        new.replace(self.stage.files.secret)

    def _add_partitions(self) -> None:
        """Asked for again until it is done: the broker that was asked may just be hit, too."""
        topic, admin = TOPICS[GROWN], self.stage.admin
        deadline_s = time.monotonic() + IN_SYNC_WITHIN_S
        wanted = 0
        while time.monotonic() < deadline_s:
            with suppress(KafkaException, TimeoutError):
                found = len(admin.list_topics(topic, timeout=ASK_S).topics[topic].partitions)
                wanted = wanted or min(found + 1, PARTITIONS_MAX)
                if found >= wanted:
                    return
                for done in admin.create_partitions([NewPartitions(topic, wanted)]).values():
                    done.result(ASK_S)
            time.sleep(GLANCE_S)  # Brokers tell nobody when they have made one, or can be asked.
        msg = f"{topic} has no further partition after {IN_SYNC_WITHIN_S:g} s"
        raise FailedActError(msg)

    def _join(self, stays_s: float) -> None:
        member = self.stage.members[JOINER]
        with member.busy:
            member.start()
            self.over.wait(stays_s)
            _end_in_order(member)

    def _wait_until_in_sync(self) -> None:
        deadline_s = time.monotonic() + IN_SYNC_WITHIN_S
        while not self._is_in_sync():
            if time.monotonic() > deadline_s:
                msg = f"the replicas are not in sync after {IN_SYNC_WITHIN_S:g} s"
                raise FailedActError(msg)
            time.sleep(GLANCE_S)  # Brokers tell nobody when they have caught up.

    def _is_in_sync(self) -> bool:
        nodes = len(self.stage.kafka.nodes)
        try:
            topics = self.stage.admin.list_topics(timeout=ASK_S).topics.values()
        except KafkaException:
            return False
        partitions = [each for topic in topics for each in topic.partitions.values()]
        return all(len(each.isrs) == nodes for each in partitions)

    @contextmanager
    def _told(self, fault: Planned) -> Iterator[bool]:
        """False: it is too late to begin."""
        if self.over.is_set():
            yield False
            return
        with self._telling:
            number = self.stage.timeline.begin(fault.kind, fault.target, _now_ms())
            self.active[number] = fault
        try:
            yield True
        finally:
            with self._telling:
                self.stage.timeline.end(number, _now_ms())
                del self.active[number]


def _end_in_order(member: Member) -> None:
    code = member.stop()
    if code not in ORDERLY:
        msg = f"{member.name} was told to stop, and ended with code {code}"
        raise FailedActError(msg)


def _now_ms() -> float:
    return time.monotonic() * 1000
