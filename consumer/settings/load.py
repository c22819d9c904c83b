"""From the environment and one file to `Settings`, or to the list of all faults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from consumer.domain.mapping import MappingPolicy
from consumer.errors import BadConfigurationError
from consumer.settings.build import adopt_group, build_kafka, build_section
from consumer.settings.checks import clashes, warnings
from consumer.settings.delivering import (
    BatchSettings,
    BoundSettings,
    PacingSettings,
    PoisonSettings,
    RequestSettings,
    StoppingSettings,
    WatchingSettings,
)
from consumer.settings.gather import Gathered, Given, Origin, gather
from consumer.settings.kafka import KafkaSettings
from consumer.settings.section import Section
from consumer.settings.sources import RegistrySettings, SeekSettings, SourceSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, checked. Only `app` takes it whole."""

    kafka: KafkaSettings
    source: SourceSettings
    registry: RegistrySettings
    seek: SeekSettings
    request: RequestSettings
    batch: BatchSettings
    bounds: BoundSettings
    pacing: PacingSettings
    poison: PoisonSettings
    stopping: StoppingSettings
    watching: WatchingSettings
    warnings: tuple[str, ...] = ()
    """What works and is still worth a line at the start."""

    @property
    def mapping(self) -> MappingPolicy:
        return MappingPolicy(
            playground=self.seek.playground, job_ads_on_external=self.request.external_job_ads
        )


@dataclass(frozen=True, slots=True)
class Connections:
    """Kafka and the registry. Of SEEK only what decides how a record is mapped: the
    credentials may be placeholders."""

    kafka: KafkaSettings
    source: SourceSettings
    registry: RegistrySettings
    mapping: MappingPolicy


SECTIONS: tuple[type[Section], ...] = (
    SourceSettings,
    RegistrySettings,
    SeekSettings,
    RequestSettings,
    BatchSettings,
    BoundSettings,
    PacingSettings,
    PoisonSettings,
    StoppingSettings,
    WatchingSettings,
)


def load_settings(environ: Mapping[str, str], toml: Mapping[str, object] | None) -> Settings:
    """Connects to nothing; reads the files of secrets. All faults in one error."""
    return settings_from(gather(environ, toml, SECTIONS))


def load_connections(environ: Mapping[str, str], toml: Mapping[str, object] | None) -> Connections:
    """For verbs that never talk to SEEK: its credentials may be missing, all else is checked."""
    gathered = gather(environ, toml, SECTIONS)
    for field, value in SeekSettings.placeholders.items():
        name = SeekSettings.setting(field)
        gathered.sections.setdefault(name, Given(name, value, Origin.MISSING))
    settings = settings_from(gathered)
    return Connections(settings.kafka, settings.source, settings.registry, settings.mapping)


def load_file(path: Path) -> Mapping[str, object]:
    """The TOML file as a mapping; `BadConfigurationError` when there is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        fault = f"{path}: cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        fault = f"{path}: is not valid TOML: {error}"
    raise BadConfigurationError([fault])


def settings_from(gathered: Gathered) -> Settings:
    """Raises `BadConfigurationError` with every fault, unknown names first."""
    adopt_group(gathered)
    source = build_section(SourceSettings, gathered)
    settings = Settings(
        source=source,
        kafka=build_kafka(gathered, source.group),
        registry=build_section(RegistrySettings, gathered),
        seek=_with_files(build_section(SeekSettings, gathered), gathered.sections),
        request=build_section(RequestSettings, gathered),
        batch=build_section(BatchSettings, gathered),
        bounds=build_section(BoundSettings, gathered),
        pacing=build_section(PacingSettings, gathered),
        poison=build_section(PoisonSettings, gathered),
        stopping=build_section(StoppingSettings, gathered),
        watching=build_section(WatchingSettings, gathered),
    )
    clashing = [c.text for c in clashes(settings) if not c.names & gathered.faults.names]
    faults = [*gathered.faults.lines, *clashing]
    if faults:
        raise BadConfigurationError(faults)
    return replace(settings, warnings=warnings(settings))


def _with_files(seek: SeekSettings, given: Mapping[str, Given]) -> SeekSettings:
    """Remembers where the credentials came from, so that they can be read again."""
    names = ("client_id", "client_secret")
    paths = {f"{n}_file": given[seek.setting(n)].path for n in names if seek.setting(n) in given}
    return seek.model_copy(update=paths)
