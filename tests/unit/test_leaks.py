"""The leak check finds what is hidden in a text, and does not tell it on."""

from __future__ import annotations

import secrets

from consumer.demo.expectations import CutShort, DemoEvent, Kind, ToBeBuried
from consumer.sandbox.tokens import fingerprint
from tests.faults.leaks import leaked_bearers, leaked_words, leaks, private_words


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


WORDS = ["app-A1b2C3d4E5", "pos-x9Y8z7W6", "global-abcdefghijklmnopqrstuv ", "global-SICK-1"]


def test_words_of_what_was_published_are_found_wherever_they_stand() -> None:
    texts: dict[str, str | bytes] = {
        "a": b'\x0a\x05key=app-A1b2C3d4E5"}',
        "b": "partition of pos-x9Y8z7W6, global-abcdefghijklmnopqrstuv",
        "c": "global-SICK-1",
    }

    assert len(leaked_words({"a": texts["a"]}, WORDS)) == 1
    assert len(leaked_words({"b": texts["b"]}, WORDS)) == 2
    assert len(leaked_words(texts, WORDS)) == 4
    assert not any("A1b2" in line for line in leaked_words(texts, WORDS))


def test_letters_and_digits_alike_by_chance_are_no_leak() -> None:
    assert leaked_words({"a": "request x9Y8z7W6-11, global, app-other"}, WORDS) == []


def test_what_is_private_of_an_event_is_whom_it_is_about_and_its_tokens() -> None:
    fields = {"applicationId": "app-1", "seekToken": "global-1", "hirerId": "h", "positionId": None}
    event = DemoEvent(Kind.APPLICATION_COMPLETED, "app-1", fields, ToBeBuried("forbidden"))

    assert set(private_words(event)) == {"app-1", "global-1"}
    assert set(private_words(event._replace(value=CutShort(fields)))) == {"app-1", "global-1"}
    assert set(private_words(event._replace(value=b"{"))) == {"app-1"}
    assert set(private_words(event._replace(key=" ", value=None))) == set()
