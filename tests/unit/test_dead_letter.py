"""A dead letter gives back the very record that was buried, and says why it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.dead_letter import (
    MAX_MESSAGE_BYTES,
    PREFIX,
    Envelope,
    Failure,
    Origin,
    unwrap,
    without_original,
    without_value,
)
from consumer.delivery.records import Headers, OutgoingRecord, TopicPartition
from consumer.delivery.verdicts import Fault, Refusal
from consumer.domain.signals import Reason, Stage
from tests.unit.delivery_samples import PlainRecord, wrapped

ENVELOPE = Envelope(
    topic="seek-signals.dlq",
    group="seek-signals",
    retry_topic="seek-signals.retry",
    app_version="1.2.3",
    mapping_hash="abc123",
)
FAILURE = Failure(
    stage="send",
    reason="bad_user_input",
    message="/input/signals/0/token: no such token",
    code="BAD_USER_INPUT",
    request_id="8f14e45f",
    attempts=3,
    failed_at_ms=1_700_000_060_000,
)
FRAMED = b"\x00\x00\x00\x00\x2aAvro"

offsets = st.integers(0, 2**63 - 1)
header_names = st.text(max_size=20) | st.sampled_from([PREFIX + "format", PREFIX + "topic"])
headers = st.lists(st.tuples(header_names, st.none() | st.binary(max_size=20)), max_size=6)
words = st.text(max_size=40)
records = st.builds(
    PlainRecord,
    place=st.builds(TopicPartition, st.sampled_from(["moves", "tøpic"]), st.integers(0, 99)),
    number=offsets,
    key_bytes=st.none() | st.binary(max_size=20),
    value_bytes=st.none() | st.binary(max_size=40),
    header_list=st.none() | headers,
    at_ms=st.integers(-1, 2**62),
)
failures = st.builds(
    Failure,
    stage=st.sampled_from(["decode", "map", "send"]),
    reason=words,
    message=words,
    code=words,
    request_id=words,
    attempts=st.integers(0, 1_000),
    failed_at_ms=offsets,
)


def moved(value: bytes | None = FRAMED, header_list: Headers | None = None) -> PlainRecord:
    place = TopicPartition("moves", 4)
    return PlainRecord(place, 77, b"key", value, header_list, at_ms=1_700_000_000_000)


def retried(letter: OutgoingRecord) -> PlainRecord:
    """As a replay gives it back: on the retry topic, at a time and offset of its own."""
    place = TopicPartition("seek-signals.retry", 1)
    return PlainRecord(place, 5, letter.key, letter.value, letter.headers, 1_800_000_000_000)


def test_header_names_and_their_texts_are_pinned() -> None:
    """Other tools and later versions read them: none may change its name or meaning."""
    letter = wrapped(moved(), FAILURE, ENVELOPE)
    assert letter.headers == [
        ("__dlq.errors.format", b"1"),
        ("__dlq.errors.topic", b"moves"),
        ("__dlq.errors.partition", b"4"),
        ("__dlq.errors.offset", b"77"),
        ("__dlq.errors.timestamp", b"1700000000000"),
        ("__dlq.errors.group", b"seek-signals"),
        ("__dlq.errors.message", b"/input/signals/0/token: no such token"),
        ("__dlq.errors.class", b"bad_user_input"),
        ("__dlq.errors.stage", b"send"),
        ("__dlq.errors.code", b"BAD_USER_INPUT"),
        ("__dlq.errors.request.id", b"8f14e45f"),
        ("__dlq.errors.schema.id", b"42"),
        ("__dlq.errors.mapping.hash", b"abc123"),
        ("__dlq.errors.delivery.count", b"3"),
        ("__dlq.errors.failed.at", b"1700000060000"),
        ("__dlq.errors.replay.count", b"0"),
        ("__dlq.errors.app.version", b"1.2.3"),
    ]


def test_stages_and_classes_are_pinned() -> None:
    """Runbooks, filters of `dlq replay` and alerts name them."""
    assert [stage.value for stage in Stage] == ["decode", "map", "send"]
    assert {reason.value for reason in Reason} == {
        "too_large",
        "no_bytes",
        "bad_framing",
        "unknown_schema",
        "incompatible_schema",
        "undecodable",
        "unknown_record_type",
        "blank_event_id",
        "blank_subject",
        "blank_token",
        "token_whitespace",
        "blank_profile_id",
        "blank_label",
        "wrong_environment",
        "bad_time",
    }
    assert {refusal.value for refusal in Refusal} == {
        "bad_user_input",
        "forbidden",
        "request_too_large",
    }
    assert (Fault.SERVER_FAULT.value, Fault.UNKNOWN_CODE.value) == ("server_fault", "unknown_code")


@given(record=records, failure=failures)
def test_key_value_and_headers_travel_untouched(record: PlainRecord, failure: Failure) -> None:
    letter = wrapped(record, failure, ENVELOPE)
    original = record.header_list or []
    assert letter.topic == "seek-signals.dlq"
    assert (letter.key, letter.value) == (record.key_bytes, record.value_bytes)
    assert letter.headers[: len(original)] == original


@given(record=records, failure=failures)
def test_unwrap_undoes_wrap(record: PlainRecord, failure: Failure) -> None:
    read = unwrap(wrapped(record, failure, ENVELOPE).headers)
    assert read is not None
    assert read.origin == Origin(*record.place, record.number, record.at_ms)
    assert read.failure == failure
    assert read.headers == (record.header_list or [])
    assert (read.replay_count, read.is_pointer) == (0, False)


def test_foreign_headers_under_our_prefix_travel_untouched() -> None:
    """The source may hold another service's dead letters."""
    foreign: Headers = [
        (PREFIX + "format", b"1"),
        (PREFIX + "topic", b"elsewhere"),
        (PREFIX + "pointer", b"true"),
    ]
    letter = wrapped(moved(header_list=foreign), FAILURE, ENVELOPE)
    read = unwrap(letter.headers)
    assert letter.headers[:3] == foreign
    assert read is not None
    assert (read.origin.topic, read.headers, read.is_pointer) == ("moves", foreign, False)


