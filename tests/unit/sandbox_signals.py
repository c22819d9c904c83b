"""Signals as a well-behaved live sender makes them, to be spoilt by tests."""

from __future__ import annotations

JOB_AD = "seekAnz:positionProfile:jobAd:27cuZeA47"
APPLICATION = "seekAnz:candidateProfile:apply:7DtW6Q68gk2R4okNGhvg1Y"
TOKEN = "global-WfRFAhG25YC8ADe3QvxAVz"  # noqa: S105 -- made up


def state(label: str = "Interview") -> dict[str, object]:
    return {
        "status": {"label": label, "index": 2, "total": 5},
        "success": None,
        "timestamp": "2020-01-02T00:00:00.000Z",
        "phase": {"label": "Shortlist", "index": 1, "total": 3},
    }


def complete(token: str = TOKEN) -> dict[str, object]:
    return {"typeCode": "ApplicationComplete", "token": token}


def moved(token: str = TOKEN, label: str = "Interview") -> dict[str, object]:
    return {"typeCode": "ApplicationStatusUpdate", "token": token, "current": state(label)}


def moved_within_seek(profile_id: str = APPLICATION) -> dict[str, object]:
    return {
        "typeCode": "ApplicationStatusUpdate",
        "candidateApplicationProfileId": profile_id,
        "current": state(),
    }


def opened(*job_ads: str) -> dict[str, object]:
    return {
        "typeCode": "PositionStatusUpdate",
        "positionProfileIds": list(job_ads or [JOB_AD]),
        "current": state("Open"),
    }
