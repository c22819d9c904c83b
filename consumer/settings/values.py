"""Kinds of values that settings share: how they are written, and what is refused."""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

TOPIC_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
"""What Kafka takes as the name of a topic. No patterns: a new topic must not slip in unseen."""

LONGEST_GROUP = 249 - len(".dlq.state")


def _split(value: object) -> object:
    """A list, or text with commas, since the environment knows no lists."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _topic(value: str) -> str:
    if not TOPIC_NAME.fullmatch(value):
        msg = f"{value!r} is no name of a topic (letters, digits, '.', '_', '-'; no patterns)"
        raise ValueError(msg)
    return value


def _group(value: str) -> str:
    if len(value) > LONGEST_GROUP or not TOPIC_NAME.fullmatch(value):
        msg = (
            f"names topics too (.dlq, .retry, .dlq.state), so it takes letters, digits, "
            f"'.', '_', '-', at most {LONGEST_GROUP} of them"
        )
        raise ValueError(msg)
    return value


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        readable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
        parts = urlsplit("")
    if not readable:
        msg = "is no web address: write https://host[:port][/path]"
        raise ValueError(msg)
    if parts.username or parts.password:
        msg = "must not carry a user or password: they have settings of their own"
        raise ValueError(msg)
    return value


def _encrypted(value: str) -> str:
    if urlsplit(value).scheme != "https" and not is_loopback(value):
        msg = "must begin with https:// (plain http is for this machine's loopback only)"
        raise ValueError(msg)
    return value


def _moment(value: object) -> object:
    """RFC 3339: the offset is part of it, a date alone or a local time is not a moment."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        msg = "is no RFC 3339 time with an offset, as in 2026-01-31T09:00:00Z"
        raise ValueError(msg)
    return value


def _start(value: object) -> object:
    if value in ("earliest", "latest"):
        return value
    try:
        return _moment(value)
    except ValueError:
        msg = "must be earliest, latest or an RFC 3339 time, as in 2026-01-31T09:00:00Z"
        raise ValueError(msg) from None


Topic: TypeAlias = Annotated[str, AfterValidator(_topic)]
Topics: TypeAlias = Annotated[tuple[Topic, ...], BeforeValidator(_split)]
Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_split)]
GroupName: TypeAlias = Annotated[str, AfterValidator(_group)]
WebAddress: TypeAlias = Annotated[str, AfterValidator(_web_address)]
SecureAddress: TypeAlias = Annotated[str, AfterValidator(_web_address), AfterValidator(_encrypted)]
Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
StartAt: TypeAlias = Annotated[Literal["earliest", "latest"] | datetime, BeforeValidator(_start)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""Strictly between 0 and 1."""
Blankless: TypeAlias = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
