"""One run of one system, measured from outside: CPU of its process, signals at the far side."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Final, NamedTuple

from tests.bench.parts import Broker, FarSide, group_of
from tests.bench.systems import REPOSITORY, SERVICE, System
from tests.testbed.processes import on_leash

WARM_UP: Final = 0.1
"""Share of the records that is not measured: starting, joining, first connections."""
_LOOK_EVERY_S: Final = 0.02
_BEGIN_WITHIN_S: Final = 90.0
_END_WITHIN_S: Final = 40.0
_COMMIT_WITHIN_S: Final = 20.0
_TICKS_A_S: Final = os.sysconf("SC_CLK_TCK")
_RUNS: Final = defaultdict[str, Iterator[int]](count)


class BadRunError(Exception):
    """A system failed, lost records, or committed what was not accepted."""


class Sample(NamedTuple):
    at_s: float
    signals: int
    cpu_s: float
    """User and system, all threads, since the process began."""
    rss_kib: int
    """The highest so far."""


@dataclass(frozen=True, slots=True)
class Plan:
    in_flight: int = 4
    latency_ms: float = 0.0
    seconds: float = 6.0
    """Ends then, though records are left: slow systems need not drain everything."""


@dataclass(slots=True)
class Run:
    samples: list[Sample] = field(default_factory=list)
    first_signal_s: float = 0.0
    """From the start of the process."""
    twice: int = 0
    """Signals beyond the records there are."""

    @property
    def cpu_us(self) -> float:
        """A signal, after the warm-up."""
        return self.cpu_between(0.0, 1.0)

    @property
    def rate(self) -> float:
        """Signals a second, after the warm-up."""
        first, last = self.samples[0], self.samples[-1]
        return (last.signals - first.signals) / (last.at_s - first.at_s)

    @property
    def rss_mib(self) -> float:
        return self.samples[-1].rss_kib / 1024

    def cpu_between(self, begin: float, end: float) -> float:
        """CPU in us a signal between two shares of what was measured."""
        low, high = self.samples[0].signals, self.samples[-1].signals
        first = self._at(low + begin * (high - low))
        last = self._at(low + end * (high - low))
        return (last.cpu_s - first.cpu_s) / (last.signals - first.signals) * 1e6

    def _at(self, signals: float) -> Sample:
        return next((it for it in self.samples if it.signals >= signals), self.samples[-1])


def measure(system: System, broker: Broker, far_side: FarSide, plan: Plan) -> Run:
    """Raises BadRunError."""
    group = group_of(system.name, next(_RUNS[system.name]))
    far_side.reset(plan.latency_ms)
    if system is SERVICE:
        broker.prepare(group)
    environment = system.environment(broker, far_side, group, plan.in_flight)
    with running(system, environment) as process:
        run = _watched(process, broker.records, far_side, plan)
        complete = run.samples[-1].signals >= broker.records
        if complete:
            _wait_for_commit(broker, group)
    accepted, committed = far_side.signals(), broker.committed(group)
    if committed > accepted or (complete and committed != broker.records):
        msg = f"{system.name}: {committed} committed, {accepted} accepted of {broker.records}"
        raise BadRunError(msg)
    run.twice = max(0, accepted - broker.records)
    return run


@contextmanager
def running(system: System, environment: Mapping[str, str]) -> Iterator[Process]:
    """Started; ended by SIGTERM, or killed when that is not enough."""
    with tempfile.TemporaryFile() as log:
        process = Process(
            subprocess.Popen(  # noqa: S603 -- our own command
                [*on_leash(), *system.command()],
                cwd=REPOSITORY,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            ),
            system,
            log,
        )
        try:
            yield process
        finally:
            process.end()


@dataclass(frozen=True, slots=True)
class Process:
    _child: subprocess.Popen[bytes]
    system: System
    _log: IO[bytes]

    def sample(self, signals: int) -> Sample:
        """Raises BadRunError when the process has ended."""
        folder = Path(f"/proc/{self._child.pid}")
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        peak = (folder / "status").read_text().partition("VmHWM:")[2].split()
        if self._child.poll() is not None or not peak:
            self._log.seek(0)
            msg = f"{self.system.name} ended: {self._log.read()[-2_000:].decode()}"
            raise BadRunError(msg)
        rss_kib = int(peak[0])
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_A_S
        return Sample(time.monotonic(), signals, cpu_s, rss_kib)

    def end(self) -> None:
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(_END_WITHIN_S)


def _watched(process: Process, records: int, far_side: FarSide, plan: Plan) -> Run:
    run, began_s = Run(), time.monotonic()
    warm = min(WARM_UP * records, 50_000)
    while True:
        sample = process.sample(far_side.signals())
        if sample.signals and not run.first_signal_s:
            run.first_signal_s = sample.at_s - began_s
        if sample.signals >= warm or (plan.latency_ms and sample.signals):
            run.samples.append(sample)
        if run.samples and sample.at_s - run.samples[0].at_s > plan.seconds:
            return run
        if sample.signals >= records:
            return run
        if not run.samples and sample.at_s - began_s > _BEGIN_WITHIN_S:
            msg = f"{process.system.name} sent only {sample.signals} signals"
            raise BadRunError(msg)
        time.sleep(_LOOK_EVERY_S)


def _wait_for_commit(broker: Broker, group: str) -> None:
    give_up_s = time.monotonic() + _COMMIT_WITHIN_S
    while broker.committed(group) < broker.records and time.monotonic() < give_up_s:
        time.sleep(0.1)
