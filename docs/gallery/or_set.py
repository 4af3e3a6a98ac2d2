"""A set to which every replica adds and from which it removes, merged by gossip (OR-set).

Source: M. Shapiro, N. Preguica, C. Baquero and M. Zawirski, A Comprehensive Study of Convergent and
Commutative Replicated Data Types (INRIA 7506, 2011), specification 15, with tombstones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import counterpoint as cp

Variant = Literal["right", "no tags", "no tombstones", "gossips once"]
REPLICAS = ("r1", "r2")


@cp.value(is_ordered=True)
class Tag:
    """One addition of an element: whose, and which."""

    element: str
    replica: str
    number: int


@cp.value
class Tags:
    added: frozenset[Tag] = frozenset()
    removed: frozenset[Tag] = frozenset()

    @property
    def elements(self) -> tuple[str, ...]:
        return tuple(sorted({tag.element for tag in self.added - self.removed}))


@cp.value
class Replica:
    tags: Tags = Tags()
    number: int = 0
    asked: tuple[tuple[str, str], ...] = ()  # what its clients asked for: for the claims alone


def replica(
    variant: Variant, node: str, state: Replica, given: cp.Input
) -> cp.Step[Replica] | None:
    match given:
        case cp.Invoke((str(word), str(element))):
            tags = asked(variant, node, state, word, element)
            state = Replica(tags, state.number + 1, (*state.asked, (word, element)))
            return cp.Step(state, gossip(variant, node, state), cp.Return("done"))
        case cp.Timeout("gossip"):
            return cp.Step(state, gossip(variant, node, state))
        case cp.Receive(_, Tags(added, removed)):
            tags = Tags(state.tags.added | added, state.tags.removed | removed)
            return cp.Step(Replica(tags, state.number, state.asked))
    return None


def asked(variant: Variant, node: str, state: Replica, word: str, element: str) -> Tags:
    """Add one more tag, or remove those that were seen here: an addition elsewhere stays."""
    tags = state.tags
    if word == "add":
        tag = Tag(element, "", 0) if variant == "no tags" else Tag(element, node, state.number)
        return Tags(tags.added | {tag}, tags.removed)
    seen = frozenset(tag for tag in tags.added if tag.element == element)
    if variant == "no tombstones":
        return Tags(tags.added - seen)
    return Tags(tags.added, tags.removed | seen)


def gossip(variant: Variant, node: str, state: Replica) -> list[cp.Effect]:
    sent: list[cp.Effect] = [cp.Send(r, state.tags) for r in REPLICAS if r != node]
    return sent if variant == "gossips once" else [*sent, cp.SetTimer("gossip")]


def last_word_counts(states: Mapping[str, Replica]) -> str | None:
    """At rest an element that one replica alone was asked for is there if it was last added."""
    for node, state in states.items():
        others = {e for n, other in states.items() if n != node for _, e in other.asked}
        for element, word in {e: w for w, e in state.asked if e not in others}.items():
            if (element in state.tags.elements) != (word == "add"):
                return f"{node} was last asked to {word} {element}, and has {state.tags.elements}"
    return None


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Two replicas, on a network that loses and copies."""
    return cp.Scenario(
        "OR-set",
        cp.system({r: (partial(replica, variant), Replica()) for r in REPLICAS}),
        calls={
            "r1": [("add", "x"), ("remove", "x"), ("add", "x")],
            "r2": [("add", "z"), ("remove", "z")],
        },
        properties=[
            cp.converges(lambda state: state.tags.elements),
            cp.eventually("the last word counts", last_word_counts),
        ],
        limits=cp.faults(drop=1, duplicate=1, fire=2),
    )


test_or_set = cp.verify(scenario())
