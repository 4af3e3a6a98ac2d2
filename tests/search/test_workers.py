"""Several workers explore as one does: the same counts, numbers, counterexamples and checkpoints."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.harness.catalog import build  # noqa: E402  numpy must be there first
from counterpoint.model.node import Input, Receive, Step  # noqa: E402
from counterpoint.model.scenario import Invariant, Scenario, budgets  # noqa: E402
from counterpoint.model.search.columnar import held, pairs  # noqa: E402
from counterpoint.model.search.columnar.checkpoint import load  # noqa: E402
from counterpoint.model.search.columnar.expander import Expander  # noqa: E402
from counterpoint.model.search.columnar.explorer import VectorExplorer  # noqa: E402
from counterpoint.model.search.columnar.parallel import Crew  # noqa: E402
from counterpoint.model.search.exploration.explore import Explored, Explorer, Limits  # noqa: E402
from tests.oracles import abd as oracle_abd  # noqa: E402
from tests.oracles import paxos, single_copy, two_phase_commit  # noqa: E402
from tests.oracles.two_phase_commit import Vote  # noqa: E402
from tests.search.exploring import counts, finished  # noqa: E402
from tests.search.little import little  # noqa: E402
from tests.support.abd import Abd, Read, State, Stored, Write, abd  # noqa: E402
from tests.support.nights import by_day  # noqa: E402

CHUNK_STATES = 10


def sound() -> dict[str, Scenario]:
    faults = budgets(duplicate=1, omit=1, crash=1, cut=1)
    return {
        "abd 2 2": oracle_abd.system("2", "2", observer=True),
        "abd 3 1 ordered": oracle_abd.system("3", "1", network="ordered", observer=True),
        "two-phase commit": two_phase_commit.system("4"),
        "paxos": paxos.system("2", "3", observer=True),
        "single copy": single_copy.system("1", "3", observer=True),
        "faults": abd(limits=faults, faults_max=1, calls={"c1": (Write(1),), "c2": ()}),
        "abd": abd(limits={}, calls={"c1": (), "c2": (Read(),)}),
    }


def wrong() -> dict[str, Scenario]:
    """Systems that break a promise in a level of many chunks."""
    return {
        "a property": abd(writes_back=False, limits={}),
        "a property, ordered": single_copy.system("2", "3", network="ordered", observer=True),
        "a property, with faults": little(29),
        "authorisation": build("register", mutant="B10").replace(limits={}),
        "an invariant": two_phase_commit.system("4").replace(
            invariants=(Invariant("nobody is done", who_is_done),)
        ),
        "a handler": abd(limits={}).replace(system=Fragile()),
    }


def who_is_done(states: Mapping[str, Any]) -> str | None:
    """A false invariant: it is broken where the second manager has committed."""
    return "rm1 has committed" if states["rm1"].vote is Vote.COMMITTED else None


class Fragile(Abd):
    """Its reader fails when it is told that what it writes back is stored."""

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        is_told = isinstance(given, Receive) and isinstance(given.body, Stored)
        assert not (node == "c2" and is_told), "c2 stores nothing"
        return super().handle(node, state, given)


@dataclass(frozen=True)
class Found:
    """What an exploration found, and the numbers that it gave on its way."""

    explored: Explored
    journal: list[list[int]]
    levels: list[list[list[int]]]


def found(scenario: Scenario, workers: int, path: Path, limits: Limits | None = None) -> Found:
    explorer = VectorExplorer(
        scenario, workers=workers, chunk_states=CHUNK_STATES, limits=limits or Limits()
    )
    explored = finished(explorer)
    explorer.save(path)
    saved = load(path, explorer.about)
    levels = [[word.tolist() for word in words] for words in saved.levels]
    return Found(explored, saved.journal.tolist(), levels)


@pytest.mark.slow
@pytest.mark.parametrize("workers", by_day(2, 3))
@pytest.mark.parametrize("name", sound())
def test_several_workers_find_what_one_finds(name: str, workers: int, tmp_path: Path) -> None:
    """Every state has the same number, and every table was asked the same in the same order."""
    scenario = sound()[name]
    alone = found(scenario, 1, tmp_path / "1")
    assert counts(alone.explored) == counts(finished(Explorer(scenario)))
    together = found(scenario, workers, tmp_path / str(workers))
    assert counts(together.explored) == counts(alone.explored)
    assert together.explored.open_end == alone.explored.open_end
    assert together.journal == alone.journal
    assert together.levels == alone.levels
    assert max(alone.explored.levels) > 2 * CHUNK_STATES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [(pairs, "DENSE_CELLS_MAX", 1_500), (held, "PENDING_ROWS_MAX", 50)],
)
def test_what_is_done_in_large_explorations_changes_nothing(
    module: ModuleType, limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables that are searched, and successors that are united early, give the same numbers."""
    scenario = oracle_abd.system("3", "1", observer=True)
    expected = found(scenario, 1, tmp_path / "0")
    monkeypatch.setattr(module, limit, value)
    for workers in (1, 2):
        again = found(scenario, workers, tmp_path / str(workers))
        assert counts(again.explored) == counts(expected.explored)
        assert (again.journal, again.levels) == (expected.journal, expected.levels)


