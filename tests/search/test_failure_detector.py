"""A failure detector: what it tells, when, how often it is wrong; and protocols that rely on it."""

from __future__ import annotations

from typing import Any

import pytest

import counterpoint as cp
from counterpoint.harness.exports.edn import to_edn
from counterpoint.harness.report.terminal import report
from counterpoint.model.kind import kinds_of
from counterpoint.model.roles import Handler
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.exploration.lasso import explore_endings
from counterpoint.model.search.replay import is_enabled
from counterpoint.model.search.walks.campaign import Budgets, Campaign

NODES = ("n1", "n2", "n3")


@cp.value
class Elector:
    """Whom a node suspects, and whether it leads: the first node that it does not suspect does."""

    suspected: tuple[str, ...] = ()
    leads: bool = False


def elects(node: str, suspected: tuple[str, ...]) -> bool:
    return all(other in suspected for other in NODES[: NODES.index(node)])


def elector(node: str, state: Elector, given: cp.Input) -> cp.Step[Elector] | None:
    match given:
        case cp.Start() | cp.Recover():
            return cp.Step(Elector((), elects(node, ())))
        case cp.Suspect(other):
            suspected = tuple(sorted({*state.suspected, other}))
            return cp.Step(Elector(suspected, elects(node, suspected)))
        case cp.Trust(other):
            suspected = tuple(name for name in state.suspected if name != other)
            return cp.Step(Elector(suspected, elects(node, suspected)))
    return None


def proud(node: str, state: Elector, given: cp.Input) -> cp.Step[Elector] | None:
    """The mistake: who leads goes on to lead, whoever is trusted again."""
    step = elector(node, state, given)
    if step is not None and isinstance(given, cp.Trust) and state.leads:
        return cp.Step(Elector(step.state.suspected, True))
    return step


def one_leads(states: dict[str, Elector], silent: tuple[str, ...]) -> bool:
    return sum(state.leads for node, state in states.items() if node not in silent) == 1


def election(handler: Handler = elector, **changes: Any) -> cp.Scenario:
    scenario = cp.Scenario(
        "election",
        cp.system({node: (handler, Elector()) for node in NODES}),
        calls={},
        properties=[cp.eventually("one leader", one_leads)],
        limits=cp.faults(crash=cp.Budget(2), suspect=2),
        tolerates=cp.minority_of(*NODES),
        detector=cp.FailureDetector(),
        min_calls_per_run=0.0,
        walk_steps=(3, 20),
    )
    return scenario.replace(**changes)


def searched(scenario: cp.Scenario, runs: int = 400) -> Campaign:
    campaign = Campaign(scenario, seed=1)
    for _ in campaign.search(Budgets(runs)):
        pass
    return campaign


# ---- protocols that rely on it ---------------------------------------------------------------------


@pytest.mark.slow
def test_an_election_by_an_eventually_accurate_detector_holds() -> None:
    judged = searched(election()).judgements["one leader"]
    assert (judged.broken, judged.undecided_count) == (0, 0)
    assert judged.held == 400


def test_it_needs_the_detector() -> None:
    blind = election(detector=None, limits=cp.faults(crash=cp.Budget(2)))
    assert searched(blind).findings


@pytest.mark.slow
def test_it_needs_accuracy_in_the_end() -> None:
    unreliable = election(detector=cp.FailureDetector(is_eventually_accurate=False))
    example = searched(unreliable).counterexample()
    assert example is not None
    kinds = [choice.kind for choice in example.trace.choices]
    assert kinds == ["suspect", "settle"]


@pytest.mark.slow
def test_who_does_not_listen_when_somebody_is_trusted_again_is_found() -> None:
    example = searched(election(proud)).counterexample()
    assert example is not None
    kinds = [choice.kind for choice in example.trace.choices]
    assert sorted(kinds) == ["settle", "suspect", "trust"]
    with pytest.raises(cp.PropertyBroken, match="one leader"):
        cp.verify(election(proud), runs=200)()


@pytest.mark.slow
def test_explorations_find_the_same() -> None:
    small = cp.faults(crash=1, suspect=1)
    for no_op in ("keep", "consume", "forget"):
        *_, explored = Explorer(
            election(limits=small).replace(properties=()), no_op=no_op
        ).explore()
        assert explored.stop == "complete"
    assert explore_endings(election(limits=small)).stop == "complete"
    found = explore_endings(election(proud, limits=small)).violation
    assert found is not None
    assert found.property == "one leader"
    inaccurate = cp.FailureDetector(is_eventually_accurate=False)
    assert explore_endings(election(limits=small, detector=inaccurate)).violation is not None


# ---- what it tells, and when -----------------------------------------------------------------------


def told(scenario: cp.Scenario, *choices: object) -> list[tuple[str, str | None, object]]:
    trace = cp.run(scenario, choices)  # type: ignore[arg-type]
    return [(e.kind, e.node, e.value) for e in trace.events if e.kind in ("suspect", "trust")]


def test_who_has_failed_is_suspected_and_who_is_well_again_is_trusted() -> None:
    choices = [cp.Crash("n1"), cp.Detect("n2", "n1"), cp.Restart("n1"), cp.Clear("n2", "n1")]
    assert told(election(), *choices) == [("suspect", "n2", "n1"), ("trust", "n2", "n1")]
    final = cp.run(election(), choices).final
    assert final.node_state("n2").state == Elector()
    assert final.conditions.suspected == ()


