"""How fast every state is visited, on the register that other checkers are measured with.

What several workers gain is wall time, so there the best round of each counts, in turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from time import monotonic, process_time

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.exploration.explore import Explorer, Limits
from tests.bench.measure import Figure
from tests.oracles.abd import system


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    yield _measure("plain", system("4", "1"), 12_915)
    yield _plain_rate(system("3", "2"), states=1_000_000)
    if find_spec("numpy"):
        yield _measure("numpy", system("5", "1"), 3_923_605, "24 s by the best Rust checker")
        ordered = system("3", "2", network="ordered")
        yield _measure("numpy, ordered links", ordered, 1_212_979)
        yield _gain(system("5", "1"), 3_923_605)


def _measure(engine: str, scenario: Scenario, expected: int, note: str = "") -> Figure:
    start = process_time()
    if engine == "plain":
        explorer: Explorer | VectorExplorer = Explorer(scenario, history=True)
    else:
        from counterpoint.model.search.columnar.explorer import VectorExplorer

        explorer = VectorExplorer(scenario, history=True)
    for _ in explorer.explore():
        pass
    took = process_time() - start
    states = explorer.progress.states
    assert states == expected, f"{states} states, not {expected}"
    note = f"{states:,} states in {took:.1f} s{'; ' + note if note else ''}"
    return Figure(f"exploration, {engine}", states / took, "states/s", "", note)


def _plain_rate(scenario: Scenario, states: int) -> Figure:
    """Measure the plain engine where most of what it asks its tables was asked before."""
    explorer = Explorer(scenario, history=True, limits=Limits(states=states))
    start = process_time()
    *_, last = explorer.explore()
    took = process_time() - start
    assert last.states >= states, f"only {last.states} states"
    note = f"the first {last.states:,} states of 41,138,199 in {took:.1f} s"
    return Figure(
        "exploration, plain, at length", last.states / took, "states/s", ">= 270,000", note
    )


def _gain(scenario: Scenario, expected: int, workers: int = 2, rounds: int = 5) -> Figure:
    """Return how much sooner several workers are done than one."""
    from counterpoint.model.search.columnar.explorer import VectorExplorer

    best = {1: float("inf"), workers: float("inf")}
    for _ in range(rounds):
        for count in best:
            explorer = VectorExplorer(scenario, history=True, workers=count)
            start = monotonic()
            for _ in explorer.explore():
                pass
            best[count] = min(best[count], monotonic() - start)
            assert explorer.progress.states == expected
    note = f"{best[1]:.2f} s alone, {best[workers]:.2f} s with {workers}; wants idle processors"
    gain = best[1] / best[workers]
    return Figure(f"exploration, one worker / {workers} workers", gain, "times", ">= 1.7", note)
