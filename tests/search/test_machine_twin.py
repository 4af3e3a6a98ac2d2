"""A state machine draws and judges as the slow way does, with checks and worlds alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.harness.catalog import build
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.stateful import machine as machines
from counterpoint.model.search.stateful.bridge import default_settings
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.stateful.ranking import RANKING_MAX, Ranking, _mix
from counterpoint.model.search.walks.carried import CarriedObservers
from counterpoint.model.search.walks.glanced import Glanced
from counterpoint.model.world import Action
from tests.support.abd import Query, Read, abd, hasty
from tests.support.echo import echo


def first_plainly(
    ranking: Ranking, options: Sequence[Action], number: int, swarm: int = 0
) -> Action:
    """Return the option that comes first in a ranking, by its definition."""
    if number == 0 or len(options) == 1:
        return options[0]

    def rank(action: Action) -> int:
        return _mix(ranking._hash(action), number) * (
            ranking._willing(action, swarm) if swarm else 1
        )

    return max(options, key=rank)


def legal_in_the_world(run: Simulation, kind: Any) -> tuple[Action, ...]:
    """Return the legal actions of a kind as the reference world has them; the oldest message first."""
    world = run.world()
    places = (*run.scenario.system.nodes, None)
    options: list[Any] = [option for at in places for option in kind.options(world, at)]
    if kind is Deliver:
        contents = [flight.content for flight in world.flights]
        options.sort(key=lambda option: contents.index(option.content))
    return tuple(options)


def runs_of(scenario: Scenario, examples: int) -> tuple[list[list[Action]], str]:
    """Return the runs of a machine, and what the first failing one breaks: as found, not minimised."""
    runs: list[list[Action]] = []

    class Told(state_machine_for(scenario)):  # type: ignore[misc]
        def teardown(self) -> None:
            runs.append(list(self.run.choices))
            super().teardown()

    chosen = hypothesis.settings(
        default_settings(scenario), max_examples=examples, database=None, derandomize=False
    )
    try:
        hypothesis.stateful.run_state_machine_as_test(hypothesis.seed(1)(Told), settings=chosen)
    except PropertyBroken as broken:
        return runs, f"{broken.verdict.property} after {len(broken.trace.choices)}"
    return runs, ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "examples", "breaks"),
    [
        pytest.param(echo(), 6, "", id="echo"),
        pytest.param(echo(network="ordered"), 6, "", id="ordered links"),
        pytest.param(hasty(), 40, "no early read", id="hasty"),
        pytest.param(build("register"), 3, "", id="register"),
        pytest.param(build("token_manager", mutant="A1"), 6, "conservation", id="A1"),
        pytest.param(build("causal_deps"), 3, "", id="causal_deps"),
        pytest.param(
            build("causal_deps", mutant="C3"),
            8,
            "session guarantees RYW, MR, MW, WFR, convergent",
            id="C3",
        ),
        pytest.param(build("causal_deps", mutant="C4"), 8, "convergence", id="C4"),
        pytest.param(build("causal_deps", mutant="C6"), 8, "Lamport clocks", id="C6"),
    ],
)
def test_runs_and_verdicts_are_those_of_the_slow_way(
    scenario: Scenario, examples: int, breaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = runs_of(scenario, examples)
    monkeypatch.setattr(Glanced, "__bool__", lambda _: False)
    monkeypatch.setattr(CarriedObservers, "told", lambda self, _: self._nothing)
    monkeypatch.setattr(Ranking, "first", first_plainly)
    monkeypatch.setattr(machines, "legal", legal_in_the_world)
    assert runs_of(scenario, examples) == fast
    assert len(fast[0]) > 1
    assert fast[1].partition(" after ")[0] == breaks


@pytest.mark.slow
@given(
    st.integers(0, RANKING_MAX),
    st.lists(st.integers(0, RANKING_MAX), min_size=1, max_size=3),
    st.lists(
        st.sampled_from(
            [
                *(Deliver("c2", f"r{r}", Query(n)) for r in (1, 2, 3) for n in (1, 2)),
                *(Call(c, Read()) for c in ("c1", "c2")),
            ]
        ),
        min_size=1,
        unique=True,
    ),
)
def test_what_is_kept_of_actions_ranks_them_as_their_content_does(
    number: int, swarms: list[int], options: list[Action]
) -> None:
    """One ranking, asked for several runs in turns, says for each what the definition says."""
    ranking = Ranking(abd())
    for swarm in (*swarms, *swarms):
        plain = first_plainly(ranking, options, number, swarm)
        assert ranking.first(options, number, swarm) == plain
