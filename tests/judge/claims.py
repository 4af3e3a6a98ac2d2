"""What must hold of drawn systems: invariants, properties of histories, goals, liveness."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from counterpoint.checkers.liveness import check_liveness
from counterpoint.model.livelock import still_possible
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Goal, Invariant, Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict, broken, holds, undecided
from counterpoint.model.world import World

Words = tuple[str, ...]


# ---- states --------------------------------------------------------------------------------------


def invariant_of(pairs: tuple[tuple[NodeId, int], ...]) -> Invariant:
    """Return the claim that these nodes are never in these moods together.

    "any" is any node, and the mood -1 is being down.
    """
    told = " and ".join(f"{node} in {mood}" for node, mood in pairs).replace("in -1", "down")
    if any(mood == DOWN for _, mood in pairs):
        return Invariant(f"never {told}", NeverTogetherOrDown(pairs, told))
    return Invariant(f"never {told}", NeverTogether(pairs, told))


DOWN = -1
"""The mood of a node that is down."""


@dataclass(frozen=True)
class NeverTogether:
    """The check of an invariant that sees states alone."""

    pairs: tuple[tuple[NodeId, int], ...]
    told: str

    def __call__(self, states: Mapping[NodeId, Any]) -> str | None:
        """Say what is wrong with these states."""
        if all(_is_in(states, node, mood) for node, mood in self.pairs):
            return f"{self.told} at once"
        return None


@dataclass(frozen=True)
class NeverTogetherOrDown:
    """The check of an invariant that asks, too, who is down."""

    pairs: tuple[tuple[NodeId, int], ...]
    told: str

    def __call__(self, states: Mapping[NodeId, Any], down: Collection[NodeId]) -> str | None:
        """Say what is wrong with these states, of which some are those of nodes that are down."""
        if all(self._is_so(states, down, node, mood) for node, mood in self.pairs):
            return f"{self.told} at once"
        return None

    def _is_so(
        self, states: Mapping[NodeId, Any], down: Collection[NodeId], node: NodeId, mood: int
    ) -> bool:
        if mood == DOWN:
            return bool(down) if node == "any" else node in down
        return _is_in(states, node, mood)


def _is_in(states: Mapping[NodeId, Any], node: NodeId, mood: int) -> bool:
    if node == "any":
        return any(state.mood == mood for state in states.values())
    return bool(states[node].mood == mood)


def goal_of(words: Words) -> Goal:
    """Return the goal of being in a mood, or of a message being on its way."""
    match words:
        case ("mood", node, mood):
            return Goal(" ".join(words), partial(_is_met, node=node, mood=int(mood)))
        case ("message", body):
            return Goal(" ".join(words), partial(_is_sent, body=body))
    raise AssertionError(f"{words!r} is no goal")


def _is_met(
    states: Mapping[NodeId, Any], messages: Sequence[object], *, node: NodeId, mood: int
) -> bool:
    del messages
    return _is_in(states, node, mood)


def _is_sent(
    states: Mapping[NodeId, Any], messages: Sequence[tuple[NodeId, NodeId, Value]], *, body: str
) -> bool:
    del states
    return any(each[2] == body for each in messages)


# ---- histories -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Automaton:
    """A claim about what is seen, as an observer: memories are small numbers, BROKEN is the last.

    "never kind value": no such thing is ever seen. "after value other": once a call has returned
    `value`, no call begun from then on returns `other`. "again node value": no node says the same
    note twice.
    """

    words: Words

    @property
    def initial(self) -> Value:
        """Nothing was seen."""
        return frozenset()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Return the memory after these things."""
        for observation in seen:
            if memory != "broken":
                memory = self._after(memory, observation)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether it is broken."""
        return memory == "broken"

    def _after(self, memory: Any, seen: Observation) -> Any:
        match self.words:
            case ("never", kind, value):
                return "broken" if (seen.kind, seen.value) == (kind, value) else memory
            case ("again", value):
                if (seen.kind, seen.value) != ("note", value):
                    return memory
                return "broken" if seen.node in memory else memory | {seen.node}
            case ("after", value, other):
                return self._after_return(memory, seen, value, other)
        raise AssertionError(f"{self.words!r} is no claim")

    def _after_return(self, memory: Any, seen: Observation, value: str, other: str) -> Value:
        """The memory: whether `value` was returned, and which nodes have called since."""
        if seen.kind == "return" and seen.value == other and seen.node in memory:
            return "broken"
        late = {node for node in memory if node != seen.node}
        if seen.kind == "return" and seen.value == value:
            late.add("value")
        elif seen.kind == "invoke" and "value" in memory:
            late.add(seen.node)
        elif seen.kind not in ("return", "crash"):
            late = set(memory)
        return frozenset(late)


def check_history(trace: Trace, *, words: Words, name: str) -> Verdict:
    """Judge a trace by the automaton: for the properties that bring no observer."""
    automaton = Automaton(words)
    seen = [
        Observation(event.kind, event.node, event.value)
        for event in trace.events
        if event.node is not None and event.kind in ("invoke", "return", "note", "crash", "recover")
    ]
    if automaton.is_broken(automaton.observe(automaton.initial, seen)):
        return broken(name, f"it was seen: {' '.join(words)}", examined=len(seen))
    return holds(name, examined=len(seen))


check_history.is_about_precedence = True  # type: ignore[attr-defined]


def _rests_in(world: World, *, node: NodeId, mood: int) -> bool:
    states = {name: world.node_state(name).state for name in world.scenario.system.nodes}
    return _is_in(states, node, mood)


def check_rest(trace: Trace, *, is_met: Callable[[World], bool], name: str) -> Verdict:
    """Judge a run that is at rest by its last world."""
    world = trace.final
    is_over = world.conditions.settled is not None and trace.failure is None
    if not is_over or any(True for _ in still_possible(world)):
        return undecided(name, "not at rest")
    if is_met(world):
        return broken(name, "it rests there", examined=1)
    return holds(name, examined=1)


def property_of(words: Words) -> Property:
    """Return a property: ("observed" | "history", claim ...), ("liveness", "again" | "once"),

    ("rest", node, mood): at rest the node is never in this mood.
    """
    match words:
        case ("liveness", how):
            check = partial(check_liveness, sends_again=how == "again", name="liveness")
            return Property("liveness", check, reads="end")
        case ("rest", node, mood):
            is_met = partial(_rests_in, node=node, mood=int(mood))
            told = f"{node} never rests in {mood}"
            return Property(told, partial(check_rest, is_met=is_met, name=told), reads="end")
        case ("observed" | "history" as how, *claim):
            name = " ".join(words)
            judged = partial(check_history, words=tuple(claim), name=name)
            automaton = Automaton(tuple(claim)) if how == "observed" else None
            return Property(name, judged, observer=automaton)
    raise AssertionError(f"{words!r} is no property")
