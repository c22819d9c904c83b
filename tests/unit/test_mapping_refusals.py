"""What the mapping refuses, by which reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from consumer.domain.events import ApplicationStatusChanged, Event, PositionStatusChanged
from consumer.domain.signals import Reason, Rejected, Signal
from consumer.domain.standings import Step
from consumer.domain.timestamps import MAX_MS, MIN_MS
from tests.unit.mapping_samples import (
    APPLICATION,
    COMPLETED,
    CURRENT,
    LIVE,
    PLAYGROUND,
    POSITION,
    PREVIOUS,
    changed,
    mapped,
    reason,
)

WHITE_SPACE = [chr(code) for code in range(0x11_0000) if chr(code).isspace()]
"""All 29 that Unicode knows."""


class TestWhatIsRefused:
    @pytest.mark.parametrize("blank", ["", " ", "\t\n"])
    def test_blanks_where_something_has_to_be_named(self, blank: str) -> None:
        for event in (APPLICATION, POSITION, COMPLETED):
            assert reason(event._replace(event_id=blank)) is Reason.BLANK_EVENT_ID
        for application in (APPLICATION, COMPLETED):
            assert reason(application._replace(application_id=blank)) is Reason.BLANK_SUBJECT
            assert reason(application._replace(seek_token=blank)) is Reason.BLANK_TOKEN
        assert reason(POSITION._replace(position_id=blank)) is Reason.BLANK_SUBJECT
        for event in (APPLICATION, POSITION):
            ads = ["ad-1", blank]
            assert reason(event._replace(position_profile_ids=ads)) is Reason.BLANK_PROFILE_ID
        profile = APPLICATION._replace(candidate_application_profile_id=blank)
        assert reason(profile) is Reason.BLANK_PROFILE_ID

    @pytest.mark.parametrize("blank", ["", " "])
    @pytest.mark.parametrize("event", [APPLICATION, POSITION])
    def test_blank_labels(
        self, event: ApplicationStatusChanged | PositionStatusChanged, blank: str
    ) -> None:
        step = Step(blank, 1, 2)

        for broken in (
            event._replace(current=changed(CURRENT, status=step)),
            event._replace(current=changed(CURRENT, phase=step)),
            event._replace(previous=changed(PREVIOUS, status=step)),
            event._replace(previous=changed(PREVIOUS, phase=step)),
        ):
            assert reason(broken) is Reason.BLANK_LABEL

    @pytest.mark.parametrize("space", WHITE_SPACE)
    @pytest.mark.parametrize("parts", [("", "token"), ("token", ""), ("to", "ken")])
    def test_a_token_with_white_space(self, parts: Sequence[str], space: str) -> None:
        token = space.join(parts)
        assert reason(APPLICATION._replace(seek_token=token)) is Reason.TOKEN_WHITESPACE
        assert reason(COMPLETED._replace(seek_token=token)) is Reason.TOKEN_WHITESPACE

    def test_a_token_with_an_odd_character_that_is_no_white_space_is_sent(self) -> None:
        assert reason(APPLICATION._replace(seek_token="to\u200bken")) is None  # noqa: S106 -- no secret

    def test_an_unsound_token_even_when_the_profile_id_would_win(self) -> None:
        event = APPLICATION._replace(candidate_application_profile_id="id-1", seek_token="")

        assert reason(event) is Reason.BLANK_TOKEN

    @pytest.mark.parametrize("timestamp_ms", [None, MAX_MS + 1, MIN_MS - 1])
    def test_a_current_state_without_a_time_that_can_be_written(
        self, timestamp_ms: int | None
    ) -> None:
        current = changed(CURRENT, timestamp_ms=timestamp_ms)

        assert reason(APPLICATION._replace(current=current)) is Reason.BAD_TIME
        assert reason(POSITION._replace(current=current)) is Reason.BAD_TIME

    @pytest.mark.parametrize("timestamp_ms", [MAX_MS + 1, MIN_MS - 1])
    def test_a_completion_at_a_time_that_cannot_be_written(self, timestamp_ms: int) -> None:
        assert reason(COMPLETED._replace(completed_at_ms=timestamp_ms)) is Reason.BAD_TIME

    @pytest.mark.parametrize(
        ("playground_id", "live_id", "opaque_id"),
        [
            ("globalPublicTest-WfRFAhG25YC8ADe3", "global-WfRFAhG25YC8ADe3", "eyJhIjoxfQ=="),
            ("seekAnzPublicTest:a:b:1", "seekAnz:a:b:1", "other:a:PublicTest"),
        ],
    )
    def test_an_id_of_the_other_environment(
        self, playground_id: str, live_id: str, opaque_id: str
    ) -> None:
        for on_playground, on_live, opaque in zip(
            *map(_with_identifier, (playground_id, live_id, opaque_id)), strict=True
        ):
            assert reason(on_playground, LIVE) is Reason.WRONG_ENVIRONMENT
            assert reason(on_live, PLAYGROUND) is Reason.WRONG_ENVIRONMENT
            assert isinstance(mapped(on_playground, PLAYGROUND), Signal)
            assert isinstance(mapped(on_live, LIVE), Signal)
            assert isinstance(mapped(opaque, LIVE), Signal)
            assert isinstance(mapped(opaque, PLAYGROUND), Signal)

    def test_every_reason_of_the_mapping_belongs_to_its_stage(self) -> None:
        result = mapped(APPLICATION._replace(event_id=""))

        assert isinstance(result, Rejected)
        assert result.reason.stage == "map"


def _with_identifier(identifier: str) -> Sequence[Event]:
    """The identifier in each place that one can have."""
    return (
        APPLICATION._replace(seek_token=identifier),
        APPLICATION._replace(candidate_application_profile_id=identifier),
        APPLICATION._replace(position_profile_ids=["ad-1", identifier]),
        POSITION._replace(position_profile_ids=[identifier]),
        COMPLETED._replace(seek_token=identifier),
    )
