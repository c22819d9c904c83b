"""Whether the newest schema of each topic resolves against ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from consumer.adapters.avro.decoder import compile_decoder
from consumer.domain.signals import Rejected, Skipped
from consumer.letters.advice import advice_on
from consumer.preflight.findings import Finding, fault, ok, warning

_AVRO: Final = "AVRO"


_NOT_FOUND: Final = range(40400, 40500)
_MOST: Final = 300


class NoSubjectError(Exception):
    """The registry has no such subject."""


class RegistryAwayError(Exception):
    """The registry does not answer, or refuses; the text says which."""


def judged(
    topics: Collection[str], newest: Callable[[str], Schema], ignore_types: Collection[str]
) -> Iterator[Finding]:
    """`newest`: of a subject. Raises NoSubjectError or RegistryAwayError."""
    for topic in topics:
        subject, about = f"{topic}-value", f"schema of {topic}"
        try:
            schema = newest(subject)
        except NoSubjectError:
            do = "fine where nobody has published yet, or subjects are named otherwise"
            yield warning(about, f"there is no subject {subject}", do)
            continue
        except RegistryAwayError as error:
            do = "check SCHEMA_REGISTRY_URL, its credentials and the network"
            yield fault("registry", str(error), do)
            return
        yield _judged(about, schema, ignore_types)


def newest_of(client: SchemaRegistryClient, subject: str) -> Schema:
    """Raises NoSubjectError or RegistryAwayError."""
    try:
        return client.get_latest_version(subject).schema
    except SchemaRegistryError as error:
        if error.error_code in _NOT_FOUND:
            raise NoSubjectError(subject) from error
        said = f"HTTP {error.http_status_code}: {error.error_message}"[:_MOST]
        raise RegistryAwayError(said) from error
    except Exception as error:  # The client lets escape whatever it trips over.
        msg = f"does not answer: {type(error).__name__}"
        raise RegistryAwayError(msg) from error


def _judged(about: str, schema: Schema, ignore_types: Collection[str]) -> Finding:
    if (schema.schema_type or _AVRO) != _AVRO:
        return fault(about, f"is {schema.schema_type}", "publish Avro: nothing else is read")
    compiled = compile_decoder(schema.schema_str or "", ignore_types)
    match compiled:
        case Rejected():
            said = f"{compiled.reason.value}: {compiled.detail}"
            return fault(about, said, advice_on(compiled.reason))
        case Skipped():
            return ok(about, "is of a type that SEEK_SIGNALS_IGNORE_TYPES names: skipped")
        case _:
            return ok(about, "resolves to ours")
