"""What is published says nothing of the machine that it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, name_of, tracked

PERSONAL = re.compile(r"(?<![\w.}])/(?:home|Users)/[A-Za-z]\w*")
"""A home folder, by name. `$HOME` and `~` are fine."""
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
SHORTEST_TELLING = 4
"""`/` and `/app`, say, occur in other senses."""


def told(text: str) -> set[str]:
    """Folders of a machine that the text names."""
    own = {str(ROOT), str(Path.home())}
    return {path for path in own if len(path) > SHORTEST_TELLING and f"{path}/" in text} | set(
        PERSONAL.findall(text)
    )


def test_no_file_names_a_folder_of_this_machine() -> None:
    telling = {
        name_of(path): names
        for path in tracked()
        if (names := told(path.read_bytes().decode(errors="replace")))
    }

    assert telling == {}


@pytest.mark.parametrize("text", [f"{ROOT}/x", f"see /{'home'}/kim/notes", f"in /{'Users'}/kim."])
def test_such_a_folder_would_be_seen(text: str) -> None:
    assert told(text) != set()


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_lock_files_name_no_host_and_hash_everything(path: Path) -> None:
    text = path.read_text()
    pinned = re.findall(r"^[A-Za-z][\w.-]*(?:\[[\w,-]+\])?==", text, re.MULTILINE)
    hashed = re.findall(r"==\S+(?: ;[^\n]*)? \\\n    --hash=sha256:", text)

    assert "://" not in text
    assert len(pinned) > 20
    assert len(hashed) == len(pinned)


def test_the_lock_for_users_is_a_part_of_the_one_for_developers() -> None:
    """Else what is tested is not what is deployed."""
    users, developers = (
        set(re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?==\S+)", path.read_text(), re.MULTILINE))
        for path in LOCKS
    )
    bare = {re.sub(r"\[.*\]", "", pin) for pin in developers}

    assert {re.sub(r"\[.*\]", "", pin) for pin in users} - bare == set()
