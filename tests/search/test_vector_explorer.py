"""The numpy exploration: checkpoints, limits and shortest counterexamples change no number."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.harness.catalog import build  # noqa: E402  numpy must be there first
from counterpoint.model.search.columnar.checkpoint import BadCheckpoint  # noqa: E402
from counterpoint.model.search.columnar.explorer import VectorExplorer  # noqa: E402
from counterpoint.model.search.exploration.explore import Explorer, Limits  # noqa: E402
from tests.oracles.abd import system  # noqa: E402
from tests.search.exploring import counts, finished  # noqa: E402
from tests.support.abd import abd  # noqa: E402


def test_a_resumed_exploration_ends_with_the_same_counts(tmp_path: Path) -> None:
    whole = finished(VectorExplorer(system("3", "1", observer=True)))
    path = tmp_path / "deep" / "abd.checkpoint"
    first = VectorExplorer(system("3", "1", observer=True), limits=Limits(states=400))
    assert finished(first).stop == "states"
    first.save(path)
    second = VectorExplorer(system("3", "1", observer=True))
    second.resume(path)
    assert 400 <= second.progress.states < whole.states
    assert counts(finished(second)) == counts(whole)


def test_a_complete_exploration_is_not_counted_again_when_resumed(tmp_path: Path) -> None:
    path = tmp_path / "abd.checkpoint"
    whole = VectorExplorer(system("3", "1"))
    counted = counts(finished(whole))
    whole.save(path)
    again = VectorExplorer(system("3", "1"))
    again.resume(path)
    assert counts(finished(again)) == counted
    assert again.progress.stop == "complete"


def test_a_counterexample_is_as_short_after_a_resumption(tmp_path: Path) -> None:
    wrong = abd(writes_back=False, limits={})
    path = tmp_path / "wrong.checkpoint"
    first = VectorExplorer(wrong, limits=Limits(depth=7))
    finished(first)
    first.save(path)
    second = VectorExplorer(wrong)
    second.resume(path)
    violation = finished(second).violation
    assert violation is not None
    assert len(violation.choices) == 12


def test_a_checkpoint_of_another_exploration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "abd.checkpoint"
    VectorExplorer(system("2", "2", observer=True)).save(path)
    with pytest.raises(BadCheckpoint, match=r"another exploration: its network is 'unordered'"):
        VectorExplorer(system("2", "2", network="ordered", observer=True)).resume(path)


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04" + b"\0" * 50])
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "abd.checkpoint"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="no checkpoint, or a damaged one"):
        VectorExplorer(system("2", "2", observer=True)).resume(path)


def test_limits_end_an_exploration_with_what_it_established() -> None:
    explored = finished(VectorExplorer(system("3", "1", observer=True), limits=Limits(depth=5)))
    assert (explored.stop, explored.depth) == ("depth", 5)
    assert explored.levels == finished(VectorExplorer(system("3", "1", observer=True))).levels[:5]


def test_both_explorations_find_a_shortest_counterexample() -> None:
    wrong = build("register", mutant="B10").replace(limits={})
    lengths = set()
    for explorer in (Explorer(wrong), VectorExplorer(wrong)):
        violation = finished(explorer).violation
        assert violation is not None
        lengths.add((violation.property, len(violation.choices)))
    assert lengths == {("authorisation", 7)}


def test_what_was_counted_of_an_unfinished_level_is_left_out() -> None:
    """An interruption within a level leaves the counts of the whole levels before it."""
    explorer = VectorExplorer(system("3", "1", observer=True), chunk_states=10)
    reports = explorer.explore(every_seconds=0)
    unfinished = [next(reports) for _ in range(40)]
    assert isinstance(reports, Generator)
    reports.close()
    explorer.interrupt()
    assert len({report.depth for report in unfinished}) < 40
    whole = finished(
        Explorer(system("3", "1", observer=True), limits=Limits(depth=explorer.progress.depth))
    )
    assert counts(explorer.progress) == counts(whole)
