"""One token for all threads: cached, refreshed once, dropped once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from consumer.adapters.seek.token import PartnerToken
from consumer.adapters.seek.token_endpoint import Fetched, Token
from consumer.delivery.verdicts import Fault, Outage, Unauthenticated
from tests.unit.seek_doubles import FakeClock

AWAY = Outage(Fault.TOKEN_ENDPOINT, "HTTP 503")
PATIENCE_S = 10.0


@dataclass
class FakeEndpoint:
    outcomes: list[Fetched]
    fetches: int = 0
    meanwhile: Callable[[], object] = field(default=lambda: None)

    def fetch(self) -> Fetched:
        self.fetches += 1
        self.meanwhile()
        return self.outcomes.pop(0)


def fresh(bearer: str, until_s: float = 2_000.0) -> Token:
    return Token(bearer, until_s, 1_767_961_800_000)


def test_a_token_is_fetched_once_while_it_is_fresh() -> None:
    clock = FakeClock()
    endpoint = FakeEndpoint([fresh("t1", 2_000.0), fresh("t2", 3_000.0)])
    token = PartnerToken(endpoint, clock)
    assert token.get() == "t1"
    clock.pass_s(999.9)
    assert token.get() == "t1"
    clock.pass_s(0.1)
    assert token.get() == "t2"
    assert endpoint.fetches == 2


@pytest.mark.parametrize("failure", [AWAY, Unauthenticated("refused")])
def test_a_failure_is_told_and_not_cached(failure: Fetched) -> None:
    token = PartnerToken(FakeEndpoint([failure, fresh("t1")]), FakeClock())
    assert token.get() == failure
    assert token.get() == "t1"


def test_an_invalid_token_is_fetched_anew() -> None:
    token = PartnerToken(FakeEndpoint([fresh("t1"), fresh("t2")]), FakeClock())
    token.invalidate(str(token.get()))
    assert token.get() == "t2"


def test_two_refusals_of_one_token_lead_to_one_refresh() -> None:
    endpoint = FakeEndpoint([fresh("t1"), fresh("t2")])
    token = PartnerToken(endpoint, FakeClock())
    token.get()
    token.invalidate("t1")
    assert token.get() == "t2"
    token.invalidate("t1")
    assert token.get() == "t2"
    assert endpoint.fetches == 2


def test_the_expiry_is_known_while_there_is_a_token() -> None:
    token = PartnerToken(FakeEndpoint([fresh("t1")]), FakeClock())
    expiries = [token.expires_at_ms]
    token.get()
    expiries.append(token.expires_at_ms)
    token.invalidate("t1")
    expiries.append(token.expires_at_ms)
    assert expiries == [None, 1_767_961_800_000, None]


def test_what_came_of_each_refresh_is_counted() -> None:
    outcomes: list[Fetched] = [
        AWAY,
        Unauthenticated("refused"),
        Unauthenticated("refused"),
        fresh("t1"),
    ]
    token = PartnerToken(FakeEndpoint(outcomes), FakeClock())
    assert token.refreshes == {"fetched": 0, "refused": 0, "outage": 0}
    for _ in range(6):
        token.get()
    assert token.refreshes == {"fetched": 1, "refused": 2, "outage": 1}


@dataclass
class CountingClock(FakeClock):
    """Tells when it has been asked so many times, which `get` does under its lock."""

    calls_left: int = 0
    asked: Event = field(default_factory=Event)

    def monotonic_s(self) -> float:
        self.calls_left -= 1
        if self.calls_left == 0:
            self.asked.set()
        return self.now_s


@pytest.mark.parametrize("outcome", [fresh("t2"), AWAY, Unauthenticated("refused")])
def test_many_threads_share_one_refresh(outcome: Fetched) -> None:
    clock = CountingClock()
    all_ask = clock.asked
    endpoint = FakeEndpoint([fresh("t1", until_s=0.0), outcome])
    token = PartnerToken(endpoint, clock)
    token.get()
    clock.calls_left = 8
    endpoint.meanwhile = lambda: all_ask.wait(PATIENCE_S)
    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(token.get) for _ in range(8)]]
    assert results == ["t2" if isinstance(outcome, Token) else outcome] * 8
    assert endpoint.fetches == 2


def test_a_refresh_by_another_thread_is_not_waited_for_without_end() -> None:
    begun, done = Event(), Event()

    def hang() -> None:
        begun.set()
        done.wait(PATIENCE_S)

    token = PartnerToken(FakeEndpoint([fresh("t1")], meanwhile=hang), FakeClock(), wait_s=0.0)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(token.get)
        assert begun.wait(PATIENCE_S)
        assert token.get() == Outage(Fault.TOKEN_ENDPOINT, "TimeoutError")
        done.set()
        assert leader.result() == "t1"


def test_a_defect_in_a_refresh_leaves_the_next_one_free() -> None:
    endpoint = FakeEndpoint([])
    token = PartnerToken(endpoint, FakeClock())
    with pytest.raises(IndexError):
        token.get()
    endpoint.outcomes.append(fresh("t1"))
    assert token.get() == "t1"
