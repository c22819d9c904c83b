"""An environment that is complete, and what loading says when it is changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from consumer.errors import BadConfigurationError
from consumer.settings import Settings, load_settings

COMPLETE = {
    "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
    "SCHEMA_REGISTRY_URL": "https://registry.example",
    "SEEK_CLIENT_ID": "a client",
    "SEEK_CLIENT_SECRET": "very-secret",
}


def settings(*files: Mapping[str, object], **changes: str) -> Settings:
    """With at most one file."""
    return load_settings({**COMPLETE, **changes}, *(files or (None,)))


def faults(*files: Mapping[str, object], **changes: str) -> list[str]:
    with pytest.raises(BadConfigurationError) as caught:
        settings(*files, **changes)
    return caught.value.faults


def only_fault(*files: Mapping[str, object], **changes: str) -> str:
    found = faults(*files, **changes)
    assert len(found) == 1, found
    return found[0]


def faultless(**changes: str) -> bool:
    """True, or the error."""
    settings(**changes)
    return True
