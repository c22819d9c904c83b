"""GraphQL over HTTP: what is read, what is not."""

from __future__ import annotations

import orjson
import pytest

from consumer.sandbox.documents import DOCUMENTS_KEPT, Documents
from consumer.sandbox.execution import engine
from consumer.sandbox.reading import Asked, Unreadable, read_request, subject
from tests.unit.sandbox_signals import APPLICATION, JOB_AD, TOKEN, moved, moved_within_seek, opened

BATCH = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"
ONE = "mutation ($input: SendSignalInput!) { sendSignal(input: $input) }"
JSON = {"content-type": "application/json; charset=utf-8"}


def documents() -> Documents:
    return Documents(engine().schema)


def read(posted: object, headers: dict[str, str] | None = None) -> Asked | Unreadable:
    body = posted if isinstance(posted, bytes) else orjson.dumps(posted)
    return read_request(JSON if headers is None else headers, body, documents(), 100_000)


@pytest.mark.parametrize(
    "posted",
    [
        {"query": BATCH, "variables": {"input": {"signals": [moved()]}}},
        {"query": BATCH, "variables": {"input": {"signals": moved()}}},
        {
            "query": BATCH.replace("sendSignals(", "it: sendSignals("),
            "variables": {"input": {"signals": [moved()]}},
        },
        {"query": ONE, "variables": {"input": moved()}},
        {
            "query": f"query a {{ version }} {BATCH.replace('mutation', 'mutation b')}",
            "operationName": "b",
            "variables": {"input": {"signals": [moved()]}},
        },
    ],
)
def test_signals_are_found_wherever_they_may_stand(posted: dict[str, object]) -> None:
    asked = read(posted)

    assert isinstance(asked, Asked)
    assert asked.signals == [moved()]


def test_signals_written_into_the_document_are_found() -> None:
    query = (
        "mutation ($t: String, $none: String) { sendSignals(input: {signals: "
        '[{typeCode: "ApplicationComplete", token: $t, candidateApplicationProfileId: $none}]}) }'
    )

    asked = read({"query": query, "variables": {"t": TOKEN}})

    assert isinstance(asked, Asked)
    assert asked.signals == [{"typeCode": "ApplicationComplete", "token": TOKEN}]


@pytest.mark.parametrize(
    ("posted", "status", "said"),
    [
        (b"{", 400, "JSON object"),
        ([], 400, "JSON object"),
        ({"query": 1}, 400, "`query`"),
        ({}, 400, "`query`"),
        ({"query": BATCH, "variables": "{}"}, 400, "`variables`"),
        ({"query": BATCH, "variables": ""}, 400, "`variables`"),
        ({"query": BATCH, "variables": []}, 400, "`variables`"),
        ({"query": BATCH, "operationName": 1}, 400, "`operationName`"),
        ({"query": " " * 100_000}, 413, "100000 bytes"),
    ],
)
def test_a_body_that_is_no_request_is_refused(posted: object, status: int, said: str) -> None:
    refused = read(posted)

    assert isinstance(refused, Unreadable)
    assert refused.status == status
    assert said in refused.message


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_another_media_type_is_refused(headers: dict[str, str]) -> None:
    refused = read({"query": BATCH}, headers)

    assert isinstance(refused, Unreadable)
    assert refused.status == 415


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("mutation {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "mutation ($input: SendSignalInput!) { sendSignals(input: $input) }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ],
)
def test_a_document_that_does_not_fit_has_a_code_and_no_operation(query: str, code: str) -> None:
    asked = read({"query": query})

    assert isinstance(asked, Asked)
    assert asked.document.code == code
    assert asked.operation is None


def test_a_document_is_judged_once_and_forgotten_after_many_others() -> None:
    it = documents()
    first = it.read(BATCH)

    assert it.read(BATCH) is first
    for number in range(DOCUMENTS_KEPT):
        it.read(f"query q{number} {{ version }}")
    assert it.read(BATCH) is not first


def test_a_subject_is_the_first_identifier() -> None:
    signals = [
        moved() | {"positionProfileIds": [JOB_AD]},
        moved_within_seek(),
        opened("a", "b"),
        {},
    ]

    assert [subject(signal) for signal in signals] == [TOKEN, APPLICATION, "a,b", ""]
