"""When the registry is asked, and what its answers mean to records."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event

import pytest

from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.registry import Away, Fetched, UnknownId, WriterSchema
from consumer.adapters.avro.schema_store import SchemaStore, StorePolicy
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason
from consumer.ports import Unresolved
from tests.avro_samples import FakeClock, FakeRegistry

OURS = WriterSchema(event_schema("application_completed").text, "AVRO", references=False)
UNKNOWN_SO_FAR = "the registry does not know it so far"
AWAY = Away("HTTP 503")
UNKNOWN = UnknownId()
A_MINUTE_S = 60.0


@dataclass
class Bench:
    """A store without its thread: `ask_until` plays the background on a fake clock."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    clock: FakeClock = field(default_factory=FakeClock)
    policy: StorePolicy = field(default_factory=StorePolicy)

    def __post_init__(self) -> None:
        self.store = SchemaStore(self.registry, self.clock, self.policy)

    def answers(self, *script: Fetched, schema_id: int = 7) -> None:
        self.registry.answers[schema_id] = list(script)

    def ask_for(self, seconds: float) -> None:
        """Time goes on from question to question, until it is over or none is due."""
        end_s = self.clock.now_s + seconds
        while (wait_s := self.store.ask_due()) is not None and self.clock.now_s + wait_s <= end_s:
            self.clock.now_s += wait_s
        self.clock.now_s = end_s


@pytest.fixture
def bench() -> Bench:
    return Bench()


def unresolved(*, outage: bool, why: str = "") -> Unresolved:
    return Unresolved(7, outage, why)


def is_unknown(found: object) -> bool:
    return isinstance(found, Rejected) and found.reason is Reason.UNKNOWN_SCHEMA


def test_an_id_is_unresolved_until_the_background_has_asked(bench: Bench) -> None:
    bench.answers(OURS)

    assert bench.store.lookup(7) == unresolved(outage=False)
    assert bench.registry.asked == []
    assert bench.store.ask_due() is None
    assert callable(bench.store.lookup(7))
    assert bench.registry.asked == [7]


def test_what_the_registry_answers_is_counted_and_look_ups_at_hand_are_not(bench: Bench) -> None:
    bench.answers(AWAY, UNKNOWN, OURS)
    for _ in range(3):
        bench.store.lookup(7)
        bench.ask_for(A_MINUTE_S)

    assert bench.store.lookups == {"found": 1, "unknown": 1, "away": 1}
    assert bench.store.at_hand == 1
    bench.store.lookup(7)
    assert bench.store.lookups["found"] == 1


def test_an_id_that_was_found_is_never_asked_for_again(bench: Bench) -> None:
    bench.answers(OURS)
    bench.store.lookup(7)
    bench.ask_for(A_MINUTE_S)

    first = bench.store.lookup(7)
    bench.ask_for(A_MINUTE_S)

    assert bench.store.lookup(7) is first
    assert bench.registry.asked == [7]


def test_nobody_asks_when_no_record_has_named_an_id(bench: Bench) -> None:
    assert bench.store.ask_due() is None
    assert bench.registry.asked == []


