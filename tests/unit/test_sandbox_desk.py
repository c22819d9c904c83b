"""The sandbox's state, driven without HTTP and with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from consumer.sandbox.config import Pointers, SandboxConfig
from consumer.sandbox.desk import Desk
from consumer.sandbox.documents import Documents
from consumer.sandbox.execution import engine
from consumer.sandbox.fault_kinds import Fault, LostAnswer, Match, Refuse, Revoke, Rotate, Swallow
from consumer.sandbox.journal import line_file, read_journal, read_requests
from consumer.sandbox.replies import Reply
from consumer.sandbox.tokens import Tokens
from tests.unit.sandbox_signals import TOKEN, complete, moved, opened

ENGINE = engine()
BATCH = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"


@dataclass
class Visit:
    """A desk, and a client with a bearer."""

    desk: Desk
    now_s: list[float]
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def sign_in(self) -> None:
        config = self.desk.config
        audience = config.playground_audience if config.playground else config.live_audience
        asked = {"audience": audience, "grant_type": "client_credentials"}
        credentials = {"client_id": config.client_id, "client_secret": config.client_secret}
        reply = self.desk.answer_token(asked | credentials, self.desk.plan_token())
        bearer = orjson.loads(reply.body).get("access_token", "")
        self.headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {bearer}",
            "x-request-id": "r-1",
            "x-session-id": "s-1",
        }

    def post(self, query: str, variables: object) -> Reply:
        body = orjson.dumps({"query": query, "variables": variables})
        return self.desk.answer(self.desk.arrive(self.headers, body, self.now_s[0]))

    def send(self, *signals: object) -> list[tuple[str, str]]:
        """The codes and messages of the answer; none when it says true."""
        return errors_of(self.post(BATCH, {"input": {"signals": signals}}))


def errors_of(reply: Reply) -> list[tuple[str, str]]:
    answer = orjson.loads(reply.body)
    assert ("errors" in answer) is (answer.get("data") != {"sendSignals": True})
    return [(e["extensions"]["code"], e["message"]) for e in answer.get("errors", [])]


@contextmanager
def visiting(config: SandboxConfig, *faults: Fault) -> Iterator[Visit]:
    now_s = [1000.0]
    with line_file(config.journal) as journal, line_file(config.requests) as requests:
        desk = Desk(
            config=config,
            engine=ENGINE,
            documents=Documents(ENGINE.schema),
            tokens=Tokens(config, config.client_secret),
            journal=journal,
            requests=requests,
            monotonic_s=lambda: now_s[0],
            wall_s=lambda: now_s[0] + 1_577_923_200.0,
        )
        desk.set_faults(faults)
        visit = Visit(desk, now_s)
        visit.sign_in()
        yield visit


def files(folder: Path) -> SandboxConfig:
    return SandboxConfig(journal=folder / "journal", requests=folder / "requests")


def test_a_batch_is_in_the_journal_before_its_answer_exists(tmp_path: Path) -> None:
    first, second = moved() | {"previous": None}, opened()
    with visiting(files(tmp_path)) as visit:
        assert visit.send(first, second) == []
        entries = read_journal(tmp_path / "journal")

    assert [entry["signal"] for entry in entries] == [first, second]
    assert entries[1] == {
        "seq": 2,
        "at": "2020-01-02T00:16:40.000Z",
        "monotonicMs": 1_000_000.0,
        "requestId": "r-1",
        "sessionId": "s-1",
        "operation": "sendSignals",
        "index": 1,
        "batchSize": 2,
        "swallowed": False,
        "validatedOnly": False,
        "signal": second,
    }


def test_a_journal_is_carried_on_by_the_next_run(tmp_path: Path) -> None:
    for _ in range(2):
        with visiting(files(tmp_path)) as visit:
            visit.send(moved())

    assert [entry["seq"] for entry in read_journal(tmp_path / "journal")] == [1, 2]


def test_each_request_leaves_a_line_that_gives_no_bearer_away(tmp_path: Path) -> None:
    with visiting(files(tmp_path), LostAnswer(skip=1)) as visit:
        visit.send(moved(), opened("a", "b"))
        visit.post(BATCH, {"input": {"signals": [complete()]}})
        bearer = visit.headers["authorization"].split()[1]

    first, lost = read_requests(tmp_path / "requests")
    assert first["subjects"] == [TOKEN, "a,b"]
    assert (first["outcome"], first["status"], first["fault"]) == ("accepted", 200, None)
    assert (lost["outcome"], lost["status"], lost["fault"]) == ("accepted", None, "lostAnswer")
    assert len(first["bearer"]) == 12
    assert bearer not in (tmp_path / "requests").read_text()


def test_one_bad_signal_refuses_all(tmp_path: Path) -> None:
    with visiting(files(tmp_path)) as visit:
        refused = visit.send(moved(), moved("a b"), complete())

    assert refused == [("BAD_USER_INPUT", "/input/signals/1/token: Is not valid")]
    assert read_journal(tmp_path / "journal") == []
    assert visit.desk.stats.refused == {"BAD_USER_INPUT": 1}


def test_without_atomicity_the_good_ones_are_kept_and_the_answer_is_an_error(
    tmp_path: Path,
) -> None:
    config = SandboxConfig(journal=tmp_path / "journal", atomic=False)
    with visiting(config) as visit:
        assert len(visit.send(moved(), moved("a b"), complete())) == 1
        assert len(visit.send(*[moved()] * 101)) == 1

    assert [entry["index"] for entry in read_journal(tmp_path / "journal")] == [0, 2]


@pytest.mark.parametrize(
    ("pointers", "messages"),
    [
        (
            Pointers.ALL,
            ["/input/signals/0/token: Is not valid", "/input/signals/2/current: Is required"],
        ),
        (Pointers.FIRST, ["/input/signals/0/token: Is not valid"]),
        (Pointers.NONE, ["Is not valid"]),
    ],
)
def test_how_an_answer_points_is_a_setting(pointers: Pointers, messages: list[str]) -> None:
    with visiting(SandboxConfig(pointers=pointers)) as visit:
        refused = visit.send(moved("a b"), moved(), moved() | {"current": None})

    assert [said for _, said in refused] == messages


@pytest.mark.parametrize("pointer", [True, False])
def test_a_script_can_refuse_chosen_signals(pointer: bool) -> None:  # noqa: FBT001 -- a column
    fault = Refuse(match=Match(token="sick"), code="FORBIDDEN", pointer=pointer)  # noqa: S106 -- made up
    with visiting(SandboxConfig(), fault) as visit:
        refused = visit.send(moved(), moved("sick"))
        alone = visit.send(moved())

    said = "/input/signals/1/token: Is not valid" if pointer else "Is not valid"
    assert refused == [("FORBIDDEN", said)]
    assert alone == []


def test_a_stale_token_is_swallowed_without_a_word(tmp_path: Path) -> None:
    fault = Swallow(match=Match(token="old"))  # noqa: S106 -- made up
    with visiting(files(tmp_path), fault) as visit:
        assert visit.send(moved("old"), moved()) == []

    entries = read_journal(tmp_path / "journal")
    assert [entry["swallowed"] for entry in entries] == [True, False]
    assert visit.desk.stats.swallowed == 1


def test_the_playground_validates_and_forbids(tmp_path: Path) -> None:
    config = SandboxConfig(playground=True, journal=tmp_path / "journal", atomic=False)
    good = moved("globalPublicTest-1")
    with visiting(config) as visit:
        forbidden = visit.send(good)
        refused = visit.send(good, good | {"current": None})

    assert [code for code, _ in forbidden] == ["FORBIDDEN"]
    assert [code for code, _ in refused] == ["BAD_USER_INPUT"]
    (entry,) = read_journal(tmp_path / "journal")
    assert entry["validatedOnly"]
    assert (visit.desk.stats.validated, visit.desk.stats.accepted) == (1, 0)


@pytest.mark.parametrize("playground", [True, False])
def test_data_of_the_other_environment_is_refused_whole(
    tmp_path: Path,
    playground: bool,  # noqa: FBT001 -- a column
) -> None:
    config = SandboxConfig(playground=playground, journal=tmp_path / "journal", atomic=False)
    with visiting(config) as visit:
        refused = visit.send(moved(), moved("globalPublicTest-1"))

    assert [code for code, _ in refused] == ["UNAUTHENTICATED"]
    assert read_journal(tmp_path / "journal") == []


def test_a_bearer_ends_with_its_time_and_a_new_one_helps() -> None:
    with visiting(SandboxConfig(expires_in_s=60)) as visit:
        visit.now_s[0] += 60
        expired = visit.send(moved())
        visit.sign_in()
        renewed = visit.send(moved())

    assert expired == [("UNAUTHENTICATED", "Partner token is expired")]
    assert renewed == []


def test_a_revoked_bearer_stays_revoked_when_the_script_is_cleared() -> None:
    with visiting(SandboxConfig()) as visit:
        visit.desk.set_faults([Revoke()])
        visit.desk.set_faults([])
        revoked = visit.send(moved())
        visit.now_s[0] += 1
        visit.sign_in()

        assert revoked == [("UNAUTHENTICATED", "Partner token is not valid")]
        assert visit.send(moved()) == []


def test_a_rotated_secret_leaves_the_bearer_and_refuses_the_old_secret() -> None:
    with visiting(SandboxConfig(), Rotate(client_secret="new", after_s=5)) as visit:  # noqa: S106 -- made up
        visit.now_s[0] += 5
        still_good = visit.send(moved())
        visit.sign_in()

        assert still_good == []
        assert [code for code, _ in visit.send(moved())] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (moved() | {"current": {"status": {"label": "x", "index": 1}}}, "total"),
        (moved() | {"timestamp": "2020-01-02T00:00:00+10:00"}, "RFC 3339"),
        (moved() | {"extra": 1}, "extra"),
        (moved() | {"token": 5}, "String"),
        (None, "null"),
    ],
)
def test_input_that_does_not_fit_the_types_has_a_code(signal: object, said: str) -> None:
    with visiting(SandboxConfig()) as visit:
        refused = visit.send(moved(), signal)

    assert {code for code, _ in refused} == {"BAD_USER_INPUT"}
    assert said in refused[0][1]


def test_two_mutations_in_one_request_are_two_batches(tmp_path: Path) -> None:
    query = (
        "mutation ($a: SendSignalsInput!, $b: SendSignalInput!) "
        "{ first: sendSignals(input: $a) sendSignal(input: $b) }"
    )
    fault = Refuse(match=Match(token="sick"))  # noqa: S106 -- made up
    with visiting(files(tmp_path), fault) as visit:
        reply = visit.post(query, {"a": {"signals": moved()}, "b": moved("sick")})

    answer = orjson.loads(reply.body)
    assert answer["data"] == {"first": True, "sendSignal": None}
    assert answer["errors"][0]["path"] == ["sendSignal"]
    assert answer["errors"][0]["message"] == "/input/token: Is not valid"
    assert [entry["operation"] for entry in read_journal(tmp_path / "journal")] == ["sendSignals"]


def test_signals_written_into_the_document_are_taken_as_written(tmp_path: Path) -> None:
    query = (
        "mutation { sendSignals(input: {signals: "
        f'{{typeCode: "ApplicationComplete", token: "{TOKEN}"}}}}) }}'
    )
    with visiting(files(tmp_path)) as visit:
        assert errors_of(visit.post(query, {})) == []

    assert [entry["signal"] for entry in read_journal(tmp_path / "journal")] == [complete()]


def test_the_version_can_be_read_and_is_no_signal(tmp_path: Path) -> None:
    with visiting(files(tmp_path)) as visit:
        answer = orjson.loads(visit.post("{ version }", {}).body)

    assert answer["data"]["version"]
    assert set(answer["extensions"]) == {"requestLatency"}
    assert read_requests(tmp_path / "requests")[0]["outcome"] == "read"
