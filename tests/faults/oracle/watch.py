"""One look after another: commits first, then everything that settles records.

What settles records only grows. So what looks unsettled below a commit that was read before
was unsettled when it was committed.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, cast

import orjson
from confluent_kafka import KafkaException, Message

from consumer.sandbox.journal import Entry, RequestLine
from tests.faults.oracle.explain import Explainer
from tests.faults.oracle.kafka_views import Commits, Letters, StrangeLetterError
from tests.faults.oracle.ledger import BuriedLetter, Ledger
from tests.faults.oracle.publications import Publication, signal_in
from tests.faults.oracle.requests import Requests
from tests.faults.oracle.shelf import Acceptance
from tests.faults.oracle.tail import Tail
from tests.faults.oracle.timeline import Timeline

UNEXPLAINED: Final = "unexplained"
LETTERS_WITHIN_S: Final = 30.0
"""For the dead letters to be read to their end, at the verdict."""


@dataclass(slots=True)
class Watch:
    commits: Commits
    letters: Letters
    publications: Callable[[], Iterable[Publication]]
    """Those that became known since it was asked before."""
    journal: Tail
    request_log: Tail = field(default_factory=lambda: Tail(None))
    faults: Tail = field(default_factory=lambda: Tail(None))
    on_entry: Callable[[Entry], None] | None = None
    on_letter: Callable[[BuriedLetter, Message], None] | None = None
    ledger: Ledger = field(default_factory=Ledger)
    requests: Requests = field(default_factory=Requests)
    timeline: Timeline = field(default_factory=Timeline)
    patience_ms: float = 0.0
    """Before what a commit covers is a violation, where there are several brokers: one that wakes
    up answers for a moment as the leader that it no longer is, and ends its log where that was
    when it froze."""
    looks: int = 0
    longest_stall_s: float = 0.0
    """Without an acceptance while records were waiting for one."""
    _accepted: int = 0
    _accepted_ms: float = field(default_factory=lambda: time.monotonic() * 1000)

    @property
    def passed_over(self) -> int:
        """Records found unsettled below a commit, or said to be settled by one."""
        counts = self.ledger.violations.counts
        return counts["passed by a commit"] + counts["said to be settled"]

    def look(self) -> None:
        """One comparison. What Kafka does not answer now is asked again the next time."""
        try:
            changed = self.commits.changed(self.ledger.places)
        except KafkaException:
            changed = []
        seen_ms = time.monotonic() * 1000
        self._read_files()
        self._read_letters()
        for place, mark, claims in changed:
            self.ledger.commit(place, mark, claims, seen_ms)
        # Letters may be on the topic that have not been read yet.
        if self.ledger.in_doubt and self._has_all_letters():
            self.ledger.judge(until_ms=seen_ms - self.patience_ms)
        self.looks += 1

    def verdict(self) -> None:
        """The last look: everything is accounted for, or a violation."""
        self.look()
        deadline_s = time.monotonic() + LETTERS_WITHIN_S
        while not self._has_all_letters():
            if time.monotonic() > deadline_s:
                self.ledger.violations.add("no evidence", "the dead letters cannot be read")
                break
        self.ledger.close()

    def causes(self, explainer: Explainer) -> Counter[str]:
        """Duplicates by what caused them; letters written again only where nothing did."""
        ledger = self.ledger
        causes = map(explainer.cause, ledger.duplicates)
        found = Counter(UNEXPLAINED if cause is None else cause.text for cause in causes)
        strange = [it for it in ledger.letters_again if explainer.cause_of_letter(it) is None]
        if strange:
            found[UNEXPLAINED] += len(strange)
        return found

    def close(self) -> None:
        self.commits.close()
        self.letters.close()

    def _has_all_letters(self) -> bool:
        """Those that were there when it was called."""
        try:
            ends = self.letters.ends()
        except KafkaException:
            return False
        self._read_letters()
        return self.letters.has_read(ends)

    def _read_files(self) -> None:
        while lines := self.faults.lines():
            for line in lines:
                self.timeline.read(line)
        while lines := self.journal.lines():
            self._read_journal(lines)
        while lines := self.request_log.lines():
            for line in lines:
                self.requests.log(cast("RequestLine", orjson.loads(line)))
        for publication in self.publications():
            self.ledger.publish(publication)

    def _read_journal(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            entry = cast("Entry", orjson.loads(line))
            self._note_stall(entry["monotonicMs"])
            self._accepted += 1
            self.ledger.accept(self._acceptance(entry))
            if self.on_entry is not None:
                self.on_entry(entry)

    def _acceptance(self, entry: Entry) -> Acceptance:
        signal = entry["signal"]
        return Acceptance(
            signal_in(signal),
            zlib.crc32(orjson.dumps(signal)),
            self._accepted,
            self.requests.number_of(entry),
            entry["monotonicMs"],
        )

    def _read_letters(self) -> None:
        try:
            for letter, message in self.letters.new():
                self.ledger.bury(letter)
                if self.on_letter is not None:
                    self.on_letter(letter, message)
        except KafkaException:
            return  # Read on from there next time.
        except StrangeLetterError as error:
            self.ledger.violations.add("strange dead letter", str(error))

    def _note_stall(self, at_ms: float) -> None:
        if self.ledger.unsettled:
            stall_s = (at_ms - self._accepted_ms) / 1000
            self.longest_stall_s = max(self.longest_stall_s, stall_s)
        self._accepted_ms = at_ms
