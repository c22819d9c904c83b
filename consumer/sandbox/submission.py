"""What becomes of the signals of one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from consumer.sandbox import checks
from consumer.sandbox.checks import Problem
from consumer.sandbox.config import Pointers, SandboxConfig
from consumer.sandbox.documents import signals_in
from consumer.sandbox.fault_box import Plan
from consumer.sandbox.journal import Batch, Kept, Origin
from consumer.sandbox.json_values import JsonObject


class GraphqlError(NamedTuple):
    code: str
    message: str


class RefusedError(Exception):
    """A mutation that ends in errors instead of `true`."""

    def __init__(self, errors: Sequence[GraphqlError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(slots=True)
class Submission:
    """One authenticated request, while its mutations are executed one after the other."""

    config: SandboxConfig
    playground: bool
    plan: Plan
    origin: Origin
    variables: JsonObject
    store: Callable[[Batch], None]
    """Has written the batch to the journal when it returns."""
    _passed: int = 0
    """Signals of the mutations before this one."""

    def send(self, operation: str, sent: JsonObject | None) -> bool:
        """True: SEEK has the signals. Raises RefusedError."""
        signals = signals_in(operation, sent)
        first, self._passed = self._passed, self._passed + len(signals)
        if checks.belongs_elsewhere(signals, playground=self.playground):
            raise RefusedError([_of_other_environment(playground=self.playground)])
        problems = self._problems(operation, signals, first)
        if not problems:
            self._accept(operation, signals, first)
            return True
        if not (self.config.atomic or self.playground):
            self._keep_the_good(operation, signals, first, problems)
        raise RefusedError(self._errors(operation, problems))

    def _problems(self, operation: str, signals: list[JsonObject], first: int) -> list[Problem]:
        """Those of the data, and those that the script makes up."""
        found = checks.problems(operation, signals)
        known = {problem.index for problem in found}
        if None in known:
            return found
        scripted = [
            Problem(
                index - first,
                _pointed_field(signals[index - first]),
                checks.NOT_VALID,
                fault.code,
                pointed=fault.pointer,
            )
            for index, fault in self.plan.refused.items()
            if first <= index < first + len(signals) and index - first not in known
        ]
        return sorted(found + scripted, key=lambda problem: problem.index or 0)

    def _accept(self, operation: str, signals: list[JsonObject], first: int) -> None:
        kept = [Kept(i, s, first + i in self.plan.swallowed) for i, s in enumerate(signals)]
        self.store(Batch(operation, len(signals), self.origin, kept, self.playground))
        if self.playground:
            raise RefusedError([GraphqlError("FORBIDDEN", "The Playground is read-only")])

    def _keep_the_good(
        self, operation: str, signals: list[JsonObject], first: int, problems: list[Problem]
    ) -> None:
        bad = {problem.index for problem in problems}
        kept = [
            Kept(i, s, first + i in self.plan.swallowed)
            for i, s in enumerate(signals)
            if i not in bad and None not in bad
        ]
        if kept:
            batch = Batch(operation, len(signals), self.origin, kept, validated_only=False)
            self.store(batch)

    def _errors(self, operation: str, problems: list[Problem]) -> list[GraphqlError]:
        pointed = self.config.pointers is not Pointers.NONE
        told = problems if self.config.pointers is Pointers.ALL else problems[:1]
        return [
            GraphqlError(problem.code, checks.message(problem, operation, pointed=pointed))
            for problem in told
        ]


def _of_other_environment(*, playground: bool) -> GraphqlError:
    if playground:
        message = "Live data cannot be used with a Playground partner token"
    else:
        message = "Playground data cannot be used with a live partner token"
    return GraphqlError("UNAUTHENTICATED", message)


def _pointed_field(signal: JsonObject) -> str:
    """The identifier that a made-up refusal blames."""
    names = ("token", "candidateApplicationProfileId", "positionProfileIds")
    return next((name for name in names if signal.get(name) is not None), "")
