"""A rumour that goes round a ring of any size: wide traces, long traces, roles, timers, a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from counterpoint.model.node import (
    Input,
    Invoke,
    Note,
    Receive,
    Return,
    Send,
    SetTimer,
    Step,
    Timeout,
)
from counterpoint.model.scenario import Property, Scenario, budgets
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, at_step, broken, holds, said


@dataclass(frozen=True, slots=True)
class Tell:
    """Ask a node to spread a rumour."""

    text: str


@dataclass(frozen=True, slots=True)
class Rumour:
    text: str
    hops: int


@dataclass(frozen=True, slots=True)
class Hearer:
    heard: tuple[str, ...] = ()
    leads: bool = False


@dataclass(frozen=True)
class Gossip:
    """`size` nodes n1, n2, ...; a rumour goes `rounds` times round."""

    size: int = 4
    rounds: int = 1

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(f"n{k + 1}" for k in range(self.size))

    def initial(self, node: str) -> Hearer:
        del node
        return Hearer()

    def handle(self, node: str, state: Hearer, given: Input) -> Step[Hearer]:
        after = self.nodes[(self.nodes.index(node) + 1) % self.size]
        match given:
            case Invoke(Tell(text)):
                return Step(
                    replace(state, leads=True), (SetTimer("again"), Send(after, Rumour(text, 1)))
                )
            case Receive(_, Rumour(text, hops)):
                heard = (*state.heard, text)[-3:]
                if hops >= self.size * self.rounds:
                    done = (Note("all heard it"), Return(hops)) if state.leads else ()
                    return Step(Hearer(heard), done)
                return Step(replace(state, heard=heard), (Send(after, Rumour(text, hops + 1)),))
            case Timeout():
                return Step(state, (Send(after, Rumour("old", 1)),))
        return Step(state)


def never_twice(trace: Trace) -> Verdict:
    """Nobody hears a rumour twice, which a second round or a duplicate breaks."""
    examined = 0
    heard: dict[tuple[str | None, object], int] = {}
    for event in trace.events:
        if event.kind == "deliver" and isinstance(event.value, Rumour):
            examined += 1
            key = (event.node, event.value.text)
            if key in heard:
                summary = f"{event.node} heard {event.value.text} again (m{event.message})."
                why = (
                    said(f"{event.node} heard it first at ", at_step(heard[key])),
                    said(f"m{event.message} brought it at ", at_step(event.step)),
                )
                culprit = (f"m{event.message}",)
                return broken(
                    "never twice", summary, examined=examined, because=why, culprits=culprit
                )
            heard[key] = event.step
    return holds("never twice", examined=examined)


def at_most_one(failed: tuple[str, ...], roles: Mapping[str, str]) -> bool:
    """Survive any one failure."""
    del roles
    return len(failed) <= 1


def role(node: str, state: Hearer) -> str:
    """Lead from the call to the answer."""
    del node
    return "leader" if state.leads else "hearer"


def gossip(size: int = 4, rounds: int = 1, texts: tuple[str, ...] = ("hello",)) -> Scenario:
    """The ring, in which n1 tells each of the texts."""
    return Scenario(
        name="gossip",
        system=Gossip(size, rounds),
        calls={"n1": tuple(map(Tell, texts))},
        properties=(Property("never twice", never_twice, reads="trace"),),
        limits=budgets(duplicate=1, drop=2, crash=1, cut=1, delay=1, fire=1),
        partitions=(("n2",),),
        tolerates=at_most_one,
        role_of=role,
    )
