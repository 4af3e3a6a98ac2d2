"""The actions of a run without faults: deliver, call, fire; settling; and the tables of all actions.

A new kind of fault is one class like those in `faults`, named in `Scenario.actions`; searches,
replay, traces and reports need no edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

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
    Tear,
)
from counterpoint.model.kind import Action, ActionKind, Mover, Target, View, undone_by
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.node import ChangeRole
from counterpoint.model.normal import NORMAL, Call, Deliver, Fire
from counterpoint.model.suspicions import Accuse, Clear, Detect
from counterpoint.model.values import NodeId

__all__ = [
    "ACTIONS",
    "FAULTS",
    "NORMAL",
    "Call",
    "Deliver",
    "Fire",
    "Settle",
    "Transform",
    "is_wrong",
]


@dataclass(frozen=True, slots=True)
class Transform(ActionKind):
    """An operator asks a node to change its role. It needs a budget for `transform`."""

    kind: ClassVar[str] = "transform"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    def perform(self, move: Mover) -> None:
        """Pass the operator's wish to the node."""
        move.log("transform", self.node)
        move.give(self.node, ChangeRole())


@dataclass(frozen=True, slots=True)
class Settle(ActionKind):
    """The faults stop: what is cut heals, what is held goes on, who is down comes back.

    The `silent` nodes are heard no more, for good; they must be few enough for the system to
    promise an answer all the same. No search chooses this; a run ends with it.
    """

    kind: ClassVar[str] = "settle"
    target: ClassVar[Target] = "network"
    spends: ClassVar[bool] = False

    silent: tuple[NodeId, ...] = ()

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Once in a run."""
        return state.conditions.settled is None

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Settle]:
        """Silence for no one, or for any nodes that the system promises to survive without."""
        if at is not None:
            return ()
        return (cls(silent) for silent in tolerated_failures(state.scenario, state.conditions))

    def perform(self, move: Mover) -> None:
        """Stop the faults."""
        move.log("settle", value=self.silent)
        move.release_all()
        for cut in move.conditions.cuts:
            move.log("heal", value=cut)
        move.conditions = move.conditions.after_settle(self.silent)


def is_wrong(choice: Action) -> bool:
    """Tell whether a choice makes something go wrong, which is what counts as one fault of a run.

    What ends a fault does not, nor that the faults stop, unless nodes are silent from there on.

    >>> from counterpoint.model.faults import Crash, Restart
    >>> [is_wrong(one) for one in (Crash("r1"), Restart("r1"), Settle(), Settle(("r2",)))]
    [True, False, False, True]
    """
    if isinstance(choice, Settle):
        return bool(choice.silent)
    return choice.is_fault and not undone_by(type(choice))


FAULTS: tuple[type[Action], ...] = (
    Drop, Duplicate, Overtake, Delay, Release, Omit, Mend, Crash, Tear, Restart, Cut, Heal, Transform,
    Detect, Accuse, Clear,
)  # fmt: skip
"""Every kind of interference, in the order in which searches consider them."""

ACTIONS: tuple[type[Action], ...] = (*NORMAL, *FAULTS)
"""Every action that a search may choose."""
