"""Each scripted fault, as a client meets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from consumer.errors import BadConfigurationError
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.fault_kinds import Match, Refuse, Slow
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.contract.sandbox_partner import Partner, codes, is_accepted, subjects, visiting
from tests.unit.sandbox_signals import JOB_AD, moved, opened


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One for all tests here: each sets its own faults, and reads what it added."""
    folder = tmp_path_factory.mktemp("sandbox")
    config = SandboxConfig(journal=folder / "journal", requests=folder / "requests")
    with running_sandbox(config) as running:
        yield running


@pytest.fixture
def partner(sandbox: RunningSandbox) -> Iterator[Partner]:
    sandbox.clear_faults()
    with visiting(sandbox) as visitor:
        yield visitor
    sandbox.clear_faults()


def stored(partner: Partner) -> bool:
    """Whether the journal has what `send_marked` sent."""
    return subjects(partner.sandbox)[-1:] == [partner.bearer]


def send_marked(partner: Partner) -> httpx.Response:
    """A signal that only this test sends."""
    return partner.send(moved(partner.bearer))


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"fault": "status", "status": 502}, 502, "<html>"),
        ({"fault": "status", "status": 413, "body": "json"}, 413, '{"message"'),
        ({"fault": "status", "status": 503, "body": "empty"}, 503, ""),
        ({"fault": "code", "code": "X", "data": "null"}, 200, '{"errors":[{"message"'),
        ({"fault": "silence"}, 200, '{"data":{"sendSignals":null}}'),
        ({"fault": "silence", "value": False}, 200, '{"data":{"sendSignals":false}}'),
        ({"fault": "empty"}, 200, ""),
        ({"fault": "quota", "perS": 0.001}, 429, '{"message"'),
    ],
)
def test_an_answer_goes_wrong_and_nothing_is_stored(
    partner: Partner, fault: Mapping[str, object], status: int, body: str
) -> None:
    partner.sandbox.set_faults([fault])
    if fault["fault"] == "quota":
        assert is_accepted(partner.send(moved()))

    answer = send_marked(partner)

    assert answer.status_code == status
    assert answer.text.startswith(body)
    assert bool(answer.text) is bool(body)
    assert not stored(partner)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 504, "stored": True},
        {"fault": "code", "code": "INTERNAL_SERVER_ERROR", "stored": True},
        {"fault": "silence", "stored": True},
        {"fault": "truncated"},
        {"fault": "empty", "stored": True},
        {"fault": "huge"},
    ],
)
def test_an_answer_goes_wrong_after_the_signals_are_stored(
    partner: Partner, fault: Mapping[str, object]
) -> None:
    partner.sandbox.set_faults([fault])

    send_marked(partner)

    assert stored(partner)


def test_a_connection_is_cut_before_anything_happens(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "cut", "requests": 1}])

    with pytest.raises(httpx.RemoteProtocolError):
        send_marked(partner)

    assert not stored(partner)
    assert is_accepted(send_marked(partner))


def test_an_answer_is_lost_after_acceptance(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "lostAnswer", "requests": 1}])

    with pytest.raises(httpx.RemoteProtocolError):
        send_marked(partner)

    assert stored(partner)
    assert partner.sandbox.requests()[-1]["status"] is None


def test_a_stall_lasts_until_the_client_gives_up(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "stall", "requests": 1}])

    with pytest.raises(httpx.ReadTimeout):
        partner.http.post(partner.sandbox.graphql_url, timeout=httpx.Timeout(5.0, read=0.05))

    assert is_accepted(send_marked(partner))


@pytest.mark.parametrize("after", [False, True])
def test_a_slow_answer_is_stored_before_or_after_the_wait(partner: Partner, after: bool) -> None:  # noqa: FBT001 -- a column
    partner.http.timeout = httpx.Timeout(5.0, read=0.5)
    partner.sandbox.set_faults([Slow(delay_s=600, after_acceptance=after)])

    with pytest.raises(httpx.ReadTimeout):
        send_marked(partner)

    assert stored(partner) is after


def test_a_throttle_says_when_to_come_back(partner: Partner) -> None:
    partner.sandbox.set_faults(
        [{"fault": "status", "status": 429, "retryAfterS": 7, "requests": 1}]
    )
    before = partner.sandbox.stats()["throttled"]

    assert send_marked(partner).headers["Retry-After"] == "7"
    assert partner.sandbox.stats()["throttled"] == before + 1


def test_one_sick_signal_fails_every_request_that_holds_it(partner: Partner) -> None:
    match = {"token": "sick-*"}
    partner.sandbox.set_faults([{"fault": "code", "code": "INTERNAL_SERVER_ERROR", "match": match}])

    sick = [partner.send(moved(), moved("sick-1")), partner.send(moved("sick-2"))]

    assert [codes(answer) for answer in sick] == [["INTERNAL_SERVER_ERROR"]] * 2
    assert is_accepted(send_marked(partner))


def test_faults_of_several_kinds_work_together(partner: Partner) -> None:
    label, ad = Match(label="Reference"), Match(position_id=JOB_AD)
    partner.sandbox.set_faults([Refuse(match=label), Refuse(match=ad, code="FORBIDDEN")])

    answer = partner.send(moved(), moved(label="Reference check"), opened())

    assert codes(answer) == ["BAD_USER_INPUT", "FORBIDDEN"]
    assert [error["message"] for error in answer.json()["errors"]] == [
        "/input/signals/1/token: Is not valid",
        "/input/signals/2/positionProfileIds: Is not valid",
    ]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"fault": "status", "status": 503, "on": "token"}, 503),
        ({"fault": "code", "code": "access_denied", "on": "token"}, 401),
        ({"fault": "empty", "on": "token"}, 200),
        ({"fault": "rotate", "clientSecret": "SANDBOX_SECRET_OF_NOW"}, 401),
    ],
)
def test_the_token_endpoint_fails_and_bearers_stay_good(
    tmp_path: Path, fault: Mapping[str, object], status: int
) -> None:
    config = SandboxConfig(journal=tmp_path / "journal")
    with running_sandbox(config) as sandbox, visiting(sandbox) as partner:
        sandbox.set_faults([fault])
        answer = partner.ask_for_token()

        assert answer.status_code == status
        assert "access_token" not in answer.text
        assert is_accepted(partner.send(moved()))


def test_the_lifetime_of_bearers_changes(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "expiresIn", "expiresInS": 0}])

    assert partner.ask_for_token().json()["expires_in"] == 0
    partner.sign_in()
    assert codes(send_marked(partner)) == ["UNAUTHENTICATED"]


def test_a_bearer_is_revoked_at_once(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "revoke"}])

    assert codes(send_marked(partner)) == ["UNAUTHENTICATED"]
    partner.sign_in()
    assert is_accepted(send_marked(partner))


def test_faults_are_set_read_and_taken_away_over_http(partner: Partner) -> None:
    place = f"{partner.sandbox.base_url}/_sandbox/faults"
    fault = {"fault": "status", "status": 500, "requests": 5}

    assert partner.http.put(place, json=[fault]).status_code == 200
    assert send_marked(partner).status_code == 500
    assert partner.http.get(place).json() == {"faults": [fault | {"fired": 1}]}
    assert partner.http.delete(place).json() == {"faults": []}
    assert is_accepted(send_marked(partner))


@pytest.mark.parametrize("script", [b"[", b'[{"fault": "fire"}]'])
def test_a_wrong_script_is_refused_and_the_old_one_stays(partner: Partner, script: bytes) -> None:
    place = f"{partner.sandbox.base_url}/_sandbox/faults"
    partner.sandbox.set_faults([{"fault": "status", "status": 500}])

    refused = partner.http.put(place, content=script)

    assert refused.status_code == 400
    assert refused.json()["wrong"]
    assert send_marked(partner).status_code == 500
    with pytest.raises(BadConfigurationError):
        partner.sandbox.set_faults([{"fault": "fire"}])


def test_faults_may_be_there_from_the_start() -> None:
    config = SandboxConfig(faults=[Refuse(match=Match(token="*"))])  # noqa: S106 -- a wildcard
    with running_sandbox(config) as sandbox, visiting(sandbox) as partner:
        assert codes(partner.send(moved())) == ["BAD_USER_INPUT"]


def test_a_sandbox_stops_while_it_stalls_and_counts_who_waits() -> None:
    faults = [{"fault": "stall", "requests": 1}, {"fault": "slow", "delayS": 600}]
    with ThreadPoolExecutor() as pool, running_sandbox(SandboxConfig()) as sandbox:
        sandbox.set_faults(faults)
        url = sandbox.graphql_url
        waiting = [pool.submit(httpx.post, url, timeout=30, trust_env=False) for _ in range(2)]
        assert any(sandbox.stats()["inFlight"] == 2 for _ in range(100_000))

    outcomes = {type(future.exception()) for future in waiting}
    assert httpx.RemoteProtocolError in outcomes
    assert sandbox.stats()["peakInFlight"] == 2
    assert sandbox.stats()["inFlight"] == 0
