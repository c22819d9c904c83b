"""The rights that `topics` names are enough to work on dead letters, and `--create` makes them."""

from __future__ import annotations

from consumer.errors import ExitCode
from consumer.topics.plan import Names, plan
from tests.integration.letters.bench import Bench
from tests.integration.letters.zygote import Zygote
from tests.testbed import CONSUMER, KafkaCluster, allow, create_topics, running_kafka


class Guarded(Bench):
    """Its command connects as a user who may do what he was granted, and no more."""

    __slots__ = ()

    def environment(self) -> dict[str, str]:
        config = self.kafka.client_config(CONSUMER)
        settings = {"KAFKA_" + k.upper().replace(".", "_"): str(v) for k, v in config.items()}
        return super().environment() | settings


def test_who_has_the_operator_s_rights_can_list_replay_and_purge(
    zygote: Zygote,
) -> None:
    with running_kafka(sasl=True) as kafka:
        bench = Guarded(kafka, zygote)
        bench.create()
        bench.bury(range(6))
        refused = bench.run("dlq", "list")
        assert refused.code == ExitCode.FAILED
        grant(kafka, bench)

        assert len(bench.run("dlq", "list", "--json").lines) == 6
        replayed = bench.run("dlq", "replay", "--yes", "--json", "--offsets", "0..2")
        assert (replayed.code, replayed.json["replayed"]) == (ExitCode.OK, 3), replayed.err
        assert "time to loss" not in replayed.err
        purged = bench.run("dlq", "purge", "--state", "new", "--confirm", "purge 3", "--json")
        assert (purged.code, purged.json["purged"]) == (ExitCode.OK, 3), purged.err
        assert "retention of 7 days" in purged.json["vanishing"]  # The broker's own default.


def grant(kafka: KafkaCluster, bench: Bench) -> None:
    group = bench.group
    own = (bench.dlq, f"{group}.retry", f"{group}.dlq.state", bench.dlq)
    for each in plan(Names((bench.source,), group, *own, 1), {}).operator:
        kind = each.kind.name
        words = {"DescribeConfigs": "DESCRIBE_CONFIGS"}
        operations = [words.get(name, name.upper()) for name in each.operations]
        allow(kafka, CONSUMER, kind, each.name, *operations)


def test_what_is_missing_is_created_once(kafka: KafkaCluster, zygote: Zygote) -> None:
    bench = Bench(kafka, zygote)
    create_topics(kafka, {bench.source: 5})

    made = bench.run("topics", "--create")
    assert (made.code, made.out.splitlines()) == (
        ExitCode.OK,
        [
            f"created {bench.dlq}, 5 partitions",
            f"created {bench.group}.retry, 3 partitions",
            f"created {bench.group}.dlq.state, 3 partitions",
        ],
    ), made.err
    assert bench.run("topics", "--create").out == "nothing to create: all topics exist\n"
    bench.bury([1])
    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 1
