"""Every setting in a table: its value, where that came from, its default and the reason for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, cast

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from consumer.settings.gather import Gathered, Given, Origin
from consumer.settings.kafka import (
    CLASSIC_DEFAULTS,
    CONSUMER_DEFAULTS,
    OWNED,
    SECRET_PROPERTIES,
    SHARED_DEFAULTS,
    Default,
    setting_name,
)
from consumer.settings.load import SECTIONS
from consumer.settings.section import Section

MASK = "********"


class Row(NamedTuple):
    name: str
    value: str
    """Masked where it is a secret; empty when there is none."""
    origin: Origin
    default: str
    reason: str


def rows(gathered: Gathered) -> list[Row]:
    """Made of what was given, checked or not, so that it can be shown beside the faults."""
    return [*_kafka_rows(gathered.kafka), *_section_rows(gathered.sections)]


def _section_rows(given: Mapping[str, Given]) -> Iterator[Row]:
    for section in SECTIONS:
        for name, field in section.names().items():
            yield _section_row(section, field, given.get(name))


def _section_row(section: type[Section], field: str, given: Given | None) -> Row:
    info = section.model_fields[field]
    default = _default(info)
    missing = Origin.MISSING if info.is_required() else Origin.DEFAULT
    name, reason = section.setting(field), info.description or ""
    if given is None:
        return Row(name, default, missing, default, reason)
    secret = field in section.secret_fields
    return Row(given.name, _shown(given, secret=secret), given.origin, default, reason)


def _default(info: FieldInfo) -> str:
    return "" if info.default is PydanticUndefined else _text(info.default)


def _kafka_rows(given: Mapping[str, Given]) -> Iterator[Row]:
    servers = Default("", "Addresses of your brokers, host:port,host:port.")
    defaults = {"bootstrap.servers": servers, **SHARED_DEFAULTS, **CONSUMER_DEFAULTS}
    defaults |= CLASSIC_DEFAULTS
    for property_, default in defaults.items():
        yield _kafka_row(property_, default, given.get(property_))
    for property_, owned in OWNED.items():
        name = setting_name(property_)
        yield Row(name, owned.value, Origin.FIXED, owned.value, owned.reason)
    for property_ in sorted(set(given) - set(defaults) - set(OWNED)):
        passed_on = Default("", f"Passed to the Kafka client as {property_}.")
        yield _kafka_row(property_, passed_on, given[property_])


def _kafka_row(property_: str, default: Default, given: Given | None) -> Row:
    if given is None:
        origin = Origin.DEFAULT if default.value else Origin.MISSING
        return Row(setting_name(property_), default.value, origin, default.value, default.reason)
    shown = _shown(given, secret=property_ in SECRET_PROPERTIES)
    return Row(given.name, shown, given.origin, default.value, default.reason)


def _shown(given: Given, *, secret: bool) -> str:
    """A secret file's path is no secret. An `@` may mean a password in an address."""
    if given.path is not None:
        return str(given.path)
    text = _text(given.value)
    return MASK if secret or "@" in text else text


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(map(str, cast("Iterable[object]", value)))
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
