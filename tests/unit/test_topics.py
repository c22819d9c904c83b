"""The topics and rights that a deployment needs: planned, and written down for other tools."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest
import yaml

from consumer.cli.application import run_application
from consumer.topics.plan import HEADER_ROOM, Grant, Kind, Names, Plan, plan
from consumer.topics.writing import Deployment, commands, strimzi
from tests.unit.settings_samples import COMPLETE

NAMES = Names(("moves", "Other_Moves"), "g", "g.dlq", "g.retry", "g.dlq.state", "g.dlq", 1_000_000)
TO = Deployment("broker:9092", 3, "the service", "operator")


def planned() -> Plan:
    return plan(NAMES, {"moves": 12})


def test_dead_letters_have_as_many_partitions_as_the_widest_source() -> None:
    assert {topic.name: topic.partitions for topic in planned().topics} == {
        "g.dlq": 12,
        "g.retry": 3,
        "g.dlq.state": 3,
        "moves": 12,
        "Other_Moves": 6,
    }
    assert plan(NAMES, {}).topics[0].partitions == 6


def test_letters_expire_and_states_are_compacted() -> None:
    dlq, retry, state, *_ = planned().topics
    for topic in (dlq, retry):
        assert topic.config["retention.ms"] == str(14 * 86_400_000)
        assert topic.config["cleanup.policy"] == "delete"
    assert state.config == {"cleanup.policy": "compact"}


@pytest.mark.parametrize("largest", [1_000, 5_000_000])
def test_a_letter_of_the_largest_record_has_room(largest: int) -> None:
    dlq = plan(replace(NAMES, record_bytes_max=largest), {}).topics[0]
    assert int(dlq.config["max.message.bytes"]) >= max(largest, 1_048_588) + HEADER_ROOM


def test_the_service_can_neither_read_letters_back_nor_write_to_a_source() -> None:
    rights = {(g.name, operation) for g in planned().of_service for operation in g.operations}
    assert ("g.dlq", "Read") not in rights
    assert not {name for name, operation in rights if operation == "Write"} - {"g.dlq"}


def test_who_replays_may_write_with_the_one_transactional_id() -> None:
    wanted = Grant(Kind.TRANSACTIONAL_ID, "g.dlq", ("Write", "Describe"))
    assert wanted in planned().operator


def test_commands_survive_the_shell() -> None:
    words = [shlex.split(line) for line in commands(planned(), planned().topics, TO)]

    assert [line[0] for line in words[:5]] == ["kafka-topics.sh"] * 5
    assert {line[0] for line in words[5:]} == {"kafka-acls.sh"}
    first = words[0]
    assert first[first.index("--replication-factor") + 1] == "3"
    assert "max.message.bytes=1114124" in first
    assert words[5][4:6] == ["--allow-principal", "User:the service"]
    assert "--replication-factor" not in next(
        commands(planned(), planned().topics, TO._replace(replication=None))
    )


def test_strimzi_s_resources_are_yaml_that_says_the_same() -> None:
    documents: list[Any] = [
        yaml.safe_load(text) for text in strimzi(planned(), planned().topics, TO)
    ]

    kinds = [document["kind"] for document in documents]
    assert kinds == ["KafkaTopic"] * 5 + ["KafkaUser"] * 2
    by_name = {document["metadata"]["name"]: document for document in documents}
    odd = by_name["other-moves"]  # Kubernetes takes no capitals and no underscores.
    assert odd["spec"] == {"topicName": "Other_Moves", "partitions": 6, "replicas": 3}
    assert by_name["g.dlq"]["spec"]["config"]["retention.ms"] == "1209600000"
    acls = by_name["operator"]["spec"]["authorization"]["acls"]
    assert acls[-1] == {
        "resource": {"type": "transactionalId", "name": "g.dlq", "patternType": "literal"},
        "operations": ["Write", "Describe"],
    }


@pytest.mark.parametrize("form", ["table", "commands", "strimzi"])
def test_each_form_is_printed_without_asking_anybody(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", {k: v for k, v in COMPLETE.items() if "SEEK_C" not in k})

    with pytest.raises(SystemExit) as caught:
        run_application(["topics", "--offline", "--as", form])

    assert caught.value.code in {None, 0}
    assert "seek-signals.dlq.state" in capsys.readouterr().out


def test_the_name_of_a_user_is_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", {k: v for k, v in COMPLETE.items() if "SEEK_C" not in k})

    with pytest.raises(SystemExit):
        run_application(["topics", "--offline", "--service-user", "[red]me[/red]\x1b"])

    assert r"[red]me[/red]\x1b" in capsys.readouterr().out
