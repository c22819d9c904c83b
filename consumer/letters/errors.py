"""What ends a verb of the dead letters, in words that say what to do."""

from __future__ import annotations

from typing import Final

from consumer.errors import ConsumerError, ExitCode
from consumer.letters.standing import Heartbeat


class LettersError(ConsumerError):
    """Kafka or the registry did not do what was asked; nothing half-done is left behind."""


class BadOptionsError(ConsumerError):
    """Options that cannot work, or an answer that is not the one asked for."""

    exit_code = ExitCode.BAD_CONFIGURATION

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))


class BusyError(ConsumerError):
    """Another run is changing the states of the same letters."""

    exit_code = ExitCode.BUSY

    def __init__(self, beat: Heartbeat, now_ms: int) -> None:
        since_s = max(0, now_ms - beat.began_ms) // 1000
        ago_s = max(0, now_ms - beat.beat_ms) // 1000
        super().__init__(
            f"another run is at work: {beat.verb} on {beat.host}, begun {since_s} s ago, last seen "
            f"{ago_s} s ago. Wait until it ends, or end it. If you know that it is dead, wait 30 s "
            "or use --take-over."
        )


class TakenOverError(ConsumerError):
    """Another run began with the same transactional id, so this one may write no more."""

    exit_code = ExitCode.FENCED


class StoppedError(LettersError):
    """Ended by a signal."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("stopped; nothing was changed. To begin again, run the same command")


FAILURES: Final = (LettersError, BusyError, TakenOverError)
"""What ends a verb at work: the rest is settled before it begins."""
