"""One attempt: what is sent, in which order things are asked, and what each end comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import orjson
import pytest

from consumer.adapters.seek.client import Asked, Attempt, ClientOptions, SeekClient
from consumer.adapters.seek.exchanges import Exchange
from consumer.adapters.seek.transport import HttpAnswer, TransportError
from consumer.delivery.verdicts import (
    Accepted,
    AnswerPolicy,
    Fault,
    NotStarted,
    Outage,
    Throttled,
    Unauthenticated,
)
from tests.unit.seek_doubles import FakeBearers, FakeClock, FakeTransport, reply

TRUE = reply({"data": {"sendSignals": True}})
EXPIRED = reply({"errors": [{"message": "expired", "extensions": {"code": "UNAUTHENTICATED"}}]})
A, B = b'{"typeCode":"ApplicationComplete","token":"a"}', b'{"token":"\xc3\xa9"}'


@dataclass
class Setting:
    replies: list[HttpAnswer | TransportError]
    bearers: FakeBearers = field(default_factory=lambda: FakeBearers(["t1", "t2"]))
    clock: FakeClock = field(default_factory=FakeClock)
    options: ClientOptions = field(default_factory=lambda: ClientOptions("ats/1.2.3"))
    seen: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = FakeTransport(self.replies)
        self.client = SeekClient(
            self.transport, self.bearers, self.options, self.clock, watch=self.seen.append
        )


@pytest.mark.parametrize("bodies", [[A], [A, B]])
def test_signals_are_sent_as_they_are_in_an_object_of_variables(bodies: list[bytes]) -> None:
    setting = Setting([TRUE])
    assert setting.client.send(bodies).verdict == Accepted()
    assert orjson.loads(setting.transport.posted[0].body) == {
        "query": "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }",
        "variables": {"input": {"signals": [orjson.loads(body) for body in bodies]}},
    }


def test_the_same_signals_are_the_same_bytes_again() -> None:
    setting = Setting([TRUE, TRUE])
    setting.client.send([A, B])
    setting.client.send([A, B])
    first, second = setting.transport.posted
    assert first.body == second.body
    assert A + b"," + B in first.body


def test_the_headers_are_those_of_the_contract() -> None:
    setting = Setting([TRUE])
    attempt = setting.client.send([A])
    posted = setting.transport.posted[0]
    assert posted.header("Content-Type") == "application/json"
    assert posted.header("User-Agent") == "ats/1.2.3"
    assert posted.header("Accept-Language") == "en-AU"
    assert posted.header("Authorization") == "Bearer t1"
    assert posted.header("X-Request-Id") == attempt.request_id


def test_each_attempt_has_an_id_and_all_share_a_session() -> None:
    setting = Setting([TRUE, TRUE])
    ids = [setting.client.send([A]).request_id for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(UUID(each).version == 4 for each in ids)
    sessions = {posted.header("X-Session-Id") for posted in setting.transport.posted}
    assert sessions == {setting.options.session_id}
    assert UUID(setting.options.session_id).version == 4


@pytest.mark.parametrize("failure", [Unauthenticated("no"), Outage(Fault.TOKEN_ENDPOINT, "x")])
def test_without_a_token_nothing_is_sent(failure: Unauthenticated | Outage) -> None:
    setting = Setting([], FakeBearers([failure]))
    assert setting.client.send([A]) == Attempt(failure, "", 0)
    assert setting.transport.posted == []


def test_leave_to_start_is_asked_once_the_token_is_there() -> None:
    asked: list[str] = []
    setting = Setting([], FakeBearers(["t1"], meanwhile=lambda: asked.append("token")))

    def may_not() -> bool:
        asked.append("leave")
        return False

    assert setting.client.send([A], may_not) == Attempt(NotStarted(), "", 0)
    assert asked == ["token", "leave"]
    assert setting.transport.posted == []


def test_a_token_that_seek_refused_is_dropped_and_not_retried_here() -> None:
    setting = Setting([EXPIRED])
    attempt = setting.client.send([A])
    assert attempt.verdict == Unauthenticated("expired")
    assert attempt.requests == 1
    assert setting.bearers.invalidated == ["t1"]


def test_a_token_survives_any_other_failure() -> None:
    setting = Setting([reply({}, 429, [(b"Retry-After", b"5")]), reply({}, 500)])
    assert setting.client.send([A]).verdict == Throttled(5.0)
    assert isinstance(setting.client.send([A]).verdict, Outage)
    assert setting.bearers.invalidated == []


@pytest.mark.parametrize(("timed_out", "fault"), [(True, Fault.TIMEOUT), (False, Fault.TRANSPORT)])
def test_a_failed_transport_is_an_outage_by_name(*, timed_out: bool, fault: Fault) -> None:
    setting = Setting([TransportError("SomeError", timed_out=timed_out)])
    attempt = setting.client.send([A])
    assert attempt.verdict == Outage(fault, "SomeError")
    assert attempt.requests == 1


def test_the_wait_for_a_token_counts_towards_the_whole() -> None:
    clock = FakeClock()
    setting = Setting([TRUE], FakeBearers(["t1"], meanwhile=lambda: clock.pass_s(6.0)), clock)
    setting.client.send([A])
    assert setting.transport.posted[0].total_s == 14.0


def test_the_policy_for_answers_is_used() -> None:
    options = ClientOptions("ats/1", policy=AnswerPolicy(playground=True))
    forbidden = reply({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]})
    setting = Setting([forbidden], options=options)
    assert setting.client.send([A]).verdict == Accepted(validated_only=True)


def test_a_wait_that_seek_asks_for_is_capped() -> None:
    setting = Setting([reply({}, 429, [(b"Retry-After", b"86400")])])
    assert setting.client.send([A]).verdict == Throttled(900.0)


def test_a_date_to_come_back_is_read_by_the_wall_clock() -> None:
    date = b"Fri, 09 Jan 2026 12:00:30 GMT"
    setting = Setting([reply({}, 503, [(b"Retry-After", date)])])
    verdict = setting.client.send([A]).verdict
    assert isinstance(verdict, Outage)
    assert verdict.retry_after_s == 30.0


def test_a_developer_sees_the_exchange_without_the_bearer() -> None:
    setting = Setting(
        [TRUE, TransportError("ConnectionResetError", timed_out=False)],
        FakeBearers(["b3arer", "b3arer"]),
    )
    setting.client.send([A])
    setting.client.send([A])
    assert "b3arer" not in str(setting.seen)
    assert A.decode() in setting.seen[0].request_body
    assert setting.seen[0].answer_body == '{"data":{"sendSignals":true}}'
    assert setting.seen[1].failure == "ConnectionResetError"


def test_nothing_is_shown_unless_asked_for() -> None:
    transport = FakeTransport([TRUE])
    client = SeekClient(transport, FakeBearers(["t1"]), ClientOptions("ats/1"), FakeClock())
    assert client.watch is None
    assert client.send([A]).verdict == Accepted()


class TestWithoutWaiting:
    def test_an_attempt_comes_to_the_same(self) -> None:
        setting = Setting([EXPIRED, TransportError("SomeError", timed_out=True)])
        setting.transport.is_open = True
        for verdict in (Unauthenticated("expired"), Outage(Fault.TIMEOUT, "SomeError")):
            asked = setting.client.begin([A])
            assert isinstance(asked, Asked)
            assert asked.advance() is None
            attempt = asked.advance()
            assert attempt is not None
            assert (attempt.verdict, attempt.requests) == (verdict, 1)
            posted = setting.transport.posted[-1]
            assert posted.header("X-Request-Id") == attempt.request_id
            assert posted.header("Authorization") == "Bearer t1"
            assert posted.total_s == 20.0
        assert setting.bearers.invalidated == ["t1"]
        assert len(setting.seen) == 2

    def test_there_is_none_where_a_token_has_to_be_fetched(self) -> None:
        setting = Setting([TRUE], FakeBearers([Outage(Fault.TOKEN_ENDPOINT, "x")]))
        setting.transport.is_open = True
        assert setting.client.begin([A]) is None

    def test_there_is_none_where_a_connection_has_to_be_opened(self) -> None:
        assert Setting([TRUE]).client.begin([A]) is None

    def test_leave_to_start_is_asked(self) -> None:
        setting = Setting([TRUE])
        setting.transport.is_open = True
        assert setting.client.begin([A], lambda: False) == Attempt(NotStarted(), "", 0)
        assert setting.transport.posted == []
