"""Scenarios: a system, what its clients ask, what may go wrong, and what must hold all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from counterpoint.model.actions import ACTIONS
from counterpoint.model.asked import asked
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import System
from counterpoint.model.observer import Observer
from counterpoint.model.reaction import initial_state
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict, Violation
from counterpoint.model.wellformed import FUNCTIONS, require_claim, require_needs, require_scenario
from counterpoint.model.world import Action

Network: TypeAlias = Literal["unordered", "ordered"]
"""Whether messages of one link may overtake each other for free."""

Reads: TypeAlias = Literal["operations", "end", "trace"]
"""What a trace must hold for a property to be judged; see `Property`."""


Calls: TypeAlias = Mapping[NodeId, tuple[Value, ...]]
"""The operations that each client asks for, in their order."""

Tolerates: TypeAlias = Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]
"""Whether the system promises to survive without these nodes, given the role of each node."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a kind of fault may be used in a run, and how often at the same time.

    `at_once` counts nodes down, nodes silent, partitions in force or messages held; None: no bound
    of its own. For crashes and omissions `Scenario.tolerates` bounds the nodes as well.
    """

    per_run: int
    at_once: int | None = None

    def __post_init__(self) -> None:
        counts = (self.per_run, 0 if self.at_once is None else self.at_once)
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise BadScenario(f"{self!r} is no budget; both are whole numbers from 0 on")


def budgets(**counts: int | Budget) -> Mapping[str, Budget]:
    """Return the budgets of a run by kind of fault; a plain number is a budget per run.

    >>> budgets(drop=2)["drop"]
    Budget(per_run=2, at_once=None)
    """
    return MappingProxyType(
        {
            kind.replace("_", "-"): count if isinstance(count, Budget) else Budget(count)
            for kind, count in counts.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Property:
    """A named claim about every trace: `check(trace)` returns a verdict, or True or False, or asserts.

    A check that raises breaks the property, too, with the line at which it did. `reads` says what a
    trace must hold for the check, and when it is made.

    "operations": calls, returns, notes, roles, crashes and recoveries are enough, so that fast
    walks need not record the rest; "end": the same, and the last world (`trace.final`) of a run whose
    faults have stopped and that is at rest, which is where it is judged, in every run;
    "trace": every event and world. `observer` is the same property as an automaton, for
    explorations; without one they remember everything that the property may read.
    """

    name: str
    check: Callable[[Trace], Verdict | bool | None]
    reads: Reads = "operations"
    observer: Observer | None = None

    def __post_init__(self) -> None:
        require_claim("property", self.name, check=self.check)
        if self.reads not in get_args(Reads):
            known = ", ".join(map(repr, get_args(Reads)))
            raise BadScenario(f"property {self.name!r} reads {self.reads!r}; there are: {known}")

    @property
    def is_about_answers(self) -> bool:
        """Tell whether it asks alone who is owed an answer at the end, as `check_liveness` does.

        That is known of a check that says so (`check.is_about_answers = True`), or is one with some
        arguments given (`functools.partial`).
        """
        check: Any = self.check
        while isinstance(check, partial):
            check = check.func
        return self.reads == "end" and bool(getattr(check, "is_about_answers", False))

    @property
    def is_about_rest(self) -> bool:
        """Tell whether it looks at what a run has come to when it is at rest."""
        return self.reads == "end" and not self.is_about_answers


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named claim about every reachable state of the nodes.

    `violation(states)` maps the states of all nodes, by name, to a sentence that says what is wrong
    with them, or to None (or False); or to a `Violation`, which also tells the nodes that it is
    about, where a sentence is about those that it names. It must not look at anything else. A node
    that is down has lost its state, and is shown in its initial one; `violation(states, down)`, if
    it takes a second argument, is told which nodes those are.
    """

    name: str
    violation: Callable[..., str | Violation | Literal[False] | None]

    def __post_init__(self) -> None:
        require_claim("invariant", self.name, violation=self.violation)


