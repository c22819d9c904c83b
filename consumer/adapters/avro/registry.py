"""The schema registry, by its own client; every call is bounded and says what its answer means.

The client's own retries are off: they sleep up to 20 s where nobody can interrupt them.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from consumer.adapters.avro.answer_bounds import UnboundedAnswerError, bound_answers
from consumer.errors import BadConfigurationError, ConsumerError

_TIMEOUT_S: Final = 5
"""For connecting, for each silence while reading, and for the whole body of an answer. A
registry answers in milliseconds."""
_ATTEMPTS: Final = 3
_LONGEST_S: Final = 10.0
"""A blip is worth a few tries at once; a longer outage is the caller's to wait out."""
_TOO_SOON: Final = frozenset({408, 429})
_SERVER_FAULT: Final = 500
_NOT_FOUND: Final = range(40400, 40500)
"""A registry's own codes for "no such thing", 40403 for a schema. A bare 404 is not among
them: proxies and wrong URLs answer that, and it must not turn records into poison (P6)."""
_MAX_DETAIL: Final = 300

_T = TypeVar("_T")


class RegistryError(ConsumerError):
    """The registry refused a registration, or did not answer."""


class WriterSchema(NamedTuple):
    text: str
    kind: str
    """`AVRO`, `JSON` or `PROTOBUF`."""
    references: bool
    """It uses types of other subjects."""


class UnknownId(NamedTuple):
    """The registry answered that it has no such schema (perhaps: not yet)."""


class Away(NamedTuple):
    """No answer, or none that says anything about the id: refused credentials, a fault, …"""

    detail: str


Fetched: TypeAlias = WriterSchema | UnknownId | Away


class Registry(Protocol):
    def fetch(self, schema_id: int) -> Fetched:
        """Blocks, for a bounded time. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryClient:
    """A `Registry`, and registration for those who publish."""

    client: SchemaRegistryClient
    sleep: Callable[[float], None] = time.sleep

    def fetch(self, schema_id: int) -> Fetched:
        try:
            schema = self._attempt(lambda: self.client.get_schema(schema_id))
        except SchemaRegistryError as error:
            if error.error_code in _NOT_FOUND:
                return UnknownId()
            return Away(_detail(error))
        except Exception as error:  # noqa: BLE001 -- no fault of a record, whatever it is (P6)
            return Away(_detail(error))
        if schema.schema_str is None:
            return Away("the answer holds no schema; is this the registry's URL?")
        return WriterSchema(
            schema.schema_str, schema.schema_type or "AVRO", bool(schema.references)
        )

    def register(self, subject: str, text: str) -> int:
        """The schema's id; it may have had one. Raises RegistryError. Blocks."""
        schema = Schema(text, schema_type="AVRO")
        try:
            return self._attempt(lambda: self.client.register_schema(subject, schema))
        except Exception as error:  # The client lets escape whatever it trips over.
            msg = f"the registry did not take the schema of {subject!r}: {_detail(error)}"
            raise RegistryError(msg) from error

    def close(self) -> None:
        self.client.close()

    def _attempt(self, call: Callable[[], _T]) -> _T:
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_LONGEST_S),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            retry=retry_if_exception(_passing),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(call)


def connect(config: Mapping[str, object]) -> RegistryClient:
    """`config`: properties of confluent-kafka's SchemaRegistryClient (`url`,
    `basic.auth.user.info`, `ssl.ca.location`, …); connects at the first call only.

    Raises BadConfigurationError for properties that cannot work.
    """
    settings = {"timeout": _TIMEOUT_S, **config, "max.retries": 0}
    try:
        client = SchemaRegistryClient.new_client(  # pyright: ignore[reportUnknownMemberType] -- takes a bare dict
            settings
        )
    except (ValueError, TypeError, OSError, ssl.SSLError) as error:
        raise BadConfigurationError([f"SCHEMA_REGISTRY: {error}"]) from error
    _bound(client)
    return RegistryClient(client)


def _bound(client: SchemaRegistryClient) -> None:
    """The client gives no other way to its connections. One of `mock://` has none."""
    rest = getattr(client, "_rest_client", None)
    if rest is not None:
        bound_answers(rest.session, float(rest.session.timeout.read or _TIMEOUT_S))


def _passing(error: BaseException) -> bool:
    """Whether another attempt may end otherwise: no answer, or one that asks for patience."""
    if isinstance(error, SchemaRegistryError):
        status = error.http_status_code
        return status in _TOO_SOON or status >= _SERVER_FAULT
    return not isinstance(error, UnboundedAnswerError)


def _detail(error: Exception) -> str:
    if isinstance(error, SchemaRegistryError):
        detail = f"HTTP {error.http_status_code}, code {error.error_code}: {error.error_message}"
    else:
        detail = f"{type(error).__name__}: {error}"
    return detail[:_MAX_DETAIL]
