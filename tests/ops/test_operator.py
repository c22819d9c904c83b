"""Those who work beside the service: the desk, the scheduled replay, the check."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from consumer.settings.load import load_connections, load_settings
from tests.ops.rendering import Resource, one, pods_of, resources_of, service_pod
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

START_S: Final = 30.0
GLANCE_S: Final = 0.05
OPERATORS: Final = ("desk", "replay")


@pytest.fixture(scope="module")
def everything(tools: Tools) -> list[Resource]:
    return resources_of(tools, "everything")


def _pod(resources: list[Resource], name: str) -> dict[str, Any]:
    (found,) = [p["spec"] for p in pods_of(resources) if p["spec"]["containers"][0]["name"] == name]
    spec: dict[str, Any] = found
    return spec


def _config(resources: list[Resource], pod: dict[str, Any]) -> dict[str, Any]:
    """The TOML file that is mounted into it, less the CA file, which is not here."""
    (volume,) = [each for each in pod["volumes"] if each["name"] == "settings"]
    mounted = one(resources, "ConfigMap", volume["configMap"]["name"])
    file = tomllib.loads(mounted["data"]["seek-signals.toml"])
    file.pop("KAFKA_SSL_CA_LOCATION", None)
    return file


def _secrets(pod: dict[str, Any]) -> dict[str, str]:
    """By setting: the Secret that it is from."""
    sources = [each for v in pod["volumes"] if v["name"] == "secrets" for each in _of(v)]
    return {each["items"][0]["path"]: each["name"] for each in sources}


def _of(volume: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["secret"] for each in volume["projected"]["sources"]]


def _environment(pod: dict[str, Any], folder: Path) -> dict[str, str]:
    """With files in place of those that are mounted."""
    environ: dict[str, str] = {}
    for variable in pod["containers"][0]["env"]:
        if variable["name"].endswith("_FILE"):
            secret = folder / variable["name"]
            secret.write_text("secret")
            environ[variable["name"]] = str(secret)
    return environ


@pytest.mark.parametrize("name", OPERATORS)
def test_the_operator_is_another_user_in_kafka_and_nobody_at_seek(
    everything: list[Resource], tmp_path: Path, name: str
) -> None:
    pod = _pod(everything, name)
    settings = load_connections(_environment(pod, tmp_path), _config(everything, pod))

    assert settings.kafka.plain["sasl.username"] == "seek-signals-operator"
    assert settings.source.group == "seek-signals"
    assert "ats.applications.v2" in settings.source.sources
    assert _secrets(pod) == {"KAFKA_SASL_PASSWORD": "kafka-operator"}
    mounts = {each["name"] for each in pod["containers"][0]["volumeMounts"]}
    assert mounts == {"settings", "secrets", "kafka-ca", "more-ca", "tmp"}


def test_the_service_s_user_stays_the_service_s(everything: list[Resource]) -> None:
    secrets = _secrets(service_pod(everything))
    assert secrets["KAFKA_SASL_PASSWORD"] == "kafka-user"  # noqa: S105 -- a name
    assert {"SEEK_CLIENT_ID", "SEEK_CLIENT_SECRET"} <= set(secrets)
    file = _config(everything, service_pod(everything))
    assert file["KAFKA_SASL_USERNAME"] == "seek-signals"


@pytest.mark.parametrize("name", OPERATORS)
def test_many_letters_have_a_place_on_a_disk_that_is_else_read_only(
    everything: list[Resource], name: str
) -> None:
    pod = _pod(everything, name)
    (place,) = [each for each in pod["volumes"] if each["name"] == "tmp"]
    assert place["emptyDir"] == {"sizeLimit": "1Gi"}
    assert {"name": "tmp", "mountPath": "/tmp"} in pod["containers"][0]["volumeMounts"]  # noqa: S108 -- the pod's


def test_a_replay_has_time_to_end_in_good_order_and_reads_no_source(
    everything: list[Resource],
) -> None:
    pod = _pod(everything, "replay")
    arguments = pod["containers"][0]["args"]
    assert pod["terminationGracePeriodSeconds"] == 45
    assert pod["restartPolicy"] == "Never"
    assert "--no-look-ahead" in arguments
    assert not any(each.startswith("--max") for each in arguments)


def test_a_replay_may_be_bounded_and_look_ahead(tools: Tools) -> None:
    on = ["scheduledReplay.enabled=true", "scheduledReplay.max=7", "scheduledReplay.lookAhead=true"]
    resources = resources_of(tools, "default", *(word for each in on for word in ("--set", each)))
    arguments = _pod(resources, "replay")["containers"][0]["args"]
    assert "--max=7" in arguments
    assert "--no-look-ahead" not in arguments


def test_the_check_is_the_service_s_own_view(everything: list[Resource], tmp_path: Path) -> None:
    pod, service = _pod(everything, "check"), service_pod(everything)
    settings = load_settings(_environment(pod, tmp_path), _config(everything, pod))
    assert settings.kafka.plain["sasl.username"] == "seek-signals"
    assert pod["containers"][0]["args"] == ["check"]
    assert _secrets(pod) == _secrets(service)
    hook = one(everything, "Pod", "seek-signals-check")["metadata"]["annotations"]
    assert hook["helm.sh/hook"] == "test"


def test_the_desk_waits_and_ends_when_it_is_told_to(everything: list[Resource]) -> None:
    python, *arguments = _pod(everything, "desk")["containers"][0]["command"]
    assert python == "python"
    deadline_s = time.monotonic() + START_S
    with subprocess.Popen([sys.executable, *arguments]) as waiting:  # noqa: S603 -- our own manifest
        while not _catches_sigterm(waiting.pid) and time.monotonic() < deadline_s:
            time.sleep(GLANCE_S)  # It starts in another process.
        waiting.terminate()
        assert waiting.wait(START_S) == 0


def _catches_sigterm(pid: int) -> bool:
    """By Linux' account of the process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
