"""Topics and transactions in memory, with a process that can die between any two steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from consumer.delivery.dead_letter import Origin, unwrap
from consumer.delivery.records import Record
from consumer.letters.errors import LettersError, TakenOverError
from consumer.letters.letter import Letter, Spot, read_letter
from consumer.letters.ports import Beat, RetryRecord, Seen, TooLargeError, unhurried
from consumer.letters.standing import Filed, Heartbeat, decode
from tests.unit.delivery_samples import PlainRecord

PARTITIONS = 3


class KilledError(BaseException):
    """SIGKILL: nothing of the process runs any more, so nothing may catch it by accident."""


@dataclass(slots=True)
class Transaction:
    retries: list[RetryRecord] = field(default_factory=list)
    states: list[tuple[bytes, bytes]] = field(default_factory=list)
    committing: bool = False
    """The broker has been told to commit: it will, whatever becomes of the writer."""


@dataclass(slots=True)
class FakeKafka:
    """What the brokers hold. Outlives the processes that use it."""

    dlq: list[PlainRecord] = field(default_factory=list)
    sources: list[PlainRecord] = field(default_factory=list)
    state: list[tuple[bytes, bytes]] = field(default_factory=list)
    retry: dict[int, list[RetryRecord]] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    epoch: int = 0
    open: Transaction | None = None
    largest: int = 1_000
    steps_left: int | None = None
    """Of the process that runs now, before it is killed."""
    broken: Exception | None = None
    """What the next write meets."""
    forbidden: str = ""
    """A source that this user may not read."""
    slow: Callable[[], None] | None = None
    """Called some times while something is fetched, to let time pass."""

    def step(self) -> None:
        if self.steps_left is not None:
            if self.steps_left == 0:
                raise KilledError
            self.steps_left -= 1

    def pass_time(self, beat: Beat) -> None:
        """While Kafka is slow to answer, whoever waits is called."""
        for _ in range(12 if self.slow else 0):
            assert self.slow is not None
            self.slow()
            beat()

    def settle(self) -> None:
        """A new writer: the broker ends what the last one had open."""
        left, self.open = self.open, None
        if left is not None and left.committing:
            self.apply(left)

    def apply(self, transaction: Transaction) -> None:
        for retry in transaction.retries:
            self.retry.setdefault(retry.partition, []).append(retry)
        self.state += transaction.states

    def retried(self) -> list[tuple[str, int, int, int]]:
        """Origin and count of all retry records, by partition and offset."""
        found = []
        for partition in sorted(self.retry):
            for retry in self.retry[partition]:
                letter = unwrap(retry.headers)
                assert letter is not None
                found.append((*letter.origin[:3], letter.replay_count))
        return found

    def origins(self) -> list[int]:
        """Offsets of them."""
        return [offset for _, _, offset, _ in self.retried()]

    def beats(self) -> list[Heartbeat]:
        return [s for s in (decode(*pair) for pair in self.state) if isinstance(s, Heartbeat)]


@dataclass(slots=True)
class FakeLetters:
    kafka: FakeKafka

    def scan(self, seen: Seen) -> Iterator[Letter]:
        seen(0, len(self.kafka.dlq))
        yield from (read_letter(record) for record in self.kafka.dlq)

    def fetch(self, spots: Collection[Spot], beat: Beat = unhurried) -> Mapping[Spot, Letter]:
        self.kafka.step()
        self.kafka.pass_time(beat)
        found = (read_letter(record) for record in self.kafka.dlq)
        return {letter.spot: letter for letter in found if letter.spot in spots}


@dataclass(slots=True)
class FakeStates:
    kafka: FakeKafka

    def read(self) -> Iterator[Filed | Heartbeat]:
        self.kafka.step()
        for key, value in list(self.kafka.state):
            state = decode(key, value)
            assert state is not None
            yield state

    def committed(self) -> Mapping[int, int]:
        return dict(self.kafka.committed)


@dataclass(slots=True)
class FakeSources:
    kafka: FakeKafka

    def newer(self, topic: str, partition: int, first: int, seen: Seen) -> Iterator[Record]:
        seen(0, 1)
        if self.kafka.forbidden == topic:
            msg = f"reading {topic} failed"
            raise LettersError(msg)
        for record in self.kafka.sources:
            if record.place == (topic, partition) and record.number >= first:
                yield record

    def original(self, origin: Origin, beat: Beat = unhurried) -> Record | None:
        self.kafka.pass_time(beat)
        for record in self.kafka.sources:
            if record.place == origin[:2] and record.number == origin.offset:
                return record
        return None


@dataclass(slots=True)
class FakeWriter:
    kafka: FakeKafka
    partitions: int = PARTITIONS
    epoch: int = 0

    def open(self) -> None:
        self.kafka.step()
        self.kafka.epoch += 1
        self.epoch = self.kafka.epoch
        self.kafka.settle()

    def write(
        self,
        retries: Sequence[RetryRecord],
        states: Callable[[Sequence[int]], Sequence[tuple[bytes, bytes]]],
    ) -> None:
        kafka = self.kafka
        if self.epoch != kafka.epoch:
            msg = "another run took over"
            raise TakenOverError(msg)
        if kafka.broken is not None:
            raise kafka.broken
        kafka.step()
        large = frozenset(
            at for at, retry in enumerate(retries) if len(retry.value or b"") > kafka.largest
        )
        if large:
            raise TooLargeError(large)
        kafka.open = Transaction(list(retries))
        kafka.step()
        kafka.open.states += states(self._offsets(retries))
        kafka.step()
        kafka.open.committing = True
        kafka.step()
        kafka.settle()

    def _offsets(self, retries: Sequence[RetryRecord]) -> list[int]:
        ends = {number: len(records) for number, records in self.kafka.retry.items()}
        offsets: list[int] = []
        for retry in retries:
            offsets.append(ends.get(retry.partition, 0))
            ends[retry.partition] = offsets[-1] + 1
        return offsets


@dataclass(slots=True)
class FakeClock:
    now_s: float = 1_700_000_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return round(self.now_s * 1000)

    def jitter(self) -> float:
        return 0.0


@dataclass(slots=True)
class FakeSubjects:
    """The subject is the value's first word; its second, when there is one, the state's time.
    What begins with a minus is skipped."""

    def subject_of(self, value: bytes | None) -> str | None:
        return value.split()[0].decode() if value and not value.startswith(b"-") else None

    def state_time_ms(self, value: bytes | None) -> int | None:
        words = (value or b"").split()
        return int(words[1]) if len(words) > 1 else None


@dataclass(slots=True)
class FakeWatcher:
    clock: FakeClock
    stop_after: int | None = None
    """So many times `stopped` is still false."""
    phases: list[str] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        if self.stop_after is None:
            return False
        self.stop_after -= 1
        return self.stop_after < 0

    def seen(self, phase: str, done: int, total: int) -> None:
        assert done <= total
        self.phases.append(phase)

    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds
