"""The whole client against the sandbox: real HTTP, real TLS, a certificate authority of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.client import Attempt, ClientOptions, SeekClient
from consumer.adapters.seek.credentials import ConfiguredCredentials
from consumer.adapters.seek.exchanges import Exchange
from consumer.adapters.seek.token import PartnerToken
from consumer.adapters.seek.token_endpoint import TokenEndpoint, TokenOptions
from consumer.adapters.seek.transport import HttpTransport, TransportLimits, verified_tls
from consumer.adapters.senders import SenderPool
from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import (
    Accepted,
    AnswerPolicy,
    Fault,
    Outage,
    Refusal,
    Refused,
    Throttled,
    Unauthenticated,
    Verdict,
)
from consumer.ports import Request
from consumer.sandbox.config import (
    LIVE_AUDIENCE,
    PLAYGROUND_AUDIENCE,
    Pointers,
    SandboxConfig,
)
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.contract.scripted_server import PATIENCE_S, Authority

SECRET = "sandbox-secret"  # noqa: S105 -- the sandbox's default
SOON_S = 0.4


def signal(token: str = "global-abc") -> bytes:  # noqa: S107 -- a seek-token made up
    return orjson.dumps({"typeCode": "ApplicationComplete", "token": token})


BAD = signal("with space")
GOOD = signal()
PLAYED = signal("globalPublicTest-abc")


@dataclass
class Partner:
    """A client as the service has it, and the sandbox that it talks to."""

    sandbox: RunningSandbox
    client: SeekClient
    token: PartnerToken
    secret_file: Path
    seen: list[Exchange] = field(default_factory=list)

    def fail(self, fault: str, **details: object) -> None:
        self.sandbox.set_faults([{"fault": fault, **details}])

    def send(self, *bodies: bytes) -> Attempt:
        return self.client.send(bodies)

    def verdict(self, *bodies: bytes) -> Verdict:
        return self.send(*bodies).verdict


class Sandboxes:
    """Starts sandboxes over TLS and clients for them; all end with the test."""

    def __init__(self, stack: ExitStack, folder: Path, authority: Authority) -> None:
        self._stack = stack
        self._folder = folder
        self._authority = authority

    def start(
        self,
        *,
        total_s: float = PATIENCE_S,
        audience: str = LIVE_AUDIENCE,
        config: SandboxConfig | None = None,
    ) -> Partner:
        pem = self._authority.certify("127.0.0.1")
        complete = replace(
            config or SandboxConfig(),
            tls_cert=pem,
            tls_key=pem,
            requests=self._folder / "requests.ndjson",
            journal=self._folder / "journal.ndjson",
        )
        sandbox = self._stack.enter_context(running_sandbox(complete))
        secret_file = self._folder / "secret"
        secret_file.write_text(SECRET)
        return self._partner(sandbox, secret_file, audience, total_s)

    def _partner(
        self, sandbox: RunningSandbox, secret_file: Path, audience: str, total_s: float
    ) -> Partner:
        clock = SystemClock()
        tls = verified_tls(str(self._authority.ca_file))
        seen: list[Exchange] = []
        signals, tokens = (
            HttpTransport(url, tls, clock, TransportLimits())
            for url in (sandbox.graphql_url, sandbox.token_url)
        )
        self._stack.callback(signals.close)
        self._stack.callback(tokens.close)
        endpoint = TokenEndpoint(
            tokens,
            ConfiguredCredentials("sandbox-client", client_secret_file=secret_file),
            TokenOptions(audience, "ats/1.2.3", attempt_s=total_s, total_s=2 * total_s),
            clock,
            seen.append,
            sleep=lambda _: None,
        )
        token = PartnerToken(endpoint, clock)
        policy = AnswerPolicy(playground=audience == PLAYGROUND_AUDIENCE)
        options = ClientOptions("ats/1.2.3", policy, total_s=total_s)
        client = SeekClient(signals, token, options, clock, seen.append)
        return Partner(sandbox, client, token, secret_file, seen)


@pytest.fixture
def sandboxes(tmp_path: Path, authority: Authority) -> Iterator[Sandboxes]:
    with ExitStack() as stack:
        yield Sandboxes(stack, tmp_path, authority)


@pytest.fixture
def partner(sandboxes: Sandboxes) -> Partner:
    return sandboxes.start()


def test_a_lone_signal_and_a_full_batch_are_accepted(partner: Partner) -> None:
    assert partner.verdict(GOOD) == Accepted()
    assert partner.verdict(*[signal(f"global-{n}") for n in range(100)]) == Accepted()
    entries = partner.sandbox.journal()
    assert [entry["signal"]["token"] for entry in entries] == [
        "global-abc",
        *[f"global-{n}" for n in range(100)],
    ]
    assert {entry["operation"] for entry in entries} == {"sendSignals"}


def test_one_token_serves_many_requests(partner: Partner) -> None:
    for _ in range(3):
        assert partner.verdict(GOOD) == Accepted()
    assert partner.sandbox.stats()["tokenRequests"] == 1
    assert partner.token.expires_at_ms is not None


def test_requests_can_be_traced_at_seek(partner: Partner) -> None:
    attempts = [partner.send(GOOD) for _ in range(2)]
    asked = partner.sandbox.requests()
    assert [each["requestId"] for each in asked] == [each.request_id for each in attempts]
    assert len({each["requestId"] for each in asked}) == 2
    assert {each["sessionId"] for each in asked} == {partner.client.options.session_id}
    assert all(UUID(each.request_id).version == 4 for each in attempts)


def test_a_refused_batch_names_its_culprits(partner: Partner) -> None:
    verdict = partner.verdict(GOOD, BAD, GOOD, BAD)
    assert isinstance(verdict, Refused)
    assert verdict.refusal is Refusal.BAD_USER_INPUT
    assert verdict.culprits == {1, 3}
    assert "/input/signals/1/token" in verdict.message
    assert partner.sandbox.journal() == []


def test_a_refused_batch_may_name_nobody(sandboxes: Sandboxes) -> None:
    verdict = sandboxes.start(config=SandboxConfig(pointers=Pointers.NONE)).verdict(GOOD, BAD)
    assert isinstance(verdict, Refused)
    assert verdict.culprits == frozenset()


def test_a_batch_that_is_too_large_is_refused(partner: Partner) -> None:
    partner.fail("status", status=413)
    assert partner.verdict(GOOD) == Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")


def test_the_playground_validates(sandboxes: Sandboxes) -> None:
    partner = sandboxes.start(audience=PLAYGROUND_AUDIENCE)
    assert partner.verdict(PLAYED) == Accepted(validated_only=True)
    assert isinstance(partner.verdict(signal("globalPublicTest- abc")), Refused)
    assert partner.sandbox.stats()["validated"] == 1


def test_an_id_of_the_playground_is_not_authenticated_live(partner: Partner) -> None:
    assert isinstance(partner.verdict(PLAYED), Unauthenticated)


def test_a_revoked_token_is_replaced_by_the_next_attempt(partner: Partner) -> None:
    assert partner.verdict(GOOD) == Accepted()
    partner.fail("revoke")
    assert isinstance(partner.verdict(GOOD), Unauthenticated)
    assert partner.verdict(GOOD) == Accepted()
    assert partner.sandbox.stats()["tokenRequests"] == 2


def test_rotated_credentials_are_taken_up_from_their_file(partner: Partner) -> None:
    partner.sandbox.set_faults([{"fault": "rotate", "clientSecret": "new"}])
    attempt = partner.send(GOOD)
    assert isinstance(attempt.verdict, Unauthenticated)
    assert "HTTP 401, access_denied" in attempt.verdict.trouble
    assert (attempt.request_id, attempt.requests) == ("", 0)
    partner.secret_file.write_text("new\n")
    assert partner.verdict(GOOD) == Accepted()


def test_a_wrong_audience_is_refused_as_credentials_are(sandboxes: Sandboxes) -> None:
    verdict = sandboxes.start(audience="https://elsewhere.example").verdict(GOOD)
    assert isinstance(verdict, Unauthenticated)
    assert "HTTP 403" in verdict.trouble


def test_a_token_endpoint_that_blinks_is_asked_again(partner: Partner) -> None:
    partner.fail("status", status=503, on="token", requests=2)
    assert partner.verdict(GOOD) == Accepted()
    assert partner.sandbox.stats()["tokenRequests"] == 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "status", "status": 500}, "HTTP 500"),
        ({"fault": "cut"}, "RemoteProtocolError"),
        ({"fault": "truncated"}, "UNREADABLE"),
        ({"fault": "empty"}, "UNREADABLE"),
    ],
)
def test_a_token_endpoint_that_is_away_is_an_outage(
    partner: Partner, fault: dict[str, object], code: str
) -> None:
    partner.sandbox.set_faults([{**fault, "on": "token"}])
    attempt = partner.send(GOOD)
    assert isinstance(attempt.verdict, Outage)
    assert (attempt.verdict.fault, attempt.verdict.code) == (Fault.TOKEN_ENDPOINT, code)
    assert attempt.requests == 0


def test_a_token_endpoint_that_does_not_answer_is_an_outage(sandboxes: Sandboxes) -> None:
    partner = sandboxes.start(total_s=SOON_S)
    partner.fail("stall", on="token")
    assert partner.verdict(GOOD) == Outage(Fault.TOKEN_ENDPOINT, "TimeoutError")


def test_a_short_life_of_a_token_is_honoured(sandboxes: Sandboxes) -> None:
    partner = sandboxes.start(config=SandboxConfig(expires_in_s=1))
    now_ms = SystemClock().wall_ms()
    assert partner.verdict(GOOD) == Accepted()
    expires_at_ms = partner.token.expires_at_ms
    assert expires_at_ms is not None
    assert now_ms + 1_000 <= expires_at_ms < now_ms + 1_000 + PATIENCE_S * 1_000


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"fault": "status", "status": 429}, Throttled(None)),
        ({"fault": "status", "status": 429, "retryAfterS": 7}, Throttled(7.0)),
        ({"fault": "code", "code": "RATE_LIMITED", "retryAfterS": 3600}, Throttled(900.0)),
        ({"fault": "status", "status": 502}, Outage(Fault.SERVER_FAULT, "HTTP 502")),
        ({"fault": "status", "status": 302}, Outage(Fault.UNREADABLE, "HTTP 302")),
        ({"fault": "status", "status": 403}, Outage(Fault.UNKNOWN_CODE, "HTTP 403")),
        (
            {"fault": "code", "code": "INTERNAL_SERVER_ERROR", "data": "null", "message": "x"},
            Outage(Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR", "x"),
        ),
        (
            {"fault": "code", "code": "NEVER_SEEN", "data": "absent", "message": "x"},
            Outage(Fault.UNKNOWN_CODE, "NEVER_SEEN", "x"),
        ),
        ({"fault": "silence"}, Outage(Fault.NOT_TRUE, "RESULT_NULL")),
        ({"fault": "silence", "value": False}, Outage(Fault.NOT_TRUE, "RESULT_FALSE")),
        ({"fault": "empty"}, Outage(Fault.UNREADABLE, "HTTP 200")),
        ({"fault": "truncated"}, Outage(Fault.UNREADABLE, "HTTP 200")),
        ({"fault": "huge"}, Outage(Fault.UNREADABLE, "HTTP 200")),
        ({"fault": "huge", "sizeBytes": 1_000_000}, Accepted()),
        ({"fault": "cut"}, Outage(Fault.TRANSPORT, "RemoteProtocolError")),
        ({"fault": "lostAnswer"}, Outage(Fault.TRANSPORT, "RemoteProtocolError")),
    ],
)
def test_what_goes_wrong_is_told_apart(
    partner: Partner, fault: dict[str, object], verdict: Verdict
) -> None:
    partner.sandbox.set_faults([fault])
    assert partner.verdict(GOOD) == verdict


def test_a_date_to_come_back_is_a_wait(partner: Partner) -> None:
    partner.fail("status", status=429, retryAfterS=60, retryAfterAs="date")
    verdict = partner.verdict(GOOD)
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after_s is not None
    assert 60 - PATIENCE_S < verdict.retry_after_s <= 61


@pytest.mark.parametrize("fault", [{"fault": "stall"}, {"fault": "slow", "delayS": 30}])
def test_an_answer_that_does_not_come_is_a_timeout(
    sandboxes: Sandboxes, fault: dict[str, object]
) -> None:
    partner = sandboxes.start(total_s=SOON_S)
    partner.sandbox.set_faults([fault])
    assert partner.verdict(GOOD) == Outage(Fault.TIMEOUT, "TimeoutError")


def test_the_announced_media_type_is_read_as_well(sandboxes: Sandboxes) -> None:
    partner = sandboxes.start(config=SandboxConfig(graphql_media_type=True))
    assert partner.verdict(GOOD) == Accepted()


def test_senders_of_a_pool_share_a_token_and_lose_nothing(partner: Partner) -> None:
    clock, lease = SystemClock(), Lease(30.0)
    lease.renew(clock.monotonic_s())
    pool = SenderPool(partner.client, 4, lease, clock)
    for batch_id in range(12):
        pool.submit(Request(batch_id, [signal(f"global-{batch_id}")]))
    landed: dict[int, Verdict] = {}
    while len(landed) < 12:
        results = pool.landed(PATIENCE_S)
        assert results, "a batch never landed"
        landed |= {result.batch_id: result.verdict for result in results}
    assert pool.close(PATIENCE_S)
    assert landed == dict.fromkeys(range(12), Accepted())
    assert partner.sandbox.stats()["tokenRequests"] == 1
    assert partner.sandbox.accepted == 12


def test_no_credential_is_ever_shown(partner: Partner) -> None:
    assert partner.verdict(GOOD) == Accepted()
    bearer = partner.token.get()
    assert isinstance(bearer, str)
    shown = str(partner.seen) + repr(partner.client) + repr(partner.token)
    assert len(partner.seen) == 2
    assert SECRET not in shown
    assert bearer not in shown
