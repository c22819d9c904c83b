"""From the failure to the acceptance: letters of every class, causes mended, replayed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from consumer.adapters.avro.registry import connect
from consumer.delivery.records import OutgoingRecord
from consumer.errors import ExitCode
from consumer.letters.letter import CLASSES, FOREIGN, UNREADABLE
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.faults.scene import seek_at
from tests.faults.service import ServiceProcess, service
from tests.integration.letters.bench import Bench, write
from tests.integration.letters.story import (
    FAULTS,
    HOPELESS,
    HOPELESS_EACH,
    IGNORED,
    LIVE_AFTER,
    MENDED,
    ODD_TYPE,
    SICK,
    SICK_EACH,
    SMALL_BYTES,
    STEPS,
    SUBJECTS,
    Published,
    Story,
)
from tests.integration.letters.zygote import Zygote
from tests.testbed import KafkaCluster, Registry, committed

PATIENCE_S = 180.0
TO_MEND = STEPS * sum(SUBJECTS.values()) + SICK_EACH * len(SICK)
IN_ALL = TO_MEND + HOPELESS_EACH * (len(HOPELESS) + 1)
TROUBLED = {
    "SEEK_SIGNALS_UNKNOWN_SCHEMA_S": "1",
    "SEEK_SIGNALS_RECORD_BYTES_MAX": str(SMALL_BYTES),
    "SEEK_SIGNALS_FLOOD_MIN": "100000",  # All of this is poison, and no flood.
    "SEEK_SIGNALS_FLOOD_WINDOW": "100000",
    "SEEK_SIGNALS_SICK_ATTEMPTS": "2",
    "SEEK_SIGNALS_SICK_AFTER_S": "0.5",
    "SEEK_SIGNALS_SICK_SUBJECTS_MAX": "100",
    "SEEK_SIGNALS_HOLD_BASE_S": "0.02",
    "SEEK_SIGNALS_HOLD_MAX_S": "0.1",
    "SEEK_SIGNALS_DLQ_CONNECT_HEADERS": "true",
}


class Stage:
    """The service between a Kafka, a registry and a SEEK of its own."""

    def __init__(self, bench: Bench, sandbox: RunningSandbox, folder: Path) -> None:
        self.bench, self.sandbox, self.folder = bench, sandbox, folder
        self.published: list[Published] = []
        self.faults = dict(FAULTS)

    def mend(self, *reasons: str) -> None:
        """What SEEK has against these."""
        for reason in reasons:
            del self.faults[reason]
        self.sandbox.set_faults(list(self.faults.values()))

    def publish(self, records: Iterable[Published]) -> None:
        made = list(records)
        source = self.bench.source
        write(
            self.bench.kafka,
            [(OutgoingRecord(source, each.key, each.value, []), None) for each in made],
        )
        self.published += made

    @contextmanager
    def service(self, **more: str) -> Iterator[ServiceProcess]:
        """With time-outs as in production: a request that runs into one may be a duplicate."""
        environment = {
            **self.bench.environment(),
            **seek_at(self.sandbox),
            "SEEK_SIGNALS_HTTP_PORT": "0",
            **more,
        }
        with service(environment, self.folder / "service.log") as process:
            yield process
            assert process.terminate() == ExitCode.OK

    def accepted(self) -> list[tuple[str, int]]:
        """(token, step) of every signal in SEEK's journal, in order."""
        signals = (entry["signal"] for entry in self.sandbox.journal())
        return [(str(each["token"]), _step(each)) for each in signals]

    def caught_up(self) -> bool:
        """Committed to the very end, markers of transactions included."""
        retry = f"{self.bench.group}.retry"
        done = committed(self.bench.kafka, self.bench.group, [self.bench.source, retry])
        extents = self.bench.extents(self.bench.source) | self.bench.extents(retry)
        return all(done.get(place, 0) >= end for place, (_, end) in extents.items())


def _step(signal: Any) -> int:  # noqa: ANN401 -- JSON
    return int(signal["current"]["status"]["label"].split()[1])


def test_the_story_has_letters_of_every_class_that_the_service_writes() -> None:
    assert {*MENDED, *HOPELESS, IGNORED} == set(CLASSES) - {FOREIGN, UNREADABLE}
    assert IN_ALL >= 500


def test_letters_of_every_class_are_replayed_and_accepted_once_in_order(
    kafka: KafkaCluster, registry: Registry, zygote: Zygote, tmp_path: Path
) -> None:
    bench = Bench(kafka, zygote, registry.url)
    bench.create()
    config = SandboxConfig(journal=tmp_path / "journal.ndjson")
    with closing(connect({"url": registry.url})) as client, running_sandbox(config) as sandbox:
        story = Story(client, bench.source)
        stage = Stage(bench, sandbox, tmp_path)
        sandbox.set_faults(list(FAULTS.values()))
        fail(stage, story)
        with stage.service(SEEK_SIGNALS_IGNORE_TYPES=ODD_TYPE) as process:
            mend_and_replay_cause_by_cause(stage, story, process)
        look_at_what_is_left(stage)
        purge_the_rest(stage)
    assert_each_was_accepted_once_in_order(stage)


