"""What is legal in a world: which messages can arrive, what the budgets still allow, who may fail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from counterpoint.model.conditions import Conditions
from counterpoint.model.values import NodeId
from counterpoint.model.world import Content, Flight, World

if TYPE_CHECKING:
    from counterpoint.model.scenario import Scenario


def waiting(world: World, at: NodeId | None) -> Iterator[Flight]:
    """Return the oldest free message of each content on its way to a node, cut off or not."""
    if at is None:
        return
    seen: set[Content] = set()
    for flight in world.flights:
        if flight.dst == at and flight.content not in seen:
            seen.add(flight.content)
            yield flight


def deliverable(world: World, at: NodeId | None) -> Iterator[Flight]:
    """Return the messages that may arrive at a node now, each content once, oldest first."""
    if at is None:
        return
    heads: set[NodeId] = set()
    for flight in waiting(world, at):
        if world.scenario.network == "ordered":
            if flight.src in heads:
                continue
            heads.add(flight.src)
        if can_pass(world.conditions, flight.src, at):
            yield flight


def can_pass(conditions: Conditions, src: NodeId, dst: NodeId) -> bool:
    """Tell whether a message can arrive: receiver up, no partition, neither end silent for good."""
    settled = conditions.settled
    if settled and (src in settled or dst in settled):
        return False
    return dst not in conditions.down and not conditions.is_cut(src, dst)


def obstacle(conditions: Conditions, src: NodeId, dst: NodeId) -> str | None:
    """Say what stands in a message's way so that it is lost for free, None if nothing does."""
    if dst in conditions.down:
        return f"{dst} is down"
    if conditions.is_cut(src, dst):
        return f"{src} is cut off from {dst}"
    return None


def may_drop(scenario: Scenario, conditions: Conditions, src: NodeId, dst: NodeId) -> bool:
    """Tell whether the network may lose a message; one to oneself cannot be lost."""
    if conditions.settled is not None:
        return False
    if obstacle(conditions, src, dst) is not None:
        return True
    return src != dst and may_spend(scenario, conditions, "drop")


def may_spend(scenario: Scenario, conditions: Conditions, kind: str, in_force: int = 0) -> bool:
    """Tell whether one more fault of a kind is within its budget, given how many are in force."""
    budget = scenario.limits.get(kind)
    if budget is None or conditions.settled is not None:
        return False
    if conditions.count(kind) >= budget.per_run:
        return False
    if budget.at_once is not None and in_force >= budget.at_once:
        return False
    return scenario.faults_max is None or faults_used(conditions) < scenario.faults_max


def faults_used(conditions: Conditions) -> int:
    """Return how many faults, timers aside, the run has used so far."""
    return sum(used for kind, used in conditions.spent if kind != "fire")


def may_fire(scenario: Scenario, conditions: Conditions) -> bool:
    """Tell whether a timer may go off: within its budget if it has one, freely once settled."""
    if "fire" not in scenario.limits or conditions.settled is not None:
        return True
    return conditions.count("fire") < scenario.limits["fire"].per_run


def after_fire(scenario: Scenario, conditions: Conditions) -> Conditions:
    """Return the conditions after a timer went off."""
    if "fire" not in scenario.limits or conditions.settled is not None:
        return conditions
    return conditions.with_one_more("fire")


def may_fail(scenario: Scenario, conditions: Conditions, node: NodeId) -> bool:
    """Tell whether the system promises to survive if this node is down or silent, too."""
    failed = tuple(sorted({*conditions.failed, node}))
    return scenario.tolerates(failed, roles(scenario, conditions))


def may_be_silent(scenario: Scenario, conditions: Conditions, node: NodeId) -> bool:
    """Tell whether a node may lose a message: it is silent already, or may become so."""
    if node in conditions.silent:
        return True
    at_once = scenario.limits["omit"].at_once
    if at_once is not None and len(conditions.silent) >= at_once:
        return False
    return node not in conditions.down and may_fail(scenario, conditions, node)


def tolerated_failures(scenario: Scenario, conditions: Conditions) -> Iterator[tuple[NodeId, ...]]:
    """Return every set of nodes, smallest first, that the system promises to survive without.

    A bound that tolerates some nodes is taken to tolerate each of them alone.
    """
    present = roles(scenario, conditions)
    alone = [node for node in scenario.system.nodes if scenario.tolerates((node,), present)]
    for size in range(len(alone) + 1):
        groups = [tuple(sorted(group)) for group in combinations(alone, size)]
        found = [group for group in groups if not group or scenario.tolerates(group, present)]
        if not found:
            return
        yield from found


def roles(scenario: Scenario, conditions: Conditions) -> dict[NodeId, str]:
    """Return the present role of each node; empty where the scenario knows of none."""
    if not conditions.roles:
        return {}
    return dict(zip(scenario.system.nodes, conditions.roles, strict=True))
