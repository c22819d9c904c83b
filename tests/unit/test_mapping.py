"""The business table: what each event comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from consumer.domain.events import Event
from consumer.domain.mapping import MappingPolicy, map_event
from consumer.domain.signals import (
    Signal,
    Skipped,
    SkipReason,
    TypeCode,
    Warn,
)
from consumer.domain.standings import Step
from consumer.domain.timestamps import MAX_MS, MIN_MS
from tests.unit.mapping_samples import (
    APPLICATION,
    COMPLETED,
    DAY_MS,
    JAN_1_MS,
    JAN_2_MS,
    LIVE,
    NOW_MS,
    PLAYGROUND,
    POSITION,
    PREVIOUS,
    changed,
    fields,
    mapped,
    signal,
    state_of,
    with_current,
)

EXAMPLE = Path(__file__).parents[2] / "schemas" / "seek" / "example-send-signals.json"


class TestWhatIsSent:
    def test_seeks_own_example_is_reproduced(self) -> None:
        """After GraphQL's list coercion: ids go as a list, the example has a bare one."""
        expected = json.loads(EXAMPLE.read_text())["input"]["signals"]
        expected[1]["positionProfileIds"] = [expected[1]["positionProfileIds"]]
        application = APPLICATION._replace(
            seek_token="globalPublicTest-WfRFAhG25YC8ADe3QvxAVz",  # noqa: S106 -- from SEEK's page
            position_profile_ids=[],
            current=state_of(
                Step("Successful", 11, 14), Step("HIRED", 5, 7), success=True, timestamp_ms=JAN_2_MS
            ),
            previous=state_of(Step("Accepted", 7, 14), Step("OFFER", 4, 7), None, JAN_1_MS),
        )
        position = POSITION._replace(
            position_profile_ids=["seekAnzPublicTest:positionProfile:jobAd:27cuZeA47"],
            current=state_of(
                Step("Withdrawn", 6, 6), Step("CLOSED", 4, 4), success=False, timestamp_ms=JAN_2_MS
            ),
            previous=state_of(Step("Review", 4, 6), Step("OPEN", 3, 4), None, JAN_1_MS),
        )

        sent = [signal(event, PLAYGROUND) for event in (application, position)]

        assert [fields(it) for it in sent] == expected
        assert [it.warnings for it in sent] == [(), ()]

    def test_an_external_application_sends_its_token_and_the_positions_ads(self) -> None:
        it = signal(APPLICATION)

        assert it.type_code is TypeCode.APPLICATION_STATUS_UPDATE
        assert (it.subject, it.hirer_id) == ("application:app-1", "hirer-1")
        assert it.occurred_at_ms == JAN_2_MS + 250
        assert fields(it) == {
            "typeCode": "ApplicationStatusUpdate",
            "token": "token-1",
            "positionProfileIds": ["ad-1"],
            "current": {
                "status": {"label": "Interview", "index": 3, "total": 6},
                "success": None,
                "timestamp": "2020-01-02T00:00:00.000Z",
                "phase": {"label": "Shortlist", "index": 2, "total": 3},
            },
            "previous": {
                "status": {"label": "Review", "index": 2, "total": 6},
                "success": None,
                "timestamp": "2020-01-01T00:00:00.000Z",
                "phase": {"label": "Shortlist", "index": 2, "total": 3},
            },
        }

    def test_the_ads_beside_the_token_are_a_setting(self) -> None:
        policy = MappingPolicy(playground=False, job_ads_on_external=False)

        assert "positionProfileIds" not in fields(signal(APPLICATION, policy))

    def test_ads_that_are_not_known_never_block_an_application(self) -> None:
        told = fields(signal(APPLICATION._replace(position_profile_ids=[])))

        assert list(told) == ["typeCode", "token", "current", "previous"]

    def test_an_optimised_apply_application_sends_its_profile_id_alone(self) -> None:
        event = APPLICATION._replace(seek_token=None, candidate_application_profile_id="id-1")

        it = signal(event)

        assert list(fields(it)) == [
            "typeCode",
            "candidateApplicationProfileId",
            "current",
            "previous",
        ]
        assert fields(it)["candidateApplicationProfileId"] == "id-1"
        assert it.warnings == ()

    def test_the_profile_id_wins_over_the_token_with_a_warning(self) -> None:
        it = signal(APPLICATION._replace(candidate_application_profile_id="id-1"))

        assert "token" not in fields(it)
        assert fields(it)["candidateApplicationProfileId"] == "id-1"
        assert it.warnings == (Warn.TWO_IDENTIFIERS,)

    def test_a_position_sends_all_its_ads(self) -> None:
        it = signal(POSITION)

        assert it.type_code is TypeCode.POSITION_STATUS_UPDATE
        assert (it.subject, it.hirer_id) == ("position:pos-1", None)
        assert list(fields(it)) == ["typeCode", "positionProfileIds", "current", "previous"]
        assert fields(it)["positionProfileIds"] == ["ad-1", "ad-2"]

    def test_a_completed_application_sends_when_the_form_was_submitted(self) -> None:
        it = signal(COMPLETED)

        assert it.type_code is TypeCode.APPLICATION_COMPLETE
        assert it.subject == "application:app-1"
        assert fields(it) == {
            "typeCode": "ApplicationComplete",
            "token": "token-1",
            "timestamp": "2020-01-02T00:00:00.000Z",
        }

    @pytest.mark.parametrize("success", [True, False, None])
    def test_success_is_always_explicit(self, success: bool | None) -> None:  # noqa: FBT001 -- the data under test
        assert _part(signal(with_current(success=success)), "current")["success"] is success

    def test_what_is_absent_is_left_out(self) -> None:
        told = fields(signal(with_current(phase=None)._replace(previous=None)))

        assert list(told) == ["typeCode", "token", "positionProfileIds", "current"]
        assert "phase" not in _part(signal(with_current(phase=None)), "current")

    @pytest.mark.parametrize("label", ["HIRED", "  Final  interview ", "面接", "a" * 5_000])
    def test_labels_pass_through_untouched(self, label: str) -> None:
        it = signal(with_current(status=Step(label, 3, 6)))

        assert _part(it, "current")["status"] == {"label": label, "index": 3, "total": 6}

    @pytest.mark.parametrize("token", ["eyJhIjoxfQ==", "a%20b", "+/-_.~", "Ä", "x" * 5_000])
    def test_tokens_pass_through_untouched(self, token: str) -> None:
        for event in (APPLICATION, COMPLETED):
            assert fields(signal(event._replace(seek_token=token)))["token"] == token