def fail(stage: Stage, story: Story) -> None:
    trickle = iter(range(10_000))

    def all_buried() -> bool:
        stage.publish(story.fine(range(next(trickle), next(trickle))))
        return stage.bench.letters() >= IN_ALL

    stage.publish(story.failing())
    stage.publish(story.later())
    with stage.service(**TROUBLED) as process:
        process.until(all_buried, "burying", PATIENCE_S)
    found = stage.bench.run("dlq", "stats", "--json").json
    each = {reason: STEPS * count for reason, count in SUBJECTS.items()}
    each |= dict.fromkeys(SICK, SICK_EACH)
    each |= dict.fromkeys((*HOPELESS, IGNORED), HOPELESS_EACH)
    assert {of["class"]: of["letters"] for of in found} == each
    assert len({line["origin"].split("/")[1] for line in lines(stage)}) == 3


def lines(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    return stage.bench.run("dlq", "list", "--json", *arguments).lines


def replay(stage: Stage, *arguments: str) -> dict[str, Any]:
    ended = stage.bench.run("dlq", "replay", "--yes", "--json", *arguments)
    assert ended.code == ExitCode.OK, ended.err
    report: dict[str, Any] = ended.json
    return report


def mend_and_replay_cause_by_cause(stage: Stage, story: Story, process: ServiceProcess) -> None:
    """Each go is by filter, while all other causes persist: of theirs nothing is touched."""
    outcomes = stage.bench.run("dlq", "replay", "--dry-run", "--json").json["outcomes"]
    for reason in HOPELESS:
        assert set(outcomes[reason]) == {f"would fail again: {reason}"}, reason
    go = Going(stage, process)

    go(STEPS * 10, "too_large")  # The limit is as it is in production again.
    assert story.mend_registry() == story.missing
    go(STEPS * 20, "unknown_schema")
    not_yet = go(STEPS * 10, "forbidden", "--hirer", "estranged-1", comes_through=False)
    assert not_yet["superseded"] == []
    stage.mend("forbidden")
    go(STEPS * 10, "forbidden", "--hirer", "estranged-1")
    go(STEPS * 30, "forbidden")
    stage.mend("bad_user_input")
    moved_on = go(STEPS * 60, "bad_user_input")
    assert len(moved_on["superseded"]) == STEPS * LIVE_AFTER
    assert {each["newerState"] for each in moved_on["superseded"]} == {"2026-01-05T09:09:00Z"}
    stage.mend("request_too_large")
    go(STEPS * 10, "request_too_large")
    stage.mend(*SICK)
    go(SICK_EACH * len(SICK), ",".join(SICK))
    go(HOPELESS_EACH, IGNORED)  # Its type is named in a setting.
    go(HOPELESS_EACH, "blank_label", comes_through=False)


class Going:
    """Replays by filter, waits until the service is through, and looks at what has changed."""

    def __init__(self, stage: Stage, process: ServiceProcess) -> None:
        self.stage, self.process = stage, process
        self.before = self._states()

    def __call__(
        self, expected: int, classes: str, *filters: str, comes_through: bool = True
    ) -> dict[str, Any]:
        report = replay(self.stage, "--class", classes, *filters)
        assert report["replayed"] == expected
        self.process.until(self.stage.caught_up, "catching up", PATIENCE_S)
        after = self._states()
        changed = {
            reason: after[reason] - self.before[reason]
            for reason in after
            if after[reason] != self.before[reason]
        }
        assert set(changed) == set(classes.split(","))
        state = "accepted" if comes_through else "replayed"
        assert sum(gained[state] for gained in changed.values()) == expected
        self.before = after
        return report

    def _states(self) -> dict[str, Counter[str]]:
        """By class, how many letters are of which state."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for line in lines(self.stage):
            found[line["class"]][line["state"]] += 1
        return found


def look_at_what_is_left(stage: Stage) -> None:
    again = lines(stage, "--class", "blank_label", "--state", "new")
    assert [line["replays"] for line in again] == [1] * HOPELESS_EACH
    assert stage.bench.letters() == IN_ALL + HOPELESS_EACH + STEPS * 10
    states = {(line["class"], line["state"]) for line in lines(stage, "--state", "new,accepted")}
    for reason in (*MENDED, IGNORED):
        assert {state for known_, state in states if known_ == reason} == {"accepted"}
    assert {known_ for known_, state in states if state == "new"} == set(HOPELESS)


def purge_the_rest(stage: Stage) -> None:
    left = HOPELESS_EACH * len(HOPELESS)
    refused = stage.bench.run("dlq", "purge", "--state", "new")
    assert (refused.code, f"purge {left}" in refused.err) == (ExitCode.BAD_CONFIGURATION, True)
    confirm = f"purge {left}"
    ended = stage.bench.run("dlq", "purge", "--state", "new", "--confirm", confirm, "--json")
    assert ended.json["purged"] == left, ended.err
    assert "vanish" in ended.json["vanishing"]
    # Nothing is needed any more, so all of it can be cut.
    assert stage.bench.letters() == 0
    assert stage.bench.run("dlq", "list").err == "no dead letter fits\n"


def assert_each_was_accepted_once_in_order(stage: Stage) -> None:
    accepted = stage.accepted()
    wanted = [
        (each.token, each.step)
        for each in stage.published
        if each.reason == "fine" or each.reason in MENDED
    ]
    assert Counter(accepted) == Counter(wanted)
    steps: dict[str, list[int]] = defaultdict(list)
    for token, step in accepted:
        steps[token].append(step)
    assert all(of_one == sorted(of_one) for of_one in steps.values())
