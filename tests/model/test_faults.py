"""Each kind of fault: what it does, what fate it records, and the bounds that it keeps to."""

from __future__ import annotations

import pytest

from counterpoint.model.actions import Call, Deliver, Fire, Settle, Transform
from counterpoint.model.faults import (
    Crash,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Heal,
    Mend,
    Omit,
    Overtake,
    Release,
    Restart,
)
from counterpoint.model.scenario import Budget, Scenario, budgets
from counterpoint.model.search.replay import NotEnabled, enabled, is_enabled, run
from counterpoint.model.trace import Trace
from counterpoint.model.world import Action
from tests.support.echo import Ask, Server, Told, echo

ASKED = Call("c1", 1)
TO_S1 = ("c1", "s1", Ask(1))
FROM_S1 = ("s1", "c1", Told(1, 1))


def after(*choices: Action, scenario: Scenario | None = None) -> Trace:
    return run(scenario or echo(), choices)


def fates(trace: Trace) -> list[tuple[str, int | None, str | None]]:
    """What became of messages: (kind of event, identity of the message, why)."""
    kinds = ("deliver", "lose", "duplicate", "hold", "release")
    return [(e.kind, e.message, e.why) for e in trace.events if e.kind in kinds]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        pytest.param([Deliver(*TO_S1)], ("deliver", 1, None), id="delivered"),
        pytest.param([Drop(*TO_S1)], ("lose", 1, "dropped by the network"), id="dropped"),
        pytest.param(
            [Omit(*TO_S1, by="s1")], ("lose", 1, "s1 failed silently at receiving"), id="omitted"
        ),
        pytest.param([Duplicate(*TO_S1)], ("duplicate", 1, None), id="duplicated"),
        pytest.param([Delay(*TO_S1)], ("hold", 1, None), id="held"),
        pytest.param(
            [Crash("s1"), Drop(*TO_S1)], ("lose", 1, "s1 is down"), id="lost at a node that is down"
        ),
        pytest.param(
            [Cut(("s1",)), Drop(*TO_S1)],
            ("lose", 1, "c1 is cut off from s1"),
            id="lost at a partition",
        ),
    ],
)
def test_every_message_keeps_its_identity_and_gets_a_fate(
    choices: list[Action], expected: tuple[str, int, str | None]
) -> None:
    assert fates(after(ASKED, *choices))[-1] == expected


def test_a_message_that_changes_nothing_is_marked_as_ignored() -> None:
    late = (Duplicate(*FROM_S1), Deliver(*FROM_S1), Deliver(*FROM_S1))
    trace = after(ASKED, Deliver(*TO_S1), *late)
    assert [why for kind, _, why in fates(trace) if kind == "deliver"] == [None, None, "ignored"]


def test_a_duplicate_arrives_twice_under_one_identity() -> None:
    trace = after(ASKED, Duplicate(*TO_S1), Deliver(*TO_S1), Deliver(*TO_S1))
    assert [m for kind, m, _ in fates(trace) if kind == "deliver"] == [1, 1]
    assert trace.final.node_state("s1").state == Server(2)


def test_a_held_message_waits_for_its_release() -> None:
    held = after(ASKED, Delay(*TO_S1))
    assert not is_enabled(Deliver(*TO_S1), held.final)
    released = after(ASKED, Delay(*TO_S1), Release(*TO_S1))
    assert is_enabled(Deliver(*TO_S1), released.final)


def test_a_crash_keeps_what_was_persisted_and_nothing_else() -> None:
    trace = after(ASKED, Deliver(*TO_S1), Crash("s1"))
    assert trace.final.node_state("s1").state == Server(0)
    assert trace.final.node_state("s1").durable == 1
    back = after(ASKED, Deliver(*TO_S1), Crash("s1"), Restart("s1"))
    assert back.final.node_state("s1").state == Server(1)


def test_a_node_that_is_down_receives_nothing() -> None:
    assert not is_enabled(Deliver(*TO_S1), after(ASKED, Crash("s1")).final)


@pytest.mark.parametrize(
    ("direction", "to_s1", "from_s1"),
    [("both", False, False), ("in", False, True), ("out", True, False)],
)
def test_a_partition_stops_messages_in_its_direction(
    direction: str, to_s1: bool, from_s1: bool
) -> None:
    asked = after(ASKED, Cut(("s1",), direction))
    assert is_enabled(Deliver(*TO_S1), asked.final) is to_s1
    answered = after(ASKED, Deliver(*TO_S1), Cut(("s1",), direction))
    assert is_enabled(Deliver(*FROM_S1), answered.final) is from_s1


