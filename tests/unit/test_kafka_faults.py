"""What keeps the source from reading is told with what to do, and is over when it is over."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from consumer.adapters.kafka.advice import Grantee
from consumer.adapters.kafka.faults import SourceFaults
from consumer.delivery.records import TopicPartition

NOWHERE = TopicPartition("", 0)
"""The client gives errors of the group a partition, but no topic."""
GROUP_REFUSED = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
TOPIC_REFUSED = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
PASSWORD_REFUSED = KafkaError(KafkaError._AUTHENTICATION)  # noqa: SLF001 -- its name
ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001 -- its name
BROKER_LOST = KafkaError(KafkaError._TRANSPORT)  # noqa: SLF001 -- its name
OUT_OF_RANGE = KafkaError(KafkaError._AUTO_OFFSET_RESET)  # noqa: SLF001 -- its name


@pytest.fixture
def faults() -> SourceFaults:
    return SourceFaults(Grantee("seek-user", "signals"))


def codes(faults: SourceFaults) -> list[str]:
    return [fault.code for fault in faults.standing]


@pytest.mark.parametrize(
    ("place", "error", "detail"),
    [
        (NOWHERE, GROUP_REFUSED, "grant Read on the consumer group signals to User:seek-user"),
        (("moves", 3), TOPIC_REFUSED, "grant Read on the topic moves to User:seek-user"),
        (NOWHERE, TOPIC_REFUSED, "signals.retry to User:seek-user"),
    ],
)
def test_a_missing_right_is_told_with_who_needs_which_on_what(
    faults: SourceFaults, place: tuple[str, int], error: KafkaError, detail: str
) -> None:
    faults.met(TopicPartition(*place), error)

    (fault,) = faults.standing
    assert detail in fault.detail


def test_without_a_user_of_sasl_the_principal_is_not_guessed() -> None:
    faults = SourceFaults(Grantee("", "signals"))
    faults.met(NOWHERE, GROUP_REFUSED)

    assert faults.standing[0].detail.endswith("to this service's principal")


def test_a_refused_login_is_not_hidden_by_the_brokers_that_are_down_for_it(
    faults: SourceFaults,
) -> None:
    faults.told(PASSWORD_REFUSED)
    faults.told(ALL_DOWN)

    assert codes(faults) == ["authentication_failed"]
    assert "seek-user" in faults.standing[0].detail
    assert "KAFKA_SASL_PASSWORD" in faults.standing[0].detail


def test_a_refused_login_is_told_though_brokers_were_down_before(faults: SourceFaults) -> None:
    faults.told(ALL_DOWN)
    faults.told(PASSWORD_REFUSED)

    assert codes(faults) == ["authentication_failed"]


def test_one_broker_that_is_lost_is_no_fault_yet(faults: SourceFaults) -> None:
    faults.told(BROKER_LOST)

    assert codes(faults) == []


def test_a_connection_ends_what_was_about_connections_and_nothing_else(
    faults: SourceFaults,
) -> None:
    faults.told(ALL_DOWN)
    faults.met(NOWHERE, GROUP_REFUSED)
    faults.met(TopicPartition("moves", 3), TOPIC_REFUSED)

    faults.looked(connected=True)

    assert codes(faults) == ["group_not_authorised", "topic_not_authorised"]


def test_records_that_were_fetched_before_do_not_bring_brokers_back(faults: SourceFaults) -> None:
    faults.told(ALL_DOWN)

    faults.read(["moves"])

    assert codes(faults) == ["brokers_down"]


def test_brokers_that_are_away_are_seen_though_nobody_tells_of_it_again(
    faults: SourceFaults,
) -> None:
    faults.told(ALL_DOWN)
    faults.taken_in()  # The answer to a commit from before, heard late.
    faults.looked(connected=False)
    assert codes(faults) == []

    faults.looked(connected=False)
    assert codes(faults) == ["brokers_down"]

    faults.looked(connected=True)
    faults.looked(connected=False)
    assert codes(faults) == []


def test_a_group_that_takes_us_in_ends_its_refusal(faults: SourceFaults) -> None:
    faults.met(NOWHERE, GROUP_REFUSED)

    faults.taken_in()

    assert codes(faults) == []


def test_records_end_what_was_wrong_with_their_topic_only(faults: SourceFaults) -> None:
    for topic in ("moves", "ends"):
        faults.met(TopicPartition(topic, 3), TOPIC_REFUSED)

    faults.read(["moves", "moves"])

    assert [fault.place.topic for fault in faults.standing] == ["ends"]


def test_records_do_not_end_what_a_person_has_to_decide(faults: SourceFaults) -> None:
    place = TopicPartition("moves", 3)
    faults.met(place, OUT_OF_RANGE)

    faults.read(["moves"])
    faults.taken_in()
    assert [fault.about_offsets for fault in faults.standing] == [True]

    faults.forget(place)
    assert codes(faults) == []


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "grant Write on the topic s.dlq to User:seek-user"),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, "grant Write on the topic s.dlq"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "create the topic s.dlq"),
        (KafkaError._MSG_TIMED_OUT, "writing to s.dlq failed: "),  # noqa: SLF001 -- its name
    ],
)
def test_what_hinders_a_dead_letter_is_told_with_what_to_do(code: int, detail: str) -> None:
    assert detail in Grantee("seek-user", "s").to_write(KafkaError(code), "s.dlq")
