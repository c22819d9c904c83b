"""Reads fault scripts: a JSON list of faults, or an object with that list as `faults`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from consumer.errors import BadConfigurationError
from consumer.sandbox.fault_kinds import Fault
from consumer.sandbox.json_values import as_object

SCRIPT: Final = TypeAdapter[list[Fault]](list[Annotated[Fault, Field(discriminator="fault")]])


def parse_faults(script: object) -> list[Fault]:
    """Raises BadConfigurationError that names each wrong entry and field."""
    wrapped = as_object(script)
    entries = wrapped["faults"] if wrapped is not None and "faults" in wrapped else script
    try:
        return SCRIPT.validate_python(entries)
    except ValidationError as error:
        lines = [
            f"faults{_place(detail['loc'])}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)
        ]
        raise BadConfigurationError(lines) from error


def load_faults(path: Path) -> list[Fault]:
    try:
        return parse_faults(orjson.loads(path.read_bytes()))
    except OSError as error:
        line = f"fault script {path} cannot be read: {error.strerror}"
        raise BadConfigurationError([line]) from error
    except orjson.JSONDecodeError as error:
        line = f"fault script {path} is not JSON: {error.msg} (line {error.lineno})"
        raise BadConfigurationError([line]) from error


def as_json(fault: Fault) -> dict[str, object]:
    """A fault as a script would give it; a secret is left out."""
    told: dict[str, object] = fault.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"client_secret"}
    )
    return told | {"fault": fault.fault}


def _place(location: Sequence[int | str]) -> str:
    """`(2, "status", "delayS")` to `[2].delayS`: the union's tag is no part of the script."""
    index, *rest = location or ("",)
    names = [str(name) for name in rest[1:]]
    return "".join([f"[{index}]" if index != "" else "", *(f".{name}" for name in names)])
