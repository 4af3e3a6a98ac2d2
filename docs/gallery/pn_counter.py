"""A counter that goes up and down at every replica, merged by gossip (PN-counter).

Source: M. Shapiro, N. Preguica, C. Baquero and M. Zawirski, A Comprehensive Study of Convergent and
Commutative Replicated Data Types (INRIA 7506, 2011), specification 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import counterpoint as cp

Variant = Literal["right", "one count", "gossips once", "takes what comes"]
REPLICAS = ("r1", "r2", "r3")


@cp.value
class Counts:
    """What each replica has added, and what it has taken away."""

    plus: tuple[int, ...] = (0, 0, 0)
    minus: tuple[int, ...] = (0, 0, 0)

    @property
    def total(self) -> int:
        return sum(self.plus) - sum(self.minus)


@cp.value
class Replica:
    counts: Counts = Counts()
    asked: int = 0  # what its own clients asked for in all: for the claims alone


def added(counts: tuple[int, ...], at: int, amount: int) -> tuple[int, ...]:
    return (*counts[:at], counts[at] + amount, *counts[at + 1 :])


def greater(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(max, one, other))


def changed(variant: Variant, counts: Counts, at: int, amount: int) -> Counts:
    if amount > 0 or variant == "one count":
        return Counts(added(counts.plus, at, amount), counts.minus)
    return Counts(counts.plus, added(counts.minus, at, -amount))


def merged(variant: Variant, mine: Counts, theirs: Counts) -> Counts:
    if variant == "takes what comes":
        return theirs
    return Counts(greater(mine.plus, theirs.plus), greater(mine.minus, theirs.minus))


def replica(
    variant: Variant, node: str, state: Replica, given: cp.Input
) -> cp.Step[Replica] | None:
    match given:
        case cp.Invoke(int(amount)):
            counts = changed(variant, state.counts, REPLICAS.index(node), amount)
            state = Replica(counts, state.asked + amount)
            return cp.Step(state, gossip(variant, node, state), cp.Return("done"))
        case cp.Timeout("gossip"):
            return cp.Step(state, gossip(variant, node, state))
        case cp.Receive(_, Counts() as theirs):
            return cp.Step(Replica(merged(variant, state.counts, theirs), state.asked))
    return None


def gossip(variant: Variant, node: str, state: Replica) -> list[cp.Effect]:
    sent: list[cp.Effect] = [cp.Send(r, state.counts) for r in REPLICAS if r != node]
    return sent if variant == "gossips once" else [*sent, cp.SetTimer("gossip")]


def everything_counts(states: Mapping[str, Replica]) -> str | None:
    """At rest each replica shows what all of them were asked for."""
    asked = sum(state.asked for state in states.values())
    for node, state in states.items():
        if state.counts.total != asked:
            return f"{node} shows {state.counts.total}, and {asked} was asked for"
    return None


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Three replicas, each of which counts up and down, on a network that loses and copies."""
    return cp.Scenario(
        "PN-counter",
        cp.system({r: (partial(replica, variant), Replica()) for r in REPLICAS}),
        calls={"r1": [1, -1], "r2": [2], "r3": [-3]},
        properties=[
            cp.converges(lambda state: state.counts),
            cp.eventually("everything counts", everything_counts),
        ],
        limits=cp.faults(drop=1, duplicate=1, fire=2),
    )


test_pn_counter = cp.verify(scenario())
