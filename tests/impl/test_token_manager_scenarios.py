"""The token manager in the catalog: right in every scenario, whoever of a minority stays silent."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

import pytest

from counterpoint.checkers.conservation_cuts import check_paths
from counterpoint.harness.systems.token_manager import (
    ENTRY,
    properties,
    reading_of,
    role_of,
    start_of,
    survives,
)
from counterpoint.harness.systems.token_manager_plans import PLANS
from counterpoint.impl.quorum import tolerated
from counterpoint.impl.token_manager.deployment import Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.words import GetTokens, Pay, Rejected, TokenStatus, Transform
from counterpoint.model.actions import ACTIONS, Call, Settle
from counterpoint.model.normal import Fire
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.exploration.explore import Explored, Explorer
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.settling import finish
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.strategy import StrategyName
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Outcome
from tests.support.nights import by_day, each

SOUND = tuple(name for name in PLANS if name != "too_many_silent")
SLOW = pytest.mark.slow
MIXED: tuple[StrategyName, ...] = ("pct", "swarm", "uniform")


def searched(
    scenario: Scenario, *, runs: int, seed: int = 0, strategy: StrategyName | None = None
) -> Campaign:
    """A campaign of so many runs, stopped at the first finding."""
    campaign = Campaign(scenario, strategy=strategy or "mixed", seed=seed, findings_max=1)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


# ---- what is right -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("runs", by_day(20, 60))
@pytest.mark.parametrize("name", SOUND)
def test_the_token_manager_keeps_its_promises(name: str, runs: int) -> None:
    campaign = searched(ENTRY.scenario(name), runs=runs // 8 if name == "full" else runs)
    assert [finding.property for finding in campaign.findings] == []
    assert not campaign.is_idle


@pytest.mark.nightly
@pytest.mark.parametrize("strategy", MIXED)
@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("default", 17_000),
        ("full", 100),
        *((name, 3_000) for name in SOUND if name not in ("default", "full")),
    ],
)
def test_the_token_manager_keeps_its_promises_for_long(
    name: str, runs: int, strategy: StrategyName
) -> None:
    campaign = searched(ENTRY.scenario(name), runs=runs, strategy=strategy, seed=1)
    assert [finding.property for finding in campaign.findings] == []
    assert campaign.progress.runs == runs
    assert not campaign.is_idle


@pytest.mark.slow
@pytest.mark.parametrize("servers", each(2, range(3, 8)))
def test_with_any_number_of_servers(servers: int) -> None:
    campaign = searched(ENTRY.scenario(settings={"servers": str(servers)}), runs=12)
    assert [finding.property for finding in campaign.findings] == []


@pytest.mark.slow
def test_a_run_completes_payments_snapshots_and_changes_of_role() -> None:
    """A search that hardly completes anything would hold of a system that does nothing."""
    campaign = searched(ENTRY.scenario(), runs=100, seed=5)
    progress = campaign.progress
    per_run = {kind: count / progress.runs for kind, count in progress.calls.items()}
    assert per_run["pay"] >= 3, "answered OK, and not rejected"
    assert per_run["transform"] >= 1
    assert per_run["get_tokens"] >= 3
    assert per_run["pay rejected"] >= 0.5
    faults = {action.kind for action in ACTIONS if action.is_fault} & set(ENTRY.scenario().limits)
    assert set(progress.faults) == faults, "every kind of fault takes part"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "full", "joins"])
def test_timers_go_off_in_runs(name: str) -> None:
    trace = random_run(ENTRY.scenario(name), 0)
    assert any(isinstance(choice, Fire) for choice in trace.choices)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "contested", "joins", "succession"])
def test_tokens_are_conserved_on_every_consistent_cut_too(name: str) -> None:
    """The payments of a token are one path of the happened-before order."""
    scenario = ENTRY.scenario(name)
    assert isinstance(scenario.system, TokenManager)
    deployment = scenario.system.deployment
    examined, runs = 0, 6
    for seed in range(runs):
        trace = random_run(scenario, seed)
        verdict = check_paths(trace, start_of(deployment), reading_of(deployment))
        assert verdict.outcome is not Outcome.BROKEN, (seed, verdict.summary)
        examined += verdict.examined
    assert examined >= runs


def random_run(scenario: Scenario, seed: int) -> Trace:
    """Return one random run, faults included."""
    return run(scenario, walk(Compiled(scenario), Random(seed), "swarm").run.choices)


def explored(scenario: Scenario) -> Explored:
    """What is established by exploring every run without faults."""
    explorer = Explorer(scenario)
    for _ in explorer.explore():
        pass
    return explorer.progress


@pytest.mark.parametrize(
    ("calls", "states"),
    [
        pytest.param({"c1": (Pay(0, 2),)}, 228, id="a payment"),
        pytest.param({"c1": (Pay(0, 2), Pay(0, 2))}, 1_905, id="the same again, refused"),
        pytest.param({"c2": (GetTokens(1),)}, 177, id="a snapshot"),
        pytest.param({"c2": (Transform(),)}, 550, id="a change of role"),
        pytest.param(
            {"c1": (Pay(0, 2),), "c2": (Pay(0, 1),)}, 86_253, id="there and back", marks=SLOW
        ),
        pytest.param(
            {"c1": (Pay(0, 2),), "c2": (GetTokens(1),)},
            1_404_405,
            id="a payment and a snapshot",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_every_run_of_a_small_instance_keeps_the_promises(
    calls: Mapping[str, tuple[Pay | GetTokens | Transform, ...]], states: int
) -> None:
    found = explored(small(3, calls))
    assert (found.stop, found.violation) == ("complete", None)
    assert found.terminal_pending == 0
    assert found.states == states


def small(servers: int, calls: Mapping[str, tuple[object, ...]], clients: int = 2) -> Scenario:
    """Return a scenario of one token, without faults and without timers."""
    deployment = Deployment(clients, servers, 1)
    return Scenario(
        name="small",
        system=TokenManager(deployment),
        calls=MappingProxyType(dict(calls)),
        properties=properties(deployment),
        limits=budgets(fire=0),
        tolerates=survives(),
        role_of=role_of,
    )


# ---- liveness ------------------------------------------------------------------------------------


def settled(scenario: Scenario, random: Random) -> Trace:
    """Return a run in which a greatest group of servers is silent for good from some moment on."""
    running = Simulation(Compiled(scenario))
    for _ in range(random.randrange(120)):
        offers = [offer for offer in running.offers() if offer.is_call]
        choices = len(running.flights) + len(offers)
        if not choices:
            break
        drawn = random.randrange(choices)
        if drawn < len(running.flights):
            running.deliver(drawn)
        else:
            running.choose(offers[drawn - len(running.flights)])
    tolerated = running.compiled.tolerated_failures(running.conditions)
    groups = [group for group in tolerated if not any(node.startswith("c") for node in group)]
    most = max(map(len, groups))
    assert running.settle(random.choice([group for group in groups if len(group) == most]))
    finish(running, random)
    return run(scenario, running.choices)


def busy(servers: int) -> Scenario:
    """Return payments, snapshots and three changes of role, and nothing that goes wrong before."""
    deployment = Deployment(4, servers, 4)
    changes: dict[str, tuple[object, ...]] = {"c3": (Transform(),), "c4": (Transform(),)}
    changes[f"s{servers}"] = (Transform(), GetTokens(1))
    calls = {"c1": (Pay(0, 2), GetTokens(2)), "c2": (Pay(1, 1), Pay(0, 1)), **changes}
    return small(servers, {}, 4).replace(
        system=TokenManager(deployment),
        calls=MappingProxyType(calls),
        properties=properties(deployment),
        limits={},
    )


@pytest.mark.slow
@pytest.mark.parametrize("servers", each(2, range(3, 8)))
def test_every_call_of_a_healthy_client_returns_whichever_minority_is_silent(servers: int) -> None:
    """From a random moment on, changes of role under way included."""
    scenario, random, held, silenced, answers = busy(servers), Random(servers), 0, 0, 0
    for _ in range(12):
        trace = settled(scenario, random)
        silent = trace.final.conditions.settled
        verdicts = {verdict.property: verdict for verdict in judge(trace)}
        assert not any(verdict.is_broken for verdict in verdicts.values()), verdicts
        if verdicts["liveness"].outcome is not Outcome.HOLDS:
            continue  # by the roles at the end, so many silent servers are too many
        assert silent is not None
        calls = zip(scenario.system.nodes, trace.final.calls, strict=True)
        assert not [node for node, call in calls if call is not None and node not in silent]
        held += 1
        silenced += len(silent)
        answers += sum(event.kind == "return" for event in trace.events)
    assert held >= 5
    assert silenced >= held * (tolerated(servers) - 1), "most of a minority at least"
    assert answers >= 6 * held


@pytest.mark.parametrize("servers", range(3, 8))
def test_one_silent_server_more_than_the_bound_and_a_payment_waits_for_it(servers: int) -> None:
    silent = tuple(f"s{number + 1}" for number in range(tolerated(servers) + 1))
    scenario = small(servers, {"c1": (Pay(0, 2),)}).replace(tolerates=survives(spare=1), limits={})
    running = Simulation(Compiled(scenario))
    assert running.attempt(Call("c1", Pay(0, 2)))
    assert running.attempt(Settle(silent))
    finish(running)
    verdicts = {verdict.property: verdict for verdict in judge(run(scenario, running.choices))}
    assert verdicts["liveness"].summary == (
        f"c1's pay 0 2 never returned: it has {servers - len(silent)} answers in epoch 1, "
        f"none of {', '.join(silent)}"
    )


@pytest.mark.slow
def test_a_search_finds_that_the_bound_is_tight() -> None:
    campaign = searched(ENTRY.scenario("too_many_silent"), runs=2_000)
    assert [finding.property for finding in campaign.findings] == ["liveness"]
    example = campaign.counterexample(seconds=1_000)
    assert example is not None
    assert "never returned: it has " in example.verdict.summary


@pytest.mark.parametrize("servers", range(3, 8))
def test_the_bound_follows_the_roles(servers: int) -> None:
    tolerates = survives()
    roles = {f"s{number}": "server" for number in range(servers)} | {"d": "directory"}
    most = tuple(list(roles)[: tolerated(servers)])
    one_more = tuple(list(roles)[: tolerated(servers) + 1])
    assert tolerates(most, roles)
    assert not tolerates(one_more, roles)
    assert tolerates((*most, "c1"), {**roles, "c1": "client"}), "a client fails for itself"
    assert not tolerates((*most, "c1"), {**roles, "c1": "joining"}), "it may be a server soon"
    assert not tolerates(("d",), roles)


# ---- the catalog ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("servers", "2", "from 3 to 7"),
        ("servers", "8", "from 3 to 7"),
        ("clients", "0", "from 1 to 9"),
        ("tokens", "many", "from 1 to 1000"),
        ("requests", "-1", "from 1 to 1000"),
    ],
)
def test_a_wrong_setting_is_explained(key: str, value: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"setting {key} is '{value}'; it must be .* {allowed}"):
        ENTRY.scenario(settings={key: value})


def test_the_full_scenario_is_the_whole_system() -> None:
    scenario = ENTRY.scenario("full")
    assert isinstance(scenario.system, TokenManager)
    deployment = scenario.system.deployment
    assert (deployment.clients, deployment.tokens) == (6, 60)
    asked = [type(call) for calls in scenario.fixed_calls.values() for call in calls]
    assert {Pay, GetTokens, Transform, TokenStatus} == set(asked)
    assert asked.count(Pay) > asked.count(GetTokens) > 0


@pytest.mark.parametrize("name", SOUND)
def test_every_scenario_is_the_same_each_time_it_is_built(name: str) -> None:
    one, other = ENTRY.scenario(name), ENTRY.scenario(name)
    assert (one.calls, one.limits, one.walk_steps) == (other.calls, other.limits, other.walk_steps)
    assert one.system == other.system


def test_a_refused_call_is_counted_apart() -> None:
    scenario = ENTRY.scenario("paid_twice")
    assert scenario.kind_of(Pay(0, 2), "OK") == "pay"
    assert scenario.kind_of(Pay(0, 2), Rejected("not the owner")) == "pay rejected"
