"""Invariants, asked: of one moment of a run, by every search, and of all worlds of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any

from counterpoint.model.arguments import takes_second
from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    BadScenario,
    brief,
    definition_of,
    place_of,
    told,
)
from counterpoint.model.reaction import NodeState
from counterpoint.model.requirement import Unmet
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.search.states_read import StatesRead
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, show
from counterpoint.model.verdict import Verdict, Violation, at_step, broken, holds, said
from counterpoint.model.world import World

Down = tuple[NodeId, ...]
"""The nodes that are down: they are shown in their initial state, in which they would come back."""


def states_of(world: World) -> Mapping[NodeId, Any]:
    """Return the states of all nodes, by name."""
    nodes = world.scenario.system.nodes
    return {
        name: node_state.state for name, node_state in zip(nodes, world.node_states, strict=True)
    }


def asks_who_is_down(invariant: Invariant) -> bool:
    """Tell whether the function of an invariant takes a second argument: the nodes that are down.

    >>> [asks_who_is_down(Invariant("i", f)) for f in (lambda states: None, lambda states, down: None)]
    [False, True]
    """
    return takes_second(invariant.violation, "down")


class JudgedStates:
    """Which node states break an invariant, each combination asked for once.

    What no invariant has read is no part of a combination: an invariant is a function of the states,
    so that it goes on to judge alike by those that it reads.
    """

    def __init__(self, scenario: Scenario, node_states: Sequence[NodeState]) -> None:
        """`node_states` may grow."""
        self._nodes, self._index = scenario.system.nodes, scenario.index
        self._invariants, self._node_states = Invariants(scenario), node_states
        self.nodes_read: tuple[int, ...] = ()
        self._names_read: set[NodeId] = set()
        self._read: Callable[[Sequence[int]], tuple[int, ...]] = _nothing
        self._known: dict[tuple[tuple[int, ...], Down], str | None] = {}
        self.reads_down = self._invariants.reads_down

    def __len__(self) -> int:
        return len(self._known)

    def violated(self, combination: Sequence[int], down: Down) -> str | None:
        """Return the name of the first invariant that these node states of all nodes break.

        `combination` has the number of a node state for each node, `down` who is down.
        """
        key = self._key(combination, down)
        if key not in self._known:
            states = [self._node_states[number].state for number in combination]
            violated, read = self._asked(dict(zip(self._nodes, states, strict=True)), down)
            if not read <= self._names_read:
                self._note(read)
                key = self._key(combination, down)
            self._known[key] = violated
        return self._known[key]

    def _asked(self, states: Mapping[NodeId, Any], down: Down) -> tuple[str | None, set[NodeId]]:
        """Return the first invariant that is broken, and the nodes that were read up to that."""
        read = set[NodeId]()
        for name, is_broken, nodes in self._invariants.answers(states, down):
            read |= nodes
            if is_broken:
                return name, read
        return None, read

    def holds(self, read: tuple[int, ...], down: Down) -> bool:
        """Tell whether these node states of `nodes_read` are known to break no invariant."""
        return self._known.get((read, down if self.reads_down else ()), "") is None

    def _key(self, combination: Sequence[int], down: Down) -> tuple[tuple[int, ...], Down]:
        return self._read(combination), down if self.reads_down else ()

    def _note(self, read: set[NodeId]) -> None:
        """Let these nodes be part of combinations from now on."""
        self._names_read |= read
        self.nodes_read = tuple(sorted(self._index[node] for node in self._names_read))
        one, *more = self.nodes_read
        self._read = itemgetter(one, *more) if more else lambda combination: (combination[one],)
        self._known.clear()


def _nothing(combination: Sequence[int]) -> tuple[int, ...]:
    del combination
    return ()


class Invariants:
    """The invariants of a scenario as one question; `reads_down` tells if any asks who is down."""

    def __init__(self, scenario: Scenario) -> None:
        self._asked = tuple((i, asks_who_is_down(i)) for i in scenario.invariants)
        self.reads_down = any(reads_down for _, reads_down in self._asked)

    def violated(self, states: Mapping[NodeId, Any], down: Down) -> str | None:
        """Return the name of the first invariant that these states break."""
        answers = self.answers(states, down)
        return next((name for name, is_broken, _ in answers if is_broken), None)

    def answers(
        self, states: Mapping[NodeId, Any], down: Down
    ) -> Iterator[tuple[str, bool, AbstractSet[NodeId]]]:
        """Yield of each invariant, as it is asked, whether these states break it, and whose it read.

        One that was not seen to read any has read all: of some comparisons in C nothing is noted.
        """
        for invariant, reads_down in self._asked:
            shown = StatesRead(states)
            found = _violation(invariant, shown, down if reads_down else None)
            yield invariant.name, found is not None, shown.read or states.keys()


def _violation(
    invariant: Invariant, states: Mapping[NodeId, Any], down: Down | None
) -> Violation | None:
    """Return what is wrong with these states by an invariant, None if nothing is.

    None and False say that all is well; a text says what is wrong, with the nodes that it names. A
    function that raises breaks the invariant, with the author's line.

    Raises:
        BadScenario: it returned anything else.
    """
    judge: Callable[..., object] = invariant.violation
    try:
        found = judge(states) if down is None else judge(states, down)
    except Unmet as unmet:
        told_nodes = Violation(unmet.sentence, unmet.nodes)
        return told_nodes if unmet.nodes else _about(unmet.sentence, states)
    except BadScenario:
        raise
    except AUTHORS_ERRORS as error:
        return _about(f"its function raised {told(error)} ({place_of(error)})", states)
    if found is None or found is False:
        return None
    if isinstance(found, str) and found.strip():
        return _about(found, states)
    if isinstance(found, Violation) and found.sentence.strip():
        return found
    raise BadScenario(
        f"invariant {invariant.name!r} returned {brief(found)} ({definition_of(judge)}); it "
        "returns None, or False, where all is well, and a sentence that says what is wrong elsewhere"
    )


def check_invariant(trace: Trace, invariant: Invariant) -> Verdict:
    """Judge every world of a run; examined are the worlds up to the first that breaks it.

    Culprits are the nodes that the violation is about, the one that acted last at the end.
    """
    reads_down = asks_who_is_down(invariant)
    for step, world in enumerate(trace.worlds):
        down = world.conditions.down if reads_down else None
        violation = _violation(invariant, StatesRead(states_of(world)), down)
        if violation is not None:
            choice = trace.choices[step - 1] if step else None
            nodes = violation.nodes
            return broken(
                invariant.name,
                violation.sentence,
                examined=step + 1,
                because=(said("after ", at_step(step - 1), f", {show(choice)}"),) if choice else (),
                culprits=tuple(sorted(nodes, key=lambda n: choice is not None and n == choice.at)),
            )
    return holds(invariant.name, examined=len(trace.worlds))


def _about(sentence: str, nodes: Iterable[NodeId]) -> Violation:
    """Return the violation that an author's sentence stands for: about the nodes that it names.

    >>> _about("n1 and n12 both lead", ("n1", "n2", "n12")).nodes
    ('n1', 'n12')
    """
    named = (n for n in nodes if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", sentence))
    return Violation(sentence, tuple(named))
