"""Little programs over shared cells, a node each, whose numbers of traces are known in closed form.

lastzero and readers: Abdulla, Aronis, Jonsson, Sagonas, "Source sets", J. ACM 64(4), 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterpoint.model.node import Effect, Input, Receive, Send, Start, Step
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import NodeId, Value
from tests.oracles.settings import one_of, whole


@dataclass(frozen=True, slots=True)
class Read:
    pass


@dataclass(frozen=True, slots=True)
class Holds:
    value: int


@dataclass(frozen=True, slots=True)
class Write:
    value: int


def cell(state: int, given: Input) -> Step[Value]:
    """What a cell does: it takes what is written, and says what it holds."""
    match given:
        case Receive(source, Read()):
            return Step(state, (Send(source, Holds(state)),))
        case Receive(_, Write(value)):
            return Step(value)
        case _:
            return Step(state)


def reads_commute(node: NodeId, one: Value, other: Value) -> bool:
    """Two reads of a cell may change places."""
    del node
    return isinstance(one, Read) and isinstance(other, Read)


@dataclass(frozen=True)
class LastZero:
    """Thread j (1..n) sets cell j to one more than cell j - 1; thread 0 looks down for a zero."""

    size: int

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        numbers = range(self.size + 1)
        return (*(f"cell{k}" for k in numbers), *(f"thread{k}" for k in numbers))

    def initial(self, node: NodeId) -> Value:
        return 0 if node.startswith("cell") else self.size

    def handle(self, node: NodeId, state: Value, given: Input) -> Step[Value]:
        assert isinstance(state, int)
        if node.startswith("cell"):
            return cell(state, given)
        number = int(node.removeprefix("thread"))
        match given:
            case Start():
                first = self.size if number == 0 else number - 1
                return Step(state, (Send(f"cell{first}", Read()),))
            case Receive(_, Holds(value)) if number > 0:
                return Step(state, (Send(f"cell{number}", Write(value + 1)),))
            case Receive(_, Holds(value)) if value != 0:
                return Step(state - 1, (Send(f"cell{state - 1}", Read()),))
            case _:  # a zero was found
                return Step(state)


@dataclass(frozen=True)
class OneNode:
    """All threads send once to one node, at the start."""

    bodies: Mapping[NodeId, Value]

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return ("cell", *self.bodies)

    def initial(self, node: NodeId) -> Value:
        del node
        return 0

    def handle(self, node: NodeId, state: Value, given: Input) -> Step[Value]:
        assert isinstance(state, int)
        if node == "cell":
            return cell(state, given)
        effects: tuple[Effect, ...] = (Send("cell", self.bodies[node]),)
        return Step(state, effects if isinstance(given, Start) else ())


def lastzero(size: str = "3") -> Scenario:
    """Return lastzero(N)."""
    protocol = LastZero(whole("size", size, at_least=1))
    return Scenario("lastzero", protocol, {}, (), commute=reads_commute, min_calls_per_run=0.0)


def readers(readers: str = "3", commute: str = "yes") -> Scenario:
    """Return one writer and so many readers of a cell; reads commute, or are not said to."""
    count = whole("readers", readers)
    bodies: dict[NodeId, Value] = {f"reader{k}": Read() for k in range(count)}
    system = OneNode({"writer": Write(1), **bodies})
    scenario = Scenario("readers", system, {}, (), min_calls_per_run=0.0)
    commuting = one_of("commute", commute, "yes", "no") == "yes"
    return scenario.replace(commute=reads_commute) if commuting else scenario


def senders(senders: str = "3") -> Scenario:
    """Return so many senders of different values to one receiver."""
    count = whole("senders", senders, at_least=1)
    bodies: dict[NodeId, Value] = {f"sender{k}": Write(k + 1) for k in range(count)}
    return Scenario("senders", OneNode(bodies), {}, (), min_calls_per_run=0.0)
