"""Asks librdkafka whether it takes a configuration, without opening a connection.

A client is made and closed at once. It is given no broker, and nothing that would
make it fetch an OAuth token, so there is nothing that it could connect to.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException

_QUOTED_NAME = re.compile(r'"([a-zA-Z0-9._]+)"')
_CONNECTS = ("bootstrap.servers", "test.mock.")
_SILENT = logging.getLogger("consumer.settings.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class PropertyFault(NamedTuple):
    property: str | None
    """None: the properties do not fit together."""
    text: str


def property_faults(config: Mapping[str, str]) -> list[PropertyFault]:
    """All faults of a consumer's configuration; `text` may quote values, so scrub secrets."""
    trial = {name: value for name, value in config.items() if not name.startswith(_CONNECTS)}
    faults = [PropertyFault(n, f'"{n}" is no text') for n in trial if not _is_text(trial[n])]
    trial = {name: value for name, value in trial.items() if _is_text(value)}
    faults += _faults_of_each(trial, leave_out="security.protocol")
    faults += _faults_of_each(_only(trial, "security.protocol"))
    sound = {name: trial[name] for name in trial if name not in {f.property for f in faults}}
    return [*faults, *_faults_together(sound)]


def _is_text(value: str) -> bool:
    """Not so when the environment has bytes that are no UTF-8: the client breaks on them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _only(config: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: config[name]} if name in config else {}


def _faults_of_each(config: Mapping[str, str], leave_out: str = "") -> Iterator[PropertyFault]:
    """librdkafka stops at the first fault, so each is taken out until none is left.

    Without `security.protocol` no authentication is set up: nothing goes out.
    """
    remaining = {name: value for name, value in config.items() if name != leave_out}
    while (refusal := _refusal(remaining)) and not refusal.startswith("Failed to create"):
        name = next((n for n in _QUOTED_NAME.findall(refusal) if n in remaining), None)
        yield PropertyFault(name, refusal)
        if name is None:
            return
        del remaining[name]


def _faults_together(config: Mapping[str, str]) -> Iterator[PropertyFault]:
    """Whether the properties fit together: files of keys and CAs are read here."""
    if config.get("sasl.oauthbearer.method", "").lower() == "oidc":
        config = {k: v for k, v in config.items() if not k.startswith("sasl.oauthbearer.")}
    refusal = _refusal(config)
    if refusal is not None:
        yield PropertyFault(None, refusal.removeprefix("Failed to create consumer: "))


def _refusal(config: Mapping[str, str]) -> str | None:
    try:
        consumer = Consumer({"group.id": "check", **config, "logger": _SILENT})
    except KafkaException as error:
        return str(error.args[0].str()).strip()
    consumer.close()
    return None
