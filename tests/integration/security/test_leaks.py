"""Every class of error in one short run: no secret and nothing of a person gets out.

Out is: the log at its finest, the client's own debugging, every page, a crash. Dead letters
are in, and full request logging is the one documented exception (P11).
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import DemoEvent, Kind, ToBeAccepted
from consumer.errors import ExitCode
from tests.faults.leaks import leaked_bearers, leaks
from tests.faults.scene import Scene
from tests.faults.service import REPOSITORY
from tests.integration.security import crashing
from tests.integration.security.access import (
    PATIENCE_S,
    Access,
    access,
    events,
    is_committed,
    running,
)
from tests.testbed import KafkaCluster, Registry, read_all

CANARY: Final = "Zyxwvut-canary"
KIND: Final = Kind.APPLICATION_STATUS_CHANGED
PAGES: Final = ("/", "/metrics", "/livez", "/readyz", f"/{CANARY}", f"/metrics?{CANARY}")


def canary(number: object) -> str:
    return f"{CANARY}-{number}"


def _faults() -> list[dict[str, object]]:
    """Each quotes what it was given, as SEEK's messages may."""
    said = f"{canary('said')} is not valid"
    once = {"requests": 1}
    return [
        {"fault": "status", "on": "token", "status": 401, "body": said, **once},
        {"fault": "code", "code": "UNAUTHENTICATED", "message": said, **once},
        {"fault": "code", "code": "INTERNAL_SERVER_ERROR", "message": said, **once},
        {"fault": "code", "code": "NEVER_HEARD_OF", "message": said, **once},
        {"fault": "status", "status": 503, "body": said, **once},
        {"fault": "truncated", **once},
        {
            "fault": "code",
            "code": "BAD_USER_INPUT",
            "message": said,
            "match": {"token": f"global-{CANARY}-bad*"},
        },
        {
            "fault": "code",
            "code": "FORBIDDEN",
            "message": said,
            "match": {"token": f"global-{CANARY}-forbidden*"},
        },
    ]


def _canary_events() -> list[DemoEvent]:
    """Sound ones, refused ones, and one for each way to be no signal; all full of canaries."""
    good = next(
        event
        for event in events()
        if event.kind is KIND
        and isinstance(event.expectation, ToBeAccepted)
        and isinstance(event.value, Mapping)
        and event.value["candidateApplicationProfileId"] is None
    )
    assert isinstance(good.value, Mapping)
    base: dict[str, object] = {**good.value, "hirerId": canary("hirer")}
    current = good.value["current"]
    assert isinstance(current, Mapping)
    base["current"] = {**current, "status": _status()}
    values: list[dict[str, object] | bytes] = [
        *(base | {"seekToken": f"global-{canary(n)}"} for n in range(30)),
        base | {"seekToken": f"global-{canary('bad')}"},
        base | {"seekToken": f"global-{canary('forbidden')}"},
        base | {"seekToken": f"globalPublicTest-{canary('play')}"},
        base | {"seekToken": f"global {canary('space')}"},
        base | {"eventId": " "},
        canary("garbage").encode(),
        b"\x00\x00\x0f\x42\x40" + canary("unknown").encode(),
    ]
    return [
        good._replace(
            key=canary(f"key-{number}"),
            value=value if isinstance(value, bytes) else _named(value, number),
        )
        for number, value in enumerate(values)
    ]


def _status() -> dict[str, object]:
    return {"label": canary("label"), "index": 1, "total": 3}


def _named(value: dict[str, object], number: int) -> dict[str, object]:
    named = {"applicationId": canary(f"app-{number}"), "eventId": canary(f"event-{number}")}
    return {**named, **value, "applicationId": named["applicationId"]}


def _ends(it: Scene) -> dict[TopicPartition, int]:
    ends: dict[TopicPartition, int] = {}
    for each in it.publisher.published:
        ends[each.place] = max(ends.get(each.place, 0), each.offset + 1)
    return ends


def _pages(port: int) -> dict[str, bytes]:
    bodies: dict[str, bytes] = {}
    for path in PAGES:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        bodies[path] = connection.getresponse().read()
        connection.close()
    return bodies


def _output(granted: Access, secret_file: Path, **settings: str) -> dict[str, str | bytes]:
    """What a run says that meets every error: its log, and its pages while it still works."""
    it = granted.it
    it.publisher.publish(_canary_events())
    it.sandbox.set_faults(_faults())
    own = {
        "SEEK_CLIENT_SECRET": "",
        "SEEK_CLIENT_SECRET_FILE": str(secret_file),
        "SEEK_SIGNALS_LOG_LEVEL": "debug",
        "SEEK_SIGNALS_UNKNOWN_SCHEMA_S": "1",
        "SEEK_SIGNALS_HOLD_MAX_S": "1",
        "SEEK_SIGNALS_AUTH_PROBE_S": "1",
        "KAFKA_DEBUG": "security,protocol,topic,msg",
    }
    ends = _ends(it)
    with running(granted, **own, **settings) as it_runs:
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_committed(it, ends):
            assert time.monotonic() < deadline_s, it_runs.process.said()[-3000:]
            assert it_runs.process.running, it_runs.process.said()[-3000:]
        pages = _pages(it_runs.watch.port)
        outcomes = {line.get("outcome") for line in it_runs.watch.lines()}
        assert {"unauthenticated", "outage", "refused"} <= outcomes
    return {"log": it_runs.process.said(), **pages}


def _secrets(granted: Access, more: Sequence[str]) -> list[str]:
    return [granted.password, granted.it.sandbox.config.client_secret, *more]


def _bearers(it: Scene) -> set[str]:
    found = {line["bearer"] for line in it.sandbox.requests()}
    return {fingerprint for fingerprint in found if fingerprint}


@pytest.mark.parametrize("log_requests", [False, True])
def test_no_secret_and_nothing_of_a_person_gets_out(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path, *, log_requests: bool
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        granted.grant(*granted.least().values())
        secret_file = tmp_path / "secret"
        secret_file.write_text(granted.it.sandbox.config.client_secret)
        registry_password = secrets.token_hex(12)

        output = _output(
            granted,
            secret_file,
            SCHEMA_REGISTRY_USERNAME="seek",
            SCHEMA_REGISTRY_PASSWORD=registry_password,
            SEEK_SIGNALS_LOG_REQUESTS=str(log_requests).lower(),
        )

        assert leaks(output, _secrets(granted, [registry_password])) == []
        bearers = _bearers(granted.it)
        assert bearers
        assert leaked_bearers(output, bearers) == []
        assert bool(leaks(output, [CANARY])) is log_requests
        letters = read_all(guarded, f"{granted.it.group}.dlq")
        assert leaks({"letters": b"".join(it.value() or b"" for it in letters)}, [CANARY])


def test_a_crash_says_where_and_not_whose(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        granted.grant(*granted.least().values())
        environment = {
            **granted.environment(),
            "PATH": os.environ["PATH"],
            crashing.CANARY: CANARY,
        }
        ended = subprocess.run(  # noqa: S603 -- our own module
            [sys.executable, "-m", crashing.__name__],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )

    assert ended.returncode == ExitCode.FAILED
    assert b"unforeseen ValueError" in ended.stderr
    assert b"crashing.py" in ended.stderr
    output = {"stdout": ended.stdout, "stderr": ended.stderr}
    assert leaks(output, [CANARY, *_secrets(granted, [])]) == []
