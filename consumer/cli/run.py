"""`seek-signals run`: the service itself."""

from __future__ import annotations

import os
import threading

import structlog
import typer

from consumer.adapters.telemetry.logs import configure_logging
from consumer.app import run_service
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.stopping import StopSignals
from consumer.settings.load import load_settings


def run(config: ConfigOption = None) -> None:
    """Tell SEEK of the status changes in your Kafka.

    Settings come from the environment and a file; `seek-signals settings` shows them all.
    Ends on SIGTERM or Ctrl-C, after what is in flight has landed; a second one ends at once.
    """
    settings = load_settings(os.environ, file_settings(os.environ, config))
    configure_logging(settings.watching.log_level, settings.watching.log_format)
    for warning in settings.warnings:
        structlog.get_logger().warning("setting doubtful", why=warning)
    stop = threading.Event()
    StopSignals(stop).install()
    raise typer.Exit(run_service(settings, stop))
