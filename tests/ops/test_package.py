"""The package, as a user gets it: built twice alike, at work in an empty environment."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from consumer import __version__
from tests.ops.locks import image_locks
from tests.ops.package import (
    LICENCES,
    ROOT,
    SBOM,
    build,
    describe,
    install,
    locked_environment,
)
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))[0]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("environment") / "venv")


def _said(python: Path, *words: str, more: Mapping[str, str] | None = None) -> str:
    program = python.parent / "seek-signals"
    run = subprocess.run(  # noqa: S603 -- our own program
        [str(program), *words],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb", **(more or {})},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_two_builds_of_a_commit_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path)[0].read_bytes() == wheel.read_bytes()


def test_the_command_works_from_the_wheel(python: Path) -> None:
    assert _said(python, "--version").strip() == f"seek-signals {__version__}"


def test_the_wheel_brings_the_schemas(python: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    event = {
        "type": "application_completed",
        "eventId": "e-1",
        "applicationId": "app-1",
        "occurredAt": "2026-01-05T09:10:00Z",
        "seekToken": "global-9mXvYb2LkQ8ADe3QvxAVzT",
        "completedAt": "2026-01-05T09:09:58Z",
    }
    events.write_text(json.dumps(event))
    assert "1 of 1 lines are good" in _said(python, "publish", "--dry-run", str(events))


def test_a_shell_completes_verbs_and_options(python: Path) -> None:
    assert "_SEEK_SIGNALS_COMPLETE" in _said(python, "--show-completion", "bash")
    assert _completed(python, "seek-signals ex") == ["explain"]
    assert _completed(python, "seek-signals dlq re") == ["replay"]
    assert "--sample" in _completed(python, "seek-signals check --s")


def _completed(python: Path, line: str) -> list[str]:
    """What bash would be offered at the end of the line."""
    asked = {
        "_SEEK_SIGNALS_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    return _said(python, more=asked).split()


def test_the_sdist_holds_what_the_wheel_is_built_from(tmp_path: Path) -> None:
    with tarfile.open(build(tmp_path)[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "LICENSE", "CHANGELOG.md", "consumer/app.py"} <= names
    assert "schemas/application_completed/v1.avsc" in names


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build(tmp_path)[1]) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = build(tmp_path / "again", source, "--target", "wheel")[0]
    assert again.read_bytes() == wheel.read_bytes()


def test_the_image_builds_the_same_wheel_from_what_it_may_see(wheel: Path, tmp_path: Path) -> None:
    """The steps of its Dockerfile, which no container engine has run."""
    source, backend = tmp_path / "source", tmp_path / "backend"
    for name in _seen_by_the_image():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    made = locked_environment(source / "deploy" / "locks" / "build.lock", backend)
    again = build(tmp_path / "dist", source, "--target", "wheel", python=made)[0]
    assert again.read_bytes() == wheel.read_bytes()


def _seen_by_the_image() -> list[str]:
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


def test_the_image_s_locks_are_what_the_lock_of_development_says() -> None:
    made = image_locks()
    assert "hatchling==" in made["build.lock"]
    assert "opentelemetry-sdk==" in made["otel.lock"]
    for file, text in made.items():
        assert (ROOT / "deploy" / "locks" / file).read_text() == text, "make manifests writes it"


def test_the_extra_for_traces_fits_the_locked_dependencies() -> None:
    """Both are installed into one environment of the image."""
    pinned = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
    service = dict(pinned.findall((ROOT / "requirements.lock").read_text()))
    extra = dict(pinned.findall(image_locks()["otel.lock"]))
    common = service.keys() & extra.keys()
    assert common
    assert {name: extra[name] for name in common} == {name: service[name] for name in common}


def test_sbom_and_licences_name_every_dependency(
    tools: Tools, python: Path, tmp_path: Path
) -> None:
    describe(tools, python, tmp_path)
    # Those with a condition after a semicolon are for other platforms.
    everywhere = re.compile(r"^([A-Za-z0-9_.-]+)==[^;\n]*$", re.MULTILINE)
    locked = everywhere.findall((ROOT / "requirements.lock").read_text())
    listed = json.loads((tmp_path / SBOM).read_text())["components"]
    here = {_normal(each["name"]) for each in listed}
    assert len(locked) > 20
    assert {_normal(name) for name in locked} <= here
    licences = (tmp_path / LICENCES).read_text()
    assert "UNKNOWN" not in licences
    assert all(_normal(name) in _normal(licences) for name in ("fastavro", "orjson"))
