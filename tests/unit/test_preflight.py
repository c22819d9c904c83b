"""What a check makes of what it found, without anybody being asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from pathlib import Path

import orjson
import pytest
from confluent_kafka.schema_registry import Schema

from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.seek.token_endpoint import Token
from consumer.adapters.seek.transport import HttpAnswer, RawHeaders, TransportError
from consumer.delivery.verdicts import Fault, Outage, Unauthenticated
from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason, TypeCode
from consumer.preflight import schemas, topics
from consumer.preflight.findings import Finding, Level, fault, ok, warning, worst
from consumer.preflight.partner import Partner
from consumer.preflight.sampling import Sample, fit
from consumer.preflight.schemas import NoSubjectError, RegistryAwayError
from consumer.preflight.topics import Facts, TopicFacts
from consumer.preflight.trust import address_of, credentials_age
from consumer.topics.plan import DAY_MS, Names

NAMES = Names(["moves"], "g", "g.dlq", "g.retry", "g.dlq.state", "g.dlq", 1_048_576)
ALL = frozenset({"Read", "Write", "Describe"})
KEPT = {"cleanup.policy": "delete", "retention.ms": str(14 * DAY_MS)}
LARGE = {**KEPT, "max.message.bytes": "2000000"}
NOW_S = 1_800_000_000.0


def _facts(
    changed: Mapping[str, TopicFacts | None] | None = None, group: frozenset[str] | None = ALL
) -> Facts:
    found = {
        "moves": TopicFacts(6, KEPT, ALL),
        "g.dlq": TopicFacts(6, LARGE, ALL),
        "g.retry": TopicFacts(3, KEPT, ALL),
        "g.dlq.state": TopicFacts(3, {"cleanup.policy": "compact"}, ALL),
    }
    there = {n: facts for n, facts in {**found, **(changed or {})}.items() if facts is not None}
    return Facts(there, group)


def _odd(findings: Sequence[Finding]) -> list[tuple[Level, str]]:
    return [(each.level, each.about) for each in findings if each.level is not Level.OK]


def test_the_worst_line_decides() -> None:
    one, two, three = ok("a", "b"), warning("a", "b", "c"), fault("a", "b", "c")
    assert worst([]) is worst([one]) is Level.OK
    assert worst([two, one]) is Level.WARNING
    assert worst([two, three, one]) is Level.FAULT


def test_topics_as_planned_are_fine() -> None:
    assert _odd(list(topics.judged(NAMES, _facts()))) == []


@pytest.mark.parametrize(
    ("changed", "odd"),
    [
        ({"moves": None}, (Level.FAULT, "topic moves")),
        ({"g.dlq": None}, (Level.FAULT, "topic g.dlq")),
        ({"g.retry": None}, (Level.FAULT, "topic g.retry")),
        ({"g.dlq.state": None}, (Level.WARNING, "topic g.dlq.state")),
        ({"moves": TopicFacts(1, None, ALL)}, (Level.WARNING, "topic moves")),
        (
            {"moves": TopicFacts(1, {"cleanup.policy": "compact,delete"}, ALL)},
            (Level.WARNING, "topic moves"),
        ),
        ({"moves": TopicFacts(1, {"retention.ms": "60000"}, ALL)}, (Level.WARNING, "topic moves")),
        (
            {"g.dlq": TopicFacts(1, {**LARGE, "cleanup.policy": "compact"}, ALL)},
            (Level.FAULT, "topic g.dlq"),
        ),
        (
            {"g.dlq": TopicFacts(1, {**LARGE, "retention.ms": str(31 * DAY_MS)}, ALL)},
            (Level.WARNING, "topic g.dlq"),
        ),
        (
            {"g.dlq": TopicFacts(1, {**LARGE, "max.message.bytes": "1048588"}, ALL)},
            (Level.WARNING, "topic g.dlq"),
        ),
        (
            {"moves": TopicFacts(1, {"max.message.bytes": "2000000"}, ALL)},
            (Level.WARNING, "topic moves"),
        ),
        (
            {"g.retry": TopicFacts(1, {**LARGE, "cleanup.policy": "compact"}, ALL)},
            (Level.FAULT, "topic g.retry"),
        ),
        (
            {"g.retry": TopicFacts(1, {**LARGE, "retention.ms": "60000"}, ALL)},
            (Level.WARNING, "topic g.retry"),
        ),
        (
            {"g.retry": TopicFacts(1, {**LARGE, "retention.ms": "-1"}, ALL)},
            (Level.WARNING, "topic g.retry"),
        ),
        (
            {"g.retry": TopicFacts(1, {**LARGE, "max.message.bytes": "1048588"}, ALL)},
            (Level.WARNING, "topic g.retry"),
        ),
        ({"g.retry": TopicFacts(1, None, ALL)}, (Level.WARNING, "topic g.retry")),
        ({"g.dlq.state": TopicFacts(1, KEPT, ALL)}, (Level.FAULT, "topic g.dlq.state")),
        ({"g.dlq": TopicFacts(1, LARGE, frozenset({"Describe"}))}, (Level.FAULT, "rights")),
    ],
)
def test_each_oddity_of_a_topic_is_a_line(
    changed: dict[str, TopicFacts | None], odd: tuple[Level, str]
) -> None:
    assert _odd(list(topics.judged(NAMES, _facts(changed)))) == [odd]


def test_kafka_s_own_limit_of_a_record_is_fine_for_a_source() -> None:
    usual = TopicFacts(6, {**KEPT, "max.message.bytes": "1048588"}, ALL)
    assert _odd(list(topics.judged(NAMES, _facts({"moves": usual})))) == []


def test_a_group_that_is_new_is_no_missing_right() -> None:
    findings = list(topics.judged(NAMES, _facts(group=None)))
    assert _odd(findings) == []
    assert "not told (a group that is new?): the group g" in findings[-1].said


def _prepared(subject: str) -> Signal:
    return Signal(TypeCode.APPLICATION_COMPLETE, subject, None, 0, b"{}", ())


def test_a_sample_of_mostly_poison_is_a_fault() -> None:
    sample = Sample("moves")
    for offset in range(3):
        sample.add(0, offset, Rejected(Reason.BAD_FRAMING, ""))
    sample.add(0, 3, _prepared("a"))
    assert _odd(list(sample.findings())) == [(Level.FAULT, "records of moves")]


def test_a_sample_that_is_skipped_altogether_is_a_warning() -> None:
    sample = Sample("moves")
    for offset in range(50):
        sample.add(0, offset, Skipped(SkipReason.NOT_FROM_SEEK))
    (line,) = [each for each in sample.findings() if each.level is Level.WARNING]
    assert "seekToken" in line.do


def test_a_subject_twice_in_one_partition_is_in_order() -> None:
    sample = Sample("moves")
    for offset in range(2):
        sample.add(0, offset, _prepared("a"))
    assert _odd(list(sample.findings())) == []


@pytest.mark.parametrize("read", [(0, 1), (1, 0)])
def test_the_places_of_a_subject_in_two_partitions_are_named_in_their_order(
    read: tuple[int, int],
) -> None:
    sample = Sample("moves")
    for partition in read:
        sample.add(partition, 7, _prepared("a"))
    (line,) = [each for each in sample.findings() if each.level is Level.WARNING]
    assert line.said.endswith("not kept: moves/0/7 and moves/1/7")


def test_schemas_that_do_not_resolve_are_faults() -> None:
    ours = event_schema("application_completed").text
    registered = {
        "a-value": Schema(ours, "AVRO"),
        "b-value": Schema('{"type": "record", "name": "Other", "fields": []}', "AVRO"),
        "c-value": Schema("{}", "JSON"),
    }

    def newest(subject: str) -> Schema:
        if subject not in registered:
            raise NoSubjectError(subject)
        return registered[subject]

    findings = list(schemas.judged(["a", "b", "c", "d"], newest, ()))
    assert [finding.level for finding in findings] == [
        *(Level.OK, Level.FAULT, Level.FAULT, Level.WARNING)
    ]
    assert "unknown_record_type" in findings[1].said
    assert next(iter(schemas.judged(["b"], newest, ["Other"]))).level is Level.OK


def test_a_registry_that_is_away_is_said_once() -> None:
    def newest(_: str) -> Schema:
        msg = "HTTP 503"
        raise RegistryAwayError(msg)

    assert _odd(list(schemas.judged(["a", "b"], newest, ()))) == [(Level.FAULT, "registry")]


class FakeTokens:
    def __init__(self, fetched: Token | Unauthenticated | Outage) -> None:
        self._fetched = fetched

    def fetch(self) -> Token | Unauthenticated | Outage:
        return self._fetched


class FakeSeek:
    """Answers with a version, at its own time."""

    def __init__(self, answer: HttpAnswer | TransportError) -> None:
        self._answer = answer

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        del headers, total_s
        assert b"mutation" not in body
        if isinstance(self._answer, TransportError):
            raise self._answer
        return self._answer


class FakeClock:
    def monotonic_s(self) -> float:
        return 0.0

    def wall_ms(self) -> int:
        return int(NOW_S * 1000)

    def jitter(self) -> float:
        return 0.0


TOKEN = Token("bearer", 0.0, int(NOW_S * 1000) + 1_800_000)


def _answer(ahead_s: float = 0.0, body: object = None, status: int = 200) -> HttpAnswer:
    date = formatdate(NOW_S + ahead_s, usegmt=True).encode()
    told = {"data": {"version": "1.2"}} if body is None else body
    return HttpAnswer(status, [(b"Date", date)], orjson.dumps(told))


def _partner(
    answer: HttpAnswer | TransportError, fetched: Token | Unauthenticated | Outage = TOKEN
) -> list[tuple[Level, str]]:
    seek = Partner(FakeTokens(fetched), FakeSeek(answer), FakeClock(), "a/1", "live SEEK")
    return _odd(list(seek.findings()))


@pytest.mark.parametrize(
    ("answer", "odd"),
    [
        (_answer(), []),
        (_answer(ahead_s=29.0), []),
        (_answer(ahead_s=40.0), [(Level.WARNING, "clock")]),
        (_answer(ahead_s=-40.0), [(Level.WARNING, "clock")]),
        (HttpAnswer(200, [], b'{"data": {"version": "1"}}'), [(Level.WARNING, "clock")]),
        (_answer(body={"data": None}), [(Level.FAULT, "seek")]),
        (_answer(body=[]), [(Level.FAULT, "seek")]),
        (_answer(status=503), [(Level.FAULT, "seek")]),
        (TransportError("ConnectError", timed_out=False), [(Level.FAULT, "seek")]),
    ],
)
def test_an_answer_of_seek_s_is_judged_with_its_clock(
    answer: HttpAnswer | TransportError, odd: list[tuple[Level, str]]
) -> None:
    assert _partner(answer) == odd


def test_without_a_token_seek_is_not_asked() -> None:
    assert _partner(_answer(), Unauthenticated()) == [(Level.FAULT, "token")]
    away = Outage(Fault.TOKEN_ENDPOINT, "HTTP 503")
    assert _partner(_answer(), away) == [(Level.FAULT, "token")]


def test_old_credentials_are_to_be_rotated(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("x")
    written_s = file.stat().st_mtime
    name = "SEEK_CLIENT_SECRET_FILE"
    assert _odd(list(credentials_age(name, file, written_s + 364 * 86_400))) == []
    (old,) = credentials_age(name, file, written_s + 366 * 86_400)
    assert (old.level, old.about) == (Level.WARNING, "credentials")
    assert "no restart" in old.do
    (kafka,) = credentials_age("KAFKA_SASL_PASSWORD_FILE", file, written_s + 366 * 86_400)
    assert "restart one member after another" in kafka.do
    assert list(credentials_age(name, tmp_path / "none", 0.0)) == []


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://graphql.seek.com/graphql", "graphql.seek.com:443"),
        ("https://registry.example:8081", "registry.example:8081"),
        ("http://127.0.0.1:1/graphql", "None"),
    ],
)
def test_tls_is_looked_at_only_where_it_is_spoken(url: str, address: str) -> None:
    assert str(address_of(url)) == address


def _sampled(sent: int, wrong: int) -> Sample:
    sample = Sample("moves")
    for offset in range(sent):
        sample.add(0, offset, _prepared(f"a-{offset}"))
    for offset in range(wrong):
        sample.add(1, offset, Rejected(Reason.WRONG_ENVIRONMENT, ""))
    return sample


@pytest.mark.parametrize(
    ("samples", "level", "says"),
    [
        ([], Level.OK, "no record was there"),
        ([_sampled(3, 0), _sampled(2, 0)], Level.OK, "so are the ids of 5 sampled records"),
        ([_sampled(3, 0), _sampled(0, 1)], Level.WARNING, "the ids of 1 of 4 sampled records"),
        ([_sampled(1, 2)], Level.FAULT, "the ids of 2 of 3 sampled records"),
    ],
)
def test_ids_of_the_other_seek_are_held_against_the_audience(
    samples: list[Sample], level: Level, says: str
) -> None:
    (finding,) = fit(samples, "live SEEK")
    assert (finding.about, finding.level) == ("audience", level)
    assert finding.said.startswith("is for live SEEK")
    assert says in finding.said
