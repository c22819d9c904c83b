"""The real parts that pip does not bring: jars of Maven Central, pinned by their hashes.

`python -m tests.testbed.fetch` fetches them all; tests that need them do so too. They stay
in a cache folder outside the checkout (`cache_folder`) until `make distclean`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import requests
from jgo.maven import MavenContext, PythonResolver

from tests.testbed.processes import BrokenTestBedError

LOCK: Final = Path(__file__).with_name("artifacts.lock")
KAFKA: Final = "kafka"
REGISTRY: Final = "registry"
MEGABYTE: Final = 1_000_000
SAY_EVERY_MB: Final = 20
TIMEOUT_S: Final = 60
ATTEMPTS: Final = 3
AT_ONCE: Final = 4

Say: TypeAlias = Callable[[str], None]


class Artifact(NamedTuple):
    """One file of a Maven repository."""

    part: str
    sha256: str
    size: int
    coordinate: str
    """`group:artifact:version:packaging`, and `:classifier` where there is one."""

    @classmethod
    def of_line(cls, line: str) -> Artifact:
        part, sha256, size, coordinate = line.split()
        return cls(part, sha256, int(size), coordinate)

    def path(self, repository: Path) -> Path:
        group, name, version, packaging, *classifier = self.coordinate.split(":")
        file = "-".join([name, version, *classifier])
        return repository.joinpath(*group.split("."), name, version, f"{file}.{packaging}")

    def is_in(self, repository: Path) -> bool:
        path = self.path(repository)
        return path.exists() and sha256_of(path) == self.sha256


def cache_folder() -> Path:
    """Shared by all checkouts of a user; `SEEK_SIGNALS_TEST_CACHE` names another parent."""
    parent = os.environ.get("SEEK_SIGNALS_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(parent or Path.home() / ".cache") / "seek-signal-consumer"


def locked(part: str) -> list[Artifact]:
    artifacts = [Artifact.of_line(line) for line in LOCK.read_text().splitlines() if line]
    return [artifact for artifact in artifacts if artifact.part == part]


def kafka_jars(say: Say) -> list[Path]:
    """The class path of a broker, fetched if need be, every file as the lock says."""
    return _fetched(KAFKA, say)


def registry_folder(say: Say) -> Path:
    """Apicurio Registry, unpacked: the folder that holds `quarkus-run.jar`."""
    folder = cache_folder() / f"registry-{locked(REGISTRY)[0].sha256[:16]}"
    if folder.exists():
        return folder
    (archive,) = _fetched(REGISTRY, say)
    with alone():
        if not folder.exists():
            _unpack(archive, folder)
    return folder


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def context(resolver: PythonResolver | None = None) -> MavenContext:
    """Maven Central, or the mirror that `SEEK_SIGNALS_TEST_MAVEN` names."""
    mirror = os.environ.get("SEEK_SIGNALS_TEST_MAVEN")
    return MavenContext(
        resolver=resolver,
        repo_cache=cache_folder() / "maven",
        local_repos=[],
        remote_repos={"mirror": mirror} if mirror else None,
        timeout=TIMEOUT_S,
    )


@contextmanager
def alone() -> Iterator[None]:
    """Test processes side by side wait here for one another, so that one of them fetches."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetched(part: str, say: Say) -> list[Path]:
    artifacts, repository = locked(part), cache_folder() / "maven"
    with alone():
        missing = [artifact for artifact in artifacts if not artifact.is_in(repository)]
        if missing:
            _fetch(missing, _Progress(part, sum(a.size for a in missing), say))
    return [artifact.path(repository) for artifact in artifacts]


def _fetch(artifacts: Sequence[Artifact], progress: _Progress) -> None:
    progress.begin()
    resolver = PythonResolver(progress_callback=progress.of_file)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # The big ones first: the others fit beside them.
        biggest_first = sorted(artifacts, key=lambda artifact: -artifact.size)
        list(pool.map(lambda artifact: _fetch_one(artifact, context(resolver)), biggest_first))


def _fetch_one(artifact: Artifact, maven: MavenContext) -> None:
    group, name, version, packaging, *classifier = artifact.coordinate.split(":")
    wanted = (
        maven.project(group, name)
        .at_version(version)
        .artifact(classifier="".join(classifier), packaging=packaging)
    )
    fault = ""
    for _ in range(ATTEMPTS):
        artifact.path(maven.repo_cache).unlink(missing_ok=True)  # Cut short, or not ours.
        try:
            wanted.resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            fault = f"{type(error).__name__}: {error}"
            continue
        if artifact.is_in(maven.repo_cache):
            return
        fault = "its SHA-256 is not the one in tests/testbed/artifacts.lock"
    msg = (
        f"could not fetch {artifact.coordinate}: {fault}. The tests on real Kafka need Maven "
        "Central, or a mirror of it named by SEEK_SIGNALS_TEST_MAVEN, once."
    )
    raise BrokenTestBedError(msg)


def _unpack(archive: Path, folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    with tarfile.open(archive) as tar:
        tar.extractall(unfinished, filter="data")
    unfinished.rename(folder)
    archive.unlink()  # 159 MB that nobody reads again.


class _Progress:
    """Says every 20 MB how far a download is."""

    def __init__(self, part: str, total: int, say: Say) -> None:
        self._part = part
        self._total = total
        self._say = say
        self._done = 0
        self._said = 0

    def begin(self) -> None:
        megabytes = self._total / MEGABYTE
        self._say(f"fetching {self._part}: {megabytes:.0f} MB, once, into {cache_folder()}")

    @contextmanager
    def of_file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._add

    def _add(self, count: int) -> None:
        # Threads may lose an update to each other: a progress line can bear that.
        self._done += count
        steps = self._done // (SAY_EVERY_MB * MEGABYTE)
        if steps > self._said:
            self._said = steps
            self._say(f"{self._part}: {self._done // MEGABYTE} of {self._total // MEGABYTE} MB")
