"""The sandbox's state, and what it answers. One thread owns it: the server's event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import orjson

from consumer.sandbox import replies
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.documents import Documents
from consumer.sandbox.execution import Engine, Result, run
from consumer.sandbox.fault_box import FaultBox, Plan
from consumer.sandbox.fault_kinds import Code, Fault, Quota, Revoke, Rotate, Status
from consumer.sandbox.journal import Batch, LineFile, Moment, Origin, RequestLine, journal_lines
from consumer.sandbox.json_values import JsonObject
from consumer.sandbox.reading import Asked, Unreadable, read_request, subject
from consumer.sandbox.replies import DEFAULT_THROTTLE_STATUS, Ending, Reply
from consumer.sandbox.stats import Stats
from consumer.sandbox.submission import Submission
from consumer.sandbox.tokens import Tokens, fingerprint

Clock: TypeAlias = Callable[[], float]

NOT_PROCESSED = "not_processed"


class Arrival(NamedTuple):
    """A GraphQL request that has been received whole."""

    moment: Moment
    headers: Mapping[str, str]
    asked: Asked | Unreadable
    plan: Plan

    @property
    def signals(self) -> Sequence[JsonObject]:
        return () if isinstance(self.asked, Unreadable) else self.asked.signals

    @property
    def origin(self) -> Origin:
        return Origin(self.headers.get("x-request-id"), self.headers.get("x-session-id"))

    @property
    def key(self) -> str:
        """What the answer's `data` would hold."""
        fields = () if isinstance(self.asked, Unreadable) else self.asked.sendings
        return fields[0].key if fields else "sendSignals"


class Answer(NamedTuple):
    reply: Reply
    outcome: str