def nobody_fails(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
    """The bound of a system that survives no failed node."""
    del roles
    return not failed


def minority_of(*nodes: NodeId) -> Tolerates:
    """Return the bound of a system that survives as long as a majority of these nodes is well.

    >>> minority_of("a", "b", "c")(("a",), {}), minority_of("a", "b", "c")(("a", "b"), {})
    (True, False)
    """

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        del roles
        return set(failed) <= set(nodes) and 2 * len(failed) < len(nodes)

    return tolerates


def only_itself(client: NodeId, operation: Value) -> tuple[NodeId, ...]:
    """The nodes that an answer depends on, when it depends on no one but the client."""
    del operation
    return (client,)


@dataclass(frozen=True, slots=True)
class Goal:
    """A named claim that something can happen: that some reachable state is one of a kind.

    `is_met(states, messages)` maps the states of all nodes, by name, and the messages on their way
    as (source, destination, body), those held back among them, to whether this state is one. It
    must not look at anything else. Explorations tell where a goal is first met, and by which run.
    """

    name: str
    is_met: Callable[[Mapping[NodeId, Any], Sequence[tuple[NodeId, NodeId, Value]]], bool]

    def __post_init__(self) -> None:
        require_claim("goal", self.name, is_met=self.is_met)


def nothing_is_visible(action: Action) -> bool:
    """Properties see each node's own order, and that of calls and returns, and no other."""
    del action
    return False


def always_conflict(node: NodeId, one: Value, other: Value) -> bool:
    """Nothing is known to commute."""
    del node, one, other
    return False


def first_word(operation: Value, result: Value) -> str:
    """The kind of a call, as a count of calls names it: the first word of its operation.

    >>> first_word(("read", 3), 7)
    'read'
    """
    del result
    text = show(operation)
    found = re.search(r"\w+", text)
    return found.group() if found else text


@dataclass(frozen=True)
class Scenario:
    """Everything that a run is made of, except the choices.

    `calls` gives each client its operations, asked in this order (`in_order`) or in any.
    `limits` gives the budget of each kind of fault; a kind without one does not happen.
    `faults_max` bounds all faults of a run together. `tolerates(failed, roles)` says whether the
    system promises to survive these nodes down or silent at once: no more than that ever fails.
    `partitions` lists the groups of nodes that may be cut off. `depends_on(client, operation)`
    names the nodes that an answer needs: a call is owed an answer only while they are well.
    `symmetric` lists groups of nodes that are interchangeable, names apart: a search may treat two
    states as one that differ in who is who. `commute(node, one, other)` says of two bodies that it
    makes no difference in which order they arrive at a node: not to the node, not to what it sends.
    `visible(action)` tells which actions a property sees in their order, wherever they happen: runs
    that differ in the order of two visible actions are not equivalent to partial-order reduction.
    `steps` is the range from which a walk draws when the faults stop. `calls_floor` is the number
    of completed calls per run below which a search counts as idle, and fails; `kind_of(operation,
    result)` names the kind of a completed call, so that a search can tell how many of each it saw.
    `origin` is how to build the scenario again, as the trace file records it.
    """

    name: str
    system: System[Any]
    calls: Calls
    properties: tuple[Property, ...]
    invariants: tuple[Invariant, ...] = ()
    goals: tuple[Goal, ...] = ()
    in_order: bool = True
    network: Network = "unordered"
    limits: Mapping[str, Budget] = field(default_factory=lambda: MappingProxyType({}))
    faults_max: int | None = None
    tolerates: Tolerates = nobody_fails
    partitions: tuple[tuple[NodeId, ...], ...] = ()
    depends_on: Callable[[NodeId, Value], tuple[NodeId, ...]] = only_itself
    role_of: Callable[[NodeId, Any], str] | None = None
    actions: tuple[type[Action], ...] = ACTIONS
    symmetric: tuple[tuple[NodeId, ...], ...] = ()
    commute: Callable[[NodeId, Value, Value], bool] = always_conflict
    visible: Callable[[Action], bool] = nothing_is_visible
    steps: tuple[int, int] = (10, 60)
    calls_floor: float = 0.5
    kind_of: Callable[[Value, Value], str] = first_word
    origin: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        require_scenario(self)
        for name in FUNCTIONS:
            object.__setattr__(self, name, asked(name, getattr(self, name)))
        require_needs(self)

    @cached_property
    def initial_states(self) -> Mapping[NodeId, Value]:
        """The state of each node before its first input, and again after a crash."""
        return {node: initial_state(self.system, node) for node in self.system.nodes}

    @cached_property
    def index(self) -> Mapping[NodeId, int]:
        """The position of each node."""
        return {node: position for position, node in enumerate(self.system.nodes)}

    def but(self, **changes: Any) -> Scenario:
        """Return this scenario with some fields changed."""
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return Scenario(**{**kept, **changes})
