"""A member is frozen past its session, another takes over, the first wakes up."""

from __future__ import annotations

from tests.faults.oracle.report import Report
from tests.faults.scene import REFUSALS
from tests.integration.member import Member, now_ms
from tests.integration.members import IN_FLIGHT, Company

SLOW_S = 4.0
"""At the freeze every sender waits for an answer, so none is about to begin a request."""
BURST = 400
"""Events that the member has read by then, and would like to send when it wakes up."""
READ_S = 1.0
"""For reading them; the requests that were under way before are answered by then, too."""


def freeze_and_thaw(company: Company) -> Report:
    """Two members, one of them frozen; the oracle's verdict when all is settled."""
    with company.started(2) as (victim, other):
        company.until(lambda: bool(victim.owns and other.owns), "both having partitions")
        _freeze_with_all_requests_under_way(company, victim)
        lost = victim.owns
        company.until(lambda: other.owns >= lost, "the other taking over")
        _until_settled_by_the_other(company)
        victim.thaw()
        woke_ms = now_ms()
        company.until(lambda: bool(company.accepted_since(victim, woke_ms)), "working again")
        company.finish()
        other.leave()
        victim.leave()
    return company.verdict()


def _freeze_with_all_requests_under_way(company: Company, victim: Member) -> None:
    sandbox = company.it.sandbox
    sandbox.set_faults([*REFUSALS, {"fault": "slow", "delayS": SLOW_S}])
    company.publish(BURST)
    read_ms = now_ms() + READ_S * 1000
    company.until(
        lambda: now_ms() > read_ms and sandbox.stats()["inFlight"] == 2 * IN_FLIGHT,
        "all senders waiting",
    )
    victim.freeze()
    sandbox.set_faults(REFUSALS)


def _until_settled_by_the_other(company: Company) -> None:
    """All that the frozen member can have read; and the oracle has seen the commits."""
    oracle, published = company.it.oracle, list(company.it.publisher.published)

    def is_committed() -> bool:
        oracle.look()
        return all(each.offset < oracle.committed.get(each.place, 0) for each in published)

    company.until(is_committed, "the other committing what the frozen member had read")
    looks = company.looks
    company.until(lambda: company.looks > looks + 1, "the oracle seeing it")
