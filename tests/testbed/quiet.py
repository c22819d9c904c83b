"""A log that nobody reads: a client that waits for a broker to start complains all the time."""

from __future__ import annotations

import logging


def swallow() -> logging.Logger:
    logger = logging.Logger("a client that waits")  # noqa: LOG001 - outside the tree on purpose
    logger.addHandler(logging.NullHandler())
    return logger
