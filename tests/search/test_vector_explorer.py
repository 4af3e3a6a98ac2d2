"""The numpy exploration: several processes, checkpoints and wide states change no number."""

from __future__ import annotations

from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.harness.catalog import build  # noqa: E402  numpy must be there first
from counterpoint.model.scenario import Scenario, budgets  # noqa: E402
from counterpoint.model.search.checkpoint import BadCheckpoint  # noqa: E402
from counterpoint.model.search.explore import Explored, Explorer, Limits  # noqa: E402
from counterpoint.model.search.packing import Layout, Words, minus, union, unique  # noqa: E402
from counterpoint.model.search.vector import VectorExplorer  # noqa: E402
from tests.oracles.abd import system  # noqa: E402
from tests.support.abd import Read, Write, abd  # noqa: E402


def finished(explorer: Explorer | VectorExplorer) -> Explored:
    for _ in explorer.explore():
        pass
    return explorer.progress


def counts(explored: Explored) -> tuple[int, int, int, int, int]:
    return (
        explored.states,
        explored.generated,
        explored.depth,
        explored.terminal,
        explored.terminal_pending,
    )


def scenarios() -> list[Scenario]:
    faults = budgets(duplicate=1, omit=1, crash=1, cut=1)
    return [
        system("2", "2"),
        system("3", "1", network="ordered"),
        abd(limits=faults, faults_max=1, calls={"c1": (Write(1),), "c2": ()}),
        abd(limits={}, calls={"c1": (), "c2": (Read(),)}),
    ]


@pytest.mark.parametrize("scenario", scenarios(), ids=range(4))
def test_several_processes_count_what_one_counts(scenario: Scenario) -> None:
    alone = finished(VectorExplorer(scenario))
    together = finished(VectorExplorer(scenario, workers=3, parallel_from=40))
    assert counts(together) == counts(alone) == counts(finished(Explorer(scenario)))
    assert alone.states > 100


def test_a_resumed_exploration_ends_with_the_same_counts(tmp_path: Path) -> None:
    whole = finished(VectorExplorer(system("3", "1")))
    path = tmp_path / "deep" / "abd.checkpoint"
    first = VectorExplorer(system("3", "1"), limits=Limits(states=400))
    assert finished(first).stop == "states"
    first.save(path)
    second = VectorExplorer(system("3", "1"))
    second.resume(path)
    assert 400 <= second.progress.states < whole.states
    assert counts(finished(second)) == counts(whole)


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
    VectorExplorer(system("2", "2")).save(path)
    with pytest.raises(BadCheckpoint, match=r"another exploration: its network is 'unordered'"):
        VectorExplorer(system("2", "2", network="ordered")).resume(path)


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04" + b"\0" * 50])
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "abd.checkpoint"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="no checkpoint, or a damaged one"):
        VectorExplorer(system("2", "2")).resume(path)


def test_limits_end_an_exploration_with_what_it_established() -> None:
    explored = finished(VectorExplorer(system("3", "1"), limits=Limits(depth=5)))
    assert (explored.stop, explored.depth) == ("depth", 5)
    assert explored.levels == finished(VectorExplorer(system("3", "1"))).levels[:5]


def test_both_explorations_find_a_shortest_counterexample() -> None:
    wrong = build("register", mutant="B10").but(limits={})
    lengths = set()
    for explorer in (Explorer(wrong), VectorExplorer(wrong)):
        violation = finished(explorer).violation
        assert violation is not None
        lengths.add((violation.property, len(violation.choices)))
    assert lengths == {("authorisation", 7)}


@pytest.mark.parametrize("widths", [(20, 20, 20), (40, 40, 30), (60, 60, 60)])
def test_sets_of_states_are_exact_whatever_their_width(widths: tuple[int, ...]) -> None:
    """The operations on packed rows agree with Python's sets of tuples."""
    random = np.random.default_rng(5)
    layout = Layout(widths)
    fields = [random.integers(0, 7, 400) for _ in widths]
    others = [random.integers(0, 7, 300) for _ in widths]
    ours, theirs = unique(layout.pack(fields)), unique(layout.pack(others))
    left = set(zip(*(f.tolist() for f in fields), strict=True))
    right = set(zip(*(f.tolist() for f in others), strict=True))

    def tuples(words: Words, layout: Layout = layout) -> list[tuple[int, ...]]:
        columns = [layout.field(words, k).tolist() for k in range(len(widths))]
        return list(zip(*columns, strict=True))

    assert tuples(ours) == sorted(left)
    assert tuples(union([ours, theirs], layout.word_count)) == sorted(left | right)
    assert tuples(minus(ours, [theirs])) == sorted(left - right)
    wider = Layout(tuple(width + 2 for width in widths))
    assert tuples(layout.convert(ours, wider), wider) == sorted(left)
