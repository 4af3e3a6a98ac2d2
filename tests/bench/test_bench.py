"""What is compared, and what is kept: ratios within a round, and a line for each run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from counterpoint.model.scenario import Network
from tests.bench import bench_walks, history
from tests.bench.compare import Compared, Measured, compared, in_turns, main
from tests.bench.measure import Figure


@pytest.mark.slow
@pytest.mark.parametrize("network", get_args(Network))
def test_what_measures_a_step_runs_on_every_network(network: Network) -> None:
    assert bench_walks.step_seconds("mixed", network, 1) > 0


@pytest.mark.slow
def test_what_measures_judging_runs() -> None:
    microseconds, share = bench_walks.judged_step("register", runs=5, rounds=2)
    assert microseconds > 0
    assert share < 100


MODULE = """
import json, sys
walks = {{"name": "walks", "value": {rate}, "unit": "runs/s"}}
figures = [walks, {{"name": {own!r}, "value": 1, "unit": "s"}}]
open(sys.argv[sys.argv.index("--json") + 1], "w").write(json.dumps({{"all": figures}}))
"""


def repository(folder: Path) -> Path:
    """Return a repository of two commits, the second of which is half as fast, and then a third."""
    (folder / "tests" / "bench").mkdir(parents=True)
    (folder / "src" / "counterpoint").mkdir(parents=True)
    for package in ("tests", "tests/bench", "src/counterpoint"):
        (folder / package / "__init__.py").touch()
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder))
    subprocess.run([*git, "init", "--quiet"], check=True)
    for rate, own in ((100, "old"), (50, "new")):
        (folder / "tests" / "bench" / "__main__.py").write_text(MODULE.format(rate=rate, own=own))
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", own], check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("base", "ratio", "code"), [("HEAD~1", "0.50", 1), ("HEAD", "1.00", 0)])
def test_two_commits_are_measured_each_by_its_own_code(
    base: str, ratio: str, code: int, tmp_path: Path
) -> None:
    root = repository(tmp_path / "repository")
    done = CliRunner().invoke(main, [base, "walks", "--rounds", "2", "--root", str(root)])
    assert done.exit_code == code, done.output
    (line,) = (line for line in done.output.splitlines() if line.startswith("  walks "))
    assert f" {ratio}  {ratio} to {ratio}" in line
    assert line.endswith("worse") == (code == 1)
    assert "old" not in done.output, "a figure of one tree alone is not compared"
    trees = subprocess.run(
        ["git", "-C", str(root), "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(trees.stdout.splitlines()) == 1, "what was checked out is gone"


def test_a_commit_that_is_not_there_is_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository")
    done = CliRunner().invoke(main, ["nowhere", "--root", str(root)])
    assert done.exit_code == 1
    assert "nowhere cannot be checked out" in done.output


def test_who_is_measured_first_changes_from_round_to_round() -> None:
    order: list[str] = []

    def measuring(name: str) -> Measured:
        order.append(name)
        return {"walks": (1.0 if name == "base" else 2.0, "runs/s")}

    rounds = in_turns(lambda: measuring("base"), lambda: measuring("now"), rounds=3)
    assert order == ["base", "now", "now", "base", "base", "now"]
    assert [figure.ratios for figure in compared(rounds)] == [(2.0, 2.0, 2.0)]


def test_a_figure_is_worse_only_if_it_is_so_in_every_round() -> None:
    def of(*ratios: float) -> Compared:
        return Compared("a", "s", 1.0, 1.0, ratios)

    assert of(0.8, 0.9, 0.7).is_slower
    assert not of(0.8, 1.01, 0.7).is_slower
    assert not of(0.99, 0.95, 0.98).is_slower


def test_what_lacks_in_a_round_or_has_another_unit_is_not_compared() -> None:
    one: Measured = {"a": (1.0, "s"), "b": (1.0, "s"), "c": (1.0, "s"), "d": (0.0, "s")}
    two: Measured = {"a": (2.0, "s"), "c": (2.0, "ms"), "d": (1.0, "s")}
    assert [figure.name for figure in compared([(one, two), (two, one)])] == ["a"]


def test_each_run_is_a_line_and_the_newest_of_the_same_machine_is_found(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert history.last(path, "here") == {}
    for value in (3.0, 2.0):
        line = history.entry({"walks": [Figure("rate", value, "runs/s")]})
        history.append(path, {**line, "machine": "here", "commit": f"c{value:.0f}"})
    history.append(
        path, {**history.entry({}), "machine": "elsewhere", "figures": {"rate": [9, "s"]}}
    )
    assert history.last(path, "here") == {"rate": (2.0, "c2")}
    assert len(path.read_text().splitlines()) == 3


def test_the_history_that_is_kept_can_be_read() -> None:
    lines = [json.loads(line) for line in history.FILE.read_text(encoding="utf-8").splitlines()]
    assert lines
    for line in lines:
        assert set(line) == {"when", "commit", "machine", "figures"}
        assert line["figures"]
        assert all(value >= 0 and unit for value, unit in line["figures"].values())
