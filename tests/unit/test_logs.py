"""Log lines: which, how often, and what is never in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError

from consumer.adapters.telemetry.kafka_logs import KafkaErrors, kafka_logger
from consumer.adapters.telemetry.logs import LoggingTelemetry, configure_logging
from consumer.adapters.telemetry.rate_limit import RateLimit
from consumer.observed import CommitRefused, Drained, RequestLanded
from tests.unit.telemetry_samples import ONE_OF_EACH, snapshot


@dataclass
class Log:
    stream: io.StringIO = field(default_factory=io.StringIO)
    now_s: float = 0.0

    def clock(self) -> float:
        return self.now_s

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines()]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    new = Log()
    configure_logging("info", "json", new.stream)
    yield new
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def refused_request(code: str, outcome: str = "outage") -> RequestLanded:
    return RequestLanded(outcome, code, 100, 0.25, "request-1", 1, isolating=False)


def test_a_line_tells_when_what_and_how_grave(log: Log) -> None:
    LoggingTelemetry(log.clock).note(Drained(1.5, in_time=True))

    (line,) = log.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "drained", "level": "info", "seconds": 1.5, "in_time": True}


def test_changes_of_state_are_told_and_counts_are_not(log: Log) -> None:
    telemetry = LoggingTelemetry(log.clock)
    for occurrence in ONE_OF_EACH:
        telemetry.note(occurrence)
    telemetry.show(snapshot())

    assert log.events() == [
        "batch fails while others pass",
        "code not known",
        "record dead-lettered",
        "commit refused",
        "partitions assigned",
        "drained",
        "hold began",
        "hold goes on",
        "hold ended",
    ]


def test_a_hold_is_told_with_its_reason(log: Log) -> None:
    telemetry = LoggingTelemetry(log.clock)
    for occurrence in ONE_OF_EACH[-3:]:
        telemetry.note(occurrence)

    began, goes_on, ended = log.lines()
    assert (began["level"], began["reason"], began["detail"]) == ("error", "seek", "HTTP 503")
    assert "see whether SEEK is up" in began["advice"]
    assert (goes_on["level"], goes_on["detail"]) == ("error", "tls_failed: check the CA")
    assert (ended["level"], ended["reason"], ended["seconds"]) == ("info", "seek", 12.5)


def test_a_drain_that_overran_is_a_warning(log: Log) -> None:
    LoggingTelemetry(log.clock).note(Drained(25.0, in_time=False))

    assert log.lines()[0]["level"] == "warning"


def test_what_repeats_is_told_once_a_minute_with_a_count(log: Log) -> None:
    telemetry = LoggingTelemetry(log.clock)
    for second in range(61):
        log.now_s = float(second)
        telemetry.note(CommitRefused("REBALANCE_IN_PROGRESS"))
        telemetry.note(refused_request("HTTP 503"))

    assert log.events() == ["commit refused", "request not accepted"] * 2
    assert [line["like_it_before"] for line in log.lines()] == [0, 0, 59, 59]


def test_another_code_is_another_line(log: Log) -> None:
    telemetry = LoggingTelemetry(log.clock)
    for code in ("A", "B", "A"):
        telemetry.note(CommitRefused(code))

    assert [line["code"] for line in log.lines()] == ["A", "B"]


def test_a_refused_request_names_its_id_for_seeks_support_and_its_batch(log: Log) -> None:
    LoggingTelemetry(log.clock).note(refused_request("BAD_USER_INPUT", "refused"))

    (line,) = log.lines()
    assert (line["request_id"], line["batch_id"]) == ("request-1", 1)
    assert "trace_id" not in line


def test_a_refused_request_that_is_traced_names_its_trace(log: Log) -> None:
    LoggingTelemetry(log.clock).note(refused_request("HTTP 503")._replace(trace_id="abc"))

    assert log.lines()[0]["trace_id"] == "abc"


def test_validated_is_as_good_as_accepted(log: Log) -> None:
    LoggingTelemetry(log.clock).note(refused_request("FORBIDDEN", "validated"))

    assert log.lines() == []


def test_a_level_keeps_lesser_lines_back(log: Log) -> None:
    configure_logging("warning", "json", log.stream)
    LoggingTelemetry(log.clock).note(Drained(1.5, in_time=True))

    assert log.lines() == []


def test_console_lines_are_for_people(log: Log) -> None:
    configure_logging("info", "console", log.stream)
    LoggingTelemetry(log.clock).note(Drained(1.5, in_time=True))

    assert "drained" in log.stream.getvalue()
    assert "{" not in log.stream.getvalue()


def test_auto_is_json_where_nobody_watches(log: Log) -> None:
    configure_logging("info", "auto", log.stream)
    LoggingTelemetry(log.clock).note(Drained(1.5, in_time=True))

    assert log.events() == ["drained"]


def test_libraries_warnings_go_the_same_way_and_their_chatter_nowhere(log: Log) -> None:
    """At debug some of them print headers, and so tokens."""
    configure_logging("debug", "json", log.stream)
    logging.getLogger("httpcore").debug("Authorization: Bearer %s", "hush")
    logging.getLogger("httpx").info("HTTP Request")
    logging.getLogger("httpx").warning("odd %s", "answer")

    (line,) = log.lines()
    assert (line["event"], line["library"], line["what"]) == (
        "library reported",
        "httpx",
        "odd answer",
    )


def test_a_level_of_a_librarys_own_is_taken(log: Log) -> None:
    logging.getLogger("odd").log(35, "hm")
    logging.getLogger("odd").log(90, "oh")

    assert [line["level"] for line in log.lines()] == ["warning", "critical"]


def test_lines_of_the_kafka_client_are_told_once_a_minute(log: Log) -> None:
    client = kafka_logger(log.clock, "consumer")
    for second in (0, 1, 59, 60):
        log.now_s = float(second)
        client.error("FAIL [rdkafka#consumer-1]: connect to broker:9092 failed")
    client.warning("CONFWARN [rdkafka#consumer-1]: other")

    assert [(line["level"], line["like_it_before"]) for line in log.lines()] == [
        ("error", 0),
        ("error", 2),
        ("warning", 0),
    ]
    assert log.lines()[0]["client"] == "consumer"


def test_debug_lines_of_the_kafka_client_are_left_out(log: Log) -> None:
    kafka_logger(log.clock).debug("FETCH: …")

    assert log.lines() == []


def test_an_error_of_the_kafka_client_says_what_to_check(log: Log) -> None:
    errors = KafkaErrors(log.clock)
    wrong_password = KafkaError(KafkaError._AUTHENTICATION, "refused")  # noqa: SLF001 -- its name
    errors(wrong_password)
    errors(wrong_password)

    (line,) = log.lines()
    assert line["code"] == "_AUTHENTICATION"
    assert "KAFKA_SASL_PASSWORD" in line["hint"]


def test_a_fatal_error_of_the_kafka_client_is_an_error(log: Log) -> None:
    KafkaErrors(log.clock)(KafkaError(KafkaError._FENCED, "fenced", fatal=True))  # noqa: SLF001 -- its name

    assert log.lines()[0]["level"] == "error"


def test_a_rate_limit_lets_the_first_pass_and_counts_the_rest() -> None:
    limit = RateLimit(every_s=10.0)

    passed = [limit.passes("kind", now_s) for now_s in (0.0, 1.0, 9.9, 10.0, 20.0)]
    assert passed == [0, None, None, 2, 0]
