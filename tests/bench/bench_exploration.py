"""How fast every state is visited, on the register that other checkers are measured with."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from time import process_time

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.explore import Explorer
from tests.bench.measure import Figure
from tests.oracles.abd import system


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    yield _measure("plain", system("4", "1"), 12_915)
    if find_spec("numpy"):
        yield _measure("numpy", system("5", "1"), 3_923_605, "24 s by the best Rust checker")
        ordered = system("3", "2", network="ordered")
        yield _measure("numpy, ordered links", ordered, 1_212_979)


def _measure(engine: str, scenario: Scenario, expected: int, note: str = "") -> Figure:
    start = process_time()
    if engine == "plain":
        explorer: Explorer | VectorExplorer = Explorer(scenario, history=True)
    else:
        from counterpoint.model.search.vector import VectorExplorer

        explorer = VectorExplorer(scenario, history=True)
    for _ in explorer.explore():
        pass
    took = process_time() - start
    states = explorer.progress.states
    assert states == expected, f"{states} states, not {expected}"
    note = f"{states:,} states in {took:.1f} s{'; ' + note if note else ''}"
    return Figure(f"exploration, {engine}", states / took, "states/s", "", note)
