"""What the runbook and the CronJob tell people to run can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from consumer.cli.application import command
from consumer.cli.dlq.application import application
from consumer.cli.dlq.options import listed
from consumer.letters.advice import ADVICE, advice_on
from consumer.letters.filters import known_classes, known_states
from consumer.letters.letter import CLASSES, SCHEDULED

DEPLOY = Path(__file__).parents[3] / "deploy"
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text()
SHOWN = re.findall(r"^    \$ seek-signals (.+)$", RUNBOOK, re.MULTILINE)
"""Those with their output."""
NAMED = re.findall(r"`(?:seek-signals )?(dlq [^`]+)`", RUNBOOK)
COMMANDS = {*SHOWN, *(line for line in NAMED if "<" not in line)}


def parses(arguments: list[str]) -> bool:
    """And the options that choose letters have values that there are."""
    verbs: Any = get_command(application)
    verb = verbs.commands[arguments[0]]
    given = verb.make_context(arguments[0], arguments[1:]).params
    known_classes(listed(given["class_"]))
    known_states(listed(given["state"]))
    return True


@pytest.mark.parametrize("line", sorted(COMMANDS))
def test_a_command_of_the_runbook_has_options_that_exist(line: str) -> None:
    name, *arguments = shlex.split(line)

    assert name in {verb.name for verb in command().commands.values()}
    assert name != "dlq" or parses(arguments)


def test_the_runbook_shows_every_verb() -> None:
    shown = {line.split()[1] for line in SHOWN if line.startswith("dlq ")}
    assert shown == {"stats", "list", "show", "replay", "purge"}


def test_the_scheduled_job_replays_what_seek_wants_retried_and_asks_nobody() -> None:
    job: Any = yaml.safe_load((DEPLOY / "cronjob" / "replay.yaml").read_text())
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    arguments = container["args"]

    assert parses(arguments[1:])
    assert {a.partition("=")[2] for a in arguments if a.startswith("--class")} == SCHEDULED
    assert {"--yes", "--json"} <= set(arguments)
    assert "--take-over" not in arguments
    assert job["spec"]["concurrencyPolicy"] == "Forbid"


def test_there_is_advice_on_every_class() -> None:
    """Most of what cannot be mapped or decoded is the publisher's to mend."""
    assert all(advice_on(reason) for reason in CLASSES)
    assert set(ADVICE) <= set(CLASSES)
