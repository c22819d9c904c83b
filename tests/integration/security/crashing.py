"""A service with a defect: whatever it is told of makes it fail, with a message that quotes."""

from __future__ import annotations

import os
import threading

import typer

from consumer.adapters.avro.registry import connect
from consumer.app import assembled
from consumer.cli.application import run_application
from consumer.cli.verbs import Verb
from consumer.observed import Occurrence, Snapshot, TookIn
from consumer.settings.load import load_settings

CANARY = "CANARY_VARIABLE"
"""Names what the defect quotes."""


class Defect:
    """Satisfies `Telemetry`, so that it is called from inside the loop."""

    def note(self, occurrence: Occurrence) -> None:
        if not isinstance(occurrence, TookIn):
            return
        quoted = os.environ[CANARY]
        raise ValueError({"label": quoted}) from KeyError(quoted)

    def show(self, snapshot: Snapshot) -> None:
        """Only records are its trouble."""


def run() -> None:
    """Fail."""
    environ = {name: value for name, value in os.environ.items() if name != CANARY}
    settings = load_settings(environ, None)
    registry = connect(settings.registry.client_config())
    with assembled(settings, registry, Defect()) as service:
        raise typer.Exit(service.run(threading.Event()))


if __name__ == "__main__":
    raise SystemExit(run_application(["fail"], [Verb("fail", f"{__spec__.name}:run", "Fail.")]))