def test_a_record_from_the_retry_topic_keeps_its_first_origin() -> None:
    first = wrapped(moved(header_list=[("trace", b"1")]), FAILURE, ENVELOPE)
    read = unwrap(wrapped(retried(first), FAILURE, ENVELOPE).headers)
    assert read is not None
    assert read.origin == Origin("moves", 4, 77, 1_700_000_000_000)
    assert read.headers == [("trace", b"1")]


def test_the_headers_of_a_record_do_not_grow_from_replay_to_replay() -> None:
    first = wrapped(moved(header_list=[("trace", b"1")]), FAILURE, ENVELOPE)
    again = wrapped(retried(wrapped(retried(first), FAILURE, ENVELOPE)), FAILURE, ENVELOPE)
    assert again == first


def test_a_record_from_the_retry_topic_keeps_its_count_of_replays() -> None:
    first = wrapped(moved(), FAILURE, ENVELOPE)
    name = PREFIX + "replay.count"
    counted = [(key, b"2" if key == name else value) for key, value in first.headers]
    letter = wrapped(retried(OutgoingRecord("", b"key", FRAMED, counted)), FAILURE, ENVELOPE)
    read = unwrap(letter.headers)
    assert read is not None
    assert read.replay_count == 2


def test_a_stranger_on_the_retry_topic_begins_there() -> None:
    stranger = retried(OutgoingRecord("", b"key", FRAMED, [("trace", b"1")]))
    read = unwrap(wrapped(stranger, FAILURE, ENVELOPE).headers)
    assert read is not None
    assert read.origin == Origin("seek-signals.retry", 1, 5, 1_800_000_000_000)


def test_our_headers_on_a_source_topic_say_nothing_of_the_origin() -> None:
    """A letter that somebody copied into a source topic is a record of that topic."""
    first = wrapped(moved(), FAILURE, ENVELOPE)
    copied = moved(header_list=first.headers)
    read = unwrap(wrapped(copied, FAILURE, ENVELOPE).headers)
    assert read is not None
    assert read.headers == first.headers


def test_a_pointer_letter_leaves_the_value_behind() -> None:
    letter = wrapped(moved(header_list=[("trace", b"1")]), FAILURE, ENVELOPE)
    pointer = without_value(letter)
    read = unwrap(pointer.headers)
    assert (pointer.topic, pointer.key, pointer.value) == (letter.topic, letter.key, None)
    assert pointer.headers == [*letter.headers, (PREFIX + "pointer", b"true")]
    assert read is not None
    assert read.is_pointer
    assert read.headers == [("trace", b"1")]


def test_the_smallest_letter_says_where_the_record_is_and_why_it_failed() -> None:
    letter = wrapped(moved(header_list=[("huge", b"x" * 10_000)]), FAILURE, ENVELOPE)
    smallest = without_original(without_value(letter))
    read = unwrap(smallest.headers)
    assert (smallest.key, smallest.value) == (None, None)
    assert read is not None
    assert read.origin == Origin("moves", 4, 77, 1_700_000_000_000)
    assert (read.failure, read.headers, read.is_pointer) == (FAILURE, [], True)


@given(text=st.text(st.characters(codec=None), max_size=2_000))
def test_no_text_from_outside_raises_or_passes_a_kibibyte(text: str) -> None:
    """SEEK's JSON may hold half of a character, which no header can."""
    failure = Failure("send", "unknown_code", message=text, code=text, request_id=text)
    added = dict(wrapped(moved(), failure, ENVELOPE).headers)
    for name in ("message", "code", "request.id"):
        clipped = added[PREFIX + name]
        assert clipped is not None
        assert len(clipped) <= MAX_MESSAGE_BYTES
        assert text.encode(errors="replace").startswith(clipped.decode().encode())


def test_no_character_is_cut_in_half() -> None:
    failure = Failure("send", "bad_user_input", message="é" * 1_000 + "!")
    message = dict(wrapped(moved(), failure, ENVELOPE).headers)[PREFIX + "message"]
    assert message == ("é" * 512).encode()


def test_a_value_without_framing_has_no_schema_id() -> None:
    for value in (None, b"", b"\x00\x00\x00\x2a", b'{"json": 1}'):
        added = dict(wrapped(moved(value), FAILURE, ENVELOPE).headers)
        assert added[PREFIX + "schema.id"] == b""


@given(header_list=headers)
def test_headers_that_are_no_letters_are_told_from_those_that_are(header_list: Headers) -> None:
    assert unwrap(header_list) is None


def test_no_headers_are_no_letter() -> None:
    assert unwrap(None) is None


def test_a_letter_with_a_mangled_number_is_no_letter() -> None:
    letter = wrapped(moved(), FAILURE, ENVELOPE)
    name = PREFIX + "offset"
    mangled = [(key, b"x" if key == name else value) for key, value in letter.headers]
    assert unwrap(mangled) is None
