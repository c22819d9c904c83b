"""`seek-signals explain`, on records from files: nothing is asked of anyone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from consumer.cli.application import run_application
from consumer.domain.signals import SkipReason, Warn
from consumer.errors import ExitCode
from consumer.explaining.meaning import SKIPS, WARNINGS
from consumer.explaining.records import NoRecordError, Place, written
from tests.unit.settings_samples import COMPLETE

TOKEN = "global-WfRFAhG25YC8ADe3QvxAVz"  # noqa: S105 -- no secret: made up
STATE = {
    "status": {"label": "Phone interview", "index": 3, "total": 9},
    "timestamp": "2026-01-05T09:00:00Z",
}
CHANGED: Mapping[str, object] = {
    "type": "application_status_changed",
    "eventId": "e-1",
    "applicationId": "app-48213",
    "hirerId": "hirer-7",
    "occurredAt": "2026-01-05T09:00:02Z",
    "seekToken": TOKEN,
    "positionProfileIds": ["seekAnz:positionProfile:jobAd:27cuZeA47"],
    "current": STATE,
}
COMPLETED: Mapping[str, object] = {
    "type": "application_completed",
    "eventId": "e-3",
    "applicationId": "app-48214",
    "occurredAt": "2026-01-05T09:10:00Z",
    "seekToken": TOKEN,
    "completedAt": "2026-01-05T09:09:58Z",
}


@pytest.fixture
def explain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:  # noqa: ANN401 -- a function with options
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SEEK_CLIENT_SECRET")  # It is not needed, as SEEK is not asked.

    def run(event: Mapping[str, object], *options: str) -> tuple[int, str]:
        file = tmp_path / "event.json"
        file.write_text(json.dumps(event))
        code = _code("explain", "--file", str(file), *options)
        return code, capsys.readouterr().out

    return run


def _code(*arguments: str) -> int:
    try:
        return run_application(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def _sources(output: str) -> dict[str, tuple[object, str]]:
    return {f["field"]: (f["value"], f["from"]) for f in json.loads(output)["fields"]}


def test_each_field_of_a_signal_is_shown_with_the_event_s_field_it_is_from(explain: Any) -> None:  # noqa: ANN401
    code, output = explain(CHANGED, "--json", "--reveal")

    assert code == ExitCode.OK
    assert json.loads(output)["outcome"] == "would be sent"
    sources = _sources(output)
    assert sources["typeCode"] == ("ApplicationStatusUpdate", "the record's type")
    assert sources["token"] == (TOKEN, "seekToken")
    assert sources["positionProfileIds[0]"] == (
        "seekAnz:positionProfile:jobAd:27cuZeA47",
        "positionProfileIds",
    )
    assert sources["current.status.index"] == (3, "current.status.index")
    assert sources["current.timestamp"] == ("2026-01-05T09:00:00.000Z", "current.timestamp")


def test_the_time_of_a_completed_application_is_from_its_own_field(explain: Any) -> None:  # noqa: ANN401
    _, output = explain(COMPLETED, "--json")
    assert _sources(output)["timestamp"] == ("2026-01-05T09:09:58.000Z", "completedAt")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_tells_of_a_person_is_masked_unless_asked_for(
    explain: Any,  # noqa: ANN401
    options: tuple[str, ...],
) -> None:
    _, masked = explain(CHANGED, *options)
    _, revealed = explain(CHANGED, *options, "--reveal")

    assert "Phone interview" in masked
    for word in (TOKEN, "48213"):
        assert word not in masked
        assert word in revealed


def test_a_skip_is_explained(explain: Any) -> None:  # noqa: ANN401
    code, output = explain({**CHANGED, "seekToken": None})
    assert code == ExitCode.OK
    assert "would be skipped" in output
    assert "reason: not_from_seek" in output
    assert "the publisher lost that field" in " ".join(output.split())


def test_a_refusal_is_explained_and_ends_with_a_code_of_its_own(explain: Any) -> None:  # noqa: ANN401
    code, output = explain({**CHANGED, "seekToken": "global-a b"}, "--json")
    told = json.loads(output)
    assert code == ExitCode.FAILED
    assert told["outcome"] == "would become a dead letter"
    assert (told["reason"], told["stage"]) == ("token_whitespace", "map")
    assert "a b" not in output
    assert "publisher" in told["advice"]


def test_a_warning_is_explained(explain: Any) -> None:  # noqa: ANN401
    odd = {**STATE, "status": {"label": "New", "index": 9, "total": 3}}
    _, output = explain({**CHANGED, "current": odd})
    assert "warning: index_outside_range" in output


def test_every_skip_and_every_warning_has_an_explanation() -> None:
    assert set(SKIPS) == set(SkipReason)
    assert set(WARNINGS) == set(Warn)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name one record"),
        (("a/0/1", "--file", "x"), "name one record"),
        (("topic-and-offset",), "write topic/partition/offset"),
    ],
)
def test_what_to_explain_has_to_be_named(
    explain: Any,  # noqa: ANN401
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    del explain  # For its settings.
    assert _code("explain", *arguments) == ExitCode.FAILED
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{no json", "one event a line"),
        (b'{"type": "other"}', '"type" must be one of'),
        (b'{"type": "application_completed", "eventId": 7}', "eventId"),
    ],
)
def test_an_event_that_is_none_is_told_by_its_faults(content: bytes, says: str) -> None:
    with pytest.raises(NoRecordError, match=says):
        written(content)


def test_what_is_no_json_is_taken_for_the_bytes_of_a_record() -> None:
    assert written(b"\x00\x00\x00\x00\x07\x06abc") is None


def test_a_place_may_be_of_a_topic_with_a_slash_in_its_name() -> None:
    assert Place.parsed("a/b/1/22") == Place("a/b", 1, 22)
