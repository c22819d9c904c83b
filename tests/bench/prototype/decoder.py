"""Avro to signal in one generated function, for schemas that we trust: names are put into it.

The first generator of this project, and no part of the service. Every field is read or skipped
in line; records become dicts, states and signals go through small functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

WANTED: Final = ("seekToken", "positionProfileIds", "current", "previous")
_MILLIS: Final = tuple(f".{milli:03}Z" for milli in range(1_000))
_TIMES: Final = tuple(
    f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(86_400)
)
_HIGH_BITS: Final = sum(128 << 7 * place for place in range(5))

Signal = dict[str, Any]


def compile_decoder(schema: Mapping[str, Any]) -> Callable[[bytes], Signal]:
    generator = _Generator()
    generator.put("", "def decode(d):", " p = 5")
    generator.names[schema["name"]] = schema
    wanted: dict[str, str] = {}
    for entry in schema["fields"]:
        wanted[entry["name"]] = generator.value(entry["type"], " ", build=entry["name"] in WANTED)
    parts = ", ".join(wanted[name] for name in WANTED)
    generator.put(" ", "if p != len(d): raise ValueError('length')", f"return signal({parts})")
    scope: dict[str, Any] = {"signal": _signal, "state": _state, "rfc3339": _rfc3339}
    exec("\n".join(generator.lines), scope)  # noqa: S102 -- our own schema
    decode: Callable[[bytes], Signal] = scope["decode"]
    return decode


class _Generator:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Mapping[str, Any]] = {}
        self._made = 0

    def put(self, pad: str, *lines: str) -> None:
        self.lines += [pad + line for line in lines]

    def value(self, node: Any, pad: str, *, build: bool) -> str:  # noqa: ANN401 -- a JSON schema
        """Writes what reads or skips a value; the expression that holds it then."""
        if isinstance(node, str):
            node = self.names.get(node, {"type": node})
        match node if isinstance(node, list) else node["type"]:
            case list():
                return self._union(node, pad, build=build)
            case "string":
                return self._text(pad, build=build)
            case "array":
                return self._array(node, pad, build=build)
            case "record":
                return self._record(node, pad, build=build)
            case kind:
                return self._number(kind, pad, moment="logicalType" in node and build)

    def _new(self) -> str:
        self._made += 1
        return f"v{self._made}"

    def _number(self, kind: str, pad: str, *, moment: bool) -> str:
        if kind == "null":
            return "None"
        out = self._new()
        if kind == "boolean":
            self.put(pad, f"{out} = d[p] == 1; p += 1")
            return out
        if not moment:
            self._varint(pad, out)
            return f"({out} >> 1 if not {out} & 1 else -({out} >> 1) - 1)"
        terms = " + ".join(f"(d[p + {place}] << {7 * place})" for place in range(6))
        more = " and ".join(f"d[p + {place}] > 127" for place in range(5))
        self.put(pad, f"if d[p + 5] < 128 and {more}:", f" {out} = {terms} - {_HIGH_BITS}; p += 6")
        self.put(pad, "else:")
        self._varint(pad + " ", out)
        return f"rfc3339({out} >> 1 if not {out} & 1 else -({out} >> 1) - 1)"

    def _varint(self, pad: str, out: str) -> None:
        self.put(
            pad,
            f"{out} = d[p]; p += 1",
            f"if {out} > 127:",
            f" b = d[p]; p += 1; {out} += (b << 7) - 128",
            " if b > 127:",
            "  s = 14",
            "  while b > 127:",
            f"   b = d[p]; p += 1; {out} += (b << s) - (128 << (s - 7)); s += 7",
            "  if s > 70: raise ValueError('varint too long')",
        )

    def _text(self, pad: str, *, build: bool) -> str:
        out = self._new()
        self._varint(pad, "n")
        self.put(pad, "q = p + (n >> 1)")
        if build:
            self.put(pad, f"{out} = d[p:q].decode()")
        self.put(pad, "p = q")
        return out if build else "None"

    def _union(self, branches: Sequence[Any], pad: str, *, build: bool) -> str:
        out = self._new()
        self.put(pad, "u = d[p]; p += 1")
        for place, branch in enumerate(branches):
            self.put(pad, f"{'elif' if place else 'if'} u == {2 * place}:")
            value = self.value(branch, pad + " ", build=build)
            self.put(pad + " ", f"{out} = {value}")
        self.put(pad, "else: raise ValueError('union branch')")
        return out

    def _array(self, node: Mapping[str, Any], pad: str, *, build: bool) -> str:
        out, count = self._new(), self._new()
        self.put(pad, f"{out} = []", "while True:")
        self._varint(pad + " ", count)
        self.put(pad, f" if not {count}: break", f" if {count} & 1: raise ValueError('block')")
        self.put(pad, f" for _ in range({count} >> 1):")
        item = self.value(node["items"], pad + "  ", build=build)
        self.put(pad, f"  {out}.append({item})")
        return out

    def _record(self, node: Mapping[str, Any], pad: str, *, build: bool) -> str:
        self.names[node["name"]] = node
        parts = {it["name"]: self.value(it["type"], pad, build=build) for it in node["fields"]}
        if not build:
            return "None"
        out = self._new()
        if "timestamp" in parts:
            names = ("status", "timestamp", "success", "phase")
            self.put(pad, f"{out} = state({', '.join(parts[name] for name in names)})")
        else:
            items = ", ".join(f"{name!r}: {value}" for name, value in parts.items())
            self.put(pad, f"{out} = {{{items}}}")
        return out


def _signal(token: str | None, ads: list[str], current: Signal, previous: Signal | None) -> Signal:
    if not token:
        msg = "token"
        raise ValueError(msg)
    told = {
        "typeCode": "ApplicationStatusUpdate",
        "token": token,
        "positionProfileIds": ads,
        "current": current,
    }
    if previous is not None:
        told["previous"] = previous
    return told


def _state(status: Signal, timestamp: str, success: bool | None, phase: Signal | None) -> Signal:  # noqa: FBT001 -- called by generated code
    told = {"status": status, "timestamp": timestamp, "success": success}
    if phase is not None:
        told["phase"] = phase
    return told


def _rfc3339(timestamp_ms: int) -> str:
    second, milli = divmod(timestamp_ms, 1_000)
    day, time = divmod(second, 86_400)
    return _date(day) + _TIMES[time] + _MILLIS[milli]


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%dT")
