"""Strategies for what somebody might send who means harm, or does not know better."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from tests.avro_samples import JsonEvent, schema_json

LONGS: Final = st.sampled_from(
    [
        0,
        1,
        -1,
        2,
        3,
        63,
        -64,
        64,
        1 << 20,
        1 << 31,
        -(1 << 31),
        (1 << 62),
        -(1 << 63),
        (1 << 63) - 1,
    ]
) | st.integers(-(1 << 63), (1 << 63) - 1)
"""Lengths, counts, branches and numbers that a record may declare."""

CHAIN: Final[JsonEvent] = {
    "type": "record",
    "name": "Chain",
    "fields": [{"name": "next", "type": ["null", "Chain"]}],
}
EMPTY: Final[JsonEvent] = {"type": "record", "name": "Empty", "fields": []}
SKIPPED: Final = (
    {"type": "array", "items": "null"},
    {"type": "array", "items": EMPTY},
    {"type": "array", "items": {"type": "array", "items": "string"}},
    {"type": "map", "values": ["null", "bytes"]},
    {"type": "fixed", "name": "Large", "size": 1 << 40},
    {"type": "enum", "name": "Kind", "symbols": ["A", "B"]},
    CHAIN,
    "bytes",
)
"""Types of a field that we do not read, so have to pass over."""


def varint(number: int) -> bytes:
    """Avro's integer, zig-zag; more than 64 bits when asked to."""
    rest = number << 1 if number >= 0 else ~(number << 1)
    written = bytearray()
    while rest > 0x7F:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*written, rest])


BODIES: Final = st.lists(LONGS.map(varint) | st.binary(max_size=12), max_size=24).map(b"".join)
"""Numbers and bytes in any order: what Avro is made of, if not what it means."""


def with_skipped(event_type: str, skipped: object) -> JsonEvent:
    """Ours, with a field in front that we do not know."""
    schema = schema_json(event_type)
    schema["fields"].insert(0, {"name": "unknown", "type": skipped})
    return schema


NAMES: Final = st.sampled_from(
    [
        *("A", "ats.events.Step", "Step", "State", "ApplicationStatusChanged", "string", "null"),
        *(
            "",
            " ",
            "a b",
            "__class__",
            "import os",
            "x\x00",
            "é",
            "\ud800",
            "a" * 10_000,
            "0",
            "..",
        ),
        *('"""', "'\n)", "d", "p", "__import__('os')", "{0}", "%s", "\\", "\U0001d54f"),
    ]
) | st.text(max_size=8)
LEAVES: Final = (
    NAMES
    | st.sampled_from(["null", "boolean", "int", "long", "float", "double", "bytes", "string"])
    | st.none()
    | st.integers()
    | st.floats()
    | st.booleans()
)


def _types(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    fields = st.lists(
        st.fixed_dictionaries({}, optional={"name": NAMES, "type": inner, "default": LEAVES}),
        max_size=4,
    )
    optional = {
        "name": NAMES,
        "namespace": NAMES,
        "aliases": st.lists(NAMES, max_size=3) | LEAVES,
        "fields": fields | LEAVES,
        "items": inner,
        "values": inner,
        "symbols": st.lists(NAMES, max_size=4) | LEAVES,
        "size": st.integers() | LEAVES,
        "logicalType": NAMES,
        "doc": LEAVES,
    }
    kinds = st.sampled_from(["record", "error", "enum", "fixed", "array", "map"]) | inner
    described = st.fixed_dictionaries({"type": kinds}, optional=optional)
    return described | st.lists(inner, max_size=5)


TYPES: Final = st.recursive(LEAVES, _types, max_leaves=20)
"""Things that may stand where Avro wants a type."""
