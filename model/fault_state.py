"""Faults: how many a run may have, and what they have done to the network and the nodes so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.model.mistakes import BadScenario
from counterpoint.model.quick_init import quick_init, replace
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a kind of fault may be used in a run, and how often at the same time.

    `at_once` counts nodes down or silent, partitions, messages held or wrong suspicions; None: no bound
    of its own. For crashes and omissions `Scenario.tolerates` bounds the nodes as well.
    """

    per_run: int
    at_once: int | None = None

    def __post_init__(self) -> None:
        counts = (self.per_run, 0 if self.at_once is None else self.at_once)
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise BadScenario(f"{self!r} is no budget; both are whole numbers from 0 on")


def budgets(**counts: int | Budget) -> Mapping[str, Budget]:
    """Return the budgets of a run by kind of fault; a plain number is a budget per run.

    >>> budgets(drop=2)["drop"]
    Budget(per_run=2, at_once=None)
    """
    return MappingProxyType(
        {
            kind.replace("_", "-"): count if isinstance(count, Budget) else Budget(count)
            for kind, count in counts.items()
        }
    )


faults = budgets
"""Another name of it."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Some nodes separated from all others: both ways, or only into (`in`) or out of them (`out`)."""

    side: tuple[NodeId, ...]
    direction: str = "both"

    def separates(self, src: NodeId, dst: NodeId) -> bool:
        """Tell whether a message from `src` to `dst` would have to cross.

        >>> Partition(("a",), "out").separates("a", "b"), Partition(("a",), "out").separates("b", "a")
        (True, False)
        """
        outwards = src in self.side and dst not in self.side
        inwards = dst in self.side and src not in self.side
        return (outwards and self.direction != "in") or (inwards and self.direction != "out")


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call without an answer, the nodes that failed since, sorted, and whether the network lost any
    message.

    A node that had failed before and was not well again counts as failed since. What a node that fails
    lost is not the network's loss.
    """

    client: NodeId
    operation: Value
    failed: tuple[NodeId, ...] = ()
    has_lost: bool = False


OpenCalls = tuple[OpenCall, ...]
"""The open calls of a run, in the order in which they were made."""


@quick_init
@dataclass(frozen=True, slots=True)
class FaultState:
    """What the scheduler has done to the network and the nodes so far.

    `down` nodes have crashed, `silent` ones lose messages that they should send or receive; `cuts`
    are the partitions in force; `roles` the role of each node, in the order of the nodes; `spent`
    counts what was used of each budget; `settled` is None until the faults have stopped, then the
    nodes that stay silent for good. `in_force` is for faults of one's own: (kind, what it does to
    whom), for as long as it lasts, until the faults stop. `open_calls` is what a search that judges
    liveness remembers of them (see `owed`); elsewhere it is empty. `suspected` are the pairs of who
    was told by the failure detector, and of whom, as far as it was not taken back, sorted.
    """

    down: tuple[NodeId, ...] = ()
    silent: tuple[NodeId, ...] = ()
    cuts: tuple[Partition, ...] = ()
    roles: tuple[str, ...] = ()
    spent: tuple[tuple[str, int], ...] = ()
    settled: tuple[NodeId, ...] | None = None
    in_force: tuple[tuple[str, Value], ...] = ()
    open_calls: OpenCalls = ()
    suspected: tuple[tuple[NodeId, NodeId], ...] = ()

    @property
    def failed(self) -> tuple[NodeId, ...]:
        """The nodes that are down or silent, sorted."""
        return tuple(sorted({*self.down, *self.silent}))

    def count(self, kind: str) -> int:
        """Return how often a kind of fault was used."""
        return next((used for name, used in self.spent if name == kind), 0)

    def with_one_more(self, kind: str) -> FaultState:
        """Return these conditions with one more use of a kind counted."""
        counts = dict(self.spent)
        counts[kind] = counts.get(kind, 0) + 1
        return replace(self, spent=tuple(sorted(counts.items())))

    def after_crash(self, node: NodeId) -> FaultState:
        """Return these conditions with a node down, which forgets whom it suspects."""
        down = tuple(sorted({*self.down, node}))
        return replace(self, down=down, suspected=tuple(p for p in self.suspected if p[0] != node))

    def after_restart(self, node: NodeId) -> FaultState:
        """Return these conditions with a node up again."""
        return replace(self, down=tuple(other for other in self.down if other != node))

    def with_silent(self, node: NodeId) -> FaultState:
        """Return these conditions with a node that loses messages."""
        return replace(self, silent=tuple(sorted({*self.silent, node})))

    def after_mend(self, node: NodeId) -> FaultState:
        """Return these conditions with a silent node well again."""
        return replace(self, silent=tuple(other for other in self.silent if other != node))

    def after_suspicion(self, node: NodeId, suspect: NodeId) -> FaultState:
        """Return these conditions with a node that was told to suspect another one."""
        return replace(self, suspected=tuple(sorted({*self.suspected, (node, suspect)})))

    def after_trust(self, node: NodeId, suspect: NodeId) -> FaultState:
        """Return these conditions with a node that was told to trust another one again."""
        pair = (node, suspect)
        return replace(self, suspected=tuple(other for other in self.suspected if other != pair))

    def with_cut(self, cut: Partition) -> FaultState:
        """Return these conditions with one more partition in force."""
        return replace(self, cuts=tuple(sorted((*self.cuts, cut))))

    def after_heal(self, cut: Partition) -> FaultState:
        """Return these conditions without a partition."""
        return replace(self, cuts=tuple(other for other in self.cuts if other != cut))

    def with_in_force(self, kind: str, what: Value) -> FaultState:
        """Return these conditions with one more interference of one's own in force, its last."""
        return replace(self, in_force=(*self.in_force, (kind, what)))

    def without_in_force(self, kind: str, what: Value) -> FaultState:
        """Return these conditions without an interference of one's own."""
        left = list(self.in_force)
        left.remove((kind, what))
        return replace(self, in_force=tuple(left))

    def after_settle(self, silent: tuple[NodeId, ...]) -> FaultState:
        """Return the conditions in which the faults have stopped, but for nodes silent for good."""
        return replace(self, cuts=(), silent=silent, settled=silent, in_force=())

    def with_role(self, index: int, role: str) -> FaultState:
        """Return these conditions with the role of one node changed."""
        return replace(self, roles=(*self.roles[:index], role, *self.roles[index + 1 :]))

    def is_cut(self, src: NodeId, dst: NodeId) -> bool:
        """Tell whether a partition stands between two nodes, in this direction."""
        return any(cut.separates(src, dst) for cut in self.cuts)
