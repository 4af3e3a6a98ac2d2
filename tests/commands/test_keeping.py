"""The folder of traces: made where there is none, and ignored by git unless somebody wants it there."""

from __future__ import annotations

from pathlib import Path

from counterpoint.harness.keeping import keep
from counterpoint.harness.starting.adder import SCENARIO
from counterpoint.model.search.replay import judge
from tests.support.runs import random_trace


def test_the_usual_folder_ignores_itself_where_it_is_new(tmp_path: Path) -> None:
    trace, folder = random_trace(SCENARIO, 0), tmp_path / ".counterpoint"
    keep(folder / "a.trace.jsonl", trace, judge(trace))
    ignored = folder / ".gitignore"
    assert ignored.read_text(encoding="utf-8").splitlines()[-1] == "*"
    ignored.unlink()
    kept = keep(folder / "b.trace.jsonl", trace, judge(trace))
    assert (kept.problem, ignored.exists()) == ("", False)


def test_a_folder_that_was_named_is_not_hidden_from_git(tmp_path: Path) -> None:
    trace = random_trace(SCENARIO, 0)
    keep(tmp_path / "traces" / "a.trace.jsonl", trace, judge(trace))
    assert [path.name for path in (tmp_path / "traces").iterdir()] == ["a.trace.jsonl"]
