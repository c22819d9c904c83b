"""Fault scripts: read strictly, wrong entries named."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.errors import BadConfigurationError
from consumer.sandbox.fault_kinds import Match, Refuse, Rotate, Slow
from consumer.sandbox.fault_script import as_json, load_faults, parse_faults


def test_a_script_is_a_list_or_holds_one() -> None:
    entry = {"fault": "slow", "delayS": 2, "requests": 3}

    assert parse_faults([entry]) == parse_faults({"faults": [entry]})
    assert parse_faults([entry]) == [Slow(delay_s=2, requests=3)]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"fault": "slow"}, "faults[1].delayS: Field required"),
        ({"fault": "cut", "requets": 1}, "faults[1].requets: Extra inputs are not permitted"),
        ({"fault": "refuse"}, "faults[1].match: Field required"),
        ({"fault": "refuse", "match": {"tokn": "x"}}, "faults[1].match.tokn: Extra inputs"),
        ({"fault": "fire"}, "faults[1]: Input tag 'fire'"),
        ({"fault": "status", "status": 99}, "faults[1].status: Input should be greater"),
    ],
)
def test_a_wrong_entry_is_named(entry: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfigurationError) as refused:
        parse_faults([{"fault": "cut"}, entry])

    (line,) = refused.value.faults
    assert line.startswith(said)


def test_all_wrong_entries_are_named_together() -> None:
    with pytest.raises(BadConfigurationError) as refused:
        parse_faults([{"fault": "slow"}, {"fault": "quota"}])

    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(
    ("content", "said"), [("[", "is not JSON"), (None, "cannot be read"), ("7", "valid list")]
)
def test_a_script_that_is_none_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "faults.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(BadConfigurationError, match=said):
        load_faults(path)


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"fault": "refuse", "match": {"token": "x"}, "pointer": false}]')

    assert load_faults(path) == [Refuse(match=Match(token="x"), pointer=False)]  # noqa: S106 -- made up


def test_a_fault_reads_back_as_it_was_written() -> None:
    entry: dict[str, object] = {"fault": "refuse", "match": {"token": "x"}, "requests": 2}

    assert [as_json(fault) for fault in parse_faults([entry])] == [entry]


def test_a_secret_is_not_shown() -> None:
    assert "hush" not in repr(as_json(Rotate(client_secret="hush")))  # noqa: S106 -- made up
    assert "hush" not in repr(Rotate(client_secret="hush"))  # noqa: S106 -- made up
