"""What the tests of `deploy/` run: taken from the PATH where it is there, else fetched.

Nothing needs root. Wheels and npm packages are locked by hash, Go builds its programs from
modules that its checksum database vouches for; Prometheus is Debian's. All of it stays in
the cache folder of the test bed until `make distclean`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.testbed.artifacts import cache_folder
from tests.testbed.processes import BrokenTestBedError

HERE: Final = Path(__file__).parent
HELM: Final = "helm.sh/helm/v3/cmd/helm@v3.22.0"
KUBECONFORM: Final = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
COMPOSE: Final = "github.com/compose-spec/compose-go/v2@v2.16.2"
KUBERNETES: Final = "1.33.0"
"""Manifests are rendered for it and checked against its schemas."""
KINDS: Final = (
    "configmap-v1",
    "cronjob-batch-v1",
    "deployment-apps-v1",
    "networkpolicy-networking-v1",
    "pod-v1",
    "poddisruptionbudget-policy-v1",
    "service-v1",
    "statefulset-apps-v1",
)
"""Of Kubernetes' own, those that the chart uses."""
NPM_FILES: Final = ("package.json", "package-lock.json", "validate.mjs")
_SHARED: Final = "/api/_definitions.json"
FETCH_WAIT_S: Final = 1_800
"""Go compiles Helm in one minute, in ten beside much else."""
_JUDGE: Final = """
import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
judge = jsonschema.validators.validator_for(schema)(schema)
for fault in judge.iter_errors(json.load(sys.stdin)):
    print(fault.json_path, fault.message)
"""


