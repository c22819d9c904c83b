"""Our own schemas: released once, documented, found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema, schemas_folder
from consumer.adapters.avro.tree import unqualified

RELEASED = {
    "application_completed/v1.avsc": "c6aca316706c8d24",
    "application_status_changed/v1.avsc": "001b23eb80f37199",
    "position_status_changed/v1.avsc": "a2a00dbd0cb8107f",
}
"""How each hash begins. Here as well: a file and its line in `HASHES` must not change together."""


def test_a_released_schema_never_changes_not_even_with_its_hash() -> None:
    for path, digest in RELEASED.items():
        content = (schemas_folder() / path).read_bytes()
        assert hashlib.sha256(content).hexdigest().startswith(digest), path


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_field_is_documented_with_an_example(event_type: str) -> None:
    fields = list(_fields(json.loads(event_schema(event_type).text)))

    assert len(fields) >= 7
    for field in fields:
        doc = field["doc"]
        assert "Example" in doc or field["name"] in ("current", "previous"), field["name"]
        assert "SEEK" in doc or "signal" in doc, field["name"]
        if "timestamp-millis" in json.dumps(field["type"]) and field["name"].endswith("At"):
            assert "milliseconds" in doc, field["name"]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_record_is_named_after_its_folder(event_type: str) -> None:
    schema = event_schema(event_type)
    name = event_record(event_type).name

    assert name == f"ats.events.{schema.record_name}"
    assert unqualified(name).lower() == event_type.replace("_", "")


def test_an_installed_package_brings_its_schemas_inside(tmp_path: Path) -> None:
    package = tmp_path / "consumer"
    (package / "_schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()

    assert schemas_folder(package) == package / "_schemas"


def test_an_installation_without_schemas_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="install the package again"):
        schemas_folder(tmp_path / "consumer")


def test_an_unknown_event_type_is_refused_by_naming_those_that_exist() -> None:
    with pytest.raises(ValueError, match="application_completed"):
        event_schema("job_closed")


def _fields(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 -- a walk through any JSON
    if isinstance(node, list):
        for item in node:
            yield from _fields(item)
    elif isinstance(node, dict):
        yield from node.get("fields", ())
        for item in node.values():
            yield from _fields(item)
