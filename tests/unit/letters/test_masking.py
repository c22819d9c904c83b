"""What may tell of a person is hidden unless it is asked for."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason, TypeCode
from consumer.letters.describing import in_a_line, in_full, utc
from consumer.letters.letter import Spot, read_letter
from consumer.letters.masking import Entries, hidden, hidden_texts, masked, scrubbed
from consumer.letters.raw import Undecoded
from tests.unit.letters.samples import buried, row, source

TOKEN = "global-WfRFAhG25YC8ADe3QvxAVz"  # noqa: S105 -- no secret: made up
EVENT = {
    "eventId": "e-1",
    "applicationId": "app-48213",
    "hirerId": "hirer-7",
    "seekToken": TOKEN,
    "candidateApplicationProfileId": None,
    "candidateName": "Jane Doe",
    "candidatePhone": 61_400_000_000,
    "attachment": b"Jane's CV",
    "notes": ["Jane is fine"],
    "current": {"status": {"label": "Interview", "index": 2, "total": 5}, "success": None},
}
PERSONAL = ("app-48213", TOKEN[10:], "Jane", "61400000000")
SIGNAL = {"typeCode": "ApplicationStatusUpdate", "token": TOKEN, "current": EVENT["current"]}


def described(*, reveal: bool) -> str:
    message = f"Jane Doe: token {TOKEN} of 'Jane' jane@doe.example is unknown"
    letter = read_letter(buried(source(7, b"app-48213"), Spot(0, 7), message=message))
    prepared = Signal(TypeCode.APPLICATION_COMPLETE, "s", "hirer-7", 0, orjson.dumps(SIGNAL), ())
    return orjson.dumps(
        in_full(row(7), letter, EVENT, prepared, reveal=reveal), default=str
    ).decode()


def test_a_person_is_hidden_in_value_signal_message_and_key() -> None:
    text = described(reveal=False)

    assert not [word for word in PERSONAL if word in text]
    assert "jane@doe" not in text


def test_what_helps_and_tells_of_no_person_is_shown() -> None:
    text = described(reveal=False)

    for word in ("e-1", "hirer-7", "Interview", '"index":2', "global-", "is unknown"):
        assert word in text


def test_all_is_shown_when_asked_for() -> None:
    text = described(reveal=True)

    assert [word for word in PERSONAL if word not in text] == []


def test_a_line_of_a_list_holds_nothing_of_a_person() -> None:
    assert "k" not in in_a_line(row()).values()
    assert set(in_a_line(row())) == {
        *("letter", "origin", "class", "code", "stage", "state", "replays", "attempts"),
        *("failedAt", "writtenBy", "pointer"),
    }


def test_the_environment_of_an_id_is_kept_since_it_is_often_the_fault() -> None:
    assert hidden("globalPublicTest-abc") == "globalPublicTest-•••(20)"
    assert hidden("seekAnz:candidate:1") == "seekAnz:candidate:•••(19)"
    assert [hidden(text) for text in ("Jane", "Jane-Doe", "a:b:c")] == [
        "•••(4)",
        "•••(8)",
        "•••(5)",
    ]


def test_masking_keeps_the_shape() -> None:
    found = masked(EVENT)

    assert isinstance(found, dict)
    assert found.keys() == EVENT.keys()
    assert found["current"] == EVENT["current"]
    assert found["attachment"] == "•••(9 bytes)"


def test_a_message_loses_quotes_addresses_and_every_hidden_text() -> None:
    message = 'Jane said "I am 40" to jane@doe.example'
    assert scrubbed(message, hidden_texts(EVENT)) == "Jane said ••• to •••"
    assert scrubbed("token abc of x", ["abc", "x"]) == "token ••• of x"


def test_a_name_that_is_harmless_in_an_event_is_hidden_elsewhere() -> None:
    foreign = {"contact": {"label": "Jane Doe", "timestamp": 1}, "label": "Jane", "eventId": "e-1"}

    assert masked(foreign) == {
        "contact": {"label": "•••(8)", "timestamp": "•••(1)"},
        "label": "•••(4)",
        "eventId": "e-1",
    }


def test_the_keys_of_a_map_are_data() -> None:
    found = masked({"notes": Entries({"Jane": {"eventId": "Doe"}, "John": 1})})

    assert found == {"notes": {"•••(4) 1": {"eventId": "•••(3)"}, "•••(4) 2": "•••(1)"}}
    assert list(hidden_texts(Entries({"Jane": 77}))) == ["Jane", "77"]


def test_a_message_loses_numbers_and_bytes_that_are_hidden() -> None:
    secrets = [*hidden_texts({"candidateId": 48213, "raw": b"Jane", "age": 40})]

    assert scrubbed("HTTP 400: 48213 of Jane", secrets) == "HTTP 400: ••• of •••"


@pytest.mark.parametrize(
    ("stage", "reveal", "shown"),
    [("send", False, False), ("map", False, False), ("decode", False, True), ("send", True, True)],
)
def test_a_message_that_may_quote_what_cannot_be_decoded_is_hidden(
    stage: str, *, reveal: bool, shown: bool
) -> None:
    one = read_letter(buried(source(7), Spot(0, 7), message="no token global-Jane"))
    failure = replace(one.dead.failure, stage=stage)
    one = replace(one, dead=replace(one.dead, failure=failure))

    described = in_full(row(7), one, Undecoded("gone"), "its record is gone", reveal=reveal)

    assert ("global-Jane" in str(described["message"])) is shown


def test_what_today_s_code_would_do_is_said_for_every_outcome() -> None:
    letter = read_letter(buried(source(7), Spot(0, 7)))
    for judged, said in (
        (Skipped(SkipReason.NOT_FROM_SEEK), "would be skipped: not_from_seek"),
        (Rejected(Reason.BAD_TIME, "why"), "would fail again: bad_time"),
        ("the registry is away", "not known: the registry is away"),
    ):
        today = in_full(row(7), letter, Undecoded("no value"), judged, reveal=False)["today"]
        assert isinstance(today, dict)
        assert today["outcome"] == said


def test_a_time_that_is_none_is_empty() -> None:
    assert utc(1_700_000_000_000) == "2023-11-14T22:13:20Z"
    assert [utc(ms) for ms in (0, -1, 2**62)] == ["", "", ""]
