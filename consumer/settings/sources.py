"""Settings of what is read, and of who it is sent to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from consumer.settings.section import Section
from consumer.settings.values import (
    Count,
    GroupName,
    Moment,
    Names,
    Seconds,
    SecureAddress,
    StartAt,
    Topics,
    WebAddress,
)

LIVE_AUDIENCE = "https://graphql.seek.com"
PLAYGROUND_AUDIENCE = "https://test.graphql.seek.com"


class SourceSettings(Section):
    """Topics, group, and where to begin."""

    group: GroupName = Field(
        "seek-signals",
        description="Consumer group; KAFKA_GROUP_ID says the same. Names the .dlq, .retry and "
        ".dlq.state topics, so one name finds everything of one deployment.",
    )
    application_status_topics: Topics = Field(
        ("ats.application-status-changed",),
        description="Topics of application_status_changed, commas between; `publish` writes here.",
    )
    position_status_topics: Topics = Field(
        ("ats.position-status-changed",),
        description="Topics of position_status_changed. Empty: none is read.",
    )
    application_completed_topics: Topics = Field(
        ("ats.application-completed",),
        description="Topics of application_completed. Empty: none is read.",
    )
    ignore_types: Names = Field(
        (),
        description="Avro record types to skip. None: a type that nobody listed is a dead letter, "
        "so that a misspelt one is seen.",
    )
    start: StartAt = Field(
        "earliest",
        description="Where a topic without any committed offset begins: earliest, latest or an "
        "RFC 3339 time. earliest loses nothing.",
    )
    start_confirmed_until: Moment | None = Field(
        None,
        description="With latest or a time, a start without offsets skips records, and lost "
        "offsets look like a new group. Until this RFC 3339 time it is confirmed, after it the "
        "service holds.",
    )
    session_timeout_s: Seconds = Field(
        45.0,
        description="With group.protocol=consumer only: the broker's "
        "group.consumer.session.timeout.ms, which the client cannot see. 45 s is Kafka's default.",
    )
    record_bytes_max: Count = Field(
        1_048_576,
        description="A larger record is a dead letter (too_large): status changes are below 1 KiB, "
        "and Kafka's own default for a record is 1 MiB.",
    )
    unknown_schema_s: Seconds = Field(
        300.0,
        description="How long a schema id that the registry does not know is asked for before the "
        "record is a dead letter: registries replicate late.",
    )

    @property
    def sources(self) -> tuple[str, ...]:
        """All source topics, in the order of their kinds; the retry topic is not among them."""
        return (
            *self.application_status_topics,
            *self.position_status_topics,
            *self.application_completed_topics,
        )

    @property
    def dlq_topic(self) -> str:
        return f"{self.group}.dlq"

    @property
    def retry_topic(self) -> str:
        return f"{self.group}.retry"

    @property
    def state_topic(self) -> str:
        return f"{self.group}.dlq.state"

    @property
    def start_time_ms(self) -> int | None:
        """Milliseconds since the epoch; None when the start is `earliest` or `latest`."""
        return round(self.start.timestamp() * 1000) if isinstance(self.start, datetime) else None


class RegistrySettings(Section):
    """The schema registry, with an API like Confluent's."""

    prefix: ClassVar[str] = "SCHEMA_REGISTRY_"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"password", "ssl_key_password"})
    from_file_fields: ClassVar[frozenset[str]] = secret_fields
    placeholders: ClassVar[Mapping[str, str]] = MappingProxyType({"url": "https://localhost"})

    url: WebAddress = Field(
        description="Base address of the registry, as in https://registry.example:8081. "
        "No default: schemas of the wrong registry would decode to nonsense."
    )
    username: str | None = Field(
        None, min_length=1, description="For basic authentication; none by default."
    )
    password: SecretStr | None = Field(None, description="For basic authentication.")
    ssl_ca_location: Path | None = Field(
        None, description="CA file (PEM); the machine's own CAs by default."
    )
    ssl_certificate_location: Path | None = Field(
        None, description="Client certificate (PEM), for mutual TLS."
    )
    ssl_key_location: Path | None = Field(None, description="Key of the client certificate (PEM).")
    ssl_key_password: SecretStr | None = Field(None, description="Password of that key.")
    timeout_s: Seconds = Field(
        10.0,
        description="One request. Look-ups run beside the loop, so waiting delays nothing else.",
    )

    def client_config(self) -> dict[str, object]:
        """For `SchemaRegistryClient`. Holds secrets: never log it."""
        locations = {
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
        }
        config: dict[str, object] = {"url": self.url, "timeout": self.timeout_s}
        config |= {name: str(path) for name, path in locations.items() if path is not None}
        if self.ssl_key_password is not None:
            config["ssl.key.password"] = self.ssl_key_password.get_secret_value()
        if self.username is not None and self.password is not None:
            config["basic.auth.user.info"] = f"{self.username}:{self.password.get_secret_value()}"
        return config


class SeekSettings(Section):
    """SEEK's addresses and the partner's credentials (contract 3)."""

    prefix: ClassVar[str] = "SEEK_"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})
    from_file_fields: ClassVar[frozenset[str]] = frozenset({"client_id", "client_secret"})
    unset_fields: ClassVar[frozenset[str]] = frozenset({"client_id_file", "client_secret_file"})
    placeholders: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"client_id": "?", "client_secret": "?"}
    )

    client_id: str = Field(
        min_length=1, description="From SEEK's Developer Dashboard. No default can exist."
    )
    client_secret: SecretStr = Field(
        min_length=1,
        description="From SEEK's Developer Dashboard. As SEEK_CLIENT_SECRET_FILE it is read again "
        "for each new token, so that it can be rotated without a restart.",
    )
    audience: str = Field(
        LIVE_AUDIENCE,
        min_length=1,
        description=f"OAuth audience; it alone decides between live and Playground "
        f"({PLAYGROUND_AUDIENCE}).",
    )
    audience_is: Literal["live", "playground"] | None = Field(
        None,
        description="What an audience other than SEEK's two plays. No default: taking the "
        "Playground for live, or the reverse, would misjudge every answer.",
    )
    endpoint: SecureAddress = Field(
        f"{LIVE_AUDIENCE}/graphql", description="GraphQL endpoint; SEEK's, for both audiences."
    )
    token_url: SecureAddress = Field(
        "https://auth.seek.com/oauth/token", description="OAuth token endpoint; SEEK's."
    )
    ssl_ca_location: Path | None = Field(
        None,
        description="CA file (PEM) to verify SEEK by; the machine's own CAs by default. For a "
        "sandbox or a proxy with a CA of its own.",
    )
    client_id_file: Path | None = None
    client_secret_file: Path | None = None

    @property
    def playground(self) -> bool:
        """Whether the audience is the Playground's, or plays it."""
        return self.audience == PLAYGROUND_AUDIENCE or self.audience_is == "playground"
