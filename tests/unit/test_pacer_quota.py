"""A steady quota of SEEK's is used to nine tenths and more, and hardly overstepped (design 8).

Ranges: 0.5 to 50 requests a second, as far as 8 in flight can carry; answers after 5 ms to
1 s; a burst of a quarter of a second up to five, at least two requests, and enough for a
Retry-After and two round trips: what is granted meanwhile is lost else, whatever the client
does. Settled means: after 100 s and 300 requests of that quota.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.quota import Account, Bucket, Service

LEAST_USED = 0.9
MOST_THROTTLED = 1 / 20
IN_FLIGHT = 6
"""Of the 8 that may be: what a quota in range needs, so that it can be used."""


def settle(service: Service) -> None:
    service.run(100.0 + 300.0 / service.bucket.per_s)


def settled(service: Service) -> Account:
    """What came of 120 s and 200 requests, once it has settled."""
    settle(service)
    return service.run(120.0 + 200.0 / service.bucket.per_s)


def is_used_well(account: Account) -> bool:
    return account.used >= LEAST_USED and account.throttled <= MOST_THROTTLED


@pytest.mark.parametrize("turn_s", [0.0, 0.05])
@pytest.mark.parametrize("retry_after_s", [None, 1.0])
@pytest.mark.parametrize("latency_s", [0.005, 0.2, 1.0])
@pytest.mark.parametrize("per_s", [0.5, 5.0, 25.0])
def test_a_steady_quota_is_used_and_hardly_overstepped(
    per_s: float, latency_s: float, retry_after_s: float | None, turn_s: float
) -> None:
    per_s = min(per_s, IN_FLIGHT / latency_s)
    bucket = Bucket(per_s, burst=max(2.0, per_s))
    account = settled(Service(bucket, latency_s, retry_after_s, turn_s))
    assert is_used_well(account), account


@pytest.mark.parametrize(("before", "after"), [(4.0, 1.0), (40.0, 10.0), (1.0, 4.0), (10.0, 40.0)])
def test_a_quota_that_changes_midway_is_followed(before: float, after: float) -> None:
    service = Service(Bucket(before, burst=before), latency_s=0.1)
    assert is_used_well(settled(service))
    service.bucket = Bucket(after, burst=after, granted_until_s=service.now_s)
    account = settled(service)
    assert is_used_well(account), account


def test_after_a_quota_was_halved_hardly_anything_is_throttled_for_long() -> None:
    """Also before it has settled: SEEK is not pressed."""
    service = Service(Bucket(40.0, burst=40.0), latency_s=0.05)
    settle(service)
    service.bucket.per_s = 5.0
    assert service.run(10.0).throttled < 0.4
    assert service.run(20.0).throttled <= 0.15


@given(
    latency_s=st.floats(0.005, 1.0),
    share=st.floats(0.0, 1.0),
    change=st.sampled_from([1.0, 0.25, 2.0]),
    retry_after_s=st.sampled_from([None, 1.0, 2.0]),
    burst_s=st.floats(0.25, 5.0),
    turn_s=st.sampled_from([0.0, 0.02, 0.05]),
)
@settings(max_examples=40, derandomize=True)
def test_any_quota_in_range_is_used_and_hardly_overstepped(
    latency_s: float,
    share: float,
    change: float,
    retry_after_s: float | None,
    burst_s: float,
    turn_s: float,
) -> None:
    most = min(50.0, IN_FLIGHT / latency_s)
    per_s = 0.5 * (most / 0.5) ** share
    away_s = retry_after_s + 2 * latency_s if retry_after_s else 0.0
    burst = max(2.0, per_s * max(burst_s, away_s))
    service = Service(Bucket(per_s, burst), latency_s, retry_after_s, turn_s)
    service.bucket.per_s = min(most, max(0.5, per_s / change))
    settle(service)
    service.bucket.per_s = per_s
    account = settled(service)
    assert is_used_well(account), account