def test_nobody_is_told_twice_or_of_itself_and_who_is_down_is_told_nothing() -> None:
    world = cp.run(election(), [cp.Crash("n1"), cp.Detect("n2", "n1")]).final
    assert is_enabled(cp.Detect("n3", "n1"), world)
    for action in (
        cp.Detect("n2", "n1"),
        cp.Detect("n1", "n1"),
        cp.Detect("n2", "n3"),
        cp.Accuse("n1", "n2"),
        cp.Clear("n2", "n1"),
        cp.Clear("n3", "n2"),
    ):
        assert not is_enabled(action, world), action


def test_who_crashes_forgets_whom_it_suspects_and_is_told_again() -> None:
    scenario = election(tolerates=lambda failed, _: len(failed) <= 2)
    choices = [cp.Crash("n1"), cp.Detect("n2", "n1"), cp.Crash("n2"), cp.Restart("n2")]
    assert is_enabled(cp.Detect("n2", "n1"), cp.run(scenario, choices).final)


def test_wrong_suspicions_are_bounded_by_their_budget() -> None:
    world = cp.run(election(), [cp.Accuse("n2", "n1"), cp.Accuse("n3", "n1")]).final
    assert not is_enabled(cp.Accuse("n3", "n2"), world)
    one_at_once = election(limits=cp.faults(suspect=cp.Budget(3, at_once=1)))
    world = cp.run(one_at_once, [cp.Accuse("n2", "n1")]).final
    assert not is_enabled(cp.Accuse("n3", "n1"), world)
    world = cp.run(one_at_once, [cp.Accuse("n2", "n1"), cp.Clear("n2", "n1")]).final
    assert is_enabled(cp.Accuse("n3", "n1"), world)


def test_without_a_budget_it_is_never_wrong() -> None:
    perfect = election(limits=cp.faults(crash=1))
    assert cp.Accuse not in kinds_of(perfect)
    assert "suspect" not in searched(perfect, 100).progress.faults


def test_it_tells_whom_it_is_to_tell_of_whom_it_is_to_tell() -> None:
    scenario = election(detector=cp.FailureDetector(tells=["n2"], of=["n1"]))
    world = cp.run(scenario, [cp.Crash("n1")]).final
    found = [a for a in cp.enabled(world) if a.kind in ("detect", "suspect", "trust")]
    assert found == [cp.Detect("n2", "n1")]


def test_without_one_nothing_is_told() -> None:
    blind = election(detector=None, limits=cp.faults(crash=1))
    assert not {cp.Detect, cp.Accuse, cp.Clear} & set(kinds_of(blind))


@pytest.mark.slow
def test_when_the_faults_have_stopped_all_is_told_before_a_timer_goes_off() -> None:
    for number in range(15):
        campaign = Campaign(election(), seed=number)
        for _ in campaign.search(Budgets(1)):
            pass
        trace = campaign.typical_passing()
        assert trace is not None
        final = trace.final
        silent = final.conditions.settled or ()
        for node in set(NODES) - set(silent):
            state = final.node_state(node).state
            assert isinstance(state, Elector)
            assert set(state.suspected) == set(silent) - {node}, trace.choices


def test_nobody_falls_silent_for_good_who_has_not_failed_where_it_is_told() -> None:
    world = cp.run(election(), [cp.Crash("n1")]).final
    assert [s.silent for s in cp.Settle.candidates(world, None)] == [(), ("n1",)]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"detector": None}, "limits 'suspect', and has no failure detector that could be wrong"),
        ({"detector": True}, "has detector = True; right would be FailureDetector"),
        (
            {"detector": cp.FailureDetector(of=("n9",))},
            "names 'n9' in its detector, which is no node",
        ),
        (
            {"detector": cp.FailureDetector(of=("n1",)), "symmetric": (("n1", "n2"),)},
            "of which its detector names some alone in `of`",
        ),
    ],
)
def test_a_detector_that_makes_no_sense_is_refused(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(cp.BadScenario, match=error):
        election(**changes)


def test_the_nodes_of_a_detector_are_a_list() -> None:
    with pytest.raises(cp.BadScenario, match="a list of nodes is wanted"):
        cp.FailureDetector(tells="n1")


# ---- what is told of it ----------------------------------------------------------------------------


def test_a_report_says_who_is_told_what_and_when_it_is_wrong() -> None:
    choices = [
        *(cp.Accuse("n2", "n1"), cp.Clear("n2", "n1"), cp.Crash("n1"), cp.Detect("n3", "n1")),
        cp.Settle(("n1",)),
    ]
    trace = cp.run(election(), choices)
    text = report(trace, cp.judge(trace))
    assert "n2 is told that n1 has failed, wrongly" in text
    assert "n2 is told that n1 is well" in text
    assert "n3 is told that n1 has failed ·" in text
    assert "?" in next(line for line in text.splitlines() if line.startswith("faults"))
    assert ':f :suspect, :value "n1"' in to_edn(trace, cp.judge(trace))
