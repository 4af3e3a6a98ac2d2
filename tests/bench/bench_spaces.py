"""Explorations that are large in other ways: beyond memory, by orbits, with endings, goals, logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from docs.gallery.raft import scenario as raft

import counterpoint as cp
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.exploration.explore import Explored, Limits
from counterpoint.model.search.exploration.goals import reached
from tests.bench.measure import COMMAND, Figure, process_used
from tests.oracles import abd, two_phase_commit

STATES = 3_923_605
"""Of ABD with five servers and one client."""


def figures() -> Iterator[Figure]:
    """Yield the figures; all of them are of the numpy engine."""
    if not find_spec("numpy"):
        return
    yield _beyond_memory(abd.system("5", "1"))
    yield _orbits(two_phase_commit.system("7"))
    yield _endings(two_phase_commit.system("7"))
    yield _goals(abd.system("5", "1"))
    yield from _logs()
    yield from _histories()


def _took(work: Callable[[], Any]) -> tuple[float, Any]:
    start = process_time()
    found = work()
    return process_time() - start, found


def _explored(scenario: Scenario, folder: Path | None = None, **options: Any) -> Explored:
    from counterpoint.model.search.columnar.explorer import VectorExplorer
    from counterpoint.model.search.columnar.folder import Portions

    explorer = VectorExplorer(scenario, **options)
    if folder is not None:
        explorer.move_to(folder, Portions.of_memory(200 << 20))
    *_, last = explorer.explore()
    return last


def _beyond_memory(scenario: Scenario) -> Figure:
    held, found = _took(lambda: _explored(scenario, history=True))
    with TemporaryDirectory() as folder:
        stored, on_disk = _took(lambda: _explored(scenario, Path(folder) / "states", history=True))
    assert found.states == on_disk.states == STATES
    note = f"{stored:.1f} s on disk within 200 MB, {held:.1f} s in memory; {STATES:,} states"
    return Figure("exploration, on disk / in memory", stored / held, "times", "<= 2", note)


def _orbits(scenario: Scenario) -> Figure:
    took, found = _took(lambda: _explored(scenario, symmetry=True))
    assert found.states == 920
    note = "920 orbits; 235 s by trying every exchange of names"
    return Figure("exploration, 7 managers by orbits", took, "s", "<= 5", note)


def _endings(scenario: Scenario) -> Figure:
    from counterpoint.model.search.columnar.endings import explore_endings

    took, found = _took(lambda: explore_endings(scenario, symmetry=True))
    assert (found.states, found.settled) == (920, 296_448)
    note = f"{found.settled:,} states after the faults stopped in 920 orbits"
    return Figure("exploration, 7 managers, orbits and liveness", took, "s", "<= 5", note)


def _goals(scenario: Scenario) -> Figure:
    from counterpoint.model.search.columnar.explorer import VectorExplorer

    explorer = VectorExplorer(scenario, history=True)
    exploring, _ = _took(lambda: list(explorer.explore()))
    looking, found = _took(lambda: reached(explorer))
    assert [(goal.first, goal.last) for goal in found] == [(19, 27)]
    share = 100 * looking / (exploring + looking)
    note = f"{looking:.1f} s after {exploring:.1f} s"
    return Figure("exploration, share of looking for goals", share, "%", "<= 30", note)


def _logs() -> Iterator[Figure]:
    """Measure a Raft with three servers, two clients and five calls, in which timers fire twice.

    Then one in which a server may crash, too, and come back.
    """
    for name, crashes, depth, states, aim in (
        ("exploration, logs and timers", 0, 16, 2_461_683, ">= 1.5e6"),
        ("  the same with a crash", 1, 13, 1_208_641, ""),
    ):
        scenario = raft().replace(
            calls={"c1": [("write", 1), "read", ("write", 2)], "c2": [("write", 3), "read"]},
            limits=cp.faults(fire=2, crash=crashes),
        )
        took, found = _took(partial(_explored, scenario, limits=Limits(depth=depth)))
        assert found.states == states
        slots = max(found.slots.values())
        note = f"{found.states:,} states in {took:.1f} s; {slots:,} slots of one node"
        yield Figure(name, found.states / took, "states/s", aim, note)


def _histories() -> Iterator[Figure]:
    """Measure an exploration in which most states differ in the whole history that they carry."""
    explore = ["explore", "tests.oracles.single_copy:system", "--set", "clients=4", "--history"]
    took, most = process_used(["-c", COMMAND, *explore])
    _, small = process_used(["-c", COMMAND, *explore[:2], "--set", "clients=2", "--history"])
    name, note = "exploration, states with whole histories", "400,233 states, 89,146 histories"
    yield Figure(name, 400_233 / took, "states/s", "", note)
    yield Figure(
        "  memory beside that of a small one", (most - small) / 1e6, "MB", "", "whole process"
    )
