"""What a run writes down."""

from __future__ import annotations

from pathlib import Path

from tests.faults.chaos.results import COLUMNS, Row, counted, record, summary
from tests.faults.chaos.run import Outcome
from tests.faults.chaos.stage import Cast
from tests.faults.oracle.report import Report

REPORT: Report = {
    "looks": 9,
    "published": 1_234_567,
    "accepted": 1_000_000,
    "deadLettered": 50_000,
    "due": {},
    "sick": 0,
    "skipped": 184_567,
    "unsettled": 0,
    "lag": 0,
    "behind": {},
    "duplicates": 321,
    "lettersAgain": 7,
    "longestStallS": 9.5,
    "faults": {"broker.kill": 1, "consumer.kill": 4},
    "violations": {},
    "texts": [],
    "verdict": "clean",
    "causes": {"consumer.kill": 321},
}


def row(*wrong: str) -> Row:
    outcome = Outcome(wrong=list(wrong), report=REPORT, rss_kb=102_400, quiet_per_s=2_345.6)
    return Row(Cast(7, 3, "classic", 2_000.0), 1_200.0, outcome)


def test_the_first_row_makes_the_file_and_the_next_is_appended(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    record(row(), file)
    record(row("lost"), file)
    table = [line for line in file.read_text().splitlines() if line.startswith("|")]

    assert len(table) == 4
    assert {line.count("|") for line in table} == {len(COLUMNS) + 1}
    assert "1,234,567" in table[2]
    assert "321: consumer.kill 321" in table[2]
    assert "100 MiB" in table[2]
    assert "| 2,346 |" in table[2]
    assert "clean" in table[2]
    assert "violated" in table[3]


def test_other_columns_than_before_make_another_table(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text("# Results\n\n| date | seed |\n|---|---|\n| today | 3 |\n")
    record(row(), file)
    record(row(), file)
    before, after = file.read_text().split("| today | 3 |\n\n")

    assert before == "# Results\n\n| date | seed |\n|---|---|\n"
    assert len(after.splitlines()) == 4


def test_the_summary_has_a_line_for_each_column() -> None:
    assert len(summary(row())) == len(COLUMNS)


def test_what_happened_most_is_told_first() -> None:
    assert counted({"a": 1, "b": 3_000}) == "b 3,000, a 1"
