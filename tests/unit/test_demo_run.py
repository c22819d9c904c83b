"""The parts of the demo's run that decide or show something, each alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import KafkaError, Message
from rich.console import Console

from consumer.adapters.avro.writer import encode_event
from consumer.app import limits_of
from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import CutShort, DemoEvent, Kind, ToBeBuried
from consumer.demo.feed import Feed
from consumer.demo.read_back import journaled, requests_by_outcome
from consumer.demo.scene import Scene, as_line, as_screen
from consumer.demo.stage import TOPICS, set_up
from consumer.demo.stream import FEWEST_EVENTS, believable_stream
from consumer.demo.watcher import Seen, Watcher
from consumer.domain.signals import Reason
from consumer.observed import (
    CommitConfirmed,
    DeadLettered,
    Hold,
    HoldReason,
    PartitionStatus,
    RequestLanded,
    SignalsAccepted,
    SkippedRecords,
    Snapshot,
    TookIn,
)
from consumer.sandbox.journal import Entry, RequestLine

PLACE = TopicPartition("ats.application-completed", 2)


def landed(outcome: str) -> RequestLanded:
    return RequestLanded(outcome, "none", 3, 0.1, "r", 1, isolating=False)


def snapshot(status: PartitionStatus, hold: Hold) -> Snapshot:
    return Snapshot(
        turned_at_s=1.0,
        member=True,
        in_flight=2,
        in_flight_limit=4.0,
        pending_records=17,
        pending_bytes=999,
        partitions=(status,),
        holds=(hold,),
    )


# -- The watcher -----------------------------------------------------------------------------


def test_the_watcher_adds_up_what_it_is_told() -> None:
    watcher = Watcher()
    for _ in range(2):
        watcher.note(TookIn("topic", 10, 100))
        watcher.note(SignalsAccepted("ApplicationComplete", 3, 0))
        watcher.note(SkippedRecords("topic", "tombstone", 2))
        watcher.note(landed("accepted"))
        watcher.note(CommitConfirmed(1))
    watcher.note(DeadLettered(PLACE, 7, "decode", "no_bytes"))
    watcher.note(landed("outage"))
    seen = watcher.seen()

    assert (seen.taken_in, seen.accepted, seen.skipped) == (20, 6, {"tombstone": 4})
    assert seen.buried == {(PLACE, 7)}
    assert seen.requests == {"accepted": 2, "outage": 1}
    assert seen.settled == 11


def test_a_letter_written_twice_is_one_settled_record() -> None:
    watcher = Watcher()
    for _ in range(2):
        watcher.note(DeadLettered(PLACE, 7, "decode", "no_bytes"))

    assert watcher.seen().settled == 1


def test_the_watcher_shows_the_last_snapshot() -> None:
    watcher = Watcher()
    hold = Hold(HoldReason.SEEK, None, 0, "HTTP 503")
    status = PartitionStatus(
        PLACE, position=9, mark=5, committed=5, pending=4, exposed=0, paused=False
    )
    watcher.show(snapshot(status, hold))
    seen = watcher.seen()

    assert seen.member
    assert (seen.in_flight, seen.in_flight_limit, seen.pending) == (2, 4.0, 17)
    assert seen.committed == {PLACE: 5}
    assert seen.holds == (hold,)


def test_what_was_seen_does_not_change_afterwards() -> None:
    watcher = Watcher()
    before = watcher.seen()
    watcher.note(SkippedRecords("topic", "tombstone", 2))

    assert before == Seen()


# -- The scene -------------------------------------------------------------------------------

SCENE = Scene(
    elapsed_s=12.5,
    events=2_400,
    published=1_234,
    per_s=98.0,
    now="SEEK is away",
    seen=Seen(
        accepted=800,
        skipped={"tombstone": 4, "not_from_seek": 300},
        buried=frozenset({(PLACE, 1), (PLACE, 2)}),
        requests={"accepted": 40, "outage": 3},
        in_flight=2,
    ),
)


def test_a_line_tells_the_moment() -> None:
    line = as_line(SCENE)

    for text in (
        "12.5 s",
        "published 1234/2400",
        "accepted 800",
        "skipped 304",
        "dead-lettered 2",
        "in flight 2",
        "requests 43",
        "98/s",
        "SEEK is away",
    ):
        assert text in line


def test_the_screen_tells_the_same() -> None:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(as_screen(SCENE))
    screen = capture.get()

    for text in ("1,234", "800", "304", "4 tombstone", "43", "3 outage", "SEEK is away"):
        assert text in screen


# -- The feed --------------------------------------------------------------------------------


class Written(Message):
    def __init__(self, topic: str) -> None:
        self._topic = topic

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 4


class PromptProducer:
    """Confirms at once, but for topics in `lost`."""

    def __init__(self, lost: str = "") -> None:
        self.lost = lost
        self.records: list[tuple[str, bytes | None, bytes | None]] = []

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        *,
        on_delivery: Callable[[KafkaError | None, Message], None],
    ) -> None:
        self.records.append((topic, key, value))
        error = KafkaError(KafkaError.REQUEST_TIMED_OUT) if topic == self.lost else None
        on_delivery(error, Written(topic))

    def poll(self, timeout: float) -> int:
        del timeout
        return 0

    def flush(self, timeout: float) -> int:
        del timeout
        return 0


def encode(event_type: str, topic: str, event: Mapping[str, object]) -> bytes:
    assert topic == TOPICS[Kind(event_type)]
    return encode_event(event_type, event, 1)


def fed(stream: list[DemoEvent], producer: PromptProducer) -> Feed:
    feed = Feed(stream, TOPICS, encode, per_s=1e9)
    feed.run(producer, threading.Event())
    return feed


def test_everything_of_the_stream_is_published_with_its_bytes() -> None:
    stream = believable_stream(seed=1, events=FEWEST_EVENTS, now_ms=1_780_000_000_000)
    producer = PromptProducer()
    feed = fed(stream, producer)

    assert feed.done.is_set()
    assert feed.unconfirmed == 0
    assert [each.event for each in feed.published] == stream
    assert [(p.place.topic, p.key, p.value) for p in feed.published] == producer.records
    assert {p.value for p in feed.published} >= {None, b""}


def test_a_record_cut_short_keeps_its_framing_and_loses_half_of_the_rest() -> None:
    fields = {
        "eventId": "e",
        "applicationId": "a" * 100,
        "occurredAt": 0,
        "completedAt": 0,
    }
    event = DemoEvent(
        Kind.APPLICATION_COMPLETED, "a", CutShort(fields), ToBeBuried(Reason.UNDECODABLE)
    )
    producer = PromptProducer()
    fed([event], producer)
    ((_, _, value),) = producer.records
    whole = encode_event(Kind.APPLICATION_COMPLETED, fields, 1)

    assert value == whole[: 5 + (len(whole) - 5) // 2]


def test_what_is_not_confirmed_is_not_published() -> None:
    stream = believable_stream(seed=1, events=FEWEST_EVENTS, now_ms=1_780_000_000_000)
    lost = TOPICS[Kind.POSITION_STATUS_CHANGED]
    feed = fed(stream, PromptProducer(lost=lost))
    positions = [event for event in stream if event.kind is Kind.POSITION_STATUS_CHANGED]

    assert feed.unconfirmed == len(positions) > 0
    assert all(each.place.topic != lost for each in feed.published)


def test_a_feed_that_is_stopped_publishes_no_more() -> None:
    stream = believable_stream(seed=1, events=FEWEST_EVENTS, now_ms=1_780_000_000_000)
    stop = threading.Event()
    stop.set()
    feed = Feed(stream, TOPICS, encode, per_s=0.001)
    feed.run(PromptProducer(), stop)

    assert feed.done.is_set()
    assert len(feed.published) == 1


# -- The evidence ----------------------------------------------------------------------------


def entry(**fields: object) -> Entry:
    signal = {"typeCode": "ApplicationComplete", "token": "t", "timestamp": "1970-01-01T00:00:01Z"}
    line = {"signal": signal, "requestId": "r", "swallowed": False, "validatedOnly": False}
    return cast("Entry", {**line, **fields})


def request(status: int | None, outcome: str) -> RequestLine:
    return cast("RequestLine", {"status": status, "outcome": outcome})


def test_only_signals_that_seek_keeps_count_as_accepted() -> None:
    lines = [entry(), entry(swallowed=True), entry(validatedOnly=True), entry(requestId=None)]

    assert [line.request_id for line in journaled(lines)] == ["r", ""]
    assert journaled(lines)[0].signal.timestamp_ms == 1_000


def test_requests_are_counted_by_what_came_of_them() -> None:
    lines = [
        request(200, "accepted"),
        request(200, "accepted"),
        request(200, "BAD_USER_INPUT"),
        request(429, "not_processed"),
        request(503, "not_processed"),
    ]

    assert requests_by_outcome(lines) == {
        "accepted": 2,
        "refused": 1,
        "throttled": 1,
        "answered with a server fault": 1,
    }


# -- The stage -------------------------------------------------------------------------------


def test_the_stage_stands_without_any_setting_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9092")
    monkeypatch.setenv("SEEK_SIGNALS_NO_SUCH_SETTING", "1")
    with set_up(tmp_path) as stage:
        config = stage.settings.kafka.consumer_config()

        assert config["bootstrap.servers"] == stage.bootstrap
        assert stage.bootstrap.startswith("127.0.0.1:")
        assert stage.settings.seek.endpoint == stage.sandbox.graphql_url
        assert stage.dlq_topic == "demo.dlq"
        assert limits_of(stage.settings).lease_s < 6.0
        assert stage.sandbox.stats()["requests"] == 0
