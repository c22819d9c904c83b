"""Half a minute of chaos: what `make chaos` does for as long as one likes."""

from __future__ import annotations

from pathlib import Path

from tests.faults.chaos.run import Run
from tests.faults.chaos.schedule import plan
from tests.faults.chaos.stage import Cast, staged

SEED = 4
"""It has a kill, a freeze beyond the session, an orderly stop, a frozen broker, lost and late
answers, new partitions and a rotated secret."""
SECONDS = 30.0
RATE = 1_000.0
EVENTS_AT_LEAST = 5_000
"""However busy the machine: a hundred and sixty a second."""


def test_nothing_is_lost_or_told_while_everything_breaks(tmp_path: Path) -> None:
    cast = Cast(SEED, consumers=2, protocol="classic", rate=RATE)
    faults = plan(SEED, SECONDS, cast.consumers)
    said: list[str] = []

    with staged(cast, tmp_path) as stage:
        outcome = Run(stage, faults, SECONDS, said.append).play()

    told = "\n".join(said)
    assert outcome.wrong == [], told
    assert outcome.report is not None
    assert outcome.report["verdict"] == "clean", told
    assert outcome.report["published"] > EVENTS_AT_LEAST, told
    assert outcome.report["faults"].keys() >= {
        "consumer.kill",
        "consumer.freeze",
        "consumer.stop",
        "broker.freeze",
        "sandbox.lostAnswer",
        "operator.rotate",
    }
