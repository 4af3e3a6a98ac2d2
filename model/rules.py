"""What is legal in a world: which messages can arrive, what the budgets still allow, who may fail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from counterpoint.model.values import NodeId
from counterpoint.model.world import Content, Flight, World


def waiting(world: World, at: NodeId | None) -> Iterator[Flight]:
    """Return the oldest free message of each content on its way to a node, cut off or not."""
    if at is None:
        return
    seen: set[Content] = set()
    for flight in world.flights:
        if flight.dst == at and not flight.is_held and flight.content not in seen:
            seen.add(flight.content)
            yield flight


def deliverable(world: World, at: NodeId | None) -> Iterator[Flight]:
    """Return the messages that may arrive at a node now, each content once, oldest first."""
    if at is None or not world.is_up(at):
        return
    heads: set[NodeId] = set()
    for flight in waiting(world, at):
        if world.scenario.network == "ordered":
            if flight.src in heads:
                continue
            heads.add(flight.src)
        if can_pass(world, flight):
            yield flight


def can_pass(world: World, flight: Flight) -> bool:
    """Tell whether neither a partition nor a node silenced for good stands in a message's way."""
    settled = world.conditions.settled
    if settled and (flight.src in settled or flight.dst in settled):
        return False
    return not world.conditions.is_cut(flight.src, flight.dst)


def may_spend(world: World, kind: str, in_force: int = 0) -> bool:
    """Tell whether one more fault of a kind is within its budget, given how many are in force."""
    conditions, scenario = world.conditions, world.scenario
    budget = scenario.limits.get(kind)
    if budget is None or conditions.settled is not None:
        return False
    if conditions.count(kind) >= budget.per_run:
        return False
    if budget.at_once is not None and in_force >= budget.at_once:
        return False
    return scenario.faults_max is None or faults_used(world) < scenario.faults_max


def faults_used(world: World) -> int:
    """Return how many faults, timers aside, the run has used so far."""
    return sum(used for kind, used in world.conditions.spent if kind != "fire")


def may_fail(world: World, node: NodeId) -> bool:
    """Tell whether the system promises to survive if this node is down or silent, too."""
    failed = tuple(sorted({*world.conditions.failed, node}))
    return world.scenario.tolerates(failed, roles(world))


def tolerated_failures(world: World) -> Iterator[tuple[NodeId, ...]]:
    """Return every set of nodes, smallest first, that the system promises to survive without.

    A bound that tolerates some nodes is taken to tolerate each of them alone.
    """
    tolerates, present = world.scenario.tolerates, roles(world)
    alone = [node for node in world.scenario.system.nodes if tolerates((node,), present)]
    for size in range(len(alone) + 1):
        found = [
            tuple(sorted(group))
            for group in combinations(alone, size)
            if not group or tolerates(tuple(sorted(group)), present)
        ]
        if not found:
            return
        yield from found


def roles(world: World) -> dict[NodeId, str]:
    """Return the present role of each node; empty where the scenario knows of none."""
    present = world.conditions.roles
    return dict(zip(world.scenario.system.nodes, present, strict=True)) if present else {}
