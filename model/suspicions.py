"""What a failure detector does, one class a kind: it tells of a failure, is wrong, and takes it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from counterpoint.model.kind import ActionKind, Mover, View, may_happen, may_spend, undone_by
from counterpoint.model.node import Suspect, Trust
from counterpoint.model.values import NodeId
from counterpoint.model.view import ScenarioView

SUSPECT = "suspect"
"""The kind of fault that keys the budget of wrong suspicions."""

FAILURES = frozenset({"crash", "tear", "omit"})
"""The kinds of fault by which a node fails."""

IS_WELL = "is well"
"""What an event of a wrong suspicion says of whom it is about."""


class _Telling(ActionKind):
    """What all kinds have in common: one node is told something of another one."""

    __slots__ = ()

    is_of_its_place: ClassVar[bool] = True

    @classmethod
    def belongs_to(cls, scenario: ScenarioView) -> bool:
        """Where the scenario has a failure detector."""
        return scenario.detector is not None

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Self]:
        """Each node that the detector tells this one of."""
        detector = state.scenario.detector
        if at is None or detector is None:
            return ()
        make: Any = cls
        watched = detector.watched_by(at, state.scenario.system.nodes)
        return (make(at, other) for other in watched)

    def fits(self, state: View) -> bool:
        """Who is up, and not silent for good, can be told."""
        about: Any = self
        told = about.node not in (state.conditions.settled or ()) and state.is_up(about.node)
        return told and self.is_news(state, about.node, about.suspect)

    @staticmethod
    def is_news(state: View, node: NodeId, suspect: NodeId) -> bool:
        """Tell whether a node that can be told has something to be told of another one."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Detect(_Telling):
    """The failure detector tells a node of another that has failed: it is down, or silent."""

    kind: ClassVar[str] = "detect"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    is_prompt: ClassVar[bool] = True

    node: NodeId
    suspect: NodeId

    @staticmethod
    def is_news(state: View, node: NodeId, suspect: NodeId) -> bool:
        """Of one that has failed and is not suspected."""
        conditions = state.conditions
        return suspect in conditions.failed and (node, suspect) not in conditions.suspected

    def perform(self, move: Mover) -> None:
        """Tell the node."""
        _suspect(move, self.node, self.suspect, "has failed")


@dataclass(frozen=True, slots=True)
class Accuse(_Telling):
    """The failure detector is wrong: it tells a node of another that has not failed."""

    kind: ClassVar[str] = SUSPECT

    node: NodeId
    suspect: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the suspicions that are wrong."""
        conditions = state.conditions
        wrong = sum(suspect not in conditions.failed for _, suspect in conditions.suspected)
        return may_spend(state.scenario, conditions, cls.kind, wrong)

    @staticmethod
    def is_news(state: View, node: NodeId, suspect: NodeId) -> bool:
        """Of one that is well and not suspected."""
        conditions = state.conditions
        return suspect not in conditions.failed and (node, suspect) not in conditions.suspected

    def perform(self, move: Mover) -> None:
        """Tell the node."""
        _suspect(move, self.node, self.suspect, IS_WELL)


@dataclass(frozen=True, slots=True)
class Clear(_Telling):
    """The failure detector takes back what it has said of a node that is well, or well again."""

    kind: ClassVar[str] = "trust"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    is_prompt: ClassVar[bool] = True

    node: NodeId
    suspect: NodeId

    @classmethod
    def belongs_to(cls, scenario: ScenarioView) -> bool:
        """Where the scenario has a failure detector, and something that can be taken back."""
        if scenario.detector is None:
            return False
        back = (kind for kind in scenario.actions if FAILURES.intersection(undone_by(kind)))
        return SUSPECT in scenario.limits or any(may_happen(kind, scenario) for kind in back)

    @staticmethod
    def is_news(state: View, node: NodeId, suspect: NodeId) -> bool:
        """Of one that is suspected and well; when the faults have stopped, if it is accurate then."""
        conditions, detector = state.conditions, state.scenario.detector
        is_over = conditions.settled is not None
        if is_over and detector is not None and not detector.is_eventually_accurate:
            return False
        return suspect not in conditions.failed and (node, suspect) in conditions.suspected

    def perform(self, move: Mover) -> None:
        """Tell the node."""
        move.conditions = move.conditions.after_trust(self.node, self.suspect)
        move.log("trust", self.node, value=self.suspect)
        move.give(self.node, Trust(self.suspect))


def _suspect(move: Mover, node: NodeId, suspect: NodeId, why: str) -> None:
    move.conditions = move.conditions.after_suspicion(node, suspect)
    move.log("suspect", node, value=suspect, why=why)
    move.give(node, Suspect(suspect))
