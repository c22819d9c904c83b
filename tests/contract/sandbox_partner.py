"""A client of the sandbox that knows HTTP and nothing of the consumer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Final

import httpx

from consumer.sandbox.server import RunningSandbox

BATCH: Final = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"


@dataclass(slots=True)
class Partner:
    sandbox: RunningSandbox
    http: httpx.Client
    bearer: str = ""

    def ask_for_token(self, *, playground: bool = False) -> httpx.Response:
        config = self.sandbox.config
        body = {
            "audience": config.playground_audience if playground else config.live_audience,
            "client_id": config.client_id,
            "client_secret": config.client_secret,
            "grant_type": "client_credentials",
        }
        return self.http.post(self.sandbox.token_url, json=body)

    def sign_in(self, *, playground: bool = False) -> None:
        answer = self.ask_for_token(playground=playground)
        self.bearer = answer.json()["access_token"]

    def post(self, payload: object, headers: Mapping[str, str] | None = None) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.bearer}"} | dict(headers or {})
        return self.http.post(self.sandbox.graphql_url, json=payload, headers=sent)

    def send(self, *signals: Mapping[str, object]) -> httpx.Response:
        return self.send_input({"signals": signals})

    def send_input(self, given: Mapping[str, object]) -> httpx.Response:
        return self.post({"query": BATCH, "variables": {"input": given}})


@contextmanager
def visiting(sandbox: RunningSandbox, verify: SSLContext | bool = True) -> Iterator[Partner]:  # noqa: FBT001, FBT002 -- httpx's own argument
    """Signed in for the live audience, unless the sandbox has none. Waits at most 2 s."""
    with httpx.Client(timeout=2.0, verify=verify, trust_env=False) as http:
        partner = Partner(sandbox, http)
        partner.sign_in(playground=sandbox.config.playground)
        yield partner


def codes(answer: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.json().get("errors", [])]


def is_accepted(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json()["data"] == {"sendSignals": True}


def subjects(sandbox: RunningSandbox) -> Sequence[object]:
    """The tokens in the journal, in order."""
    return [entry["signal"].get("token") for entry in sandbox.journal()]
