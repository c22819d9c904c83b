"""What is measured: rounds in which every system has its turn, and runs of the service alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Producer

from tests.bench.measuring import BadRunError, Plan, Run, measure, running
from tests.bench.parts import Broker, FarSide, group_of
from tests.bench.systems import SERVICE, System
from tests.bench.workload import records

LATENCIES_MS: Final = (50.0, 200.0)
IN_FLIGHT: Final = (1, 4, 16)
_LONE_RECORDS: Final = 200
_LONE_EVERY_S: Final = 0.05
_LONE_WITHIN_S: Final = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bench:
    broker: Broker
    far_side: FarSide
    say: Say

    def rounds(
        self, systems: Sequence[System], rounds: int, plan: Plan
    ) -> Mapping[str, Sequence[Run]]:
        """All take turns, round by round. A run that fails stops the bench."""
        runs: dict[str, list[Run]] = {system.name: [] for system in systems}
        for number in range(rounds):
            for system in systems:
                run = measure(system, self.broker, self.far_side, plan)
                runs[system.name].append(run)
                self.say(
                    f"round {number + 1}: {system.name:11} {run.cpu_us:6.1f} us a signal, "
                    f"{run.rate:8,.0f} signals/s"
                )
        return runs

    def latency(self) -> Mapping[tuple[float, int], Run]:
        """The service with a SEEK that takes its time, by latency and requests in flight."""
        runs: dict[tuple[float, int], Run] = {}
        for latency_ms in LATENCIES_MS:
            for in_flight in IN_FLIGHT:
                plan = Plan(in_flight, latency_ms)
                run = runs[latency_ms, in_flight] = measure(
                    SERVICE, self.broker, self.far_side, plan
                )
                share = run.rate / ideal_rate(latency_ms, in_flight)
                self.say(f"{latency_ms:.0f} ms, {in_flight} in flight: {share:.2f} of the possible")
        return runs

    def lone_records(self, number: int) -> Sequence[float]:
        """Seconds from append to acceptance of one record at a time, on an idle service that has
        read an empty topic."""
        group = group_of("lone", number)
        self.far_side.reset()
        self.broker.prepare(group)
        environment = SERVICE.environment(self.broker, self.far_side, group, 4)
        with running(SERVICE, environment) as process:
            self._wait_for(self.broker.records, lambda: process.sample(0))
            self.far_side.reset()
            appended = self._append_slowly()
            self._wait_for(_LONE_RECORDS, lambda: process.sample(0))
        accepted = self.far_side.moments()
        if len(accepted) != _LONE_RECORDS:
            msg = f"{len(accepted)} requests for {_LONE_RECORDS} records: no lone ones"
            raise BadRunError(msg)
        return [end - begin for begin, end in zip(appended, accepted, strict=True)]

    def _append_slowly(self) -> list[float]:
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "linger.ms": 0})
        appended: list[float] = []
        made = records()
        for place in range(_LONE_RECORDS):
            key, value = next(made)
            producer.produce(self.broker.topic, value, key, partition=place % 6)
            producer.flush(_LONE_WITHIN_S)
            appended.append(time.monotonic())
            time.sleep(_LONE_EVERY_S)
        return appended

    def _wait_for(self, signals: int, look: Callable[[], object]) -> None:
        give_up_s = time.monotonic() + _LONE_WITHIN_S
        while self.far_side.signals() < signals:
            look()
            if time.monotonic() > give_up_s:
                msg = f"{self.far_side.signals()} of {signals} signals in {_LONE_WITHIN_S:.0f} s"
                raise BadRunError(msg)
            time.sleep(0.02)


def ideal_rate(latency_ms: float, in_flight: int) -> float:
    return 100 * in_flight / (latency_ms / 1_000)


def ratios(runs: Mapping[str, Sequence[Run]], over: str) -> Mapping[str, float]:
    """CPU of the service over another's, round by round; the median."""
    return {
        name: statistics.median(
            ours.cpu_us / theirs.cpu_us for ours, theirs in zip(runs[over], others, strict=True)
        )
        for name, others in runs.items()
        if name != over
    }
