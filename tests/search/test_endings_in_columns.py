"""Liveness in columns, by orbits or not, says what the search of endings state by state says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.model.node import Input, Invoke, Receive, Return, Send, Step  # noqa: E402  numpy must be there first
from counterpoint.model.scenario import (  # noqa: E402
    Scenario,
    budgets,
    minority_of,
    nobody_fails,
)
from counterpoint.model.search.columnar import endings as columns  # noqa: E402
from counterpoint.model.search.exploration import lasso  # noqa: E402
from counterpoint.model.search.exploration.explore import Limits  # noqa: E402
from counterpoint.model.search.exploration.lasso import Endings  # noqa: E402
from counterpoint.model.search.properties import answer_of  # noqa: E402
from counterpoint.model.search.replay import run  # noqa: E402
from counterpoint.model.values import NodeId, Value  # noqa: E402
from tests.oracles import two_phase_commit  # noqa: E402
from tests.search.little import little  # noqa: E402
from tests.search.small_systems import right  # noqa: E402
from tests.search.test_agreement_liveness import LIVENESS, rounds  # noqa: E402


def without_runs(found: Endings) -> Endings:
    """Return what is counted: which run shows a violation, and after how many, may differ."""
    return replace(found, violation=None, judged=0)


def outcome(scenario: Scenario) -> tuple[bool, bool, bool] | None:
    """Compare both; return whether there are ends, circles and a violation; None: too large."""
    limits = Limits(states=5_000)
    plain = lasso.explore_endings(scenario, limits)
    found = columns.explore_endings(scenario, limits)
    if "states" in (plain.stop, found.stop):
        return None
    assert without_runs(found) == without_runs(plain)
    assert (found.violation is None) == (plain.violation is None)
    require_broken(scenario, found)
    return found.ends > 0, found.circles > 0, found.violation is not None


def require_broken(scenario: Scenario, found: Endings) -> None:
    """The run of a violation is a real one, and breaks what it is said to break."""
    if found.violation is not None:
        trace = run(scenario, found.violation.choices)
        of_end = {p.name: p for p in scenario.properties if p.reads == "end"}
        assert answer_of(of_end[found.violation.property], trace).is_broken


def generated(seeds: range) -> Counter[tuple[bool, bool, bool] | None]:
    seen = Counter[tuple[bool, bool, bool] | None]()
    for seed in seeds:
        calm = little(seed).replace(properties=(LIVENESS,), limits={}, tolerates=nobody_fails)
        limits = budgets(crash=1) if seed % 2 else budgets(drop=1)
        tolerates = minority_of("a", "b", "c") if seed % 3 else nobody_fails
        failing = rounds(seed).replace(limits=limits, faults_max=1, tolerates=tolerates)
        for scenario in (calm, rounds(seed), failing):
            seen[outcome(scenario)] += 1
    return seen


@pytest.mark.slow
def test_some_generated_systems_end_alike() -> None:
    assert len(generated(range(4))) > 2


@pytest.mark.nightly
def test_generated_systems_end_alike() -> None:
    seen = generated(range(100))
    kinds = {(True, False, True), (False, True, True), (True, True, True), (False, False, False)}
    assert kinds <= set(seen)


@dataclass(frozen=True)
class Queue:
    """A server hears its clients, and answers as its `manner` says."""

    clients: int
    manner: str

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return ("server", *self.alike)

    @property
    def alike(self) -> tuple[NodeId, ...]:
        return tuple(f"c{k}" for k in range(self.clients))

    def initial(self, node: NodeId) -> Value:
        return () if node == "server" else "calm"

    def handle(self, node: NodeId, state: Value, given: Input) -> Step[Value]:
        if node == "server":
            return self._serve(state, given)
        match given:
            case Invoke():
                return Step("waiting", (Send("server", "please"),))
            case Receive(_, "here"):
                return Step("calm", (Return("here"),))
            case Receive(_, "later"):
                return Step(state, (Send("server", "please"),))
            case _:
                return Step(state)

    def _serve(self, state: Any, given: Input) -> Step[Value]:
        match given:
            case Receive(client, "please"):
                heard = state if client in state else (*state, client)
                is_last = self.manner != "answers" and heard[-1] == client and len(heard) > 1
                if is_last and self.manner == "forgets":
                    return Step(heard)
                return Step(heard, (Send(client, "later" if is_last else "here"),))
            case _:
                return Step(state)


def queue(clients: int, manner: str, **limits: int) -> Scenario:
    """Clients that are alike: the order in which they are heard makes the difference."""
    system = Queue(clients, manner)
    return Scenario(
        "queue",
        system,
        dict.fromkeys(system.alike, ("please",)),
        (LIVENESS,),
        limits=budgets(**limits),
        symmetric=(system.alike,),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "is_broken"),
    [
        pytest.param(queue(2, "answers", drop=1), True, id="a loss is no excuse"),
        pytest.param(queue(3, "answers"), False, id="all are answered"),
        pytest.param(queue(3, "forgets"), True, id="an end"),
        pytest.param(queue(3, "puts off"), True, id="a circle"),
        pytest.param(right("1", "0"), False, id="register"),
        pytest.param(two_phase_commit.system("3"), False, id="two-phase commit"),
    ],
)
def test_orbits_end_as_their_states_do(scenario: Scenario, is_broken: bool) -> None:
    plain = lasso.explore_endings(scenario)
    for symmetry in (False, True):
        found = columns.explore_endings(scenario, symmetry=symmetry)
        assert (found.violation is not None, plain.violation is not None) == (is_broken, is_broken)
        assert (found.ends > 0, found.circles > 0) == (plain.ends > 0, plain.circles > 0)
        assert found.stop == plain.stop
        require_broken(scenario, found)
        if symmetry:
            assert found.states < plain.states
        else:
            assert without_runs(found) == without_runs(plain)


@pytest.mark.slow
def test_the_names_in_a_circle_are_those_of_its_run() -> None:
    """The run to an orbit ends in any of its states: the circle goes on from that one."""
    found = columns.explore_endings(queue(3, "puts off"), symmetry=True)
    assert found.violation is not None
    trace = run(queue(3, "puts off"), found.violation.choices)
    assert trace.repeats is not None
    assert trace.worlds[trace.repeats].identity == trace.final.identity


def test_limits_end_the_search_of_endings() -> None:
    scenario = queue(3, "answers")
    before = columns.explore_endings(scenario).states
    found = columns.explore_endings(scenario, Limits(states=before + 5))
    assert (found.stop, found.violation) == ("states", None)
    assert columns.explore_endings(scenario, Limits(depth=2)).stop == "depth"