def test_a_partition_inside_a_side_stops_nothing() -> None:
    trace = after(ASKED, Cut(("c1", "s2")))
    assert is_enabled(Deliver("c1", "s2", Ask(1)), trace.final)
    assert not is_enabled(Deliver(*TO_S1), trace.final)


def test_a_partition_heals() -> None:
    trace = after(ASKED, Cut(("s1",)), Heal(("s1",)))
    assert is_enabled(Deliver(*TO_S1), trace.final)


def test_only_a_minority_may_be_down_or_silent_at_once() -> None:
    down = after(ASKED, Crash("s1"))
    assert not is_enabled(Omit("c1", "s2", Ask(1), "s2"), down.final)
    assert is_enabled(Crash("s2"), after(ASKED).final)
    silent = after(ASKED, Omit(*TO_S1, by="s1"))
    assert not is_enabled(Crash("s2"), silent.final)
    mended = after(ASKED, Omit(*TO_S1, by="s1"), Mend("s1"))
    assert is_enabled(Crash("s2"), mended.final)


def test_a_budget_is_spent_for_good() -> None:
    scenario = echo(limits=budgets(crash=1))
    again = after(ASKED, Crash("s1"), Restart("s1"), scenario=scenario)
    assert not is_enabled(Crash("s1"), again.final)


def test_a_budget_at_once_is_free_again_when_the_fault_is_undone() -> None:
    scenario = echo(limits=budgets(cut=Budget(3, at_once=1)))
    cut = after(ASKED, Cut(("s1",)), scenario=scenario)
    assert not any(isinstance(action, Cut) for action in enabled(cut.final))
    healed = after(ASKED, Cut(("s1",)), Heal(("s1",)), scenario=scenario)
    assert is_enabled(Cut(("s1",)), healed.final)


def test_all_faults_together_stay_within_their_bound() -> None:
    scenario = echo(faults_max=1)
    trace = after(ASKED, Drop(*TO_S1), scenario=scenario)
    assert not any(action.is_fault for action in enabled(trace.final))


def test_a_kind_without_a_budget_does_not_happen() -> None:
    trace = after(ASKED, scenario=echo(limits={}))
    assert not any(action.is_fault for action in enabled(trace.final))


def test_an_ordered_link_delivers_its_head_alone_unless_overtaken() -> None:
    scenario = echo(network="ordered")
    trace = after(ASKED, Fire("c1", "again"), Deliver(*TO_S1), scenario=scenario)
    heads = [action for action in enabled(trace.final) if action.kind == "deliver"]
    assert Deliver(*FROM_S1) in heads
    second = after(ASKED, Deliver(*TO_S1), Deliver(*FROM_S1), Call("c1", 2), scenario=scenario)
    assert not is_enabled(Deliver("c1", "s2", Ask(2)), second.final)
    assert is_enabled(Overtake("c1", "s2", Ask(2)), second.final)


def test_a_role_change_is_seen_by_the_kernel() -> None:
    trace = after(Transform("s1"))
    assert trace.final.role("s1") == "leader"
    assert [e.value for e in trace.events if e.kind == "role"] == ["leader"]


def test_once_settled_nothing_goes_wrong_and_the_silent_stay_silent() -> None:
    trace = after(ASKED, Delay("c1", "s2", Ask(1)), Cut(("s1",)), Settle(("s1",)))
    possible = enabled(trace.final)
    assert not any(action.is_fault for action in possible)
    assert Deliver("c1", "s2", Ask(1)) in possible
    assert Deliver(*TO_S1) not in possible


def test_more_nodes_than_the_system_survives_cannot_stay_silent() -> None:
    with pytest.raises(NotEnabled, match="step 0"):
        after(Settle(("s1", "s2")))


def test_an_illegal_choice_is_refused_with_those_that_are_legal() -> None:
    with pytest.raises(NotEnabled) as refused:
        after(ASKED, Deliver("s1", "c1", Told(1, 1)))
    assert "step 1" in str(refused.value)
    assert "no deliver is" in str(refused.value)
