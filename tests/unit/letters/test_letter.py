"""Whatever lies on a dead-letter topic is a letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.dead_letter import CONNECT_PREFIX, PREFIX, Failure, Origin, for_retry
from consumer.delivery.records import Headers, TopicPartition
from consumer.letters.letter import CLASSES, FOREIGN, UNREADABLE, Kind, Spot, read_letter
from tests.unit.delivery_samples import PlainRecord, wrapped
from tests.unit.letters.samples import AT_MS, ENVELOPE, buried, source

CONNECT: Headers = [
    ("trace", b"1"),
    (CONNECT_PREFIX + "topic", b"moves"),
    (CONNECT_PREFIX + "partition", b"4"),
    (CONNECT_PREFIX + "offset", b"77"),
    (CONNECT_PREFIX + "connector.name", b"sink"),
    (CONNECT_PREFIX + "stage", b"VALUE_CONVERTER"),
    (CONNECT_PREFIX + "exception.class.name", b"org.apache.kafka.DataException"),
    (CONNECT_PREFIX + "exception.message", b"no such token"),
    (CONNECT_PREFIX + "exception.stacktrace", b"at ..."),
]
STREAMS: Headers = [
    ("__streams.errors.exception", b"java.lang.RuntimeException"),
    ("__streams.errors.message", b"no such token"),
    ("__streams.errors.topic", b"moves"),
    ("__streams.errors.partition", b"4"),
    ("__streams.errors.offset", b"77"),
    ("trace", b"1"),
]
SPRING: Headers = [
    ("trace", b"1"),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.Failed"),
    ("kafka_dlt-exception-message", b"no such token"),
    ("kafka_dlt-original-topic", b"moves"),
    ("kafka_dlt-original-partition", (4).to_bytes(4, "big")),
    ("kafka_dlt-original-offset", (77).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp", (AT_MS).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp-type", b"CreateTime"),
    ("retry_topic-attempts", (3).to_bytes(4, "big")),
]


def lying(headers: Headers | None, offset: int = 5) -> PlainRecord:
    return PlainRecord(TopicPartition("g.dlq", 1), offset, b"key", b"value", headers, AT_MS)


def test_a_letter_of_ours_is_read_whole() -> None:
    read = read_letter(buried(source(77, b"key", headers=[("trace", b"1")]), Spot(1, 5)))

    assert (read.kind, read.spot) == (Kind.OWN, Spot(1, 5))
    assert read.origin == Origin("moves", 0, 77, AT_MS + 77)
    assert (read.key, read.value, read.dead.headers) == (b"key", b"value", [("trace", b"1")])


def test_letters_of_other_programs_say_origin_and_exception() -> None:
    for headers, kind, code in (
        (CONNECT, Kind.CONNECT, "org.apache.kafka.DataException"),
        (STREAMS, Kind.STREAMS, "java.lang.RuntimeException"),
        (SPRING, Kind.SPRING, "org.springframework.kafka.listener.Failed"),
    ):
        read = read_letter(lying(headers))

        assert (read.kind, read.origin) == (kind, Origin("moves", 4, 77, AT_MS))
        failure = read.dead.failure
        assert (failure.reason, failure.code, failure.message) == (FOREIGN, code, "no such token")


def test_what_other_programs_added_is_taken_off_and_the_rest_stays() -> None:
    for headers in (CONNECT, STREAMS, SPRING):
        assert read_letter(lying(headers)).dead.headers == [("trace", b"1")]


class StampedByTheBroker(PlainRecord):
    __slots__ = ()

    def timestamp(self) -> tuple[int, int]:
        return 2, self.at_ms


def test_copies_of_a_letter_that_the_broker_stamped_are_one() -> None:
    """By these times they would be told apart, as records of a topic that was made anew are."""
    place = TopicPartition("g.dlq", 1)
    copies = [
        StampedByTheBroker(place, number, b"key", b"value", CONNECT, AT_MS + number)
        for number in range(2)
    ]

    assert {read_letter(copy).origin for copy in copies} == {Origin("moves", 4, 77, -1)}


def test_of_a_letter_that_was_republished_the_first_origin_counts() -> None:
    again: Headers = [
        ("kafka_dlt-original-topic", b"moves-dlt"),
        ("kafka_dlt-original-partition", (9).to_bytes(4, "big")),
        ("kafka_dlt-original-offset", (9).to_bytes(8, "big")),
    ]

    assert read_letter(lying([*SPRING, *again])).origin[:3] == ("moves", 4, 77)


def test_mangled_headers_make_an_unreadable_letter_whose_origin_is_its_own_place() -> None:
    """So it can be listed, replayed and purged like any other."""
    sound = buried(source(77), Spot(1, 5)).headers() or []
    without = [header for header in sound if header[0] != PREFIX + "offset"]
    garbled: Headers = [(k, b"x" if k == PREFIX + "offset" else v) for k, v in sound]
    text_for_binary: Headers = [(k, b"seven" if k.endswith("offset") else v) for k, v in SPRING]
    negative: Headers = [(k, b"-4" if k.endswith("partition") else v) for k, v in CONNECT]
    strange: Headers = [("a", None)]
    endless: Headers = [(k, b"9" * 30 if k == PREFIX + "offset" else v) for k, v in sound]
    backwards: Headers = [(k, b"-1" if k == PREFIX + "replay.count" else v) for k, v in sound]
    endless_connect: Headers = [(k, b"9" * 30 if k.endswith("set") else v) for k, v in CONNECT]
    no_topic: Headers = [(k, b"a b\x1b" if k == PREFIX + "topic" else v) for k, v in sound]
    for headers in (
        None,
        [],
        without,
        garbled,
        text_for_binary,
        negative,
        strange,
        endless,
        backwards,
        endless_connect,
        no_topic,
    ):
        read = read_letter(lying(headers))

        assert (read.kind, read.dead.failure.reason) == (Kind.UNKNOWN, UNREADABLE)
        assert read.origin == Origin("g.dlq", 1, 5, AT_MS)


class Unreadable(PlainRecord):
    """Header names that are no UTF-8, as confluent-kafka meets them."""

    __slots__ = ()

    def headers(self) -> Headers | None:
        b"\xff".decode()
        return None


def test_header_names_that_cannot_be_read_crash_no_verb() -> None:
    read = read_letter(Unreadable(TopicPartition("g.dlq", 1), 5, b"key", b"value"))

    assert (read.dead.failure.reason, read.value) == (UNREADABLE, b"value")


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in (*CONNECT, *STREAMS, *SPRING)])
            | st.sampled_from([PREFIX + "format", PREFIX + "topic", PREFIX + "offset"]),
            st.none() | st.binary(max_size=9),
        ),
        max_size=12,
    )
)
def test_no_headers_crash_a_verb(headers: Headers) -> None:
    assert read_letter(lying(headers)).dead.failure.reason in CLASSES


def test_connect_s_names_are_written_when_asked_for_and_leave_with_ours() -> None:
    asked = type(ENVELOPE)("g.dlq", "g", "g.retry", "1", "h", connect_headers=True)
    failure = Failure("send", "forbidden", "why", failed_at_ms=AT_MS)
    written = wrapped(source(77, headers=[("trace", b"1")]), failure, asked)

    theirs = [header for header in written.headers if header[0].startswith(CONNECT_PREFIX)]
    assert theirs == [
        (CONNECT_PREFIX + "topic", b"moves"),
        (CONNECT_PREFIX + "partition", b"0"),
        (CONNECT_PREFIX + "offset", b"77"),
        (CONNECT_PREFIX + "connector.name", b"g"),
        (CONNECT_PREFIX + "stage", b"SEND"),
        (CONNECT_PREFIX + "exception.class.name", b"forbidden"),
        (CONNECT_PREFIX + "exception.message", b"why"),
    ]
    read = read_letter(lying(written.headers))
    assert (read.kind, read.dead.headers) == (Kind.OWN, [("trace", b"1")])


def test_a_retried_record_that_fails_again_keeps_its_origin_counts_on_and_does_not_grow() -> None:
    first = read_letter(buried(source(77, headers=[("trace", b"1")]), Spot(0, 0)))
    sizes = set()
    for replays in range(1, 5):
        place = TopicPartition("g.retry", 2)
        retried = PlainRecord(place, 30 + replays, b"k", b"value", for_retry(first.dead), AT_MS)
        first = read_letter(buried(retried, Spot(0, replays)))

        assert first.dead.replay_count == replays
        assert (first.origin, first.dead.headers) == (
            Origin("moves", 0, 77, AT_MS + 77),
            [("trace", b"1")],
        )
        sizes.add(len(buried(retried, Spot(0, replays)).headers() or []))
    assert len(sizes) == 1


def test_a_foreign_letter_that_is_replayed_and_fails_is_a_letter_of_ours_with_its_origin() -> None:
    for headers in (CONNECT, STREAMS, SPRING):
        foreign = read_letter(lying(headers))
        place = TopicPartition("g.retry", 0)
        retried = PlainRecord(place, 0, b"k", b"value", for_retry(foreign.dead), AT_MS)
        back = read_letter(buried(retried, Spot(0, 0)))

        assert (back.kind, back.origin[:3]) == (Kind.OWN, ("moves", 4, 77))
        assert (back.dead.headers, back.dead.replay_count) == ([("trace", b"1")], 1)


def test_seek_s_message_does_not_travel_to_the_retry_topic() -> None:
    quoting = read_letter(buried(source(1), Spot(0, 0), message="token global-abc"))

    assert not any(b"global-abc" in (value or b"") for _, value in for_retry(quoting.dead))