@pytest.mark.nightly
def test_two_workers_count_what_is_published_of_millions_of_states() -> None:
    explored = finished(
        VectorExplorer(oracle_abd.system("5", "1", observer=True), history=True, workers=2)
    )
    assert counts(explored)[:5] == (3_923_605, 19_117_500, 29, 9_504, 0)


@pytest.mark.slow
@pytest.mark.parametrize("workers", by_day(2, 3))
@pytest.mark.parametrize("name", wrong())
def test_several_workers_find_the_same_counterexample(
    name: str, workers: int, tmp_path: Path
) -> None:
    alone = found(wrong()[name], 1, tmp_path / "1").explored
    plain = finished(Explorer(wrong()[name])).violation
    together = found(wrong()[name], workers, tmp_path / str(workers)).explored
    assert together.violation == alone.violation
    assert counts(together) == counts(alone)
    assert plain is not None
    assert alone.violation is not None
    assert alone.violation.property == plain.property
    assert len(alone.violation.choices) == len(plain.choices)
    assert max(alone.levels) > 2 * CHUNK_STATES


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(2, 1), (1, 2), (3, 2)])
def test_any_number_of_workers_resumes(first: int, second: int, tmp_path: Path) -> None:
    scenario, path = oracle_abd.system("3", "1", observer=True), tmp_path / "abd.checkpoint"
    before = VectorExplorer(
        scenario, workers=first, chunk_states=CHUNK_STATES, limits=Limits(states=400)
    )
    assert finished(before).stop == "states"
    before.save(path)
    after = VectorExplorer(scenario, workers=second, chunk_states=CHUNK_STATES)
    after.resume(path)
    assert 400 <= after.progress.states < 1_000
    assert counts(finished(after)) == counts(finished(Explorer(scenario)))