class TestOutage:
    @pytest.mark.parametrize("days", [1, 30])
    def test_it_never_turns_into_poison(self, bench: Bench, days: int) -> None:
        bench.answers(AWAY)
        bench.store.lookup(7)

        for _ in range(days):
            bench.ask_for(30.0)
            bench.clock.now_s += 86_400.0
            assert bench.store.lookup(7) == unresolved(outage=True, why="HTTP 503")
        assert bench.store.outage == "HTTP 503"

    def test_it_ends_when_the_registry_answers(self, bench: Bench) -> None:
        bench.answers(AWAY, AWAY, OURS)
        bench.store.lookup(7)

        bench.ask_for(A_MINUTE_S)

        assert callable(bench.store.lookup(7))
        assert bench.store.outage is None

    def test_questions_become_rarer_and_never_stop(self, bench: Bench) -> None:
        """0.5, 1, 2, 4, 8, 15, 15 … s, of which half to all is waited."""
        bench.answers(AWAY)
        bench.store.lookup(7)

        bench.ask_for(A_MINUTE_S)
        first_minute = len(bench.registry.asked)
        bench.ask_for(10 * A_MINUTE_S)

        assert 10 <= first_minute <= 13
        assert 75 <= len(bench.registry.asked) - first_minute <= 85

    def test_jitter_keeps_many_processes_from_asking_in_step(self) -> None:
        waits = []
        for draw in (0.0, 0.5, 0.999):
            bench = Bench(clock=FakeClock(draw=draw))
            bench.answers(AWAY)
            bench.store.lookup(7)
            waits.append(bench.store.ask_due())

        assert waits == [0.25, 0.375, pytest.approx(0.5, abs=0.001)]

    def test_a_question_that_is_out_too_long_is_an_outage(self, bench: Bench) -> None:
        """Seen by the loop thread while the background thread hangs in the registry."""
        seen: list[object] = []

        class Hanging:
            def fetch(self, schema_id: int) -> Fetched:
                for waited_s in (9.0, 2.0):
                    bench.clock.now_s += waited_s
                    seen.append(store.lookup(schema_id))
                return OURS

        store = SchemaStore(Hanging(), bench.clock)
        store.lookup(7)
        store.ask_due()

        assert seen == [
            unresolved(outage=False),
            unresolved(outage=True, why="the registry does not answer"),
        ]
        assert callable(store.lookup(7))

    def test_one_id_that_the_registry_trips_over_holds_up_no_other(self, bench: Bench) -> None:
        bench.answers(AWAY, schema_id=7)
        bench.answers(OURS, schema_id=8)
        bench.store.lookup(7)
        bench.store.lookup(8)

        bench.store.ask_due()

        assert bench.store.lookup(7) == unresolved(outage=True, why="HTTP 503")
        assert callable(bench.store.lookup(8))


class TestUnknownIds:
    def test_an_id_is_poison_only_after_five_minutes_of_answers(self, bench: Bench) -> None:
        bench.answers(UNKNOWN)
        bench.store.lookup(7)

        bench.ask_for(295.0)
        assert bench.store.lookup(7) == unresolved(outage=False, why=UNKNOWN_SO_FAR)

        bench.ask_for(25.0)
        assert is_unknown(bench.store.lookup(7))

    def test_a_registry_that_replicates_late_loses_no_record(self, bench: Bench) -> None:
        bench.answers(*[UNKNOWN] * 15, OURS)
        bench.store.lookup(7)

        bench.ask_for(290.0)

        assert callable(bench.store.lookup(7))

    def test_time_without_answers_does_not_count(self, bench: Bench) -> None:
        bench.answers(*[UNKNOWN] * 5, *[AWAY] * 200, *[UNKNOWN] * 5, AWAY)
        bench.store.lookup(7)

        bench.ask_for(3_600.0)

        assert bench.store.lookup(7) == unresolved(outage=True, why="HTTP 503")

    def test_one_answer_after_a_long_silence_is_not_five_minutes_of_them(
        self, bench: Bench
    ) -> None:
        bench.answers(UNKNOWN, AWAY, UNKNOWN)
        bench.store.lookup(7)
        bench.store.ask_due()
        for _ in range(2):
            bench.clock.now_s += 1_000.0
            bench.store.ask_due()

        assert bench.store.lookup(7) == unresolved(outage=False, why=UNKNOWN_SO_FAR)

    def test_an_id_that_was_given_up_passes_once_it_is_registered(self, bench: Bench) -> None:
        bench.answers(UNKNOWN)
        bench.store.lookup(7)
        bench.ask_for(320.0)
        assert is_unknown(bench.store.lookup(7))
        bench.answers(OURS)
        bench.clock.now_s += A_MINUTE_S

        assert is_unknown(bench.store.lookup(7))
        bench.store.ask_due()
        assert callable(bench.store.lookup(7))

    def test_an_id_that_was_given_up_is_asked_for_rarely_and_only_when_named(
        self, bench: Bench
    ) -> None:
        bench.answers(UNKNOWN)
        bench.store.lookup(7)
        bench.ask_for(320.0)
        asked = len(bench.registry.asked)

        bench.ask_for(3_600.0)
        assert len(bench.registry.asked) == asked

        for _ in range(3_600):
            bench.store.lookup(7)
            bench.ask_for(1.0)
        assert 55 <= len(bench.registry.asked) - asked <= 61

    def test_an_outage_does_not_bring_a_given_up_id_back(self, bench: Bench) -> None:
        bench.answers(UNKNOWN)
        bench.store.lookup(7)
        bench.ask_for(320.0)
        bench.answers(AWAY)
        bench.clock.now_s += A_MINUTE_S

        bench.store.lookup(7)
        bench.store.ask_due()

        assert is_unknown(bench.store.lookup(7))

    def test_ids_made_of_garbage_take_bounded_memory(self, bench: Bench) -> None:
        for schema_id in range(10_050):
            bench.store.lookup(schema_id)

        bench.answers(OURS, schema_id=10_049)
        assert len(bench.store._inquiries) == 10_000  # noqa: SLF001 -- memory cannot be seen from outside


