"""`publish` accounts for every line: confirmed, bad, or not confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from consumer.adapters.avro.writer import encode_event
from consumer.cli.application import run_application
from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.expectations import Kind
from consumer.demo.publish_topics import topics_of
from consumer.demo.publishing import Account, Publication, summary
from consumer.demo.stream import believable_stream
from consumer.errors import BadConfigurationError, ExitCode
from consumer.settings.sources import SourceSettings

COMPLETED = {
    "type": "application_completed",
    "eventId": "e1",
    "applicationId": "app-1",
    "occurredAt": "2026-01-31T09:00:00Z",
    "completedAt": "2026-01-31T09:00:00Z",
}
PLACE = TopicPartition("completed", 0)


@dataclass
class Told:
    """A publication whose sender confirms even numbers and fails odd ones, when asked."""

    lines: list[str] = field(default_factory=list)
    sent: list[tuple[int, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = Account(self.lines.append)
        topics = {Kind.APPLICATION_COMPLETED: "completed"}
        self.publication = Publication(topics, self.encode, self.send, self.account)

    def encode(self, event_type: str, topic: str, event: Mapping[str, object]) -> bytes:
        assert topic == "completed"
        return encode_event(event_type, event, 1)

    def send(self, ticket: int, topic: str, key: bytes, value: bytes) -> None:
        assert value.startswith(b"\x00\x00\x00\x00\x01")
        self.sent.append((ticket, topic, key))

    def take(self, *events: object) -> None:
        for number, event in enumerate(events, start=1):
            text = event if isinstance(event, bytes) else orjson.dumps(event) + b"\n"
            self.publication.take(number, text)


def source(**topics: object) -> SourceSettings:
    return SourceSettings.model_validate(topics)


def code_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run_application(["publish", *arguments])
    return ended.value.code


def test_a_good_line_is_sent_under_its_number_with_the_subject_as_key() -> None:
    it = Told()
    it.take(COMPLETED)

    assert it.sent == [(1, "completed", b"app-1")]
    assert it.account.lines == 1
    assert it.account.bad == []


def test_blank_lines_count_for_nothing_but_the_numbers() -> None:
    it = Told()
    it.take(b"\n", b"   \r\n", COMPLETED)

    assert [ticket for ticket, _, _ in it.sent] == [3]
    assert it.account.lines == 1


def test_a_bad_line_is_named_by_number_and_field_and_left_out() -> None:
    it = Told()
    it.take(COMPLETED, {**COMPLETED, "completedAt": "noon"}, b"{\n", COMPLETED)

    assert [ticket for ticket, _, _ in it.sent] == [1, 4]
    assert it.account.bad == [2, 3]
    assert it.lines[0].startswith("line 2: completedAt: ")
    assert it.lines[1].startswith("line 3: not JSON: ")
    assert "noon" not in it.lines[0]


def test_a_type_without_a_topic_says_how_to_name_one() -> None:
    it = Told()
    it.take({"type": "position_status_changed", "positionId": "p"})

    assert it.account.bad == [1]
    assert "--topic position_status_changed=NAME" in it.lines[0]


def test_the_summary_counts_confirmations_and_lists_all_other_lines() -> None:
    it = Told()
    it.take(*[COMPLETED] * 6, b"[]")
    for ticket in (1, 2, 3):
        it.account.confirmed(ticket, PLACE, Offset(0))
    for ticket in (4, 5, 6):
        it.account.failed(ticket, "why")

    assert summary(it.account, unread=False) == [
        "3 of 7 lines confirmed by Kafka",
        "1 bad, not published: 7",
        "3 not confirmed (they may still have been written): 4-6",
    ]
    assert "line 4: not confirmed: why" in it.lines


def test_an_interrupted_run_says_that_the_rest_was_not_read() -> None:
    assert "not read" in summary(Told().account, unread=True)[-1]


def test_a_flood_of_faults_is_cut_short_but_keeps_its_numbers() -> None:
    it = Told()
    it.take(*[b"{"] * 500)

    assert len(it.lines) == 51
    assert "summary" in it.lines[-1]
    assert "500 bad, not published: 1-500" in summary(it.account, unread=False)


def test_topics_come_from_the_settings_unless_named() -> None:
    chosen = topics_of(source(), ["application_completed=mine"])

    assert chosen == {
        Kind.APPLICATION_STATUS_CHANGED: "ats.application-status-changed",
        Kind.POSITION_STATUS_CHANGED: "ats.position-status-changed",
        Kind.APPLICATION_COMPLETED: "mine",
    }


def test_a_type_that_the_settings_do_not_read_has_no_topic() -> None:
    chosen = topics_of(source(application_completed_topics=()), [])

    assert Kind.APPLICATION_COMPLETED not in chosen


def test_all_faults_of_the_topics_are_told_together() -> None:
    several = source(position_status_topics=("a", "b"))
    with pytest.raises(BadConfigurationError) as error:
        topics_of(several, ["application_complete=x", "application_completed="])

    assert len(error.value.faults) == 3
    assert "position_status_changed has 2 topics (a, b)" in error.value.faults[2]


def test_one_of_several_topics_can_be_chosen() -> None:
    several = source(position_status_topics=("a", "b"))

    assert topics_of(several, ["position_status_changed=b"])[Kind.POSITION_STATUS_CHANGED] == "b"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


def test_a_dry_run_needs_no_settings_and_finds_all_good(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [
        event.value | {"type": event.kind}
        for event in believable_stream(seed=5, events=300, now_ms=1_780_000_000_000)
        if isinstance(event.value, dict)
    ]
    file.write_bytes(b"\n".join(map(orjson.dumps, events)))

    assert code_of("--dry-run", str(file)) == ExitCode.OK
    assert f"{len(events)} of {len(events)} lines are good" in capsys.readouterr().out


def test_a_dry_run_of_a_bad_file_fails_and_says_where(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(orjson.dumps(COMPLETED) + b"\n{}\n")
    code = code_of("--dry-run", str(file))
    told = capsys.readouterr()

    assert code == ExitCode.FAILED
    assert "line 2: type: must be one of" in told.err
    assert "1 bad, not published: 2" in told.out


def test_a_file_that_is_not_there_is_a_fault_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--dry-run", "/no/such/file") == 2
    assert "No such file" in capsys.readouterr().err