class TestTiming:
    """The two tables of contract 2.4: each move is a signal, and when it happened is its time."""

    MOVES_MS = (JAN_2_MS + 9 * 3_600_000, JAN_2_MS + 10 * 3_600_000, JAN_2_MS + 17 * 3_600_000)

    def test_three_moves_of_a_day_are_three_signals_with_their_times(self) -> None:
        sent = [signal(with_current(timestamp_ms=moved_ms)) for moved_ms in self.MOVES_MS]

        assert [_part(it, "current")["timestamp"] for it in sent] == [
            "2020-01-02T09:00:00.000Z",
            "2020-01-02T10:00:00.000Z",
            "2020-01-02T17:00:00.000Z",
        ]

    @pytest.mark.parametrize("event", [APPLICATION, POSITION, COMPLETED])
    def test_the_time_of_a_synchronisation_is_never_a_signals_time(self, event: Event) -> None:
        """Neither when the ATS recorded the event nor when we map it: the bytes are the same."""
        midnight_ms = JAN_2_MS + DAY_MS
        synchronised = event._replace(occurred_at_ms=midnight_ms)

        later = map_event(synchronised, LIVE, midnight_ms + DAY_MS)

        assert isinstance(later, Signal)
        assert later.body == signal(event).body
        assert later.occurred_at_ms == midnight_ms


