"""Drawn calls are made simpler with the schedule, down to the minimum that a stupid search finds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, product

import pytest
from hypothesis import strategies as st

import counterpoint as cp
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.search.replay import record
from counterpoint.model.search.simplify import SimplerRun, measure
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Counterexample
from tests.search.copies import READ, lagging, writes_and_reads

FEW = (READ, ("write", 1), ("write", 2))
CLIENTS = ("c1", "c2")


def found_in(scenario: cp.Scenario, seed: int) -> Counterexample:
    campaign = Campaign(scenario, seed=seed, findings_max=2)
    list(campaign.search(Budgets(runs=1_000)))
    example = campaign.counterexample(60.0)
    assert example is not None
    assert example.is_fixpoint
    return example


def measure_of(trace: cp.Trace) -> tuple[object, ...]:
    return measure(SimplerRun(trace.scenario.fixed_calls, trace.choices))


def shortest(scenario: cp.Scenario) -> cp.Trace | None:
    """Return a shortest run that breaks the property, by trying all runs: the stupid twin."""
    (prop,) = scenario.properties
    start = record(scenario).trace()
    level, known = [start], set[object]()
    while level:
        following = []
        for trace in level:
            for action in cp.enabled(trace.final):
                moved = action.apply(trace.final)
                choices, events = (*trace.choices, action), (*trace.events, *moved.events)
                after = cp.Trace(scenario, choices, events, (*trace.worlds, moved.world))
                if verdict_of(prop, after).is_broken:
                    return after
                seen = tuple((e.kind, e.node, e.value) for e in events if e.kind in SEEN)
                if (moved.world.identity, seen) not in known:
                    known.add((moved.world.identity, seen))
                    following.append(after)
        level = following
    return None


SEEN = ("invoke", "return")


def small_workloads(calls_max: int) -> Iterator[dict[str, tuple[cp.Value, ...]]]:
    """All calls of two clients, up to so many altogether."""
    for counts in product(range(calls_max + 1), repeat=len(CLIENTS)):
        if 0 < sum(counts) <= calls_max:
            for each in product(*(product(FEW, repeat=number) for number in counts)):
                yield {c: asked for c, asked in zip(CLIENTS, each, strict=True) if asked}


@pytest.mark.slow
def test_a_drawn_run_shrinks_to_the_simplest_of_all_small_workloads() -> None:
    broken = filter(None, (shortest(lagging(calls)) for calls in small_workloads(2)))
    minimum = min(map(measure_of, broken))
    drawn = lagging(cp.workload(st.sampled_from(FEW), clients=CLIENTS, calls=(1, 5)))
    for seed in (1, 2, 3):
        assert measure_of(found_in(drawn, seed).trace) == minimum


@pytest.mark.slow
def test_values_shrink_to_the_simplest_that_still_break_the_property() -> None:
    values = st.integers(0, 10**6)
    operations = st.just(READ) | st.tuples(st.just("write"), values)
    example = found_in(lagging(cp.workload(operations, clients=3, calls=(3, 6))), 1)
    assert example.trace.scenario.fixed_calls == {"c1": (("write", 0), READ)}
    assert len(example.trace.choices) == 6


@pytest.mark.slow
def test_a_function_is_asked_for_nothing_that_it_does_not_yield() -> None:
    """Of writes that count up the second cannot come first, so that it stays the second."""

    def counting(_: object) -> Iterator[cp.Value]:
        for value in count(1):
            yield "write", value
            yield READ

    scenario = lagging(cp.workload(counting, clients=("c2", "c3"), calls=6))
    calls = found_in(scenario, 1).trace.scenario.fixed_calls
    assert calls == {"c2": (("write", 1), READ)}


@pytest.mark.slow
def test_a_function_with_chance_shrinks_to_its_simplest_sequence() -> None:
    example = found_in(lagging(cp.workload(writes_and_reads, clients=3, calls=(2, 5))), 2)
    assert example.trace.scenario.fixed_calls == {"c1": (("write", 1), READ)}


@pytest.mark.slow
def test_a_value_that_must_be_large_becomes_the_smallest_that_is_large_enough() -> None:
    def loses_large_values(state: object, given: cp.Input) -> cp.Step[object] | None:
        match given:
            case cp.Receive(client, ("write", int() as value)):
                kept = state if value >= LARGE else value
                return cp.Step(kept, cp.Send(client, ("done",)))
            case cp.Receive(client, ("read",)):
                return cp.Step(state, cp.Send(client, ("is", state)))
        return None

    nodes = {"original": (loses_large_values, None), "copy": (loses_large_values, None)}
    operations = st.tuples(st.just("write"), st.integers(0, 100)) | st.just(READ)
    asked = lagging(cp.workload(operations, clients=2, calls=(3, 6)))
    both = cp.system({**nodes, "c1": (to_the_original, None), "c2": (to_the_original, None)})
    example = found_in(asked.replace(system=both), 1)
    assert example.trace.scenario.fixed_calls == {"c1": (("write", LARGE), READ)}


@pytest.mark.slow
def test_a_call_without_an_answer_is_all_that_is_left() -> None:
    def forgets_large_values(_: object, given: cp.Input) -> cp.Step[object] | None:
        match given:
            case cp.Receive(_, ("write", int() as value)) if value >= LARGE:
                return None
            case cp.Receive(client, _):
                return cp.Step(None, cp.Send(client, ("done",)))
        return None

    operations = st.tuples(st.just("write"), st.integers(0, 100)) | st.just(READ)
    clients = dict.fromkeys(CLIENTS, (to_the_original, None))
    forgetful = cp.Scenario(
        "forgetful",
        cp.system({"original": (forgets_large_values, None), **clients}),
        calls=cp.workload(operations, clients=CLIENTS, calls=(2, 6)),
        properties=[cp.answers()],
    )
    trace = found_in(forgetful, 1).trace
    assert trace.scenario.fixed_calls == {"c1": (("write", LARGE),)}


LARGE = 60


def to_the_original(_: object, given: cp.Input) -> cp.Step[object] | None:
    match given:
        case cp.Invoke(operation):
            return cp.Step(None, cp.Send("original", operation))
        case cp.Receive(_, ("is", value)):
            return cp.Step(None, cp.Return(value))
        case cp.Receive(_, ("done",)):
            return cp.Step(None, cp.Return("done"))
    return None
