"""What must hold after every turn: memory, commits and exposure stay within their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from consumer.observed import Snapshot
from consumer.pipeline import Pipeline
from tests.simulation.invariants import Invariants
from tests.simulation.ledger import Process
from tests.simulation.truth import Tenure
from tests.simulation.world import World, ensure

TAKE: Final = 25
"""Records a poll, at most."""
MOST_GAP: Final = 6
"""Offsets from one record to the next, at most, by and large."""
SLACK_S: Final = 1.0
"""Steps take time of their own."""


@dataclass(frozen=True, slots=True)
class Bounds:
    world: World
    invariants: Invariants

    def turned(self, process: Process, pipeline: Pipeline) -> None:
        """Pending records: the limit and a poll (P5); and a poll for each partition, which may
        be given and read in the same poll, before it can be paused. Of one partition a share
        and a batch more, as company for a record that may be sick."""
        self._committed_promptly(process)
        partitions, limits = pipeline.partitions, self.invariants.limits
        pending = partitions.pending
        most = limits.pending_records + TAKE * (1 + len(partitions.lanes))
        ensure(pending <= most, "P5 bounded, pending:", pending)
        size = sum(lane.pending_bytes for lane in partitions.lanes.values())
        ensure(partitions.pending_bytes == size >= 0, "P5 bytes", partitions.pending_bytes, size)
        share, batch = 1.0 + limits.sick.company_share, limits.batch_size
        for lane in partitions.lanes.values():
            pending, beyond = lane.tracker.pending, lane.tracker.position - lane.tracker.mark
            within = pending <= share * limits.pending_per_partition + batch + TAKE
            ensure(within, "P5 one partition, pending:", lane.place, pending)
            within = beyond <= share * limits.exposed_per_partition + batch + TAKE * MOST_GAP
            ensure(within, "P9 one partition, beyond the mark:", lane.place, beyond)

    def shown(self, process: Process, snapshot: Snapshot) -> None:
        """The gauge of what a crash would repeat is never too low (P9), but for what a commit
        may have changed that is not answered yet."""
        if process.expired or self.world.now_s < process.unanswered_until_s:
            return
        for status in snapshot.partitions:
            tenure = process.tenures.get(status.place)
            if tenure is not None:
                repeated = self._repeated(tenure)
                told = repeated <= status.exposed
                ensure(told, "P9 exposure is told", process, repeated, "would be repeated:", status)

    def _committed_promptly(self, process: Process) -> None:
        """What is settled is committed within the interval (P9), where a commit can be made."""
        now_s = self.world.now_s
        if process.expired or process.doubtful or now_s < process.unanswered_until_s:
            return
        longest_s = self.invariants.limits.commit_every_s + SLACK_S
        for place, tenure in process.tenures.items():
            since_s = tenure.uncommitted_since_s
            prompt = since_s is None or now_s - since_s <= longest_s
            ensure(prompt, "P9 commit interval", process, place, "not committed since", since_s)

    def _repeated(self, tenure: Tenure) -> int:
        committed = self.invariants.committed.get(tenure.place, tenure.start.offset)
        remembered = self.invariants.remembered.get(tenure.place, frozenset())
        beyond = {offset for offset in tenure.told_accepted if offset >= committed}
        return len(beyond - remembered)
