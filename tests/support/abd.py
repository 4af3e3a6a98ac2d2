"""A register on three replicas whose reads may skip the write-back: the classic wrong shortcut.

The clients talk to the replicas themselves (Attiya, Bar-Noy, Dolev, "Sharing memory robustly in
message-passing systems", J. ACM 42(1), 1995), so a run is short and every step of it matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from counterpoint.model.node import Input, Invoke, Persist, Receive, Recover, Return, Send, Step
from counterpoint.model.scenario import Budget, Property, Scenario, budgets, minority_of
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, broken, holds

REPLICAS = ("r1", "r2", "r3")


@dataclass(frozen=True, slots=True)
class Read:
    """Ask for the value."""


@dataclass(frozen=True, slots=True)
class Write:
    """Store a value; the values of a run are 1, 2, 3 ... in the order of their stamps."""

    value: int


@dataclass(frozen=True, slots=True)
class Query:
    request: int


@dataclass(frozen=True, slots=True)
class Answer:
    request: int
    value: int


@dataclass(frozen=True, slots=True)
class Store:
    request: int
    value: int


@dataclass(frozen=True, slots=True)
class Stored:
    request: int


@dataclass(frozen=True, slots=True)
class Replica:
    value: int = 0


@dataclass(frozen=True, slots=True)
class Client:
    request: int = 0
    phase: Literal["idle", "asking", "storing"] = "idle"
    value: int = 0
    is_read: bool = False
    heard: frozenset[str] = frozenset()


State = Replica | Client


@dataclass(frozen=True)
class Abd:
    """One writer `c1` and a reader `c2` over three replicas."""

    writes_back: bool = True
    nodes: tuple[str, ...] = ("c1", "c2", *REPLICAS)

    def initial(self, node: str) -> State:
        return Replica() if node in REPLICAS else Client()

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        del node
        match state, given:
            case Replica(), Receive(source, Query(request)):
                return Step(state, (Send(source, Answer(request, state.value)),))
            case Replica(), Receive(source, Store(request, value)):
                kept = max(state.value, value)
                return Step(Replica(kept), (Persist(kept), Send(source, Stored(request))))
            case Replica(), Recover(int(kept)):
                return Step(Replica(kept))
            case Client(), Invoke(Write(value)):
                return self._store(replace(state, request=state.request + 1, is_read=False), value)
            case Client(), Invoke(Read()):
                asking = Client(state.request + 1, "asking", 0, True)
                return Step(asking, tuple(Send(r, Query(asking.request)) for r in REPLICAS))
            case Client(request, "asking"), Receive(source, Answer(answered, value)):
                if answered != request:
                    return Step(state)
                heard = state.heard | {source}
                after = replace(state, heard=heard, value=max(value, state.value))
                if len(heard) < 2:
                    return Step(after)
                if self.writes_back:
                    return self._store(after, after.value)
                return Step(replace(after, phase="idle"), (Return(after.value),))
            case Client(request, "storing"), Receive(source, Stored(answered)):
                heard = state.heard | {source}
                if answered != request:
                    return Step(state)
                if len(heard) < 2:
                    return Step(replace(state, heard=heard))
                result = state.value if state.is_read else "ok"
                return Step(replace(state, phase="idle"), (Return(result),))
            case _:
                return Step(state)

    def _store(self, state: Client, value: int) -> Step[State]:
        storing = replace(state, phase="storing", value=value, heard=frozenset())
        return Step(storing, tuple(Send(r, Store(storing.request, value)) for r in REPLICAS))


def never_back(trace: Trace) -> Verdict:
    """A reader never reads an older value than before; values grow in the order of writing."""
    latest: dict[str, int] = {}
    for event in trace.events:
        if event.kind == "return" and isinstance(event.value, int) and event.node is not None:
            before = latest.get(event.node, 0)
            if event.value < before:
                summary = f"{event.node} read {event.value} after it had already read {before}."
                return broken("never back", summary, examined=len(latest))
            latest[event.node] = event.value
    return holds("never back", examined=len(latest))


def abd(*, writes_back: bool = True, **changes: object) -> Scenario:
    """The register, with two writes and two reads; without the write-back it is wrong."""
    scenario = Scenario(
        name="abd",
        system=Abd(writes_back),
        calls={"c1": (Write(1),), "c2": (Read(), Read())},
        properties=(Property("never back", never_back),),
        limits=budgets(duplicate=1, delay=2, omit=Budget(3, at_once=1), crash=1, cut=1),
        tolerates=minority_of(*REPLICAS),
        partitions=tuple((replica,) for replica in REPLICAS),
        walk_steps=(10, 40),
    )
    return scenario.replace(**changes)


def no_early_read(trace: Trace) -> Verdict:
    """No read returns a value before its write has returned: wrong of any register, soon found."""
    name, written, reads = "no early read", 0, 0
    for event in trace.events:
        if event.kind == "return" and event.value == "ok":
            written += 1
        elif event.kind == "return" and isinstance(event.value, int):
            reads += 1
            if event.value > written:
                summary = f"{event.node} read {event.value} before it was written."
                return broken(name, summary, examined=reads)
    return holds(name, examined=reads)


def hasty(**changes: object) -> Scenario:
    """A scenario of which one run in a few breaks its property, but not the simplest of all."""
    properties = (Property("no early read", no_early_read),)
    return abd(writes_back=False, properties=properties).replace(**changes)
