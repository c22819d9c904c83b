"""Turns what was gathered into checked parts; a fault is noted and the default stands in."""

from __future__ import annotations

from typing import TypeVar, cast

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from consumer.settings.gather import Gathered, Given
from consumer.settings.kafka import (
    CLASSIC_ONLY,
    NOT_SETTABLE,
    OWNED,
    SECRET_PROPERTIES,
    WELL_KNOWN,
    KafkaSettings,
    setting_name,
)
from consumer.settings.librdkafka import PropertyFault, property_faults
from consumer.settings.names import suggestion
from consumer.settings.section import Section

GROUP_SETTING = "SEEK_SIGNALS_GROUP"
LONGEST_QUOTE = 80

_S = TypeVar("_S", bound=Section)


def build_section(section: type[_S], gathered: Gathered) -> _S:
    """What stands in for a faulty value never leaves: faults end the loading."""
    names = section.names()
    given = {names[name]: g for name, g in gathered.sections.items() if name in names}
    values = {
        field: section.placeholders.get(field) if g.value is None else g.value
        for field, g in given.items()
    }
    try:
        return section.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            field = str(detail["loc"][0])
            gathered.faults.add(_line(section, detail, given.get(field)), section.setting(field))
            values.pop(field, None)
    return section.model_validate({**section.placeholders, **values})


def _line(section: type[Section], detail: ErrorDetails, given: Given | None) -> str:
    field = str(detail["loc"][0])
    name = section.setting(field)
    if given is None:
        from_file = " (or _FILE)" if field in section.from_file_fields else ""
        return f"{name}{from_file}: is missing. {section.model_fields[field].description}"
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    quote = f"; found {_quoted(given.value)}" if _may_show(section, field, given) else ""
    return f"{given.name} ({given.origin}): {text}{quote}"


def _may_show(section: type[Section], field: str, given: Given) -> bool:
    """An address may carry a password, which is a fault of its own."""
    return field not in section.secret_fields and given.path is None and "@" not in str(given.value)


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"


def adopt_group(gathered: Gathered) -> None:
    """KAFKA_GROUP_ID is taken for SEEK_SIGNALS_GROUP, unless they disagree."""
    alias = gathered.kafka.pop("group.id", None)
    own = gathered.sections.get(GROUP_SETTING)
    if alias is None:
        return
    if own is None:
        gathered.sections[GROUP_SETTING] = alias
    elif own.value != alias.value:
        text = f"{alias.name} and {GROUP_SETTING} name different groups; keep one of them"
        gathered.faults.add(text, GROUP_SETTING)


def build_kafka(gathered: Gathered, group: str) -> KafkaSettings:
    plain, secret = dict[str, str](), dict[str, SecretStr]()
    for property_, given in gathered.kafka.items():
        if property_ not in SECRET_PROPERTIES:
            plain[property_] = _text(given.value)
        elif given.value is not None:
            secret[property_] = SecretStr(_text(given.value))
    settings = KafkaSettings(group, plain, secret)
    if not plain.get("bootstrap.servers", "").strip():
        text = "KAFKA_BOOTSTRAP_SERVERS: is missing. Addresses of your brokers, host:port,host:port"
        gathered.faults.add(text, "KAFKA_BOOTSTRAP_SERVERS")
    for fault in property_faults(_trial(settings)):
        name = _written(fault, gathered)
        gathered.faults.add(_librdkafka_line(fault, name, settings), name)
    return settings


def _written(fault: PropertyFault, gathered: Gathered) -> str:
    if fault.property is None:
        return "KAFKA_*"
    given = gathered.kafka.get(fault.property)
    return given.name if given else setting_name(fault.property)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, cast("list[object]", value)))
    return str(value)


def _trial(settings: KafkaSettings) -> dict[str, str]:
    """All that the user gave but what is refused by rules of ours, which say it better."""
    refused = CLASSIC_ONLY if settings.new_protocol else frozenset[str]()
    ours = {*OWNED, *NOT_SETTABLE}
    given = {k: v for k, v in settings.producer_config().items() if k not in ours}
    merged = given | settings.consumer_config()
    return {name: value for name, value in merged.items() if name not in refused}


def _librdkafka_line(fault: PropertyFault, name: str, settings: KafkaSettings) -> str:
    text = fault.text
    if text.startswith("No such configuration property"):
        hint = suggestion(name, map(setting_name, sorted(WELL_KNOWN)))
        return f"{name}: the Kafka client has no property {fault.property}{hint}"
    if fault.property in SECRET_PROPERTIES or "oauthbearer.config" in text:
        return f"{name}: the Kafka client refuses the value (not shown, it is a secret)"
    for secret in settings.secret.values():
        text = text.replace(secret.get_secret_value(), "***")
    return f"{name}: {text}"
