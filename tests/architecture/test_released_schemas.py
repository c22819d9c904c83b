"""A schema that was released never changes: publishers have registered it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.architecture.tree import ROOT

SCHEMAS = ROOT / "schemas"
HASHES = SCHEMAS / "HASHES"


def released(file: Path) -> dict[str, str]:
    """Path relative to `schemas/`, to SHA-256; lines as `sha256sum` writes them."""
    pairs = (line.split(maxsplit=1) for line in file.read_text().splitlines() if line.strip())
    return {path: sha256 for sha256, path in pairs}


def found(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.avsc")
    }


def test_every_released_schema_is_as_it_was() -> None:
    changed = {path for path, sha256 in found(SCHEMAS).items() if released(HASHES)[path] != sha256}

    assert changed == set(), "make a new version beside it instead (v2.avsc)"


def test_schemas_and_their_hashes_are_the_same_set() -> None:
    """A schema that vanished is missed, and a new one cannot be released without its hash."""
    assert set(found(SCHEMAS)) == set(released(HASHES)), "run: cd schemas && sha256sum …"
    assert len(released(HASHES)) >= 3


def test_one_changed_byte_is_a_changed_schema(tmp_path: Path) -> None:
    (tmp_path / "a.avsc").write_text("{}")
    before = found(tmp_path)
    (tmp_path / "a.avsc").write_text("{ }")

    assert found(tmp_path) != before
