"""The two stores in the catalog: right in every scenario, and their wrong variants are found out."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from counterpoint.checkers.happens_before.clock_checks import check_lamport_clocks
from counterpoint.checkers.happens_before.clocks import NONE, EventLog
from counterpoint.harness.catalog import build, entry
from counterpoint.harness.systems.stores_plans import PLANS
from counterpoint.impl.stores.causal_deps_rules import MUTANTS as DEPS_MUTANTS
from counterpoint.impl.stores.causal_lamport_rules import MUTANTS as LAMPORT_MUTANTS
from counterpoint.impl.stores.client import Idle
from counterpoint.impl.stores.words import Applied, Move, Read, Told, Update, Write
from counterpoint.model.actions import ACTIONS, Call, Deliver, Settle, Transform
from counterpoint.model.faults import Cut, Heal
from counterpoint.model.scenario import Scenario, nobody_fails
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import Recorder, enabled, judge, record, run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId
from tests.support.nights import by_day

STORES = ("causal_deps", "causal_lamport")
MUTANTS = [("causal_deps", m) for m in DEPS_MUTANTS] + [
    ("causal_lamport", m) for m in LAMPORT_MUTANTS
]
RUNS_MAX = 20_000


def searched(scenario: Scenario, *, runs: int, seed: int = 0) -> Campaign:
    """A campaign of so many runs, stopped at the first finding."""
    campaign = Campaign(scenario, seed=seed, findings_max=1)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


def walked(scenario: Scenario, seed: int) -> Trace:
    """One random run to its end, with all that happened in it."""
    return run(scenario, walk(Compiled(scenario), Random(seed), "swarm").run.choices)


# ---- what is right -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("runs", by_day(15, 40))
@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("store", STORES)
def test_the_store_keeps_its_promises(store: str, name: str, runs: int) -> None:
    campaign = searched(build(store, scenario=name), runs=runs)
    assert [finding.property for finding in campaign.findings] == []
    assert campaign.progress.runs == runs
    assert not campaign.is_idle


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("store", STORES)
def test_the_store_keeps_its_promises_for_long(store: str, name: str, seed: int) -> None:
    drawn = {"seed": str(seed), "calls": "5", "keys": "3"}
    campaign = searched(build(store, scenario=name, settings=drawn), runs=4_000, seed=seed)
    assert [finding.property for finding in campaign.findings] == []
    assert not campaign.is_idle


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "wandering"])
@pytest.mark.parametrize("store", STORES)
def test_every_kind_of_fault_of_a_scenario_takes_part(store: str, name: str) -> None:
    scenario = build(store, scenario=name)
    faults = {action.kind for action in ACTIONS if action.is_fault} & set(scenario.limits)
    assert set(searched(scenario, runs=50).progress.faults) == faults


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_every_property_has_something_to_judge(store: str) -> None:
    outcomes: dict[str, set[str]] = {}
    for seed in range(6):
        for verdict in judge(walked(build(store), seed)):
            outcomes.setdefault(verdict.property, set()).add(verdict.outcome.value)
    assert all("holds" in found for found in outcomes.values()), outcomes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "moving", "wandering"])
@pytest.mark.parametrize("store", STORES)
def test_clocks_agree_with_happens_before_message_by_message(store: str, name: str) -> None:
    """Not only what clients see: no write has a clock that any event before it had reached."""
    for seed in range(4):
        trace = walked(build(store, scenario=name), seed)
        log, stamps = message_log(trace)
        verdict = check_lamport_clocks(log, stamps)
        assert verdict.outcome.value == "holds", verdict.summary
        assert verdict.examined > 0


def message_log(trace: Trace) -> tuple[EventLog, tuple[int | None, ...]]:
    """Every sending and receipt of a run; a write has its clock where its update is first sent."""
    nodes = trace.scenario.system.nodes
    events = [e for e in trace.events if e.kind in ("send", "deliver")]
    log = EventLog(
        process=tuple(nodes.index(e.node or "") for e in events),
        sent=tuple(e.message or 0 if e.kind == "send" else NONE for e in events),
        received=tuple(e.message or 0 if e.kind == "deliver" else NONE for e in events),
        process_count=len(nodes),
    )
    known: set[Update] = set()
    stamps: list[int | None] = []
    for event in events:
        body = getattr(event.value, "body", event.value)
        if isinstance(body, Update) and body not in known:
            stamps.append(body.stamp.clock)
            known.add(body)
        else:
            stamps.append(None)
    return log, tuple(stamps)


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_clients_are_told_of_all_that_their_server_applies_in_its_order(store: str) -> None:
    for seed in range(8):
        trace = walked(build(store).replace(tolerates=nobody_fails), seed)
        for client, server in (("alice", "s1"), ("bob", "s2"), ("carol", "s3")):
            told = [v.copy for v in values_at(trace, client) if is_told(v)]
            shown = [v.copy for v in values_at(trace, server) if is_shown(v)]
            assert told == shown


def values_at(trace: Trace, node: NodeId) -> list[Any]:
    return [event.value for event in trace.events if event.node == node]


def is_told(value: object) -> bool:
    """Tell whether a note is about news."""
    return isinstance(value, Told)


def is_shown(value: object) -> bool:
    """Tell whether a note is about an update made visible."""
    return isinstance(value, Applied)


# ---- partitions ----------------------------------------------------------------------------------


def served(recorder: Recorder, *clients: NodeId) -> None:
    """Let these clients call, and be answered by their home servers, and nothing else happen."""
    near = {*clients, *(f"s{'abc'.index(client[0]) + 1}" for client in clients)}
    while True:
        options = (
            action
            for action in enabled(recorder.world)
            if (isinstance(action, Call) and action.client in clients)
            or (
                isinstance(action, Deliver)
                and {action.src, action.dst} <= near
                and (action.src in clients or action.dst in clients)
            )
        )
        action = next(options, None)
        if action is None:
            return
        recorder.take(action)


def brought_together(recorder: Recorder) -> None:
    """Let every message arrive, and every call be made."""
    while True:
        kinds = (a for a in enabled(recorder.world) if isinstance(a, Call | Deliver))
        action = next(kinds, None)
        if action is None:
            return
        recorder.take(action)


def test_causal_deps_serves_both_sides_of_a_partition_and_they_agree_afterwards() -> None:
    scenario = build("causal_deps", scenario="partition")
    recorder = record(scenario)
    recorder.take(Cut(("alice", "s1")))
    for client in ("alice", "bob", "carol"):
        served(recorder, client)
    apart = recorder.trace()
    answered = [event.node or "" for event in apart.events if event.kind == "return"]
    assert sorted(set(answered)) == ["alice", "bob", "carol"]
    assert len(answered) == sum(map(len, scenario.fixed_calls.values())) == 12
    assert len({str(apart.final.node_state(s).state) for s in ("s1", "s2", "s3")}) == 3

    recorder.take(Heal(("alice", "s1")))
    brought_together(recorder)
    trace = recorder.trace()
    assert len({str(trace.final.node_state(s).state) for s in ("s1", "s2", "s3")}) == 1
    assert not any(verdict.is_broken for verdict in judge(trace))


def test_causal_lamport_reads_during_a_partition_and_says_for_whom_a_write_waits() -> None:
    scenario = build("causal_lamport", scenario="partition").replace(
        calls={"alice": (Write("x", "a"),), "carol": (Read("x"), Write("x", "c"))}
    )
    recorder = record(scenario)
    recorder.take(Cut(("carol", "s3")))
    while any(isinstance(action, Deliver | Call) for action in enabled(recorder.world)):
        recorder.take(next(a for a in enabled(recorder.world) if isinstance(a, Deliver | Call)))
    apart = recorder.trace()
    assert [(e.node, str(e.value)) for e in apart.events if e.kind == "return"] == [
        ("carol", "nothing")
    ]
    assert str(apart.final.node_state("s1").state) == "empty; x@1.1 waits to hear from s3"
    assert str(apart.final.node_state("s3").state) == "empty; x@1.3 waits to hear from s1 and s2"

    recorder.take(Heal(("carol", "s3")))
    brought_together(recorder)
    recorder.take(Settle())
    trace = recorder.trace()
    assert sum(event.kind == "return" for event in trace.events) == 3
    assert {verdict.outcome.value for verdict in judge(trace)} <= {"holds", "undecided"}
    assert judge(trace)[-1].outcome.value == "holds"


@pytest.mark.slow
def test_a_write_that_waits_for_ever_is_said_to_wait_for_somebody() -> None:
    campaign = searched(build("causal_lamport", mutant="D5"), runs=10)
    example = campaign.counterexample(seconds=1_000)
    assert example is not None
    assert example.verdict.property == "liveness"
    assert "never returned: s" in example.verdict.summary
    assert "waits to hear from s" in example.verdict.summary


# ---- moving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", STORES)
def test_an_operator_moves_a_client_and_the_trace_shows_its_role(store: str) -> None:
    recorder = record(build(store, scenario="wandering"))
    recorder.take(Transform("alice"))
    brought_together(recorder)
    trace = recorder.trace()
    begun = next(event for event in trace.events if event.kind == "invoke")
    assert (begun.node, begun.value) == ("alice", Move("s2"))
    roles = [(e.node, e.value, e.why) for e in trace.events if e.kind == "role"]
    assert roles == [("alice", "client of s2", "client of s1")]


@pytest.mark.parametrize("store", STORES)
def test_all_clients_arrive_where_they_want_to_be(store: str) -> None:
    trace = walked(build(store, scenario="moving").replace(limits={}), 1)
    at = {}
    for client in ("alice", "bob", "carol"):
        state = trace.final.node_state(client).state
        assert isinstance(state, Idle)
        at[client] = state.session.server
    assert at == {"alice": "s2", "bob": "s3", "carol": "s3"}


# ---- what is wrong -------------------------------------------------------------------------------


def test_the_catalog_lists_every_mutant() -> None:
    assert (
        list(entry("causal_deps").mutants) == list(DEPS_MUTANTS) == [f"C{k}" for k in range(1, 7)]
    )
    assert list(entry("causal_lamport").mutants) == list(LAMPORT_MUTANTS)
    assert list(LAMPORT_MUTANTS) == [f"D{k}" for k in range(1, 6)]


def first_broken(store: str, mutant: str, seed: int) -> str | None:
    """The property that a search finds broken in a mutant, None if it finds none."""
    campaign = searched(build(store, mutant=mutant), runs=RUNS_MAX, seed=seed)
    return campaign.findings[0].property if campaign.findings else None


@pytest.mark.slow
@pytest.mark.parametrize(("store", "mutant"), MUTANTS)
def test_every_mutant_breaks_the_property_that_the_catalog_names(store: str, mutant: str) -> None:
    (named,) = entry(store).mutants[mutant].breaks
    assert first_broken(store, mutant, 1) == named


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("store", "mutant"), MUTANTS)
def test_every_mutant_is_found_out_whatever_the_seed(store: str, mutant: str, seed: int) -> None:
    (named,) = entry(store).mutants[mutant].breaks
    assert first_broken(store, mutant, seed) == named


# ---- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"calls": "many"}, "setting calls is 'many'; it must be a whole number from 0 to 9"),
        ({"keys": "0"}, "setting keys is '0'; it must be a whole number from 1 to 9"),
        ({"pushes": "maybe"}, "setting pushes is 'maybe'; it must be yes or no"),
    ],
)
@pytest.mark.parametrize("store", STORES)
def test_a_wrong_setting_is_explained(
    store: str, settings: Mapping[str, str], complaint: str
) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared below
        build(store, settings=settings)
    assert str(raised.value) == complaint


def test_without_pushes_nobody_is_told_of_anything() -> None:
    trace = walked(build("causal_deps", settings={"pushes": "no"}), 1)
    assert not any(is_told(event.value) for event in trace.events)
    assert any(is_shown(event.value) for event in trace.events)


def test_calls_are_drawn_by_a_seed_and_every_value_is_written_once() -> None:
    one, same, other = (
        build("causal_deps", settings={"seed": s}).fixed_calls for s in ("1", "1", "2")
    )
    assert one == same != other
    writes = [c for calls in one.values() for c in calls if isinstance(c, Write)]
    assert len({write.value for write in writes}) == len(writes) >= 3
