"""`python -m tests.testbed.relock`: resolve the versions below anew and write their hashes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from jgo.env import EnvironmentBuilder

from tests.testbed.artifacts import KAFKA, LOCK, REGISTRY, Artifact, context, sha256_of

KAFKA_VERSION: Final = "4.3.1"
ENDPOINT: Final = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.kafka:kafka-tools:{KAFKA_VERSION}"
    "+org.slf4j:slf4j-simple:1.7.36"
)
APICURIO: Final = "io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all"


def main() -> None:
    maven = context()
    builder = EnvironmentBuilder(context=maven, cache_dir=maven.repo_cache.with_name("jgo"))
    names = {jar.name for jar in builder.from_endpoint(ENDPOINT).all_jars}
    jars = [path for path in maven.repo_cache.rglob("*.jar") if path.name in names]
    lines = [_line(KAFKA, path, maven.repo_cache) for path in sorted(jars)]
    group, name, version, packaging, classifier = APICURIO.split(":")
    archive = maven.project(group, name).at_version(version)
    path = archive.artifact(classifier=classifier, packaging=packaging).resolve()
    lines.append(_as_line(Artifact(REGISTRY, sha256_of(path), path.stat().st_size, APICURIO)))
    LOCK.write_text("".join(lines))
    sys.stdout.write(f"{LOCK}: {len(lines)} files\n")


def _line(part: str, path: Path, repository: Path) -> str:
    *group, name, version, _file = path.relative_to(repository).parts
    coordinate = f"{'.'.join(group)}:{name}:{version}:jar"
    return _as_line(Artifact(part, sha256_of(path), path.stat().st_size, coordinate))


def _as_line(artifact: Artifact) -> str:
    return f"{artifact.part} {artifact.sha256} {artifact.size} {artifact.coordinate}\n"


if __name__ == "__main__":
    main()
