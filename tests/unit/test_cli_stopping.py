"""Signals: the first asks, the second leaves."""

from __future__ import annotations

import signal
import threading

from consumer.cli.stopping import StopSignals
from consumer.errors import ExitCode


def test_the_first_signal_only_asks_to_stop() -> None:
    stop, left = threading.Event(), list[int]()
    StopSignals(stop, left.append).receive(signal.SIGTERM, None)

    assert stop.is_set()
    assert left == []


def test_the_second_signal_leaves_at_once() -> None:
    left = list[int]()
    signals = StopSignals(threading.Event(), left.append)
    signals.receive(signal.SIGTERM, None)
    signals.receive(signal.SIGINT, None)

    assert left == [ExitCode.INTERRUPTED]


def test_a_first_signal_during_a_stop_of_another_cause_does_not_cut_the_drain_short() -> None:
    stop, left = threading.Event(), list[int]()
    stop.set()
    StopSignals(stop, left.append).receive(signal.SIGTERM, None)

    assert left == []


def test_both_signals_are_taken() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = threading.Event()
    try:
        StopSignals(stop).install()
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
