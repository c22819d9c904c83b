"""An embedded Kafka: librdkafka's mock cluster, in this process.

The library inside confluent-kafka's wheel exports it; ctypes reaches it, so nothing is
installed or started. It speaks Kafka's protocol on 127.0.0.1 to any client.

It is no Kafka to keep data in. A partition holds 5 MiB or 100,000 batches; beyond that the
oldest are dropped without a word, so a publisher has to be paced by its consumer
(`auto.offset.reset=error` shows an overrun). Transactions store no offsets and hide nothing,
and topics cannot be made by an admin client.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import confluent_kafka
import confluent_kafka.cimpl

from consumer.errors import ConsumerError

PARTITION_MAX_BYTES: Final = 5 * 1024 * 1024
PARTITION_MAX_BATCHES: Final = 100_000

_PRODUCER: Final = 0  # RD_KAFKA_PRODUCER; the handle that carries the cluster may be of either kind
_OK: Final = 0  # RD_KAFKA_CONF_OK and RD_KAFKA_RESP_ERR_NO_ERROR
_ERROR_BYTES: Final = 512  # what librdkafka's own examples give it for a message
# The default of 3 s serves groups of many; here one member joins.
_FIRST_REBALANCE_DELAY_MS: Final = 100
# Only emergencies: the mock reports each closed connection, which worries a reader for nothing.
_LOG_LEVEL: Final = b"0"


class MockClusterError(ConsumerError):
    """The embedded Kafka cannot be had on this machine; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MockCluster:
    """A running cluster; gone when its context ends."""

    bootstrap: str
    """`host:port[,host:port…]`, for `bootstrap.servers`."""


@contextmanager
def mock_cluster(
    topics: Mapping[str, int], *, brokers: int = 1
) -> Generator[MockCluster, None, None]:
    """Run a cluster with `topics` (name to number of partitions) for as long as the context.

    Raises `MockClusterError` where the library cannot be found or refuses.
    """
    library = _library(_candidates(Path(confluent_kafka.__file__).parent))
    handle = _carrier(library)
    try:
        cluster = library.rd_kafka_mock_cluster_new(handle, brokers)
        if not cluster:
            msg = f"librdkafka refused an embedded cluster of {brokers} broker(s)"
            raise MockClusterError(msg)
        try:
            yield MockCluster(_furnish(library, cluster, topics, brokers))
        finally:
            library.rd_kafka_mock_cluster_destroy(cluster)
    finally:
        library.rd_kafka_destroy(handle)


def _candidates(package: Path) -> Sequence[Path]:
    """Where the library may be: behind the extension module, else in the wheel's own folders.

    A symbol is searched for in a module's dependencies too, so the extension alone serves
    wherever it is linked dynamically; Linux wheels keep the library in `.libs`, macOS's in
    `.dylibs`.
    """
    return [
        Path(confluent_kafka.cimpl.__file__),
        *sorted((package.parent / f"{package.name}.libs").glob("librdkafka*.so*")),
        *sorted((package / ".dylibs").glob("librdkafka*.dylib")),
    ]


def _library(candidates: Sequence[Path]) -> ctypes.CDLL:
    for path in candidates:
        try:
            return _declared(ctypes.CDLL(str(path)))
        except (OSError, AttributeError):  # Not loadable, or without the mock's symbols.
            continue
    looked = ", ".join(path.name for path in candidates)
    msg = (
        f"the embedded Kafka is part of librdkafka, which was not found (looked in: {looked}); "
        "install confluent-kafka from its binary wheel: pip install --only-binary :all: "
        "--force-reinstall confluent-kafka"
    )
    raise MockClusterError(msg)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """With the types of all functions used: without them, handles are cut to 32 bits."""
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: Mapping[str, tuple[Sequence[type], type | None]] = {
        "rd_kafka_conf_new": ((), handle),
        "rd_kafka_conf_set": ((handle, text, text, text, ctypes.c_size_t), number),
        "rd_kafka_new": ((number, handle, text, ctypes.c_size_t), handle),
        "rd_kafka_destroy": ((handle,), None),
        "rd_kafka_mock_cluster_new": ((handle, number), handle),
        "rd_kafka_mock_cluster_destroy": ((handle,), None),
        "rd_kafka_mock_cluster_bootstraps": ((handle,), text),
        "rd_kafka_mock_topic_create": ((handle, text, number, number), number),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": ((handle, ctypes.c_int32), None),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library


def _carrier(library: ctypes.CDLL) -> int:
    """A client that lends its threads to the cluster and does nothing else."""
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    conf = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(conf, b"log_level", _LOG_LEVEL, error, _ERROR_BYTES)
    handle: int | None = library.rd_kafka_new(_PRODUCER, conf, error, _ERROR_BYTES)
    if handle is None:
        msg = f"librdkafka could not start: {error.value.decode(errors='replace')}"
        raise MockClusterError(msg)
    return handle


def _furnish(library: ctypes.CDLL, cluster: int, topics: Mapping[str, int], brokers: int) -> str:
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, _FIRST_REBALANCE_DELAY_MS)
    for topic, partitions in topics.items():
        create = library.rd_kafka_mock_topic_create  # Takes 0 partitions without complaint.
        if partitions < 1 or create(cluster, topic.encode(), partitions, brokers) != _OK:
            msg = f"the embedded Kafka refused topic {topic!r} with {partitions} partition(s)"
            raise MockClusterError(msg)
    bootstrap: bytes = library.rd_kafka_mock_cluster_bootstraps(cluster)
    return bootstrap.decode()