@dataclass(slots=True)
class Desk:
    config: SandboxConfig
    engine: Engine
    documents: Documents
    tokens: Tokens
    journal: LineFile
    requests: LineFile
    faults: FaultBox = field(default_factory=FaultBox)
    stats: Stats = field(default_factory=Stats)
    monotonic_s: Clock = time.monotonic
    wall_s: Clock = time.time

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """Replaces all; what was due of the old ones is done first."""
        self._act()
        self.faults.set(faults, self.monotonic_s())
        self._act()

    def arrive(self, headers: Mapping[str, str], body: bytes, arrived_s: float) -> Arrival:
        self._act()
        asked = read_request(headers, body, self.documents, self.config.max_body_bytes)
        signals = () if isinstance(asked, Unreadable) else asked.signals
        self.stats.signals += len(signals)
        now_s = self.monotonic_s()
        moment = Moment.of(self.wall_s() - (now_s - arrived_s), arrived_s)
        return Arrival(moment, headers, asked, self.faults.plan("graphql", signals, now_s))

    def answer(self, arrival: Arrival) -> Reply:
        """Decides, stores, and writes both files before it returns."""
        self._act()
        fault = arrival.plan.decisive
        if fault is None or fault.stored:
            reply, outcome = self._right_answer(arrival)
        else:
            reply, outcome = self._as_if(arrival), NOT_PROCESSED
        if fault is not None:
            self._count(arrival.plan)
            reply = replies.spoil(fault, reply, arrival.key, self.wall_s())
        self._log(arrival, reply, outcome)
        return reply

    def plan_token(self) -> Plan:
        self._act()
        self.stats.token_requests += 1
        return self.faults.plan("token", (), self.monotonic_s())

    def answer_token(self, asked: JsonObject | None, plan: Plan) -> Reply:
        self._act()
        expires_in_s = self.config.expires_in_s if plan.expires_in_s is None else plan.expires_in_s
        status, body = self.tokens.issue(asked or {}, self.monotonic_s(), expires_in_s)
        reply = replies.json_reply(body, status)
        if plan.decisive is None:
            return reply
        self._count(plan)
        spoiled = replies.spoil(plan.decisive, reply, "access_token", self.wall_s())
        return replies.oauth_error(plan.decisive, spoiled)

    def store(self, batch: Batch) -> None:
        """In the journal when it returns."""
        now = Moment.of(self.wall_s(), self.monotonic_s())
        self.journal.write(journal_lines(batch, now, self.journal.lines + 1))
        if batch.validated_only:
            self.stats.validated += len(batch.kept)
        else:
            self.stats.accepted += len(batch.kept)
            self.stats.swallowed += sum(kept.swallowed for kept in batch.kept)

    def _act(self) -> None:
        for action, due_s in self.faults.due_actions(self.monotonic_s()):
            match action:
                case Revoke():
                    self.tokens.revoke(due_s)
                case Rotate():
                    self.tokens.rotate(action.client_secret)

    def _right_answer(self, arrival: Arrival) -> Answer:
        """What SEEK answers when nothing is scripted."""
        asked = arrival.asked
        if isinstance(asked, Unreadable):
            return self._refusal(arrival, asked.code, asked.message, asked.status)
        bearer = self.tokens.judge(arrival.headers.get("authorization"), self.monotonic_s())
        if isinstance(bearer, str):
            return self._refusal(arrival, "UNAUTHENTICATED", bearer, 200)
        if asked.document.errors:
            message = "; ".join(error.message for error in asked.document.errors)
            return self._refusal(arrival, asked.document.code, message, 400)
        if asked.operation is None:
            message = "`operationName` must name an operation of the document"
            return self._refusal(arrival, "BAD_REQUEST", message, 400)
        submission = Submission(
            config=self.config,
            playground=bearer.playground,
            plan=arrival.plan,
            origin=arrival.origin,
            variables=asked.variables,
            store=self.store,
        )
        result = run(self.engine, asked, submission)
        return self._told(arrival, result, 200, playground=bearer.playground)

    def _refusal(self, arrival: Arrival, code: str, message: str, status: int) -> Answer:
        payload = replies.error_payload(code, message)
        return self._told(arrival, Result(payload, code), status, playground=False)

    def _told(self, arrival: Arrival, result: Result, status: int, *, playground: bool) -> Answer:
        """The answer with the extra `extensions` that clients must put up with (contract 5)."""
        if result.code is not None and not (playground and result.code == "FORBIDDEN"):
            self.stats.refused[result.code] += 1
        latency_ms = self.monotonic_s() * 1000 - arrival.moment.monotonic_ms
        payload = result.payload | {"extensions": {"requestLatency": int(latency_ms)}}
        reply = replies.json_reply(payload, status, self._media_type)
        return Answer(reply, _outcome(arrival, result.code, playground=playground))

    def _as_if(self, arrival: Arrival) -> Reply:
        """The answer to a request that went well; this one is not even looked at."""
        return replies.json_reply({"data": {arrival.key: True}}, media_type=self._media_type)

    @property
    def _media_type(self) -> str:
        return replies.GRAPHQL_JSON if self.config.graphql_media_type else replies.JSON

    def _count(self, plan: Plan) -> None:
        fault = plan.decisive
        if fault is None:
            return
        self.stats.faults[fault.fault] += 1
        told_so = isinstance(fault, Status | Code) and fault.status == DEFAULT_THROTTLE_STATUS
        self.stats.throttled += isinstance(fault, Quota) or told_so

    def _log(self, arrival: Arrival, reply: Reply, outcome: str) -> None:
        decisive = arrival.plan.decisive
        line: RequestLine = {
            "at": arrival.moment.at,
            "monotonicMs": arrival.moment.monotonic_ms,
            "requestId": arrival.origin.request_id,
            "sessionId": arrival.origin.session_id,
            "bearer": fingerprint(arrival.headers.get("authorization")),
            "signals": len(arrival.signals),
            "subjects": [subject(signal) for signal in arrival.signals],
            "outcome": outcome,
            "fault": None if decisive is None else decisive.fault,
            "status": reply.status if reply.ending is Ending.ANSWERED else None,
        }
        self.requests.write([orjson.dumps(line)])


def _outcome(arrival: Arrival, code: str | None, *, playground: bool) -> str:
    if code is None:
        return "accepted" if arrival.signals else "read"
    return "validated" if playground and code == "FORBIDDEN" else code
