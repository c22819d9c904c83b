"""A dispatcher with parcels in it, and batches that must be there."""

from __future__ import annotations

from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.isolation import split
from consumer.delivery.lanes import Batch
from tests.unit.delivery_samples import Publisher


def anything(_: Batch) -> bool:
    return True


def dispatcher(*subjects: str, size: int = 100, it: Publisher | None = None) -> Dispatcher:
    made = Dispatcher(size)
    for parcel in (it or Publisher()).parcels(*subjects):
        made.add(parcel)
    return made


def taken(it: Dispatcher) -> Batch:
    batch = it.take_ready()
    assert batch is not None
    return batch


def resent(it: Dispatcher, now_s: float = 0.0) -> Batch:
    batch = it.take_sealed(now_s, anything)
    assert batch is not None
    return batch


def halved(it: Dispatcher, batch: Batch) -> list[Batch]:
    return it.divide(batch, split(batch.parcels, ()))