@pytest.mark.slow
@pytest.mark.parametrize("cells_max", [1_500, pairs.DENSE_CELLS_MAX])
@pytest.mark.parametrize("name", sound())
def test_what_is_resumed_gives_the_same_numbers(
    name: str, cells_max: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables that learn from a journal, many questions at once, go on as if nothing had happened."""
    monkeypatch.setattr(pairs, "DENSE_CELLS_MAX", cells_max)
    scenario, path = sound()[name], tmp_path / "half"
    whole = found(scenario, 1, tmp_path / "whole")
    half = found(scenario, 1, path, Limits(states=100))
    again = VectorExplorer(scenario, chunk_states=CHUNK_STATES)
    again.resume(path)
    assert counts(finished(again)) == counts(whole.explored)
    again.save(path)
    saved = load(path, again.about)
    assert saved.journal.tolist() == whole.journal
    assert [[word.tolist() for word in words] for words in saved.levels] == whole.levels
    assert 0 < len(half.journal) < len(whole.journal)


@pytest.mark.parametrize(
    ("limits", "stop"),
    [
        pytest.param(Limits(states=400), "states", id="states"),
        pytest.param(Limits(is_memory_full=lambda: True), "memory", id="memory"),
        pytest.param(Limits(seconds=0), "seconds", id="seconds"),
        pytest.param(Limits(depth=6), "depth", id="depth"),
    ],
)
def test_limits_hold_with_several_workers(limits: Limits, stop: str) -> None:
    alone, together = (
        finished(
            VectorExplorer(
                oracle_abd.system("3", "1", observer=True),
                workers=n,
                chunk_states=CHUNK_STATES,
                limits=limits,
            )
        )
        for n in (1, 2)
    )
    assert together.stop == alone.stop == stop
    assert counts(together) == counts(alone)


def test_workers_report_within_a_level() -> None:
    explorer = VectorExplorer(
        oracle_abd.system("3", "1", observer=True), workers=2, chunk_states=CHUNK_STATES
    )
    depths = [explored.depth for explored in explorer.explore(every_seconds=0)]
    assert len(depths) > 3 * depths[-1]
    assert depths == sorted(depths)


# Endings: whatever happens, no thread remains.


@pytest.fixture
def nothing_remains() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(60)  # it has been told to end, and may not have had its turn yet
        assert not thread.is_alive(), thread


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_remains")
def test_an_exploration_that_is_left_ends_its_workers(tmp_path: Path) -> None:
    """Left within a level, it can be saved, and what it saves is resumed to the right end."""
    scenario, path = oracle_abd.system("3", "1", observer=True), tmp_path / "abd.checkpoint"
    explorer = VectorExplorer(scenario, workers=2, chunk_states=CHUNK_STATES)
    reports = explorer.explore(every_seconds=0)
    while next(reports).depth < 10:
        pass
    assert threading.active_count() > 1
    assert isinstance(reports, Generator)
    reports.close()
    explorer.save(path)
    again = VectorExplorer(scenario, workers=2, chunk_states=CHUNK_STATES)
    again.resume(path)
    assert again.progress.depth == 10
    assert counts(finished(again)) == counts(finished(Explorer(scenario)))


@pytest.mark.usefixtures("nothing_remains")
@pytest.mark.parametrize("failure", [MemoryError("no room"), KeyError("a defect")])
def test_what_fails_in_a_worker_reaches_the_caller(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    expand = Expander.expand

    def failing(expander: Expander, *given: Any, may_grow: bool) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise failure
        return expand(expander, *given, may_grow=may_grow)

    monkeypatch.setattr(Expander, "expand", failing)
    explorer = VectorExplorer(
        oracle_abd.system("3", "1", observer=True), workers=2, chunk_states=CHUNK_STATES
    )
    with pytest.raises(type(failure), match=str(failure.args[0])):
        finished(explorer)
    assert explorer.progress.states > CHUNK_STATES


@pytest.mark.usefixtures("nothing_remains")
def test_an_interrupt_while_workers_are_busy_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    expand = Expander.expand
    chunks = itertools.count()

    def interrupting(expander: Expander, *given: Any, may_grow: bool) -> Any:
        is_worker = threading.current_thread() is not threading.main_thread()
        if is_worker and next(chunks) == 40:
            signal.raise_signal(signal.SIGINT)
        return expand(expander, *given, may_grow=may_grow)

    monkeypatch.setattr(Expander, "expand", interrupting)
    scenario = oracle_abd.system("3", "1", observer=True)
    explorer = VectorExplorer(scenario, workers=2, chunk_states=CHUNK_STATES)
    with pytest.raises(KeyboardInterrupt):
        finished(explorer)
    explorer.interrupt()
    assert explorer.progress.stop == "interrupted"
    depth = explorer.progress.depth
    assert counts(explorer.progress) == counts(
        finished(Explorer(scenario, limits=Limits(depth=depth)))
    )


@pytest.mark.usefixtures("nothing_remains")
def test_a_crew_gives_results_in_the_order_of_the_items() -> None:
    with Crew(3) as crew:
        assert list(crew.results(lambda item: item * item, range(100))) == [
            k * k for k in range(100)
        ]
        taken = iter(range(1_000))
        results = crew.results(str, taken)
        assert next(results) == "0"
        # It works ahead, but not far: results wait in memory.
        assert next(taken) < 30
        assert isinstance(results, Generator)
        results.close()


def test_a_crew_of_one_works_in_the_callers_thread() -> None:
    with Crew(1) as crew:
        threads = list(crew.results(lambda _: threading.get_ident(), range(5)))
    assert set(threads) == {threading.get_ident()}
