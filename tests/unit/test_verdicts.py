"""What of an outage's code operators get to read."""

from __future__ import annotations

import pytest

from consumer.delivery.verdicts import Fault, Outage

MISMATCH = "SSLCertVerificationError, certificate is not valid for '127.0.0.1'."


@pytest.mark.parametrize("fault", [Fault.TRANSPORT, Fault.TOKEN_ENDPOINT])
def test_what_is_wrong_about_a_certificate_is_shown_whole(fault: Fault) -> None:
    assert Outage(fault, MISMATCH).plain_code == MISMATCH


def test_a_code_of_seeks_that_is_no_code_is_not_shown() -> None:
    assert Outage(Fault.UNKNOWN_CODE, "'Jane'").plain_code == "a code of 6 characters"
    assert Outage(Fault.UNKNOWN_CODE, "NEW_CODE").plain_code == "NEW_CODE"
