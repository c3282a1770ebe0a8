"""What counts as passed and failed."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from run_tests import Tally, run, tally_of_report  # noqa: E402

CASE = '<testcase name="a" status="run"/>'
FAILED = '<testcase name="b" status="run"><failure message="x"/></testcase>'
BROKEN = '<testcase name="c"><error message="x"/></testcase>'
SKIPPED = '<testcase name="d"><skipped/></testcase>'
DISABLED = '<testcase name="e" status="notrun"/>'

ROWS = {
    "all_passed": (CASE * 3, 0, Tally(3, 0, 0)),
    "some_failed": (CASE + FAILED + BROKEN, 1, Tally(1, 2, 0)),
    "skipped_and_disabled": (CASE + SKIPPED + DISABLED, 0, Tally(1, 0, 2)),
    "passed_but_ended_badly": (CASE, 1, Tally(1, 1, 0)),
    "ended_by_a_signal": (CASE, -11, Tally(1, 1, 0)),
    "no_cases": ("", 5, Tally(0, 1, 0)),
}


@pytest.mark.parametrize("cases, status, expected", ROWS.values(), ids=ROWS.keys())
def test_report(tmp_path, cases, status, expected):
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert tally_of_report(report, status) == expected


@pytest.mark.parametrize("text", [None, "", "<testsuites><tests"], ids=["absent", "empty", "cut"])
def test_no_report_is_a_failure(tmp_path, text):
    report = tmp_path / "report.xml"
    if text is not None:
        report.write_text(text)
    assert tally_of_report(report, 0) == Tally(0, 1, 0)


@pytest.mark.parametrize("command, status", [("exit 0", 0), ("exit 3", 3), ("kill -SEGV $$", -11)])
def test_status(command, status):
    assert run(["bash", "-c", command], 30) == status


def test_what_takes_too_long_is_stopped():
    assert run(["bash", "-c", "exec tail -f /dev/null"], 0.2) == -9
