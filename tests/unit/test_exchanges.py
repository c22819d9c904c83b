"""What a developer's log shows of requests, and that it never shows a credential."""

from __future__ import annotations

import orjson

from consumer.adapters.seek.exchanges import signals_exchange, token_exchange
from consumer.adapters.seek.transport import HttpAnswer

ANSWER = HttpAnswer(200, [(b"Content-Type", b"application/json"), (b"Set-Cookie", b"a=b")], b"{}")


def test_a_request_is_shown_with_its_bearer_masked() -> None:
    headers = [(b"Authorization", b"Bearer b3arer"), (b"X-Request-Id", b"r1")]
    seen = signals_exchange(headers, b'{"query":"..."}', ANSWER, "b3arer")
    assert seen.far_side == "signals"
    assert seen.request_headers == (("Authorization", "***"), ("X-Request-Id", "r1"))
    assert seen.request_body == '{"query":"..."}'
    assert seen.status == 200
    assert seen.answer_headers == (("Content-Type", "application/json"), ("Set-Cookie", "***"))
    assert seen.answer_body == "{}"


def test_a_bearer_that_the_far_side_echoes_is_struck_out() -> None:
    echo = HttpAnswer(400, [(b"X-Echo", b"was b3arer")], b'{"message":"bad token b3arer"}')
    seen = signals_exchange([], b"b3arer", echo, "b3arer")
    assert "b3arer" not in str(seen)
    assert seen.answer_body == '{"message":"bad token ***"}'


def test_a_failure_is_shown_by_its_name() -> None:
    seen = signals_exchange([], b"{}", "ConnectionResetError", "b3arer")
    assert (seen.status, seen.failure) == (None, "ConnectionResetError")


def test_a_long_body_is_cut() -> None:
    assert len(signals_exchange([], b"x" * 1_000_000, ANSWER, "").request_body) == 262_144


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    assert signals_exchange([], b"\xff", ANSWER, "").request_body == "\ufffd"


def test_of_a_token_request_only_harmless_fields_are_shown() -> None:
    body = orjson.dumps({"audience": "a", "client_id": "id", "client_secret": "s3cret"})
    granted = HttpAnswer(200, (), b'{"access_token":"b3arer","id_token":"other","expires_in":1800}')
    seen = token_exchange([], body, granted, ["s3cret"])
    assert seen.request_body == '{"audience":"a","client_id":"***","client_secret":"***"}'
    assert seen.answer_body == '{"access_token":"***","id_token":"***","expires_in":1800}'


def test_a_secret_that_the_token_endpoint_quotes_is_struck_out() -> None:
    quoted = 's3"cret'
    refusal = HttpAnswer(401, (), orjson.dumps({"error_description": f"wrong: {quoted}"}))
    seen = token_exchange([], b"{}", refusal, [quoted])
    assert seen.answer_body == '{"error_description":"wrong: ***"}'


def test_a_token_answer_that_is_no_object_is_not_shown() -> None:
    for body in (b"<html>b3arer</html>", b'["b3arer"]'):
        seen = token_exchange([], b"{}", HttpAnswer(200, (), body), [])
        assert "b3arer" not in seen.answer_body
        assert f"{len(body)} bytes, not shown" in seen.answer_body