class Tools:
    """Each is fetched when it is asked for first."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "ops"
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def helm(self) -> Path:
        return self._on_path("helm", lambda: self._go_installed("helm", HELM))

    @cached_property
    def kubeconform(self) -> Path:
        return self._on_path("kubeconform", lambda: self._go_installed("kubeconform", KUBECONFORM))

    @cached_property
    def promtool(self) -> Path:
        return self._on_path("promtool", lambda: self._prometheus / "usr/bin/promtool")

    @cached_property
    def prometheus(self) -> Path:
        return self._on_path("prometheus", lambda: self._prometheus / "usr/bin/prometheus")

    @cached_property
    def hadolint(self) -> Path:
        return self._on_path("hadolint", lambda: self.program("hadolint"))

    @cached_property
    def kubernetes_schemas(self) -> str:
        """kubeconform's pattern for where its schemas are."""
        wheels = (HERE / "requirements.lock").read_bytes()
        content = wheels + " ".join((KUBERNETES, *KINDS)).encode()
        place = self._made_from(content, "kubernetes", self._make_schemas)
        return f"{place}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"

    def _make_schemas(self, place: Path) -> None:
        """The schemas of the wheel share their definitions; kubeconform wants each whole."""
        (wheel,) = self._wheels.glob(
            f"lib/python3*/site-packages/kubernetes_validate/*/v{KUBERNETES}-local-strict"
        )
        place.mkdir()
        shared = json.loads((wheel / "_definitions.json").read_text().replace(_SHARED, ""))
        for name in KINDS:
            own = json.loads((wheel / f"{name}.json").read_text().replace(_SHARED, ""))
            (place / f"{name}.json").write_text(json.dumps({**shared, **own}))

    def program(self, name: str) -> Path:
        """One that a wheel brings."""
        return self._wheels / "bin" / name

    @cached_property
    def compose_schema(self) -> Path:
        """The compose specification's own JSON schema, out of its Go module."""
        self._run([str(self._go), "mod", "download", COMPOSE])
        (found,) = self._modules.glob("github.com/compose-spec/compose-go/v2@*/schema/*-spec.json")
        return found

    def compose_faults(self, compose_file: str) -> str:
        """Of a compose file, as JSON, by the compose specification; empty when there are none."""
        return self._told_by(
            [str(self.program("python")), "-c", _JUDGE, str(self.compose_schema)], compose_file
        )

    def custom_resource_faults(self, lines: str) -> str:
        """Of resources, one JSON object a line, by the schemas of KEDA and of the Prometheus
        operator; empty when there are none."""
        return self._told_by([str(self._node), str(self._npm / "validate.mjs")], lines)

    def _told_by(self, command: Sequence[str], document: str) -> str:
        run = subprocess.run(  # noqa: S603 -- our own scripts
            command, input=document, capture_output=True, text=True, check=False
        )
        return run.stdout + run.stderr

    @cached_property
    def _go(self) -> Path:
        return self._on_path("go", lambda: self.program("go"))

    @cached_property
    def _node(self) -> Path:
        return self._on_path("node", lambda: self.program("node"))

    @cached_property
    def _modules(self) -> Path:
        return self.folder / "go" / "pkg" / "mod"

    @cached_property
    def _wheels(self) -> Path:
        """A virtual environment with the locked tools."""
        content = (HERE / "requirements.lock").read_bytes()
        return self._made_from(content, "venv", self._make_wheels)

    def _make_wheels(self, place: Path) -> None:
        self._run([sys.executable, "-m", "venv", str(place)])
        pip = [str(place / "bin/pip"), "--quiet", "--disable-pip-version-check", "install"]
        self._run([*pip, "--require-hashes", "--requirement", str(HERE / "requirements.lock")])

    @cached_property
    def _npm(self) -> Path:
        content = b"".join((HERE / name).read_bytes() for name in NPM_FILES)
        return self._made_from(content, "npm", self._make_npm)

    def _make_npm(self, place: Path) -> None:
        place.mkdir()
        for name in NPM_FILES:
            shutil.copy(HERE / name, place)
        npm = str(self._on_path("npm", lambda: self.program("npm")))
        self._run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=place)

    @cached_property
    def _prometheus(self) -> Path:
        """Debian's package, unpacked without being installed."""
        place = self.folder / "prometheus"
        if place.exists():
            return place
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            msg = "promtool and prometheus are not on the PATH, and this is no Debian to fetch from"
            raise BrokenTestBedError(msg)
        fetched = self.folder / "prometheus.deb.d"
        fetched.mkdir(exist_ok=True)
        self._run(["apt-get", "--quiet", "download", "prometheus"], cwd=fetched)
        (package,) = fetched.glob("prometheus_*.deb")
        unpacked = self.folder / "prometheus.new"
        shutil.rmtree(unpacked, ignore_errors=True)
        self._run(["dpkg-deb", "--extract", str(package), str(unpacked)])
        unpacked.rename(place)
        return place

    def _go_installed(self, name: str, module: str) -> Path:
        program = self.folder / f"{name}-{module.rpartition('@')[2]}" / name
        if not program.exists():
            self._run([str(self._go), "install", module], more={"GOBIN": str(program.parent)})
        return program

    def _on_path(self, name: str, otherwise: Callable[[], Path]) -> Path:
        found = shutil.which(name)
        return Path(found) if found else otherwise()

    def _made_from(self, content: bytes, name: str, make: Callable[[Path], None]) -> Path:
        """A folder that is made anew when what it is made from has changed."""
        place, done = self.folder / name, self.folder / f"{name}.made-from"
        if not done.exists() or done.read_bytes() != content:
            shutil.rmtree(place, ignore_errors=True)
            make(place)
            done.write_bytes(content)
        return place

    def _run(
        self,
        command: Sequence[str],
        cwd: Path | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        # Modules beside the tools, and writable, so that `make distclean` can remove them.
        go = {"GOPATH": str(self.folder / "go"), "GOFLAGS": "-modcacherw"}
        run = subprocess.run(  # noqa: S603 -- the commands above
            command,
            cwd=cwd,
            env={**os.environ, **go, **(more or {})},
            check=False,
            capture_output=True,
            text=True,
            timeout=FETCH_WAIT_S,
        )
        if run.returncode:
            msg = f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}"
            raise BrokenTestBedError(msg)
