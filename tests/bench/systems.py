"""The service, its prototype and its peers: how each is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.environments import python_of, versions
from tests.bench.parts import OTHERS, SCHEMA, Broker, FarSide

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class System:
    name: str
    label: str
    script: str | None
    """Below this folder, run by the interpreter of the environment `name`; None: the service."""
    distributions: tuple[str, ...]
    """Whose versions the report names."""

    def command(self) -> Sequence[str]:
        """Makes the environment when there is none yet, which takes a while."""
        if self.script is None:
            return [sys.executable, "-m", "consumer", "run"]
        return [str(python_of(self.name)), "-W", "ignore", str(HERE / self.script)]

    def environment(
        self, broker: Broker, far_side: FarSide, group: str, in_flight: int
    ) -> Mapping[str, str]:
        own = _service if self.script is None else _other
        return {"PATH": os.environ["PATH"], **own(broker, far_side, group, in_flight)}

    def versions(self) -> str:
        found = versions(Path(self.command()[0]))
        return ", ".join(f"{name} {found[name]}" for name in self.distributions if name in found)


SERVICE: Final = System(
    "service", "the service", None, ("confluent-kafka", "fastavro", "httptools")
)
PROTOTYPE: Final = System(
    "prototype",
    "own prototype (thread, pycurl, generated)",
    "prototype/main.py",
    ("confluent-kafka", "pycurl", "orjson"),
)
PEERS: Final = (
    System("aiokafka", "aiokafka + aiohttp", "peers/aiokafka_aiohttp.py", ("aiokafka", "aiohttp")),
    System(
        "faststream",
        "FastStream (confluent) + aiohttp",
        "peers/faststream_confluent.py",
        ("faststream", "confluent-kafka", "aiohttp"),
    ),
    System(
        "quixstreams",
        "Quix Streams + urllib3",
        "peers/quixstreams_sink.py",
        ("quixstreams", "confluent-kafka", "urllib3"),
    ),
    System(
        "arroyo",
        "arroyo + urllib3",
        "peers/arroyo_threads.py",
        ("sentry-arroyo", "confluent-kafka", "urllib3"),
    ),
    System("naive", "naive loop", "peers/naive.py", ("confluent-kafka", "requests")),
)
EVERY: Final = (SERVICE, PROTOTYPE, *PEERS)


def _service(broker: Broker, far_side: FarSide, group: str, in_flight: int) -> Mapping[str, str]:
    """Nothing is switched off or tuned but the number in flight, which is the same for all."""
    positions, completed = OTHERS
    return {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "SCHEMA_REGISTRY_URL": far_side.url,
        "SEEK_ENDPOINT": f"{far_side.url}/graphql",
        "SEEK_TOKEN_URL": f"{far_side.url}/token",
        "SEEK_CLIENT_ID": "bench",
        "SEEK_CLIENT_SECRET": "bench",
        "SEEK_SIGNALS_GROUP": group,
        "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": broker.topic,
        "SEEK_SIGNALS_POSITION_STATUS_TOPICS": positions,
        "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": completed,
        "SEEK_SIGNALS_IN_FLIGHT_START": str(in_flight),
        "SEEK_SIGNALS_IN_FLIGHT_MAX": str(in_flight),
        "SEEK_SIGNALS_HTTP_PORT": "0",
        "SEEK_SIGNALS_LOG_FORMAT": "json",
    }


def _other(broker: Broker, far_side: FarSide, group: str, in_flight: int) -> Mapping[str, str]:
    return {
        "BENCH_BOOTSTRAP": broker.bootstrap,
        "BENCH_TOPIC": broker.topic,
        "BENCH_GROUP": group,
        "BENCH_URL": far_side.url,
        "BENCH_IN_FLIGHT": str(in_flight),
        "BENCH_SCHEMA": str(SCHEMA),
    }
