"""The command: its verbs, its exit codes, and what it says when it fails."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from consumer import __version__
from consumer.cli.application import run_application
from consumer.cli.verbs import VERBS, Verb, load
from consumer.errors import BadConfigurationError, ExitCode, FencedError
from tests.unit.settings_samples import COMPLETE

HERE = __name__


def fails_to_configure() -> None:
    """Fail with two faults."""
    raise BadConfigurationError(["A: is missing", "B: is no number"])


def is_fenced() -> None:
    """Fail with a code of its own."""
    msg = "another process took over"
    raise FencedError(msg)


def finds_no_file() -> None:
    """Fail with an error of the machine's."""
    raise FileNotFoundError(2, "No such file or directory", "/etc/x")


def quotes_a_record() -> None:
    """Fail with a message that holds personal data."""
    candidate = "Jane Doe"
    raise KeyError(candidate)


def _fake(function: str) -> Verb:
    return Verb("fail", f"{HERE}:{function}", "Fail.")


def run_verb(function: str) -> int:
    return run_application(["fail"], [_fake(function)])


def test_every_fault_of_a_configuration_is_a_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_verb("fails_to_configure") == ExitCode.BAD_CONFIGURATION

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:3] == [
        "seek-signals: 2 faults in the configuration",
        "  - A: is missing",
        "  - B: is no number",
    ]


def test_what_stops_the_service_decides_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb("is_fenced") == ExitCode.FENCED
    assert capsys.readouterr().err == "seek-signals: another process took over\n"


def test_an_error_of_the_machine_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb("finds_no_file") == ExitCode.FAILED
    assert "No such file or directory: '/etc/x'" in capsys.readouterr().err


def test_an_unforeseen_error_shows_where_but_not_whose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_verb("quotes_a_record") == ExitCode.FAILED

    err = capsys.readouterr().err
    assert "Jane" not in err
    assert "in quotes_a_record" in err
    assert "unforeseen KeyError" in err


def test_a_misspelt_verb_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_application(["setings"])

    assert caught.value.code == ExitCode.BAD_CONFIGURATION
    assert "'settings'" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_application(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out == f"seek-signals {__version__}\n"


def test_the_versions_of_the_parts_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_application(["version"])

    named = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert named == ["seek-signals", "Python", "confluent-kafka", "librdkafka"]


def test_help_loads_no_client() -> None:
    """`--help` and completion must be quick: heavy parts load when a verb is called."""
    script = (
        "import sys; from consumer.cli.application import run_application\n"
        "try: run_application(['--help'])\n"
        "finally: print(sorted({'confluent_kafka', 'httpx', 'pydantic', 'graphql', 'starlette',"
        " 'fastavro'} & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run(  # noqa: S603 -- our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )

    assert ended.stderr == "[]\n"
    assert all(verb.name in ended.stdout and verb.summary in ended.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_summary_of_a_verb_is_the_first_line_of_its_help(verb: Verb) -> None:
    loaded = load(verb)
    group = loaded.registered_callback if isinstance(loaded, typer.Typer) else None
    documented = loaded if group is None else group.callback

    assert (documented.__doc__ or "").splitlines()[0] == verb.summary


def test_run_lists_all_faults_before_it_connects(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _only(monkeypatch, {**COMPLETE, "SEEK_SIGNALS_LEASE_S": "60", "KAFKA_FOO": "1"})

    assert run_application(["run"]) == ExitCode.BAD_CONFIGURATION

    err = capsys.readouterr().err
    assert "  - KAFKA_FOO: " in err
    assert "  - SEEK_SIGNALS_LEASE_S (60) must be below" in err


def test_settings_are_shown_beside_their_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _only(monkeypatch, {"SEEK_SIGNALS_BATCH_SIZE": "50", "SEEK_CLIENT_SECRET": "hush"})

    assert run_application(["settings"]) == ExitCode.BAD_CONFIGURATION

    out, err = capsys.readouterr()
    assert "SEEK_SIGNALS_BATCH_SIZE = 50  (environment; default 100)" in out
    assert "SEEK_SIGNALS_HTTP_PORT = 9308  (default)" in out
    assert "KAFKA_BOOTSTRAP_SERVERS: is missing" in err
    assert "hush" not in out + err


def test_settings_come_as_json_too(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("config") / "settings.toml"
    path.write_text("SEEK_SIGNALS_LINGER_S = 0.5\n")
    _only(monkeypatch, COMPLETE)

    with pytest.raises(SystemExit) as caught:
        run_application(["settings", "--json", "--config", str(path)])

    assert caught.value.code in {None, 0}
    table = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert table["SEEK_SIGNALS_LINGER_S"]["value"] == "0.5"
    assert table["SEEK_SIGNALS_LINGER_S"]["origin"] == "file"
    assert set(table["SEEK_SIGNALS_LINGER_S"]) == {"name", "value", "origin", "default", "reason"}


def test_the_file_can_be_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _only(monkeypatch, {**COMPLETE, "SEEK_SIGNALS_CONFIG": "/no/such.toml"})

    assert run_application(["settings"]) == ExitCode.BAD_CONFIGURATION
    assert "/no/such.toml: cannot be read" in capsys.readouterr().err


def _only(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    monkeypatch.setattr("os.environ", dict(environ))
