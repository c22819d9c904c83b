"""Who gets a bearer, and until when it is good."""

from __future__ import annotations

import pytest

from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.tokens import Bearer, Tokens, fingerprint

CONFIG = SandboxConfig()


def asking(**changes: object) -> dict[str, object]:
    return {
        "audience": CONFIG.live_audience,
        "client_id": CONFIG.client_id,
        "client_secret": CONFIG.client_secret,
        "grant_type": "client_credentials",
    } | changes


def desk(config: SandboxConfig = CONFIG) -> Tokens:
    return Tokens(config, config.client_secret)


def bearer_of(it: Tokens, now_s: float = 0.0, **changes: object) -> str:
    status, body = it.issue(asking(**changes), now_s, 1800)
    assert status == 200
    return f"Bearer {body['access_token']}"


def test_an_answer_has_the_three_keys_of_the_contract() -> None:
    status, body = desk().issue(asking(), 0.0, 60)

    assert status == 200
    assert body["expires_in"] == 60
    assert body.get("token_type") == "Bearer"
    assert set(body) == {"access_token", "expires_in", "token_type"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_secret": None}, 401),
        ({"client_id": "someone"}, 401),
        ({"audience": "https://elsewhere.example"}, 403),
        ({"grant_type": "password"}, 400),
    ],
)
def test_wrong_questions_are_refused(change: dict[str, object], status: int) -> None:
    answer = desk().issue(asking(**change), 0.0, 60)

    assert answer.status == status
    assert "access_token" not in answer.body


@pytest.mark.parametrize("playground", [True, False])
def test_the_audience_decides_what_a_bearer_is_for(playground: bool) -> None:  # noqa: FBT001 -- a column
    it = desk()
    audience = CONFIG.playground_audience if playground else CONFIG.live_audience

    judged = it.judge(bearer_of(it, audience=audience), 0.0)

    assert isinstance(judged, Bearer)
    assert judged.playground is playground


def test_a_playground_gives_nobody_a_live_bearer() -> None:
    it = desk(SandboxConfig(playground=True))

    assert it.issue(asking(), 0.0, 60).status == 403
    assert it.issue(asking(audience=CONFIG.playground_audience), 0.0, 60).status == 200


def test_a_bearer_expires() -> None:
    it = desk()
    header = bearer_of(it, now_s=10.0)

    assert isinstance(it.judge(header, 1809.9), Bearer)
    assert it.judge(header, 1810.0) == "Partner token is expired"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "Authorization header missing"),
        ("Bearer made-up", "Partner token is not valid"),
        ("Basic abc", "Partner token is not valid"),
        ("", "Partner token is not valid"),
    ],
)
def test_without_a_bearer_of_ours_there_is_no_entry(header: str | None, said: str) -> None:
    assert desk().judge(header, 0.0) == said


def test_revoking_spares_what_is_issued_later() -> None:
    it = desk()
    before, after = bearer_of(it, 1.0), bearer_of(it, 3.0)

    it.revoke(2.0)

    assert it.judge(before, 4.0) == "Partner token is not valid"
    assert isinstance(it.judge(after, 4.0), Bearer)


def test_a_rotated_secret_is_asked_for_from_then_on() -> None:
    it = desk()
    header = bearer_of(it)

    it.rotate("new")

    assert it.issue(asking(), 0.0, 60).status == 401
    assert it.issue(asking() | {"client_secret": "new"}, 0.0, 60).status == 200
    assert isinstance(it.judge(header, 0.0), Bearer)


def test_a_fingerprint_tells_bearers_apart_and_gives_none_away() -> None:
    assert fingerprint("Bearer one") != fingerprint("Bearer two")
    assert fingerprint("Bearer one") == fingerprint("bearer one")
    assert len(fingerprint("Bearer one")) == 12
    assert "one" not in fingerprint("Bearer one")
    assert fingerprint(None) == ""
