"""The survey beside the loop: what cannot be had is not known, and no failure ends it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from confluent_kafka import KafkaError

from consumer.adapters.kafka.letter_survey import LetterSurvey
from consumer.adapters.kafka.record_times import FINE_MS
from consumer.adapters.kafka.survey import CONFIG_EVERY, LogSurvey
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, OldestOpen, Retention
from tests.unit.seek_doubles import FakeClock
from tests.unit.surveyed_kafka import Log, SurveyedKafka

FIRST, SECOND = TopicPartition("moves", 0), TopicPartition("moves", 1)
DLQ = TopicPartition("g.dlq", 0)
KEPT = {"cleanup.policy": "delete", "retention.ms": "1000", "retention.bytes": "-1"}
PATIENCE_S = 10.0


@dataclass
class Survey:
    kafka: SurveyedKafka = field(default_factory=SurveyedKafka)
    clock: FakeClock = field(default_factory=FakeClock)
    wanted: dict[TopicPartition, Offset | None] = field(default_factory=dict)
    told: list[str] = field(default_factory=list[str])
    it: LogSurvey = field(init=False)

    def __post_init__(self) -> None:
        kafka = self.kafka
        letters = LetterSurvey("g.dlq", self.told.append, self.clock.wall_ms)
        self.it = LogSurvey(
            lambda: kafka.consumer,
            kafka.admin,
            lambda: self.wanted,
            letters,
            self.clock,
            self.told.append,
        )

    def look(self) -> None:
        self.it.look_in_any_case(self.kafka.consumer)

    def log(self, place: TopicPartition, *ages_ms: int, start: int = 0) -> None:
        """Of records that are so old."""
        now_ms = self.clock.wall_ms()
        self.kafka.logs[place] = Log([now_ms - age_ms for age_ms in ages_ms], start)
        self.kafka.configs.setdefault(place.topic, dict(KEPT))

    def age_ms(self, place: TopicPartition) -> int | None:
        at_ms = self.it.latest.unread[place].at_ms
        return None if at_ms is None else self.clock.wall_ms() - at_ms


@pytest.fixture
def survey() -> Survey:
    it = Survey()
    it.log(FIRST, 90_000, 80_000, start=4)
    it.log(SECOND, 70_000)
    it.wanted = {FIRST: None, SECOND: None}
    return it


def test_it_sees_how_far_logs_reach_and_how_long_they_are_kept(survey: Survey) -> None:
    survey.look()
    now_s = survey.clock.now_s
    assert survey.it.latest.extents == {
        FIRST: Extent(Offset(4), Offset(6), now_s),
        SECOND: Extent(Offset(0), Offset(1), now_s),
    }
    assert survey.it.latest.retentions == {"moves": Retention(1000, None)}
    assert survey.it.latest.seen_whole_at_s == now_s


def test_a_log_that_cannot_be_asked_for_keeps_the_time_when_it_was_seen(survey: Survey) -> None:
    survey.look()
    then_s = survey.clock.now_s
    survey.clock.now_s += 15
    survey.kafka.away = {"get_watermark_offsets"}
    survey.look()
    assert survey.it.latest.extents[FIRST].seen_at_s == then_s
    assert survey.it.latest.seen_whole_at_s == then_s
    survey.kafka.away = set()
    survey.look()
    assert survey.it.latest.extents[FIRST].seen_at_s == then_s + 15
    assert survey.it.latest.seen_whole_at_s == then_s + 15


def test_a_partition_that_is_not_ours_any_more_is_forgotten(survey: Survey) -> None:
    survey.look()
    del survey.wanted[SECOND]
    survey.look()
    assert list(survey.it.latest.extents) == [FIRST]


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        (KEPT, Retention(1000, None)),
        (KEPT | {"retention.bytes": "5"}, Retention(1000, 5)),
        ({"cleanup.policy": "compact"}, Retention(None, None)),
        (KEPT | {"cleanup.policy": "compact,delete"}, Retention(1000, None)),
        (KEPT | {"retention.bytes": ""}, None),
        (KEPT | {"retention.ms": "None"}, None),
        ({"cleanup.policy": "delete"}, None),
        ({"retention.ms": "1000", "retention.bytes": "-1"}, None),
        ({}, None),
    ],
)
def test_a_retention_that_the_broker_does_not_tell_is_not_known(
    survey: Survey, config: dict[str, str], kept: Retention | None
) -> None:
    survey.kafka.configs["moves"] = config
    survey.look()
    assert survey.told == []
    assert survey.it.latest.retentions.get("moves") == kept


def test_configurations_that_are_known_are_asked_for_seldom(survey: Survey) -> None:
    for _ in range(CONFIG_EVERY + 1):
        survey.look()
    assert survey.kafka.asked.count("describe_configs") == 2


def test_a_failure_that_nobody_thought_of_is_told_and_followed_by_another_survey(
    survey: Survey,
) -> None:
    survey.kafka.breaks = RuntimeError("of a client that holds Jane Citizen's record")
    survey.look()
    assert survey.told == ["RuntimeError"]
    survey.look()
    assert FIRST in survey.it.latest.extents


def test_the_thread_outlives_a_failure_and_closes_its_client(survey: Survey) -> None:
    told = threading.Event()
    survey.it.tell = lambda _: told.set()
    survey.kafka.breaks = RuntimeError()
    survey.it.start()
    assert told.wait(PATIENCE_S)
    survey.it.close()
    assert survey.kafka.asked[-1] == "close"


def test_a_record_that_was_not_read_is_as_old_as_kafka_says(survey: Survey) -> None:
    survey.log(FIRST, 900_000, 800_000, 50_000, start=4)
    survey.wanted = {FIRST: Offset(5), SECOND: Offset(0)}
    survey.look()
    age_ms = survey.age_ms(FIRST)
    assert age_ms is not None
    assert 800_000 <= age_ms <= 800_000 + FINE_MS
    assert survey.it.latest.unread[FIRST].offset == 5


def test_a_mark_before_the_logs_start_waits_for_the_first_record_that_is_there(
    survey: Survey,
) -> None:
    survey.wanted = {FIRST: Offset(1)}
    survey.look()
    assert survey.it.latest.unread[FIRST].offset == 4


def test_a_partition_that_is_read_to_its_end_has_nothing_unread(survey: Survey) -> None:
    survey.wanted = {FIRST: Offset(6), SECOND: None}
    survey.look()
    assert survey.it.latest.unread == {}
    assert "offsets_for_times" not in survey.kafka.asked


def test_a_record_is_looked_up_once(survey: Survey) -> None:
    survey.wanted = {FIRST: Offset(4)}
    survey.look()
    questions = survey.kafka.asked.count("offsets_for_times")
    assert questions <= 26
    survey.look()
    assert survey.kafka.asked.count("offsets_for_times") == questions
    survey.wanted = {FIRST: Offset(5)}
    survey.look()
    assert survey.kafka.asked.count("offsets_for_times") == 2 * questions


def test_a_time_that_cannot_be_looked_up_is_not_known_and_asked_for_again(survey: Survey) -> None:
    survey.wanted = {FIRST: Offset(4)}
    survey.kafka.away = {"offsets_for_times"}
    survey.look()
    assert survey.it.latest.unread == {}
    survey.kafka.away = set()
    survey.look()
    assert FIRST in survey.it.latest.unread


def test_records_without_a_time_have_none(survey: Survey) -> None:
    survey.kafka.logs[FIRST] = Log([-1, -1], start=4)
    survey.wanted = {FIRST: Offset(4)}
    survey.look()
    assert survey.it.latest.unread == {FIRST: OldestOpen(Offset(4), None)}


def test_letters_wait_from_where_somebody_dealt_with_them(survey: Survey) -> None:
    survey.log(DLQ, 900_000, 800_000, 700_000)
    survey.kafka.dealt_with[DLQ] = 1
    survey.look()
    oldest = survey.it.latest.letters[DLQ]
    assert oldest is not None
    assert oldest.offset == 1
    assert oldest.at_ms is not None
    assert 800_000 <= survey.clock.wall_ms() - oldest.at_ms <= 800_000 + FINE_MS
    survey.kafka.dealt_with[DLQ] = 3
    survey.look()
    assert survey.it.latest.letters[DLQ] == OldestOpen(Offset(3), None)


@pytest.mark.parametrize("method", ["get_watermark_offsets", "committed"])
def test_letters_that_cannot_be_asked_for_are_shown_as_not_known(
    survey: Survey, method: str
) -> None:
    survey.log(DLQ, 900_000)
    survey.look()
    assert survey.it.latest.letters[DLQ] is not None
    survey.kafka.away = {method}
    survey.look()
    assert survey.it.latest.letters == {DLQ: None}


def test_partitions_of_letters_that_were_seen_once_are_looked_at_again(survey: Survey) -> None:
    """Even while nobody tells which there are."""
    survey.log(DLQ, 900_000)
    survey.look()
    seen = survey.it.latest.letters[DLQ]
    survey.kafka.away = {"list_topics"}
    survey.look()
    assert survey.it.latest.letters == {DLQ: seen}
    survey.kafka.away = {"list_topics", "get_watermark_offsets"}
    survey.look()
    assert survey.it.latest.letters == {DLQ: None}


def test_a_missing_right_to_ask_about_letters_is_told_once(survey: Survey) -> None:
    survey.log(DLQ, 900_000)
    survey.kafka.away = {"committed"}
    survey.look()
    survey.look()
    assert survey.told == ["connection_failed: is Describe on the group g.dlq granted?"]


def test_a_coordinator_that_moves_is_no_missing_right(survey: Survey) -> None:
    survey.log(DLQ, 900_000)
    survey.kafka.committed_error = KafkaError.NOT_COORDINATOR
    survey.look()
    assert survey.it.latest.letters == {DLQ: None}
    assert survey.told == []