class TestWhatASchemaComesTo:
    @pytest.mark.parametrize(
        "schema",
        [
            WriterSchema('{"type": "object"}', "JSON", references=False),
            WriterSchema('syntax = "proto3";', "PROTOBUF", references=False),
            OURS._replace(references=True),
            WriterSchema("not a schema", "AVRO", references=False),
        ],
    )
    def test_a_schema_that_cannot_be_read_is_refused_and_asked_for_once(
        self, bench: Bench, schema: WriterSchema
    ) -> None:
        bench.answers(schema)
        bench.store.lookup(7)
        bench.ask_for(A_MINUTE_S)

        found = bench.store.lookup(7)

        assert isinstance(found, Rejected)
        assert found.reason is Reason.INCOMPATIBLE_SCHEMA
        assert bench.registry.asked == [7]

    def test_a_type_to_be_ignored_is_skipped(self) -> None:
        bench = Bench(policy=StorePolicy(ignore_types=frozenset({"JobAdClosed"})))
        schema = {"type": "record", "name": "JobAdClosed", "fields": []}
        bench.answers(WriterSchema(json.dumps(schema), "AVRO", references=False))
        bench.store.lookup(7)
        bench.ask_for(1.0)

        assert bench.store.lookup(7) == Skipped(SkipReason.IGNORED_TYPE)


class TestBackground:
    def test_it_asks_by_itself_and_stops_when_closed(self) -> None:
        asked = Event()

        class Announcing(FakeRegistry):
            def fetch(self, schema_id: int) -> Fetched:
                fetched = super().fetch(schema_id)
                asked.set()
                return fetched

        registry = Announcing(answers={7: [OURS]})
        with SchemaStore(registry, FakeClock()) as store:
            assert store.lookup(7) == unresolved(outage=False)
            assert asked.wait(10.0)
            thread = store._thread  # noqa: SLF001 -- that it ended cannot be seen from outside
        assert thread is not None
        thread.join(10.0)
        assert not thread.is_alive()
        assert callable(store.lookup(7))

    def test_closing_does_not_wait_for_a_registry_that_hangs(self) -> None:
        asked, released = Event(), Event()

        class Hanging(FakeRegistry):
            def fetch(self, schema_id: int) -> Fetched:
                asked.set()
                released.wait(10.0)
                return super().fetch(schema_id)

        store = SchemaStore(Hanging(), FakeClock())
        store.start()
        store.lookup(7)
        assert asked.wait(10.0)

        store.close()

        assert not released.is_set()
        released.set()
