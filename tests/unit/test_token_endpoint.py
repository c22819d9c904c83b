"""Asking for a token: what is asked, what is tried again, what each answer comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import pytest

from consumer.adapters.seek.credentials import (
    ConfiguredCredentials,
    Credentials,
    CredentialsUnreadableError,
)
from consumer.adapters.seek.exchanges import Exchange
from consumer.adapters.seek.token_endpoint import Fetched, Token, TokenEndpoint, TokenOptions
from consumer.adapters.seek.transport import HttpAnswer, TransportError
from consumer.delivery.verdicts import Fault, Outage, Unauthenticated
from tests.unit.seek_doubles import FakeClock, FakeTransport, reply, token_reply

AWAY = TransportError("ConnectionRefusedError", timed_out=False)
OPTIONS = TokenOptions(audience="https://graphql.seek.com", user_agent="ats/1.2.3")


@dataclass
class Asking:
    """One endpoint with its far side in view."""

    replies: list[HttpAnswer | TransportError]
    clock: FakeClock = field(default_factory=FakeClock)
    slept: list[float] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)

    def fetch(self) -> Fetched:
        self.transport = FakeTransport(list(self.replies))
        return TokenEndpoint(
            self.transport,
            ConfiguredCredentials("partner", "s3cret"),
            OPTIONS,
            self.clock,
            watch=self.seen.append,
            sleep=self.slept.append,
        ).fetch()


def test_the_question_is_what_seek_documents() -> None:
    asking = Asking([token_reply("t1")])
    asking.fetch()
    posted = asking.transport.posted[0]
    assert orjson.loads(posted.body) == {
        "audience": "https://graphql.seek.com",
        "client_id": "partner",
        "client_secret": "s3cret",
        "grant_type": "client_credentials",
    }
    assert posted.header("Content-Type") == "application/json"
    assert posted.header("User-Agent") == "ats/1.2.3"


@pytest.mark.parametrize(
    ("life_s", "fresh_s"), [(1_800, 1_740), (240, 180), (40, 30), (2, 1.5), (86_400.5, 86_340.5)]
)
def test_a_token_is_fresh_for_its_life_less_a_margin(life_s: float, fresh_s: float) -> None:
    token = Asking([token_reply("t1", life_s)]).fetch()
    assert token == Token("t1", 1_000.0 + fresh_s, int((1_767_960_000 + life_s) * 1_000))


def test_a_slow_answer_shortens_the_life_that_is_counted() -> None:
    clock = FakeClock()
    transport = FakeTransport([token_reply("t1")], meanwhile=lambda: clock.pass_s(3.0))
    credentials = ConfiguredCredentials("partner", "s3cret")
    token = TokenEndpoint(transport, credentials, OPTIONS, clock).fetch()
    assert isinstance(token, Token)
    assert token.fresh_until_s == 1_000.0 + 1_740


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_are_not_tried_again(status: int) -> None:
    asking = Asking([reply({"error": "access_denied"}, status)])
    fetched = asking.fetch()
    assert isinstance(fetched, Unauthenticated)
    assert f"HTTP {status}, access_denied" in fetched.trouble
    assert "check the client id" in fetched.trouble
    assert len(asking.transport.posted) == 1


@pytest.mark.parametrize("error", ["partner s3cret is wrong", "x" * 41, 7, None, {"a": "b"}])
def test_words_of_the_endpoint_that_are_no_code_stay_out_of_messages(error: object) -> None:
    fetched = Asking([reply({"error": error}, 401)]).fetch()
    assert isinstance(fetched, Unauthenticated)
    assert "(HTTP 401)" in fetched.trouble


@pytest.mark.parametrize("blip", [AWAY, reply({}, 503), reply({}, 429), reply({}, 408)])
def test_a_blip_is_tried_again(blip: HttpAnswer | TransportError) -> None:
    asking = Asking([blip, blip, token_reply("t1")])
    assert isinstance(asking.fetch(), Token)
    assert len(asking.slept) == 2
    assert all(0 <= wait_s <= 2 for wait_s in asking.slept)


def test_a_lasting_outage_is_told_after_a_few_tries() -> None:
    asking = Asking([AWAY, reply({}, 500), reply({}, 503), token_reply("too late")])
    assert asking.fetch() == Outage(Fault.TOKEN_ENDPOINT, "HTTP 503")
    assert len(asking.transport.posted) == 3


def test_a_failed_connection_is_told_by_its_name() -> None:
    assert Asking([AWAY] * 3).fetch() == Outage(Fault.TOKEN_ENDPOINT, "ConnectionRefusedError")


def test_an_endpoint_that_says_when_to_come_back_is_not_asked_before() -> None:
    asking = Asking([reply({}, 429, [(b"Retry-After", b"30")]), token_reply("too early")])
    assert asking.fetch() == Outage(Fault.TOKEN_ENDPOINT, "HTTP 429", retry_after_s=30.0)


@pytest.mark.parametrize("status", [301, 404, 405, 204])
def test_another_status_is_an_outage_that_no_quick_try_mends(status: int) -> None:
    asking = Asking([reply({"access_token": "t1"}, status), token_reply("unasked")])
    assert asking.fetch() == Outage(Fault.TOKEN_ENDPOINT, f"HTTP {status}")


def test_each_try_has_less_time_than_all_together() -> None:
    clock = FakeClock()
    transport = FakeTransport([AWAY] * 3, meanwhile=lambda: clock.pass_s(4.0))
    credentials = ConfiguredCredentials("partner", "s3cret")
    TokenEndpoint(transport, credentials, OPTIONS, clock, sleep=lambda _: None).fetch()
    assert [posted.total_s for posted in transport.posted] == [4.0, 4.0, 2.0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"access_token":"t1"}',
        b'{"expires_in":1800}',
        b'{"access_token":"","expires_in":1800}',
        b'{"access_token":7,"expires_in":1800}',
        b'{"access_token":"t 1","expires_in":1800}',
        b'{"access_token":"t1\\r\\nX-Evil: 1","expires_in":1800}',
        b'{"access_token":"t\\u00e9","expires_in":1800}',
        b'{"access_token":"t1","expires_in":0}',
        b'{"access_token":"t1","expires_in":-5}',
        b'{"access_token":"t1","expires_in":true}',
        b'{"access_token":"t1","expires_in":"1800"}',
        b'{"access_token":"t1","expires_in":null}',
        b'{"access_token":"t1","expires_in":1800,"token_type":"mac"}',
        b'{"access_token":"t1","expires_in":1800,"token_type":7}',
    ],
)
def test_an_answer_that_is_no_token_is_an_outage(body: bytes) -> None:
    fetched = Asking([HttpAnswer(200, (), body)]).fetch()
    assert isinstance(fetched, Outage)
    assert (fetched.fault, fetched.code) == (Fault.TOKEN_ENDPOINT, "UNREADABLE")


def test_the_longest_life_fits_a_clock() -> None:
    token = Asking([token_reply("t1", 1e300)]).fetch()
    assert isinstance(token, Token)
    assert token.fresh_until_s < 1_000 + 31 * 86_400


@dataclass
class Rotating:
    secrets: list[str]

    def read(self) -> Credentials:
        return Credentials("partner", self.secrets.pop(0))


def test_credentials_are_read_again_for_each_fetch() -> None:
    transport = FakeTransport([token_reply("t1"), token_reply("t2")])
    endpoint = TokenEndpoint(transport, Rotating(["old", "new"]), OPTIONS, FakeClock())
    endpoint.fetch()
    endpoint.fetch()
    secrets = [orjson.loads(posted.body)["client_secret"] for posted in transport.posted]
    assert secrets == ["old", "new"]


@dataclass
class Unreadable:
    error: CredentialsUnreadableError

    def read(self) -> Credentials:
        raise self.error


def test_unreadable_credentials_hold_like_refused_ones(
    unreadable: CredentialsUnreadableError,
) -> None:
    endpoint = TokenEndpoint(FakeTransport([]), Unreadable(unreadable), OPTIONS, FakeClock())
    assert endpoint.fetch() == Unauthenticated(trouble=str(unreadable))


@pytest.fixture
def unreadable(tmp_path_factory: pytest.TempPathFactory) -> CredentialsUnreadableError:
    path = tmp_path_factory.mktemp("secrets") / "absent"
    return CredentialsUnreadableError(path, "is empty")


def test_a_developer_sees_the_exchange_without_secrets() -> None:
    asking = Asking([AWAY, token_reply("b3arer")])
    asking.fetch()
    assert [exchange.failure for exchange in asking.seen] == ["ConnectionRefusedError", None]
    assert "s3cret" not in str(asking.seen)
    assert "b3arer" not in str(asking.seen)
    assert '"expires_in":1800' in asking.seen[1].answer_body
