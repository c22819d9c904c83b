"""The sandbox as a process: it says where it is, ends when told, and speaks TLS."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from consumer.errors import BadConfigurationError
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import running_sandbox
from tests.contract.sandbox_partner import is_accepted, visiting
from tests.testbed.certificates import Certificates, make_certificates
from tests.unit.sandbox_signals import moved

COMMAND = "import typer; from consumer.sandbox.command import sandbox; typer.run(sandbox)"
ROOT = Path(__file__).parents[2]


@contextmanager
def started(*options: str) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-W", "error", "-c", COMMAND, "--port", "0", *options]
    process = subprocess.Popen(  # noqa: S603 -- our own command
        arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(number: signal.Signals) -> None:
    with started("--json") as process:
        said = json.loads(first_line(process))
        stats = httpx.get(f"{said['controlUrl']}/stats", trust_env=False)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)

    assert stats.json()["requests"] == 0
    assert said["graphqlUrl"].endswith("/graphql")
    assert said["audience"] == "https://graphql.seek.com"
    assert (process.returncode, errors) == (0, "")


def test_options_reach_the_sandbox(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"fault": "status", "status": 503}]')
    journal = tmp_path / "journal"
    with started("--playground", "--faults", str(script), "--journal", str(journal)) as process:
        sentence = first_line(process)
        url = next(word.strip(",") for word in sentence.split() if word.endswith("/graphql,"))
        status = httpx.post(url, trust_env=False).status_code

    assert "the Playground" in sentence
    assert status == 503
    assert journal.exists()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def test_it_speaks_tls(certificates: Certificates) -> None:
    config = SandboxConfig(tls_cert=certificates.certificate, tls_key=certificates.key)
    trusted = ssl.create_default_context(cafile=str(certificates.authority))
    with running_sandbox(config) as sandbox, visiting(sandbox, trusted) as partner:
        assert sandbox.graphql_url.startswith("https://")
        assert is_accepted(partner.send(moved()))
        sandbox.set_faults([{"fault": "cut"}])
        with pytest.raises(httpx.TransportError):
            partner.send(moved())
        with pytest.raises(httpx.ConnectError):
            httpx.get(sandbox.graphql_url, trust_env=False)


def test_tls_files_that_do_not_work_are_named(certificates: Certificates) -> None:
    swapped = SandboxConfig(tls_cert=certificates.key, tls_key=certificates.certificate)
    missing = SandboxConfig(tls_cert=Path("nowhere.pem"), port=-1)

    with pytest.raises(BadConfigurationError, match="cannot be used"), running_sandbox(swapped):
        pytest.fail("a key served as a certificate")
    with pytest.raises(BadConfigurationError) as refused, running_sandbox(missing):
        pytest.fail("no certificate, no key, no port")
    assert len(refused.value.faults) == 3


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    config = SandboxConfig(journal=tmp_path / "missing" / "journal")

    with pytest.raises(BadConfigurationError, match="cannot be written"), running_sandbox(config):
        pytest.fail("a journal nowhere")
