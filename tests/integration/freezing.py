"""A member is frozen past its session, another takes over, the first wakes up."""

from __future__ import annotations

from tests.faults.oracle.report import Report
from tests.faults.scene import REFUSALS
from tests.integration.members import IN_FLIGHT, Company, Member, now_ms

SLOW_S = 3.0
"""At the freeze every sender waits for an answer, so none is about to begin a request."""
FAST_ONES_DONE_S = 0.5


def freeze_and_thaw(company: Company) -> Report:
    """Two members, one of them frozen; the oracle's verdict when all is settled."""
    with company.member() as victim, company.member() as other:
        company.until(lambda: bool(victim.owns and other.owns), "both having partitions")
        _freeze_with_all_requests_under_way(company, victim)
        froze_ms, lost = now_ms(), victim.owns
        company.until(lambda: other.owns >= lost, "the other taking over")
        company.until(
            lambda: bool(company.accepted_since(other, froze_ms) & lost),
            "the other sending what was the frozen member's",
        )
        victim.thaw()
        woke_ms = now_ms()
        company.until(lambda: bool(company.accepted_since(victim, woke_ms)), "working again")
        company.finish()
        other.leave()
        victim.leave()
    return company.oracle.verdict()


def _freeze_with_all_requests_under_way(company: Company, victim: Member) -> None:
    sandbox = company.it.sandbox
    sandbox.set_faults([*REFUSALS, {"fault": "slow", "delayS": SLOW_S}])
    slow_ms = now_ms() + FAST_ONES_DONE_S * 1000
    company.until(
        lambda: now_ms() > slow_ms and sandbox.stats()["inFlight"] == 2 * IN_FLIGHT,
        "all senders waiting",
    )
    victim.freeze()
    sandbox.set_faults(REFUSALS)
