"""Which topic each type of event is published to."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.demo.expectations import Kind
from consumer.errors import BadConfigurationError
from consumer.settings.sources import SourceSettings


def topics_of(source: SourceSettings, named: Sequence[str]) -> dict[Kind, str]:
    """Each kind's topic; `named` (`TYPE=NAME`) goes before the settings. A kind may have none.

    Raises `BadConfigurationError` for a name that is none, and where the settings leave a choice.
    """
    chosen, faults = _named_topics(named)
    for kind, topics in _settings_topics(source).items():
        match topics:
            case _ if kind in chosen:
                continue
            case [topic]:
                chosen[kind] = topic
            case [_, *_]:
                faults.append(_which(kind, topics))
            case _:
                continue
    if faults:
        raise BadConfigurationError(faults)
    return chosen


def _settings_topics(source: SourceSettings) -> dict[Kind, Sequence[str]]:
    return {
        Kind.APPLICATION_STATUS_CHANGED: source.application_status_topics,
        Kind.POSITION_STATUS_CHANGED: source.position_status_topics,
        Kind.APPLICATION_COMPLETED: source.application_completed_topics,
    }


def _which(kind: Kind, topics: Sequence[str]) -> str:
    listed = ", ".join(topics)
    return f"{kind} has {len(topics)} topics ({listed}): choose one with --topic {kind}=NAME"


def _named_topics(named: Sequence[str]) -> tuple[dict[Kind, str], list[str]]:
    chosen: dict[Kind, str] = {}
    faults: list[str] = []
    for text in named:
        kind, _, name = text.partition("=")
        if kind in set(Kind) and name:
            chosen[Kind(kind)] = name
        else:
            faults.append(f"--topic {text}: write TYPE=NAME, TYPE one of {', '.join(Kind)}")
    return chosen, faults
