"""What leads to what: one rule of rest in every search, so that a run that is cut breaks nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import counterpoint as cp
from counterpoint.harness.exploration.reducing import not_judged, outcome
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.judgements import Judged
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.search.replay import enabled
from counterpoint.model.search.replay import run as replayed
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.world import begin

States = Mapping[str, Any]


def noting(state: tuple[int, int], given: cp.Input) -> cp.Step[tuple[int, int]] | None:
    """Answer at once, and do the work when a timer goes off."""
    to_do, done = state
    match given:
        case cp.Invoke("work"):
            return cp.Step((to_do + 1, done), cp.SetTimer("later"), cp.Return("noted"))
        case cp.Timeout("later"):
            return cp.Step((0, done + to_do))
    return None


GETS_DONE = cp.leads_to("work gets done", lambda s: s["n"][0] > 0, lambda s: s["n"][0] == 0)
TWICE = cp.leads_to("it is done twice", lambda s: s["n"][0] > 0, lambda s: s["n"][1] == 9)


def working(*claims: Any, calls: int = 3) -> cp.Scenario:
    return cp.Scenario(
        "later", cp.system(n=(noting, (0, 0))), calls={"n": ["work"] * calls}, properties=claims
    )


def reduced(scenario: cp.Scenario) -> tuple[str, Reducer]:
    reducer = Reducer(scenario)
    *_, found = reducer.explore()
    return outcome(scenario, found, reducer.judgements), reducer


def judged(scenario: cp.Scenario, runs: int) -> Judged:
    """Return what a search says of the one claim of a scenario."""
    campaign = Campaign(scenario, seed=1)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign.judgements[scenario.properties[0].name]


def test_what_a_timer_does_later_is_waited_for_by_every_search() -> None:
    cp.verify(working(GETS_DONE, calls=20), runs=5, examples=1)()
    assert reduced(working(GETS_DONE))[0] == "holds"


def test_what_comes_to_rest_without_the_effect_is_broken_in_every_search() -> None:
    machine = state_machine_for(working(TWICE))
    few = settings(max_examples=2, deadline=None, database=None, phases=[Phase.generate])
    for searched in (
        cp.verify(working(TWICE), runs=20, examples=0, seed=1),
        partial(run_state_machine_as_test, machine, settings=few),
    ):
        with pytest.raises(cp.PropertyBroken, match="leads to nothing") as found:
            searched()
        assert found.value.trace.final.conditions.settled is not None
    told, reducer = reduced(working(TWICE))
    assert told == "broken"
    violation = reducer.progress.violation
    assert violation is not None
    assert verdict_of(TWICE, replayed(working(TWICE), violation.choices)).is_broken


def test_a_run_that_goes_on_is_undecided() -> None:
    trace = replayed(working(GETS_DONE), [cp.Call("n", "work")])
    assert "the faults did not stop" in verdict_of(GETS_DONE, trace).summary
    trace = replayed(working(GETS_DONE), [cp.Call("n", "work"), cp.Settle(())])
    verdict = verdict_of(GETS_DONE, trace)
    assert verdict.outcome.value == "undecided"
    assert verdict.summary == "not at rest: call(n, work) was still to come"


def counting(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Count the ticks of a timer, for longer than a search waits."""
    match given:
        case cp.Start() | cp.Timeout("tick") if state < 1000:
            return cp.Step(state + 1, cp.SetTimer("tick"))
    return None


COUNTED = (
    cp.leads_to("counted", lambda s: s["n"] == 1, lambda s: s["n"] == 1000),
    cp.eventually("counted", lambda s: s["n"] == 1000),
    cp.converges(lambda count: count, name="counted"),
)


@pytest.mark.parametrize("claim", COUNTED, ids=("leads to", "eventually", "converges"))
def test_a_run_that_is_cut_breaks_nothing_that_is_said_of_rest(claim: cp.Property) -> None:
    nodes: States = {"n": (counting, 0), "other": (noting, (0, 0))}
    scenario = cp.Scenario(
        "counting", cp.system(nodes), properties=[claim], calls={}, min_calls_per_run=0.0
    )
    found = judged(scenario, runs=1)
    assert (found.broken, found.undecided) == (0, {"not at rest": 1})


