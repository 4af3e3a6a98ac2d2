"""Messages that can never matter again: what is forgotten is ignored for ever, and nothing else is."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.exploration.rounds import ExploreOptions, explorer
from counterpoint.impl.token_manager.words import Pay
from counterpoint.model.scenario import Budget, Scenario
from counterpoint.model.search.engine.dead_messages import Relevance, TooManyNodeStates
from counterpoint.model.search.engine.transition_tables import Compiled, NodeStateId
from counterpoint.model.search.exploration.explore import Explored, Explorer, Limits
from tests.oracles.table import has_numpy
from tests.search.little import little
from tests.search.small_systems import CASES, Case, right, tokens, two_writes
from tests.support.nights import by_day

pytestmark = pytest.mark.slow

NO_BOUND = ("register B7", "tokens", "tokens A1", "tokens A5", "causal_deps", "causal_lamport")
"""Where a message that arrives again and again counts something up: versions, stamps, clocks."""


def _is_unbound(case: Case) -> bool:
    return case.name.split(",")[0].startswith(NO_BOUND)


BOUND = [
    case
    for case in CASES
    if case.scenario.network == "unordered"
    and (case.name in ("tokens A1, a look", "tokens A9", "causal_deps C6") or not _is_unbound(case))
]


def explored(scenario: Scenario, no_op: str) -> Explored:
    *_, last = explorer(scenario, ExploreOptions(no_op=no_op)).explore()  # type: ignore[arg-type]
    assert last.stop in ("complete", "broken")
    return last


@pytest.mark.parametrize("case", BOUND, ids=str)
def test_forgetting_changes_no_verdict(case: Case) -> None:
    kept, forgot = explored(case.scenario, "keep"), explored(case.scenario, "forget")
    assert (kept.violation is None) == (forgot.violation is None)
    assert forgot.states <= kept.states
    if kept.violation is not None and forgot.violation is not None:
        assert len(forgot.violation.choices) == len(kept.violation.choices)
        assert forgot.violation.property == kept.violation.property == case.broken


@pytest.mark.parametrize("count", by_day(20, 60))
def test_forgetting_changes_no_verdict_of_generated_systems_with_faults(count: int) -> None:
    compared = fewer = broken = 0
    for scenario in FAULTY[:count]:
        kept = Explorer(scenario, no_op="keep", limits=Limits(states=8_000))
        *_, last = kept.explore()
        if last.stop == "states":
            continue
        forgot = explored(scenario, "forget")
        lengths = [
            None if e.violation is None else len(e.violation.choices) for e in (last, forgot)
        ]
        assert lengths[0] == lengths[1]
        compared, broken = compared + 1, broken + (lengths[0] is not None)
        fewer += forgot.states < last.states
    assert compared > count // 2
    assert min(fewer, broken) > count // 6


LITTLE = [little(seed) for seed in range(60)]
CALM = [
    *(s.replace(network="unordered", faults_max=0, limits={}) for s in LITTLE),
    right("1", "1").replace(properties=()),
    tokens({"c1": (Pay(0, 2),)}, clients=2).replace(properties=()),
]
FAULTY = [s.replace(network="unordered", faults_max=1) for s in LITTLE]


def whole(scenario: Scenario) -> Explorer | None:
    found = Explorer(scenario.replace(properties=()), no_op="keep", limits=Limits(states=4_000))
    *_, last = found.explore()
    return found if last.stop == "complete" else None


def later(explorer: Explorer) -> dict[NodeStateId, set[NodeStateId]]:
    """Return which cores a node may really have after each, and hear with: by all that was explored."""
    slots = explorer.slots
    after, awake = dict[NodeStateId, set[NodeStateId]](), set[NodeStateId]()
    places = {(n, f[n], f[-1]) for _, f in explorer.states() for n in range(len(f) - 1)}
    for node, slot, environment in places:
        core = slots.slots[node][slot].node_state
        targets = slots.expand(node, slot, environment)
        cores = {slots.slots[node][t.slot].node_state for t in targets}
        after.setdefault(core, {core}).update(cores)
        if slots.compiled.nodes[node] not in slots.environments[environment].down:
            awake.add(core)
    return {core: _closure(after, core) & awake for core in after}


def _closure(after: dict[NodeStateId, set[NodeStateId]], start: NodeStateId) -> set[NodeStateId]:
    found, rest = {start}, deque([start])
    while rest:
        for core in after.get(rest.popleft(), ()):
            if core not in found:
                found.add(core)
                rest.append(core)
    return found


def test_a_torn_step_is_foreseen_of_a_node_that_may_fail_in_other_roles_alone() -> None:
    """The node leads at first, and no leader may fail; the bound was too small, and said so."""
    scenario = little(50_018).replace(limits={"tear": Budget(1)}, faults_max=1, network="unordered")
    assert not scenario.tolerates(("a",), {"a": "lead"})
    kept, forgot = explored(scenario, "keep"), explored(scenario, "forget")
    assert (kept.violation is None) == (forgot.violation is None)
    assert forgot.states <= kept.states


@pytest.mark.parametrize("count", by_day(20, 60))
def test_what_is_forgotten_is_never_reacted_to_by_any_core_that_can_follow(count: int) -> None:
    """The stupid way: all states, all cores that really follow, all messages in every inbox."""
    spent = 0
    for scenario in (*CALM[:count], *CALM[len(LITTLE) :], *FAULTY[:count]):
        explorer = whole(scenario)
        if explorer is None:
            continue
        compiled = explorer.slots.compiled
        bound, after = Relevance(Compiled(scenario)), later(explorer)
        numbers = bound.compiled.known_message
        for of_node in explorer.slots.slots:
            for slot in of_node:
                for message in set(slot.inbox):
                    there = bound.compiled.node_state_id(
                        compiled.node_of_node_state[slot.node_state],
                        compiled.node_states[slot.node_state],
                    )
                    number = numbers(compiled.contents[message])
                    assert number is not None, "the bound knows every message that is ever sent"
                    if not bound.may_matter(there, number):
                        spent += 1
                        following = after.get(slot.node_state, {slot.node_state})
                        assert all(compiled.deliver(c, message).is_ignored for c in following)
    assert spent > 8 * count


def test_states_are_forgotten_as_classes_of_those_that_differ_in_spent_messages_alone() -> None:
    fewer = 0
    for scenario in CALM:
        explorer = whole(scenario)
        if explorer is None:
            continue
        bound = Relevance(Compiled(scenario))
        classes = {
            tuple(
                _without_spent(explorer, bound, node, slot) for node, slot in enumerate(state[:-1])
            )
            for _, state in explorer.states()
        }
        forgot = explored(scenario.replace(properties=()), "forget")
        assert forgot.states == len(classes)
        fewer += len(classes) < explorer.progress.states
    assert fewer >= 10


def _without_spent(explorer: Explorer, bound: Relevance, node: int, slot: int) -> object:
    compiled = explorer.slots.compiled
    core, inbox, held = explorer.slots.slots[node][slot]
    there = bound.compiled.node_state_id(node, compiled.node_states[core])
    contents = [compiled.contents[message] for message in inbox]
    numbers = [bound.compiled.known_message(content) for content in contents]
    kept = [
        c
        for c, n in zip(contents, numbers, strict=True)
        if n is not None and bound.may_matter(there, n)
    ]
    return compiled.node_states[core], tuple(sorted(map(repr, kept))), held


def test_late_answers_of_the_register_are_forgotten() -> None:
    scenario = build("register", scenario="small")
    assert explored(scenario, "forget").states == 204_943


@pytest.mark.skipif(not has_numpy(), reason="checkpoints need numpy")
def test_an_exploration_that_forgets_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    from counterpoint.model.search.columnar.explorer import VectorExplorer

    first = VectorExplorer(right("1", "1"), no_op="forget", limits=Limits(depth=9))
    *_, before = first.explore()
    first.save(tmp_path / "right")
    second = VectorExplorer(right("1", "1"), no_op="forget")
    second.resume(tmp_path / "right")
    *_, resumed = second.explore()
    assert resumed.levels[:9] == before.levels
    assert (resumed.states, resumed.generated) == (8_279, 38_387)


def test_a_queue_forgets_nothing() -> None:
    with pytest.raises(ValueError, match="for unordered networks"):
        explored(right("1", "0").replace(network="ordered"), "forget")


def test_too_many_cores_are_refused() -> None:
    with pytest.raises(TooManyNodeStates, match="use --no-op keep"):
        Relevance(Compiled(two_writes("causal_deps")), reactions_max=5_000)
