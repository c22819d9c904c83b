"""The leak check finds what is hidden in a text, and does not tell it on."""

from __future__ import annotations

import secrets

from consumer.sandbox.tokens import fingerprint
from tests.faults.leaks import leaked_bearers, leaks


def test_a_secret_in_a_text_is_found_and_not_repeated() -> None:
    texts: dict[str, str | bytes] = {
        "a.log": "all is well",
        "b.log": b"\xff the word is open sesame",
    }

    found = leaks(texts, ["open sesame", "another"])

    assert len(found) == 1
    assert "b.log" in found[0]
    assert "sesame" not in found[0]


def test_a_bearer_is_found_by_its_fingerprint() -> None:
    bearer = secrets.token_urlsafe(32)
    known = fingerprint(f"Bearer {bearer}")
    texts = {"a.log": f'{{"token":"{bearer}"}}', "b.log": secrets.token_urlsafe(32)}

    assert leaked_bearers(texts, {known}) == [f"a.log holds the bearer with fingerprint {known}"]


def test_an_empty_secret_is_in_no_text() -> None:
    assert leaks({"a.log": "text"}, [""]) == []
