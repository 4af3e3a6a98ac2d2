"""Two-phase commit (Gray and Lamport, "Consensus on transaction commit", 2006, section 3).

Nothing that was said is forgotten: a message can be heard at any time after it was sent, and stays.
The network is an action of this scenario's own, `Hear`, in place of `Deliver`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar

from counterpoint.model.actions import Fire
from counterpoint.model.kind import ActionKind, Mover, Target, View
from counterpoint.model.node import (
    CancelTimer,
    Input,
    Receive,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.reaction import react
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.values import NodeId, Value
from tests.oracles.settings import whole


class Vote(Enum):
    WORKING = 1
    PREPARED = 2
    COMMITTED = 3
    ABORTED = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    pass


@dataclass(frozen=True, slots=True)
class Decision:
    vote: Vote


@dataclass(frozen=True, slots=True)
class Coordinator:
    prepared: frozenset[NodeId] = frozenset()
    decision: Vote | None = None


@dataclass(frozen=True, slots=True)
class Manager:
    vote: Vote = Vote.WORKING


State = Coordinator | Manager

TM = "tm"


@dataclass(frozen=True)
class TwoPhaseCommit:
    managers: int

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return (TM, *self.resource_managers)

    @property
    def resource_managers(self) -> tuple[NodeId, ...]:
        return tuple(f"rm{k}" for k in range(self.managers))

    def initial(self, node: NodeId) -> State:
        return Coordinator() if node == TM else Manager()

    def handle(self, node: NodeId, state: State, given: Input) -> Step[State]:
        del node
        if isinstance(state, Coordinator):
            return self._coordinate(state, given)
        return _manage(state, given)

    def _coordinate(self, state: Coordinator, given: Input) -> Step[State]:
        match given:
            case Start():
                return Step(state, (SetTimer("abort"),))
            case Receive(source, Prepared()) if state.decision is None:
                heard = replace(state, prepared=state.prepared | {source})
                all_prepared = len(heard.prepared) == self.managers
                return Step(heard, (SetTimer("commit"),) * all_prepared)
            case Timeout("abort"):
                return self._decide(state, Vote.ABORTED, "commit")
            case Timeout("commit"):
                return self._decide(state, Vote.COMMITTED, "abort")
            case _:  # the decision is made
                return Step(state)

    def _decide(self, state: Coordinator, vote: Vote, other: str) -> Step[State]:
        told = (Send(manager, Decision(vote)) for manager in self.resource_managers)
        return Step(replace(state, decision=vote), (CancelTimer(other), *told))


def _manage(state: Manager, given: Input) -> Step[State]:
    match given:
        case Start():
            return Step(state, (SetTimer("prepare"), SetTimer("abort")))
        case Timeout("prepare"):
            return Step(Manager(Vote.PREPARED), (CancelTimer("abort"), Send(TM, Prepared())))
        case Timeout("abort"):
            return Step(Manager(Vote.ABORTED), (CancelTimer("prepare"),))
        case Receive(_, Decision(vote)) if vote is not state.vote:
            return Step(Manager(vote), (CancelTimer("prepare"), CancelTimer("abort")))
        case _:  # the decision is known
            return Step(state)


@dataclass(frozen=True, slots=True)
class Hear(ActionKind):
    """A node hears something that was once said to it, if that is any news."""

    kind: ClassVar[str] = "hear"
    is_fault: ClassVar[bool] = False
    target: ClassVar[Target] = "message"
    spends: ClassVar[bool] = False
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        core, system = state.node_state(self.dst), state.scenario.system
        reaction = react(system, self.dst, core, Receive(self.src, self.body))
        return state.is_waiting(self.content) and reaction.node_state != core

    def perform(self, move: Mover) -> None:
        move.log("deliver", self.dst, value=self.body)
        move.give(self.dst, Receive(self.src, self.body))


def disagreement(states: Mapping[NodeId, Any]) -> str | None:
    """Say who committed while somebody else aborted, if so."""
    votes = {node: s.vote for node, s in states.items() if isinstance(s, Manager)}
    committed = [node for node, vote in votes.items() if vote is Vote.COMMITTED]
    aborted = [node for node, vote in votes.items() if vote is Vote.ABORTED]
    return f"{committed[0]} committed, {aborted[0]} aborted" if committed and aborted else None


def system(managers: str = "3") -> Scenario:
    """Return two-phase commit with so many resource managers."""
    protocol = TwoPhaseCommit(whole("managers", managers, at_least=1))
    return Scenario(
        name="two-phase-commit",
        system=protocol,
        calls={},
        properties=(),
        invariants=(Invariant("agreement", disagreement),),
        actions=(Hear, Fire),
        symmetric=(protocol.resource_managers,),
        min_calls_per_run=0.0,
    )