def blinking(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Go from 0 to 1 to 2 and to 0 again, without end."""
    match given:
        case cp.Start():
            return cp.Step(state, cp.SetTimer("blink"))
        case cp.Timeout("blink"):
            return cp.Step((state + 1) % 3, cp.SetTimer("blink"))
    return None


def blinks(claim: cp.Property) -> Judged:
    system = cp.system(n=(blinking, 0))
    claims = [claim]
    return judged(
        cp.Scenario("blinking", system, calls={}, properties=claims, min_calls_per_run=0.0), runs=3
    )


@pytest.mark.parametrize(("wanted", "is_right"), [(1, True), (0, True), (3, False)])
def test_in_a_run_that_goes_round_each_round_counts(wanted: int, is_right: bool) -> None:
    found = blinks(cp.leads_to("on", lambda s: s["n"] == 2, lambda s: s["n"] == wanted))
    assert (found.held > 0, found.broken > 0) == (is_right, not is_right)


@pytest.mark.parametrize("wanted", [0, 1, 3])
def test_what_is_said_of_rest_is_undecided_where_nodes_go_on_changing(wanted: int) -> None:
    found = blinks(cp.eventually("on", lambda s: s["n"] == wanted))
    assert (found.held, found.broken) == (0, 0)
    assert found.reason == "never at rest"


def test_what_nodes_that_stay_silent_may_break_is_not_called_proved() -> None:
    for more in ({"tolerates": lambda *_: True}, {"limits": {"fire": cp.Budget(1)}}):
        scenario = working(GETS_DONE).replace(**more)
        assert not_judged(scenario) == ["work gets done"]
        assert reduced(scenario)[0] == "undecided"


# ---- against all runs of random systems ----------------------------------------------------------


def stepping(table: tuple[tuple[int, ...], ...]) -> Callable[..., cp.Step[int] | None]:
    """Return a handler that steps up to 2 by what it is given: a table of what each step does."""

    def handle(state: int, given: cp.Input) -> cp.Step[int] | None:
        if isinstance(given, cp.Start):
            return cp.Step(state, cp.SetTimer("go"))
        if state == 2 or not isinstance(given, cp.Timeout | cp.Receive):
            return None
        sets, sends = table[state]
        effects: list[Any] = [cp.SetTimer("go")] if sets else []
        return cp.Step(state + 1, effects + ([cp.Send("b", state)] if sends else []))

    return handle


Claim = Callable[[States], bool]


def drawn(random: Random) -> tuple[cp.Scenario, Claim, Claim]:
    tables = {
        node: tuple((random.randrange(2), node == "a" and random.randrange(2)) for _ in range(2))
        for node in "ab"
    }
    (cause, at), (effect, to) = ((random.choice("ab"), random.randrange(1, 3)) for _ in range(2))

    def is_cause(states: States) -> bool:
        return bool(states[cause] == at)

    def is_effect(states: States) -> bool:
        return bool(states[effect] == to)

    nodes = cp.system(a=(stepping(tables["a"]), 0), b=(stepping(tables["b"]), 0))
    claims = [cp.leads_to("leads", is_cause, is_effect)]
    scenario = cp.Scenario("stepping", nodes, calls={}, properties=claims, min_calls_per_run=0.0)
    return scenario, is_cause, is_effect


def is_breakable(scenario: cp.Scenario, cause: Claim, effect: Claim) -> bool:
    """Tell whether some run comes to rest with a cause behind it, and no effect since."""
    rest, known = [(begin(scenario).world, False)], set[object]()
    while rest:
        world, before = rest.pop()
        states = {name: world.node_state(name).state for name in scenario.system.nodes}
        waits = (before or cause(states)) and not effect(states)
        if (world.identity, waits) in known:
            continue
        known.add((world.identity, waits))
        moves = list(enabled(world))
        if waits and not moves:
            return True
        rest += [(action.apply(world).world, waits) for action in moves]
    return False


@pytest.mark.slow
def test_searches_break_what_some_run_to_rest_breaks_and_nothing_else() -> None:
    random, counts = Random(5), [0, 0]
    for _ in range(24):
        scenario, cause, effect = drawn(random)
        is_wrong = is_breakable(scenario, cause, effect)
        counts[is_wrong] += 1
        _, reducer = reduced(scenario)
        assert (reducer.progress.violation is not None) == is_wrong
        found = judged(scenario, runs=20)
        assert is_wrong or not found.broken
        assert set(found.undecided) <= {"nothing was examined"}
    assert min(counts) >= 5
