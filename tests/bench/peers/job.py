# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""What every peer does with a record, with the fastest usual parts: fastavro on plain longs,
a mapping by hand, dates from a cache, orjson. No checks, no skips: less than the service does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeVar

import fastavro
import orjson

BOOTSTRAP: Final = os.environ["BENCH_BOOTSTRAP"]
TOPIC: Final = os.environ["BENCH_TOPIC"]
GROUP: Final = os.environ["BENCH_GROUP"]
URL: Final = os.environ["BENCH_URL"] + "/graphql"
IN_FLIGHT: Final = int(os.environ["BENCH_IN_FLIGHT"])
BATCH: Final = 100
HEADERS: Final = {
    "Content-Type": "application/json",
    "Authorization": "Bearer " + "x" * 600,
    "User-Agent": "bench",
}
_QUERY: Final = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"
_MS_A_DAY: Final = 86_400_000

_T = TypeVar("_T")
_Json = dict[str, Any]


def _plain(node: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Without logical types: `datetime`s would cost 40 % of decoding."""
    if isinstance(node, dict):
        if "logicalType" in node:
            return node["type"]
        return {key: _plain(value) for key, value in node.items() if key != "doc"}
    return [_plain(value) for value in node] if isinstance(node, list) else node


_SCHEMA: Final[Any] = fastavro.parse_schema(
    _plain(json.loads(Path(os.environ["BENCH_SCHEMA"]).read_text(encoding="utf-8")))
)


def to_signal(value: bytes) -> _Json:
    record: Any = fastavro.schemaless_reader(BytesIO(value[5:]), _SCHEMA, None)
    signal = {
        "typeCode": "ApplicationStatusUpdate",
        "token": record["seekToken"],
        "positionProfileIds": record["positionProfileIds"],
        "current": _state(record["current"]),
    }
    if (previous := record["previous"]) is not None:
        signal["previous"] = _state(previous)
    return signal


def body_of(signals: Sequence[_Json]) -> bytes:
    return orjson.dumps({"query": _QUERY, "variables": {"input": {"signals": signals}}})


def accepted(status: int, answer: bytes) -> None:
    """Raises for anything else, so that nothing is committed past it."""
    if status != 200 or orjson.loads(answer) != {"data": {"sendSignals": True}}:
        msg = f"HTTP {status}: not accepted"
        raise RuntimeError(msg)


def blocking_post() -> Callable[[Sequence[_Json]], None]:
    import urllib3  # noqa: PLC0415 -- only some environments have it

    pool = urllib3.PoolManager(maxsize=IN_FLIGHT, block=True)

    def post(signals: Sequence[_Json]) -> None:
        answer = pool.request("POST", URL, body=body_of(signals), headers=HEADERS, retries=False)
        accepted(answer.status, answer.data)

    return post


def batches(items: Sequence[_T]) -> list[Sequence[_T]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


def _state(state: _Json) -> _Json:
    told = {
        "status": state["status"],
        "success": state["success"],
        "timestamp": _rfc3339(state["timestamp"]),
    }
    if (phase := state["phase"]) is not None:
        told["phase"] = phase
    return told


def _rfc3339(timestamp_ms: int) -> str:
    day, rest = divmod(timestamp_ms, _MS_A_DAY)
    second, milli = divmod(rest, 1_000)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_date(day)}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
