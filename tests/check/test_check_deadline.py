"""A limit on time holds also inside a checker that never looks at a clock."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.checkers.readers import DEFAULT_LIMITS, Cases, read_cases
from counterpoint.harness.checking import properties as check_properties
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.files import check_files
from counterpoint.harness.checking.judges import Task
from counterpoint.harness.checking.properties import NamedProperty
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.harness.commands.check import check
from counterpoint.harness.deadline import TimeIsOver, deadline
from counterpoint.harness.output import BAD_INPUT
from counterpoint.model.verdict import Verdict

TEXT = "client,type,f,value\na,invoke,write,1\na,ok,write,1\n"


def spin() -> None:
    """Work for ever, as a checker without a budget would."""
    count = 0
    while True:
        count += 1


def test_a_loop_without_a_clock_is_stopped() -> None:
    with pytest.raises(TimeIsOver), deadline(0.01):
        spin()
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_no_limit_changes_nothing() -> None:
    with deadline(None):
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_other_threads_go_without() -> None:
    seen = []

    def work() -> None:
        with deadline(0.000001):
            seen.append(sum(range(100_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [4_999_950_000]


def test_a_check_that_takes_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(_task: Task) -> Verdict:
        spin()
        raise AssertionError("nothing ends this but the deadline")

    slow = {"slow": NamedProperty("slow", "never ends", judge)}
    monkeypatch.setattr("counterpoint.harness.checking.cases.PROPERTIES", slow)
    monkeypatch.setattr("counterpoint.harness.deadline.GRACE_SECONDS", 0.0)
    (case,) = read_cases(TEXT, source="memory")
    checked = check_case(case, Wanted(property="slow", timeout_seconds=0.01))
    assert checked.outcome == "undecided"
    assert checked.verdict is not None
    assert checked.verdict.summary == "no verdict within 0.01 seconds"
    assert "slow" not in check_properties.PROPERTIES


def test_the_limit_covers_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def read(_data: bytes, **_options: object) -> Cases:
        spin()
        raise AssertionError("nothing ends this but the deadline")

    file = tmp_path / "long.csv"
    file.write_text(TEXT)
    monkeypatch.setattr("counterpoint.harness.checking.files.read_cases", read)
    monkeypatch.setattr("counterpoint.harness.deadline.GRACE_SECONDS", 0.0)
    (checked,) = check_files([file], timeout_seconds=0.01)
    assert (checked.outcome, checked.property) == ("undecided", "reading")
    assert checked.verdict is not None
    assert checked.verdict.summary == "not read within 0.01 seconds"


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "x"])
def test_a_limit_is_a_finite_number(seconds: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(check, [str(tmp_path), "--timeout", seconds])
    assert result.exit_code == BAD_INPUT
    assert "--timeout" in result.output


def test_a_person_is_told_how_far_reading_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[int, int]] = []
    limits = replace(DEFAULT_LIMITS, progress=lambda done, whole: heard.append((done, whole)))
    monkeypatch.setattr("counterpoint.checkers.readers.csv_table.ROWS_AT_A_TIME", 1)
    read_cases(TEXT, source="memory", limits=limits)
    assert len(heard) == 2
    assert {whole for _, whole in heard} == {len(TEXT)}
