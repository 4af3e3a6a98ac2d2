"""What a system brings along so that a person can talk to it: its commands, and how answers read.

A catalog's entry that has a `Console` can be played with: `counterpoint play NAME`. What the person
asks for becomes a setting of the scenario, "calls", so that a session's trace can be run again like
any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from counterpoint.model.actions import FAULTS
from counterpoint.model.inert import plain
from counterpoint.model.kind import Action, ActionKind, undone_by
from counterpoint.model.scenario import Budget, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import World

CALLS = "calls"
"""The setting that lists the calls of a session: "c1 pay 7 3; c2 get_tokens 3"."""

SESSION = "session"
"""The same in an origin where it is no setting of the system: most have one of that name, or none."""

BOUNDLESS = Budget(1_000_000)
"""A session may use each kind of fault as often as a person can type it."""

UNBOUNDED = tuple(kind.kind for kind in FAULTS if not undone_by(kind))


class CommandError(ValueError):
    """A command that cannot be followed. Says what is wrong with it, and what would be right."""


class Console(Protocol):
    """How a person talks to a system. All of it is pure."""

    @property
    def usual(self) -> Mapping[str, str]:
        """The settings of a session where no others are given."""
        ...

    @property
    def commands(self) -> Mapping[str, str]:
        """The form of each command to a node ("c1 pay 7 3"), and one line of explanation."""
        ...

    @property
    def fallible(self) -> frozenset[str] | None:
        """The roles (or nodes, where there are none) that a session with faults lets lose messages.

        None: every node that the promise of the system leaves to be hurt.
        """
        ...

    def operation(self, scenario: Scenario, node: NodeId, words: Sequence[str]) -> Value:
        """Return the operation that a command to a node asks for.

        Raises:
            CommandError: the words are no command to this node.
        """
        ...

    def words(self, operation: Value) -> str:
        """Return the command that asks for an operation."""
        ...

    def is_wish(self, operation: Value) -> bool:
        """Tell whether an operator asks for it, who need not wait for the node's calls to end."""
        ...

    def answer(self, scenario: Scenario, result: Value) -> tuple[str, bool]:
        """Return the text of a result, and whether it is a refusal."""
        ...

    def status(self, world: World) -> Iterator[str]:
        """Return what there is to say of the system as a whole, in lines."""
        ...

    def outcome(self, world: World) -> Mapping[str, str]:
        """Return what the run has come to, once all that was begun is finished."""
        ...

    def effects(self, trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
        """Return the calls of a run that matter to its outcome, in the order of their effects."""
        ...


def session_scenario(scenario: Scenario, console: Console, calls: str) -> Scenario:
    """Return the scenario of a session in which these calls are made, in this order.

    Raises:
        CommandError: the text lists no calls of this system.
    """
    known = {kind.kind for kind in scenario.actions if _has(kind, scenario)}
    return with_calls(scenario, calls_of(scenario, console, calls)).replace(
        in_order=True,
        limits=MappingProxyType({kind: BOUNDLESS for kind in UNBOUNDED if kind in known}),
        faults_max=None,
    )


def _has(kind: type[Action], scenario: Scenario) -> bool:
    return not issubclass(kind, ActionKind) or kind.belongs_to(scenario)


def with_calls(scenario: Scenario, calls: Sequence[tuple[NodeId, Value]]) -> Scenario:
    """Return a scenario with these calls in place of its own."""
    by_node: dict[NodeId, tuple[Value, ...]] = {}
    for node, operation in calls:
        by_node[node] = (*by_node.get(node, ()), operation)
    return scenario.replace(calls=MappingProxyType(by_node))


def calls_of(scenario: Scenario, console: Console, text: str) -> tuple[tuple[NodeId, Value], ...]:
    """Return the calls that the setting `CALLS` lists.

    Raises:
        CommandError: the text lists no calls of this system.
    """
    lines = (part.split() for part in text.split(";"))
    return tuple(
        (line[0], console.operation(scenario, require_node(scenario, line[0]), line[1:]))
        for line in lines
        if line
    )


def text_of_calls(console: Console, calls: Sequence[tuple[NodeId, Value]]) -> str:
    """Return the setting `CALLS` for these calls."""
    return "; ".join(f"{node} {console.words(operation)}" for node, operation in calls)


def require_node(scenario: Scenario, name: str) -> NodeId:
    """Return the name of a node.

    Raises:
        CommandError: there is no such node; the text says which there are.
    """
    if name not in scenario.system.nodes:
        raise CommandError(
            f"{name!r} is no node of this system; nodes: {' '.join(scenario.system.nodes)}"
        )
    return name


def states_told(world: World) -> Iterator[str]:
    """Return the state of each node, a line each."""
    for node, node_state in zip(world.scenario.system.nodes, world.node_states, strict=True):
        yield f"{node}: {plain(show(node_state.state), 90)}"


def told_by(world: World, node: NodeId) -> str:
    """Say what the failure detector may tell a node, and has told it."""
    detector, nodes = world.scenario.detector, world.scenario.system.nodes
    if detector is None:
        return "the scenario has no failure detector"
    watched = " ".join(detector.watched_by(node, nodes)) or "nobody"
    suspected = " ".join(s for n, s in world.conditions.suspected if n == node) or "nobody"
    return f"{node} is told of {watched}, and suspects {suspected}"


def in_order_of_returns(trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
    """Return the operations of a run, those answered first in the order of their answers.

    The usual order of effects where a system knows no better one.
    """
    calls = {e.operation: e for e in trace.events if e.kind == "invoke"}
    answered = [e.operation for e in trace.events if e.kind == "return"]
    unanswered = [name for name in calls if name not in set(answered)]
    found = (calls[name] for name in (*answered, *unanswered))
    return tuple((event.node, event.value) for event in found if event.node is not None)
