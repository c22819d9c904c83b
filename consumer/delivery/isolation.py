"""Which signals of a refused batch to send again together, and in which order.

The answer is a list of chains. Chains share no subject, so they may be sent in any order
or at once; the parts of one chain are sent one after the other, which keeps the order of
a subject (P3). Splitting always ends: each part is smaller than the batch it came from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from consumer.delivery.lanes import Parcel

Chain: TypeAlias = list[list[Parcel]]


def split(parcels: Sequence[Parcel], culprits: Collection[int]) -> list[Chain]:
    """Culprits alone and the rest together, where SEEK names them; else two halves."""
    named = {index for index in culprits if 0 <= index < len(parcels)}
    if named:
        return _around(parcels, named)
    return _halves(parcels)


def one_by_one(parcels: Sequence[Parcel]) -> list[Chain]:
    """Every signal alone: the search has cost enough."""
    return [[[parcel] for parcel in group] for group in _by_subject(parcels)]


def _around(parcels: Sequence[Parcel], named: set[int]) -> list[Chain]:
    suspects = {parcels[index].signal.subject for index in named}
    guilty = {id(parcels[index]) for index in named}
    rest = [parcel for parcel in parcels if parcel.signal.subject not in suspects]
    suspected = [parcel for parcel in parcels if parcel.signal.subject in suspects]
    chains = [_cut(group, guilty) for group in _by_subject(suspected)]
    return [*chains, [rest]] if rest else chains


def _cut(group: Sequence[Parcel], guilty: set[int]) -> Chain:
    """One subject's parcels: each culprit alone, what lies between them together."""
    chain: Chain = []
    innocent_run = False
    for parcel in group:
        innocent = id(parcel) not in guilty
        if innocent and innocent_run:
            chain[-1].append(parcel)
        else:
            chain.append([parcel])
        innocent_run = innocent
    return chain


def _halves(parcels: Sequence[Parcel]) -> list[Chain]:
    groups = _by_subject(parcels)
    if len(groups) == 1:
        middle = len(parcels) // 2
        return [[list(parcels[:middle]), list(parcels[middle:])]]
    left: list[Parcel] = []
    right: list[Parcel] = []
    for number, group in enumerate(groups):
        last_must_go_right = number == len(groups) - 1
        fits = 2 * (len(left) + len(group)) <= len(parcels) + 1
        (left if (fits or not left) and not last_must_go_right else right).extend(group)
    return [[left], [right]]


def _by_subject(parcels: Iterable[Parcel]) -> list[list[Parcel]]:
    groups: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        groups.setdefault(parcel.signal.subject, []).append(parcel)
    return list(groups.values())
