"""What can stop the service. Everything else is a value (an outcome) or a hold."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How the process ends; part of the command's interface."""

    OK = 0
    FAILED = 1
    BAD_CONFIGURATION = 2
    BROKEN_INVARIANT = 3
    FENCED = 4
    """Another process took this member's place (static membership)."""
    KAFKA_FATAL = 5
    DRAIN_OVERRAN = 6
    """Shutdown was cut short by the watchdog: duplicates are possible, loss is not."""
    BUSY = 7
    """Another run is replaying or purging dead letters of the same group."""
    INTERRUPTED = 130


class ConsumerError(Exception):
    """Stops the service; nothing further is committed."""

    exit_code = ExitCode.FAILED


class BadConfigurationError(ConsumerError):
    """Settings that cannot work. `faults` has one line each, all of them."""

    exit_code = ExitCode.BAD_CONFIGURATION

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class BrokenInvariantError(ConsumerError):
    """A rule that the delivery core relies on does not hold: a defect of ours."""

    exit_code = ExitCode.BROKEN_INVARIANT


class FencedError(ConsumerError):
    """This member was replaced by another with the same static id."""

    exit_code = ExitCode.FENCED


class KafkaFatalError(ConsumerError):
    """The Kafka client reported an error that only a restart can clear."""

    exit_code = ExitCode.KAFKA_FATAL
