"""Which names are ours, and which only look like it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from consumer.settings.section import OWN_PREFIX

CONFIG_VARIABLE = "SEEK_SIGNALS_CONFIG"
"""The path of the TOML file; the one name that cannot stand in that file."""

KAFKA_PREFIX = "KAFKA_"
FILE_SUFFIX = "_FILE"

PREFIXES = (OWN_PREFIX, "SEEK_", "SCHEMA_REGISTRY_", KAFKA_PREFIX)
"""The longest match wins: SEEK_SIGNALS_BATCH_SIZE is no name of SEEK_'s."""

_SERVICE_LINK = re.compile(
    r".*(_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.*", re.IGNORECASE)

NOT_OURS = ("SEEK_SANDBOX_",)
"""The sandbox's own, which may stand in the same environment."""


def is_ours(name: str) -> bool:
    return name.startswith(PREFIXES) and not name.startswith(NOT_OURS) and name != CONFIG_VARIABLE


def is_service_link(name: str, value: str) -> bool:
    """Kubernetes puts these into every pod for each service, so one named `kafka` or
    `seek-signals` would else break the start (design 7)."""
    if _SERVICE_LINK.fullmatch(name):
        return True
    return name.endswith("_PORT") and _ADDRESS.fullmatch(value) is not None


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing when no name is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.8)
    return f"; did you mean {near[0]}?" if near else ""
