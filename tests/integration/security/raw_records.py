"""Records that confluent-kafka does not let one publish: header names that are no UTF-8.

Other languages' clients write whatever bytes they are given, so others can publish them.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

import confluent_kafka

_PRODUCER: Final = 0
_COPY: Final = 2
_TOPIC, _VALUE, _FLAGS, _HEADER = (ctypes.c_int(tag) for tag in (1, 4, 7, 9))
_END: Final = ctypes.c_int(0)
_ERROR_BYTES: Final = 512
_FLUSH_MS: Final = 30_000


def publish_with_header(bootstrap: str, topic: str, value: bytes, header_name: bytes) -> None:
    """One record by librdkafka's C interface; returns when the broker has it."""
    library = _library()
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    config = ctypes.c_void_p(library.rd_kafka_conf_new())
    for name, setting in ((b"bootstrap.servers", bootstrap.encode()), (b"log_level", b"0")):
        assert library.rd_kafka_conf_set(config, name, setting, error, _ERROR_BYTES) == 0
    handle = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, config, error, _ERROR_BYTES))
    try:
        refused = library.rd_kafka_producev(
            handle,
            *(_TOPIC, ctypes.c_char_p(topic.encode())),
            *(_FLAGS, ctypes.c_int(_COPY)),
            *(_VALUE, ctypes.c_char_p(value), ctypes.c_size_t(len(value))),
            *(_HEADER, ctypes.c_char_p(header_name), ctypes.c_char_p(b"v"), ctypes.c_ssize_t(1)),
            _END,
        )
        assert refused == 0
        assert library.rd_kafka_flush(handle, _FLUSH_MS) == 0
    finally:
        library.rd_kafka_destroy(handle)


def _library() -> ctypes.CDLL:
    """The one inside confluent-kafka's wheel."""
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_destroy.restype = None
    return library
