"""What is legal in a world: which messages can arrive, what the budgets still allow, who may fail."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import may_spend
from counterpoint.model.values import NodeId, Value
from counterpoint.model.view import Content, ScenarioView, View

__all__ = [
    "after_fire",
    "can_pass",
    "lane_of",
    "may_arrive",
    "may_be_silent",
    "may_fail",
    "may_fire",
    "may_spend",
    "may_stay_silent",
    "obstacle",
    "roles",
    "tolerated_failures",
]


def can_pass(conditions: FaultState, src: NodeId, dst: NodeId) -> bool:
    """Tell whether a message can arrive: receiver up, no partition, neither end silent for good."""
    settled = conditions.settled
    if settled and (src in settled or dst in settled):
        return False
    return dst not in conditions.down and not conditions.is_cut(src, dst)


def lane_of(network: str, content: Content) -> tuple[Value, ...]:
    """Return what is in order on a network that is not unordered: the link, or the lane of a link.

    Messages that name no lane are in one lane of their link, that of None.

    >>> lane_of("ordered", ("a", "b", "x")), lane_of("lanes", ("a", "b", "x"))
    (('a', 'b'), ('a', 'b', None))
    """
    src, dst, body = content
    if network != "lanes":
        return (src, dst)
    return (src, dst, getattr(body, "lane", None))


def may_arrive(state: View, content: Content) -> bool:
    """Tell whether a message on its way can be delivered now: its link's head where that counts."""
    src, dst, _ = content
    if not can_pass(state.conditions, src, dst):
        return False
    return state.scenario.network == "unordered" or state.is_head(content)


def obstacle(conditions: FaultState, src: NodeId, dst: NodeId) -> str | None:
    """Say what stands in a message's way so that it is lost for free, None if nothing does."""
    if dst in conditions.down:
        return f"{dst} is down"
    if conditions.is_cut(src, dst):
        return f"{src} is cut off from {dst}"
    return None


def may_fire(scenario: ScenarioView, conditions: FaultState) -> bool:
    """Tell whether a timer may go off: within its budget if it has one, freely once settled."""
    if "fire" not in scenario.limits or conditions.settled is not None:
        return True
    return conditions.count("fire") < scenario.limits["fire"].per_run


def after_fire(scenario: ScenarioView, conditions: FaultState) -> FaultState:
    """Return the conditions after a timer went off."""
    if "fire" not in scenario.limits or conditions.settled is not None:
        return conditions
    return conditions.with_one_more("fire")


def may_fail(scenario: ScenarioView, conditions: FaultState, node: NodeId) -> bool:
    """Tell whether the system promises to survive if this node is down or silent, too."""
    failed = tuple(sorted({*conditions.failed, node}))
    return scenario.tolerates(failed, roles(scenario, conditions))


def may_be_silent(scenario: ScenarioView, conditions: FaultState, node: NodeId) -> bool:
    """Tell whether a node may lose a message: it is silent already, or may become so."""
    if node in conditions.silent:
        return True
    budget = scenario.limits.get("omit")
    at_once = None if budget is None else budget.at_once
    if at_once is not None and len(conditions.silent) >= at_once:
        return False
    return node not in conditions.down and may_fail(scenario, conditions, node)


def may_stay_silent(scenario: ScenarioView, conditions: FaultState) -> tuple[NodeId, ...]:
    """Return the nodes of which some may be silent for good when the faults stop.

    Any, unless a failure detector tells of it: then who has failed by then. What happens after that
    is what might have happened before, too, so that explorations need not stop the faults to see it.
    """
    return scenario.system.nodes if scenario.detector is None else conditions.failed


def tolerated_failures(
    scenario: ScenarioView, conditions: FaultState, among: Collection[NodeId] | None = None
) -> Iterator[tuple[NodeId, ...]]:
    """Return every set of nodes, smallest first, that the system promises to survive without for good.

    They are among those that `may_stay_silent`, unless others are named. A bound that tolerates some
    nodes is taken to tolerate each of them alone.
    """
    present = roles(scenario, conditions)
    possible = may_stay_silent(scenario, conditions) if among is None else among
    alone = [
        node
        for node in scenario.system.nodes
        if node in possible and scenario.tolerates((node,), present)
    ]
    for size in range(len(alone) + 1):
        groups = [tuple(sorted(group)) for group in combinations(alone, size)]
        found = [group for group in groups if not group or scenario.tolerates(group, present)]
        if not found:
            return
        yield from found


def roles(scenario: ScenarioView, conditions: FaultState) -> dict[NodeId, str]:
    """Return the present role of each node; empty where the scenario knows of none."""
    if not conditions.roles:
        return {}
    return dict(zip(scenario.system.nodes, conditions.roles, strict=True))
