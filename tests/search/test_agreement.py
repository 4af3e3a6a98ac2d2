"""Every way of exploring gives the same verdict on every system, right and wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, explorer
from counterpoint.model.event import Event
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explored, Limits
from counterpoint.model.search.exploration.symmetry import exchanges, renamed
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.replay import enabled, judge, record, run
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Outcome
from counterpoint.model.world import World
from tests.oracles.table import has_numpy
from tests.search.small_systems import CASES, Case, right
from tests.search.test_symmetry import told
from tests.support.nights import each

pytestmark = pytest.mark.slow

if has_numpy():
    from counterpoint.model.search.columnar import explorer as vector

needs_numpy = pytest.mark.skipif(not has_numpy(), reason="numpy is not installed")

Verdict = tuple[str, int] | None
"""What is broken first, and by how many choices."""


def explored(scenario: Scenario, options: ExploreOptions) -> Explored:
    *_, last = explorer(scenario, options).explore()
    assert last.stop in ("complete", "broken")
    return last


def verdict(explored: Explored) -> Verdict:
    found = explored.violation
    return None if found is None else (found.property, len(found.choices))


def by_plain(case: Case, no_op: NoOp = "consume") -> Explored:
    return _by_plain(case.name, no_op)


@cache
def _by_plain(name: str, no_op: NoOp) -> Explored:
    """One exploration for all tests: a scenario cannot be hashed, so the name stands for it."""
    (case,) = (case for case in CASES if case.name == name)
    return explored(case.scenario, ExploreOptions(engine="plain", no_op=no_op))


def by_day(cases: Iterable[Case], *long: str) -> list[Any]:
    """Return cases with their names; those that take long are for the night."""
    return [
        pytest.param(case, id=case.name, marks=pytest.mark.nightly if case.name in long else ())
        for case in cases
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_verdict_is_the_expected_one_and_its_run_is_real(case: Case) -> None:
    found = by_plain(case)
    assert (verdict(found) or (None,))[0] == case.broken
    assert verdict(by_plain(case, "keep")) == verdict(found)
    if found.violation is not None:
        trace = run(case.scenario, found.violation.choices)
        broken = [v.property for v in judge(trace) if v.outcome is Outcome.BROKEN]
        assert found.violation.property in broken


@needs_numpy
@pytest.mark.parametrize("case", each(2, CASES), ids=str)
@pytest.mark.parametrize("no_op", ["keep", "consume"])
def test_both_engines_agree(case: Case, no_op: NoOp) -> None:
    one = by_plain(case, no_op)
    other = explored(case.scenario, ExploreOptions(engine="numpy", no_op=no_op))
    assert verdict(one) == verdict(other)
    if case.broken is None:
        assert (one.levels, one.generated) == (other.levels, other.generated)
        assert (one.terminal, one.terminal_pending) == (other.terminal, other.terminal_pending)
        assert one.slots == other.slots


@pytest.mark.parametrize(
    "case",
    by_day(
        # The histories of these are too many: after three minutes there was no end in sight.
        (case for case in CASES if case.name not in ("causal_deps", "causal_lamport")),
        "causal_deps, two writes",
        *(case.name for case in CASES if not case.is_tiny),
    ),
)
def test_automata_and_the_checkers_of_whole_histories_agree(case: Case) -> None:
    """With all histories the checkers of traces judge; without, the automata do."""
    with_histories = ExploreOptions(engine="plain", no_op="keep", history=True)
    assert verdict(explored(case.scenario, with_histories)) == verdict(by_plain(case, "keep"))


@pytest.mark.parametrize(
    "case",
    by_day(
        (case for case in CASES if case.is_tiny),
        "register, duplicates",
        "register B3",
        "tokens, an omission",
        "causal_deps, two writes",
    ),
)
def test_worlds_with_whole_histories_agree(case: Case) -> None:
    """The stupid way: worlds, each with all that was seen before it, judged by the checkers."""
    assert by_worlds(case.scenario) == verdict(by_plain(case))


def by_worlds(scenario: Scenario) -> Verdict:
    """Return what is broken first on the shortest run, by the checkers of traces alone."""
    start = record(scenario)
    level = [(start.world, tuple(start.events))]
    seen = {_seen(*level[0])}
    length = 0
    while level:
        for world, events in level:
            name = _broken(scenario, world, events)
            if name is not None:
                return name, length
        length += 1
        following = []
        for world, events in level:
            for action in enabled(world):
                moved = action.apply(world)
                after = (moved.world, (*events, *moved.events))
                key = _seen(*after)
                if key not in seen:
                    seen.add(key)
                    following.append(after)
        level = following
    return None


KINDS = ("invoke", "return", "note", "role", "crash", "recover")


def _seen(world: World, events: tuple[Event, ...]) -> Value:
    told = tuple((e.kind, e.node, e.value) for e in events if e.kind in KINDS)
    return world.identity, told


def _broken(scenario: Scenario, world: World, events: tuple[Event, ...]) -> str | None:
    trace = Trace(scenario, (), events, (world,))
    for prop in scenario.properties:
        if prop.reads == "operations" and answer_of(prop, trace).is_broken:
            return prop.name
    states = {node: world.node_state(node).state for node in scenario.system.nodes}
    violated = (i.name for i in scenario.invariants if i.violation(states) is not None)
    return next(violated, None)


@pytest.mark.parametrize(
    "case",
    by_day(
        (case for case in CASES if case.has_few_classes),
        "tokens, a wish to leave",
        "tokens A5",
        "two-phase commit",
    ),
)
def test_full_and_reduced_search_agree(case: Case) -> None:
    reducer = Reducer(case.scenario, limits=Limits(states=60_000))
    *_, reduced = reducer.explore()
    assert reduced.stop in ("complete", "broken")
    assert (reduced.violation is not None) == (case.broken is not None)
    assert reduced.traces > 0


SHARED = {
    "register, duplicates",
    "register B3",
    "tokens, an omission",
    "tokens A5",
    "causal_lamport",
    "causal_lamport D1",
    "causal_deps",
    "causal_deps C2",
    "paxos",
}


@needs_numpy
@pytest.mark.parametrize("case", each(3, (c for c in CASES if c.name in SHARED)), ids=str)
def test_one_worker_and_two_agree(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = vector.VectorExplorer.__init__.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "chunk_states", 8)  # so that levels of few states are shared
    alone = explored(case.scenario, ExploreOptions(engine="numpy"))
    together = explored(case.scenario, ExploreOptions(engine="numpy", workers=2))
    assert max(alone.levels) > 20
    assert verdict(alone) == verdict(together)
    if case.broken is None:
        assert (alone.levels, alone.generated) == (together.levels, together.generated)


@pytest.mark.parametrize("case", [c for c in CASES if c.scenario.symmetric], ids=str)
def test_full_search_and_one_of_orbits_agree(case: Case) -> None:
    full = by_plain(case)
    reduced = explored(case.scenario, ExploreOptions(no_op="consume", symmetry=True))
    assert verdict(full) == verdict(reduced)
    if case.broken is None:
        assert reduced.states < full.states
        assert reduced.depth == full.depth


@pytest.mark.parametrize(("writes", "reads"), [("1", "0"), ("0", "1")])
def test_orbits_of_the_register_are_those_of_all_worlds(writes: str, reads: str) -> None:
    scenario = right(writes, reads).replace(properties=())
    found, rest = set[Value](), [record(scenario).world]
    while rest:
        world = rest.pop()
        if told(world) not in found:
            found.add(told(world))
            rest += [action.apply(world).world for action in enabled(world)]
    orbits = {frozenset(renamed(state, names) for names in exchanges(scenario)) for state in found}
    reduced = explored(scenario, ExploreOptions(no_op="consume", symmetry=True))
    assert len(orbits) == reduced.states < len(found)


def test_every_system_is_there_right_and_wrong_in_every_way() -> None:
    names = ("register", "tokens", "causal_deps", "causal_lamport")
    for name in names:
        cases = [case for case in CASES if case.name.startswith(name)]
        assert {case.broken is None for case in cases} == {True, False}
        assert any(case.has_few_classes for case in cases)
    broken = Counter(case.broken for case in CASES if case.broken is not None)
    assert len(broken) >= 6
    assert any(case.scenario.symmetric for case in CASES)
