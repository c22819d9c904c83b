"""A hold is told when it begins and when it ends, and lasts from the one to the other."""

from __future__ import annotations

from consumer.observed import Hold, HoldBegan, HoldChanged, HoldEnded, HoldReason
from consumer.pipeline.holds import HoldKey, Holds
from tests.unit.pipeline_doubles import NotedTelemetry

SEEK = HoldKey(HoldReason.SEEK, None)
KAFKA = HoldKey(HoldReason.KAFKA, None)
FLOOD = HoldKey(HoldReason.FLOOD, "moves")


def test_a_hold_is_told_once_when_it_begins() -> None:
    telemetry = NotedTelemetry()
    it = Holds(telemetry)
    it.update({SEEK: "HTTP 503"}, 1_000)
    it.update({SEEK: "HTTP 503"}, 2_000)
    assert telemetry.noted == [HoldBegan(HoldReason.SEEK, None, "HTTP 503")]
    assert it.now() == (Hold(HoldReason.SEEK, None, 1_000, "HTTP 503"),)


def test_a_hold_is_told_when_it_ends_with_how_long_it_was() -> None:
    telemetry = NotedTelemetry()
    it = Holds(telemetry)
    it.update({SEEK: "HTTP 503"}, 1_000)
    it.update({}, 3_500)
    assert telemetry.noted[1:] == [HoldEnded(HoldReason.SEEK, None, 2.5)]
    assert it.now() == ()


def test_one_hold_may_end_while_another_goes_on() -> None:
    telemetry = NotedTelemetry()
    it = Holds(telemetry)
    it.update({SEEK: "HTTP 503", FLOOD: "nearly all"}, 1_000)
    it.update({FLOOD: "nearly all"}, 2_000)
    assert telemetry.of(HoldEnded) == [HoldEnded(HoldReason.SEEK, None, 1.0)]
    assert [hold.topic for hold in it.now()] == ["moves"]


def test_a_hold_shows_what_is_known_of_it_now_and_is_told_once() -> None:
    telemetry = NotedTelemetry()
    it = Holds(telemetry)
    it.update({SEEK: "throttled, until 9:00"}, 1_000)
    it.update({SEEK: "HTTP 503"}, 2_000)
    assert it.now() == (Hold(HoldReason.SEEK, None, 1_000, "HTTP 503"),)
    assert len(telemetry.noted) == 1


def test_what_else_is_wrong_is_told_once_however_often_the_two_take_turns() -> None:
    telemetry = NotedTelemetry()
    it = Holds(telemetry)
    for second, wrong in enumerate(["brokers_down: a", "tls_failed: b"] * 3):
        it.update({KAFKA: wrong}, second * 1_000)
    assert telemetry.noted == [
        HoldBegan(HoldReason.KAFKA, None, "brokers_down: a"),
        HoldChanged(HoldReason.KAFKA, None, "tls_failed: b"),
    ]
    it.update({}, 9_000)
    it.update({KAFKA: "tls_failed: b"}, 10_000)
    assert telemetry.noted[3:] == [HoldBegan(HoldReason.KAFKA, None, "tls_failed: b")]
