"""Collects what was given, from the environment over the file, and refuses unknown names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from consumer.settings.kafka import (
    SECRET_PROPERTIES,
    WELL_KNOWN,
    property_name,
    setting_name,
)
from consumer.settings.names import (
    CONFIG_VARIABLE,
    FILE_SUFFIX,
    KAFKA_PREFIX,
    is_ours,
    is_service_link,
    suggestion,
)
from consumer.settings.section import Section


class Origin(StrEnum):
    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    FIXED = "fixed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it was given."""

    name: str
    """As it was written, so possibly with `_FILE` at its end."""
    value: object = field(repr=False)
    origin: Origin
    path: Path | None = None
    """The file that the value was read from, for secrets."""


@dataclass(slots=True)
class Faults:
    """One line for each fault, and the settings that they are about."""

    lines: list[str] = field(default_factory=list[str])
    names: set[str] = field(default_factory=set[str])

    def add(self, line: str, *names: str) -> None:
        self.lines.append(line)
        self.names.update(names)


@dataclass(slots=True)
class Gathered:
    sections: dict[str, Given] = field(default_factory=dict[str, Given])
    """By the setting's name, without `_FILE`."""
    kafka: dict[str, Given] = field(default_factory=dict[str, Given])
    """By librdkafka's name of the property."""
    faults: Faults = field(default_factory=Faults)


def gather(
    environ: Mapping[str, str],
    toml: Mapping[str, object] | None,
    sections: Sequence[type[Section]],
) -> Gathered:
    """Reads secret files, and nothing else. Values are not checked here."""
    names = {name for section in sections for name in section.names()}
    secrets = {s.prefix + f.upper() for s in sections for f in s.from_file_fields}
    secrets |= {setting_name(property_) for property_ in SECRET_PROPERTIES}
    gathered = Gathered()
    merged = dict(_from_toml(toml or {}, gathered.faults)) | dict(_from_environment(environ))
    for name, given in _secrets_read(merged, secrets, gathered.faults).items():
        _place(name, given, names, gathered)
    return gathered


def _from_toml(toml: Mapping[str, object], faults: Faults) -> Iterator[tuple[str, Given]]:
    for name, value in toml.items():
        if not isinstance(value, Mapping):
            yield name, Given(name, value, Origin.FILE)
        else:
            faults.add(
                f"{name} (file): is no plain value; write names as in the environment, at the top "
                "level, without tables",
                name,
            )


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    for name, value in environ.items():
        if is_ours(name) and not is_service_link(name, value):
            yield name, Given(name, value, Origin.ENVIRONMENT)


def _secrets_read(
    merged: Mapping[str, Given], secrets: Iterable[str], faults: Faults
) -> dict[str, Given]:
    """Each `<NAME>_FILE` of a secret becomes `<NAME>`, with the file's content."""
    resolved = dict(merged)
    for name in sorted(secrets):
        from_file = resolved.pop(name + FILE_SUFFIX, None)
        direct = resolved.get(name)
        if from_file is None:
            continue
        if direct is not None and direct.origin == from_file.origin:
            text = f"{name}: is given directly and as {from_file.name}; keep one of them"
            faults.add(text, name)
        elif direct is None or from_file.origin == Origin.ENVIRONMENT:
            resolved[name] = _read(name, from_file, faults)
    return resolved


def _read(name: str, given: Given, faults: Faults) -> Given:
    """With the file's content as its value; with None where that cannot be had."""
    path = Path(str(given.value))
    try:
        text = path.read_text("utf-8").strip()
        fault = "" if text else "is empty"
    except OSError as error:
        text, fault = "", f"cannot be read: {error.strerror}"
    except ValueError:
        text, fault = "", "cannot be read: it is no UTF-8 text"
    if fault:
        faults.add(f"{given.name} ({given.origin}): {path} {fault}", name)
    return replace(given, value=text or None, path=path)


def _place(name: str, given: Given, names: set[str], gathered: Gathered) -> None:
    if name in names:
        gathered.sections[name] = given
    elif name.startswith(KAFKA_PREFIX):
        _place_property(name, given, gathered)
    elif name == CONFIG_VARIABLE:
        gathered.faults.add(f"{name} (file): the file cannot name another one", name)
    else:
        known = [*names, *map(setting_name, WELL_KNOWN)]
        hint = suggestion(name, known)
        gathered.faults.add(f"{name} ({given.origin}): there is no such setting{hint}", name)


def _place_property(name: str, given: Given, gathered: Gathered) -> None:
    property_ = property_name(name)
    other = gathered.kafka.get(property_)
    if other is None or other.origin == Origin.FILE != given.origin:
        gathered.kafka[property_] = given
    elif other.origin == given.origin:
        text = f"{name} ({given.origin}): says the same as {other.name}; keep one of them"
        gathered.faults.add(text, name)
