"""What is settled beyond the mark survives a commit, and nothing else is taken for it."""

from __future__ import annotations

import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.commit_memory import FORMAT, SPAN_MAX, Identity, Memory, decode, encode
from consumer.delivery.records import Offset

OURS = Identity("cluster-1", "topic-1")
UNKNOWN = Identity("", "")
MARK = Offset(1000)
ROOM = 4096


def text_of(settled: set[int], identity: Identity = OURS, mark: int = MARK) -> str:
    """Metadata that says that so many after the mark are settled."""
    position = max(settled, default=mark) + 1
    unsettled = [Offset(o) for o in range(mark, position) if o not in settled]
    text, whole = encode(identity, Offset(mark), Offset(position), unsettled, ROOM)
    assert whole
    return text


@given(
    mark=st.integers(0, 2**62),
    settled=st.sets(st.integers(1, 3_000)),
    beyond=st.integers(1, 50),
)
def test_what_is_settled_beyond_the_mark_is_remembered(
    mark: int, settled: set[int], beyond: int
) -> None:
    position = Offset(mark + max(settled, default=0) + beyond)
    unsettled = [Offset(o) for o in range(mark, position) if o - mark not in settled]
    text, whole = encode(OURS, Offset(mark), position, unsettled, ROOM)

    assert whole
    assert decode(text, OURS, Offset(mark)) == Memory(frozenset(Offset(mark + o) for o in settled))


def test_with_nothing_beyond_the_mark_there_is_nothing_to_remember() -> None:
    text, whole = encode(OURS, MARK, MARK, [], ROOM)
    assert whole
    assert decode(text, OURS, MARK) == Memory()


def test_the_format_is_pinned() -> None:
    """What this version wrote, the next has to read."""
    text = "s1;cluster-1;topic-1;1000;f6c12df2;eJz7CgAA9gD2"
    assert decode(text, OURS, MARK) == Memory(frozenset({Offset(1001), Offset(1003)}))


def test_another_clusters_memory_is_ignored() -> None:
    assert decode(text_of({1001}, Identity("other", "topic-1")), OURS, MARK) == Memory()


def test_another_clusters_memory_of_another_topic_says_nothing_of_ours() -> None:
    assert decode(text_of({1001}, Identity("other", "topic-9")), OURS, MARK) == Memory()


def test_a_topic_that_was_made_anew_is_told() -> None:
    text = text_of({1001}, Identity("cluster-1", "topic-9"))
    assert decode(text, OURS, MARK) == Memory(recreated=True)


def test_a_topic_made_anew_is_told_at_another_offset_too() -> None:
    text = text_of(set(), Identity("cluster-1", "topic-9"), mark=5)
    assert decode(text, OURS, MARK) == Memory(recreated=True)


def test_memory_that_was_copied_to_another_offset_is_ignored() -> None:
    assert decode(text_of({1001}), OURS, Offset(999)) == Memory()


@pytest.mark.parametrize(("then", "now"), [(UNKNOWN, OURS), (OURS, UNKNOWN)])
def test_ids_that_the_broker_did_not_tell_are_not_compared(then: Identity, now: Identity) -> None:
    assert decode(text_of({1001}, then), now, MARK) == Memory(frozenset({Offset(1001)}))


@pytest.mark.parametrize("now", [Identity(None, None), Identity("cluster-1", None)])
def test_what_names_a_log_is_unproven_while_no_broker_has_told_which_is_ours(now: Identity) -> None:
    assert decode(text_of({1001}), now, MARK) == Memory(unproven=True)
    assert decode(text_of({1001}, UNKNOWN), now, MARK) == Memory(frozenset({Offset(1001)}))


@given(place=st.integers(0, 200), to=st.characters(codec="utf-8"))
def test_a_mangled_character_is_noticed(place: int, to: str) -> None:
    text = text_of({1001, 1003})
    place %= len(text)
    mangled = text[:place] + to + text[place + 1 :]
    if mangled != text:
        assert decode(mangled, OURS, MARK) == Memory()


def test_what_does_not_fit_drops_the_bitmap_only() -> None:
    position = Offset(MARK + 1 + 20_000)
    scattered = [Offset(MARK + (o * o) % 19_997) for o in range(10_000)]
    text, whole = encode(OURS, MARK, position, [MARK, *scattered], 100)
    assert not whole
    assert text.startswith(f"{FORMAT};cluster-1;topic-1;1000;")
    assert decode(text, OURS, MARK) == Memory()
    assert decode(text, Identity("cluster-1", "topic-9"), MARK).recreated


def test_a_wide_gap_drops_the_bitmap_rather_than_fill_the_memory() -> None:
    text, whole = encode(OURS, MARK, Offset(10**15), [MARK], ROOM)
    assert not whole
    assert decode(text, OURS, MARK) == Memory()


def test_nothing_is_said_to_be_carried_that_would_not_be_read_back() -> None:
    _, widest = encode(OURS, MARK, Offset(MARK + SPAN_MAX), [MARK], ROOM)
    _, wider = encode(OURS, MARK, Offset(MARK + SPAN_MAX + 1), [MARK], ROOM)
    assert (widest, wider) == (True, False)


@pytest.mark.parametrize("room", [0, 10])
def test_whose_offset_it_is_travels_without_any_room_for_a_bitmap(room: int) -> None:
    """Else a topic made anew would not be noticed."""
    text, whole = encode(OURS, MARK, Offset(MARK + 2), [MARK], room)
    assert not whole
    assert decode(text, Identity("cluster-1", "topic-9"), MARK).recreated


def test_ten_thousand_behind_one_stuck_record_fit() -> None:
    """The bound on exposure (P9) is within what a broker takes by default."""
    _, whole = encode(OURS, MARK, Offset(MARK + 10_001), [MARK], ROOM)
    assert whole


@pytest.mark.parametrize("text", [None, "", "s1", "s1;;;;;", "s2;a;b;1000;00000000;", "🙂;" * 5])
def test_a_foreign_text_is_as_if_it_were_not_there(text: str | None) -> None:
    assert decode(text, OURS, MARK) == Memory()


@given(text=st.text() | st.lists(st.text(), min_size=6, max_size=6).map(";".join))
def test_no_text_raises(text: str) -> None:
    assert decode(text, OURS, MARK) == Memory()


def sealed(bitmap: str) -> str:
    """As encode would seal it, whatever the bitmap is."""
    checksum = zlib.crc32(f"cluster-1;topic-1;{MARK};{bitmap}".encode())
    return f"{FORMAT};cluster-1;topic-1;{MARK};{checksum:08x};{bitmap}"


@given(bits=st.binary(max_size=200), packed=st.booleans())
def test_no_bitmap_raises_though_its_checksum_is_right(bits: bytes, *, packed: bool) -> None:
    raw = zlib.compress(bits) if packed else bits
    memory = decode(sealed(b64encode(raw).decode()), OURS, MARK)
    assert all(MARK <= offset < MARK + 8 * max(1, len(bits)) for offset in memory.settled)


def test_a_bitmap_that_is_no_base64_is_as_if_it_were_not_there() -> None:
    assert decode(sealed("%%%"), OURS, MARK) == Memory()


def test_a_bomb_unpacks_to_the_widest_span_only() -> None:
    bomb = b64encode(zlib.compress(bytes(SPAN_MAX))).decode()
    settled = decode(sealed(bomb), OURS, MARK).settled
    assert len(settled) == SPAN_MAX
    assert max(settled) == MARK + SPAN_MAX - 1