class TestWhatIsSkipped:
    def test_an_application_that_did_not_come_from_seek(self) -> None:
        assert mapped(APPLICATION._replace(seek_token=None)) == Skipped(SkipReason.NOT_FROM_SEEK)
        assert mapped(COMPLETED._replace(seek_token=None)) == Skipped(SkipReason.NOT_FROM_SEEK)

    def test_a_position_without_an_ad_on_seek(self) -> None:
        event = POSITION._replace(position_profile_ids=[])

        assert mapped(event) == Skipped(SkipReason.NOT_ADVERTISED)


class TestWhatIsSentWithAWarning:
    @pytest.mark.parametrize(("place", "total"), [(0, 6), (7, 6), (-1, 6), (1, 0)])
    def test_an_index_outside_its_range(self, place: int, total: int) -> None:
        status = signal(with_current(status=Step("Interview", place, total)))
        phase = signal(with_current(phase=Step("Shortlist", place, total)))
        previous = signal(
            APPLICATION._replace(previous=changed(PREVIOUS, status=Step("Review", place, total)))
        )

        for it in (status, phase, previous):
            assert it.warnings == (Warn.INDEX_OUTSIDE_RANGE,)
        assert _part(status, "current")["status"] == {
            "label": "Interview",
            "index": place,
            "total": total,
        }

    @pytest.mark.parametrize(("place", "total"), [(1, 6), (6, 6), (1, 1)])
    def test_an_index_at_the_ends_of_its_range_is_fine(self, place: int, total: int) -> None:
        assert signal(with_current(status=Step("Interview", place, total))).warnings == ()

    @pytest.mark.parametrize(
        ("ahead_ms", "warnings"), [(300_000, ()), (300_001, (Warn.FUTURE_TIME,))]
    )
    def test_a_time_in_the_future(self, ahead_ms: int, warnings: Sequence[Warn]) -> None:
        time_ms = NOW_MS + ahead_ms

        assert signal(with_current(timestamp_ms=time_ms)).warnings == warnings
        assert signal(COMPLETED._replace(completed_at_ms=time_ms)).warnings == warnings
        previous = changed(PREVIOUS, timestamp_ms=time_ms)
        assert signal(APPLICATION._replace(previous=previous)).warnings == warnings

    @pytest.mark.parametrize(
        ("age_ms", "warnings"),
        [
            (166 * DAY_MS, ()),
            (166 * DAY_MS + 1, (Warn.TOKEN_NEAR_EXPIRY,)),
            (180 * DAY_MS, (Warn.TOKEN_NEAR_EXPIRY,)),
            (180 * DAY_MS + 1, (Warn.TOKEN_EXPIRED,)),
        ],
    )
    def test_a_token_that_seek_swallows_or_soon_will(
        self, age_ms: int, warnings: Sequence[Warn]
    ) -> None:
        issued_at_ms = NOW_MS - age_ms

        for event in (APPLICATION, COMPLETED):
            assert signal(event._replace(seek_token_issued_at_ms=issued_at_ms)).warnings == warnings

    def test_the_age_of_a_token_that_is_not_sent_is_of_no_interest(self) -> None:
        event = APPLICATION._replace(
            candidate_application_profile_id="id-1", seek_token_issued_at_ms=0
        )

        assert signal(event).warnings == (Warn.TWO_IDENTIFIERS,)

    @pytest.mark.parametrize("timestamp_ms", [None, MAX_MS + 1, MIN_MS - 1])
    def test_a_previous_state_without_a_time_is_left_out(self, timestamp_ms: int | None) -> None:
        """Whatever else it holds: it is never a reason to refuse."""
        previous = changed(PREVIOUS, timestamp_ms=timestamp_ms, status=Step("", 9, 6))

        it = signal(APPLICATION._replace(previous=previous))

        assert "previous" not in fields(it)
        assert it.warnings == (Warn.PREVIOUS_WITHOUT_TIME,)


def _part(it: Signal, name: str) -> dict[str, Any]:
    part = fields(it)[name]
    assert isinstance(part, dict)
    return part
