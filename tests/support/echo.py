"""The smallest system in which every kind of fault shows: a client that asks two servers.

`s1` and `s2` count what they are asked and persist the count; the client returns the first answer,
and asks again when its timer goes off. A server changes its role when it is told to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from counterpoint.model.node import (
    CancelTimer,
    ChangeRole,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Step,
    Timeout,
)
from counterpoint.model.scenario import Budget, Property, Scenario, budgets, minority_of
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, holds

SERVERS = ("s1", "s2", "s3")


@dataclass(frozen=True, slots=True)
class Ask:
    number: int


@dataclass(frozen=True, slots=True)
class Told:
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Client:
    waits_for: int | None = None


@dataclass(frozen=True, slots=True)
class Server:
    count: int = 0
    is_leader: bool = False


State = Client | Server


@dataclass(frozen=True)
class Echo:
    nodes: tuple[str, ...] = ("c1", *SERVERS)

    def initial(self, node: str) -> State:
        return Server() if node in SERVERS else Client()

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        del node
        match state, given:
            case Client(), Invoke(int(number)):
                return Step(Client(number), self._ask(number))
            case Client(int(number)), Timeout("again"):
                return Step(state, self._ask(number))
            case Client(number), Receive(_, Told(told, count)) if told == number:
                return Step(Client(), (CancelTimer("again"), Return(count)))
            case Server(count), Receive(source, Ask(number)):
                after = replace(state, count=count + 1)
                return Step(after, (Persist(after.count), Send(source, Told(number, after.count))))
            case Server(), Recover(int(count)):
                return Step(Server(count), (Note("back"),))
            case Server(), ChangeRole():
                return Step(replace(state, is_leader=not state.is_leader))
            case _:
                return Step(state)

    def _ask(self, number: int) -> tuple[Send | SetTimer, ...]:
        return (*(Send(s, Ask(number)) for s in SERVERS), SetTimer("again"))


def role_of(node: str, state: State) -> str:
    """Return the role as reports show it."""
    del node
    if isinstance(state, Client):
        return "client"
    return "leader" if state.is_leader else "server"


def answers_grow(trace: Trace) -> Verdict:
    """Holds always; it counts the answers, so that a run without any is undecided."""
    return holds("answered", examined=sum(event.kind == "return" for event in trace.events))


def echo(**changes: object) -> Scenario:
    """The system with every kind of fault."""
    scenario = Scenario(
        name="echo",
        system=Echo(),
        calls={"c1": (1, 2)},
        properties=(Property("answered", answers_grow),),
        limits=budgets(
            drop=2,
            duplicate=2,
            reorder=2,
            delay=Budget(2, at_once=1),
            omit=Budget(3, at_once=1),
            crash=Budget(2, at_once=1),
            cut=Budget(2, at_once=1),
            transform=2,
            fire=3,
        ),
        tolerates=minority_of(*SERVERS),
        partitions=(("s1",), ("c1", "s2")),
        role_of=role_of,
    )
    return scenario.replace(**changes)
