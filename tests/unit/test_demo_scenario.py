"""What goes wrong at SEEK during the demo."""

from __future__ import annotations

from consumer.demo.expectations import ToBeBuried
from consumer.demo.scenario import AWAY, PUBLISHING_S, SPELLS, THROTTLED, faults, spell_at
from consumer.demo.stream import believable_stream
from consumer.sandbox.fault_kinds import Refuse, Status


def test_spells_come_one_after_the_other_while_events_are_published() -> None:
    assert spell_at(None) is None
    assert spell_at(AWAY.after_s - 0.1) is None
    assert spell_at(AWAY.after_s) is AWAY
    assert spell_at(AWAY.after_s + AWAY.seconds) is None
    assert spell_at(THROTTLED.after_s + 0.1) is THROTTLED
    assert all(spell.after_s + spell.seconds < PUBLISHING_S for spell in SPELLS)


def test_in_a_longer_demo_spells_come_again_each_minute() -> None:
    assert spell_at(60 + AWAY.after_s) is AWAY
    assert spell_at(120 + THROTTLED.after_s + 0.1) is THROTTLED
    begins = [f.after_s for f in faults(150.0) if isinstance(f, Status) and f.status == 503]
    assert begins == [AWAY.after_s + minute * 60 for minute in range(3)]
    assert len([f for f in faults() if isinstance(f, Status)]) == len(SPELLS)


def test_seek_refuses_just_the_tokens_that_the_stream_expects_it_to() -> None:
    marks = [fault.match.token for fault in faults() if isinstance(fault, Refuse)]
    stream = believable_stream(seed=2, events=2_000, now_ms=1_780_000_000_000)

    for event in stream:
        if isinstance(event.value, dict):
            token = str(event.value.get("seekToken"))
            matched = any(mark and token.startswith(mark.rstrip("*")) for mark in marks)
            refused = isinstance(event.expectation, ToBeBuried) and event.expectation.reason in {
                "bad_user_input",
                "forbidden",
            }
            assert matched == refused
