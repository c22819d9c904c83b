"""What every part of the settings has in common."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

OWN_PREFIX = "SEEK_SIGNALS_"


class Section(BaseModel):
    """A frozen group of settings. The name of a field's setting is `prefix` + FIELD.

    A field's description is the reason for its default: `settings` prints it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    prefix: ClassVar[str] = OWN_PREFIX
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Never shown."""
    from_file_fields: ClassVar[frozenset[str]] = frozenset()
    """May be given as `<NAME>_FILE`, a path whose content is the value."""
    placeholders: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Stand in for required fields that are missing or faulty, so that all else is checked."""
    unset_fields: ClassVar[frozenset[str]] = frozenset()
    """Filled in by the loader, not settings of their own."""

    @classmethod
    def names(cls) -> dict[str, str]:
        """Setting's name → field's name."""
        fields = [name for name in cls.model_fields if name not in cls.unset_fields]
        return {cls.setting(name): name for name in fields}

    @classmethod
    def setting(cls, field: str) -> str:
        return cls.prefix + field.upper()
