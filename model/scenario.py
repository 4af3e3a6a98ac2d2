"""Scenarios: a system, what its clients ask, what may go wrong, and what must hold all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast
from warnings import warn

from counterpoint.model.actions import ACTIONS
from counterpoint.model.asked import asked
from counterpoint.model.claims import Goal, Invariant, Property, Reads
from counterpoint.model.detector import FailureDetector
from counterpoint.model.fault_state import Budget, budgets
from counterpoint.model.former_names import former_names
from counterpoint.model.kind import Action
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import System
from counterpoint.model.reaction import initial_state
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.wellformed import FUNCTIONS, require_needs, require_scenario
from counterpoint.model.workload import Workload

__all__ = [
    "Budget", "Calls", "Goal", "Invariant", "Network", "Property", "Reads", "Scenario", "Tolerates",
    "always_conflict", "budgets", "first_word", "minority_of", "nobody_fails", "nothing_is_visible",
    "only_itself",
]  # fmt: skip

Network: TypeAlias = Literal["unordered", "ordered", "lanes"]
"""Whether messages of one link may overtake each other for free.

On "lanes" they may if they are of different lanes, which their bodies name (`body.lane`), as the bytes
of two connections may; what is held back holds back what is behind it in its lane. Bodies that name none
are in one lane together.
"""

Calls: TypeAlias = Mapping[NodeId, tuple[Value, ...]]
"""The operations that each client asks for, in their order."""

Tolerates: TypeAlias = Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]
"""Whether the system promises to survive without these nodes, given the role of each node."""


C_co = TypeVar("C_co", covariant=True)


class ClaimsOf(Generic[C_co]):
    """Claims of a scenario as type checkers know them: given mixed, kept each among its own kind.

    A scenario has its own from the start; asked of the class it is what stands for none.
    """

    def __get__(self, scenario: object, owner: object = None) -> Sequence[C_co]:
        return ()

    if TYPE_CHECKING:

        def __set__(
            self, scenario: object, given: Sequence[Property | Invariant | Goal]
        ) -> None: ...


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


@former_names(steps="walk_steps", calls_floor="min_calls_per_run")
@dataclass(frozen=True)
class Scenario:
    """Everything that a run is made of, except the choices.

    `calls` gives each client its operations, asked in this order (`in_order`) or in any; or it is a
    `workload`, from which walks draw them for each run anew. `drawn_from` is the workload of a
    scenario whose calls were drawn.
    `limits` gives the budget of each kind of fault; a kind without one does not happen.
    `faults_max` bounds all faults of a run together. `tolerates(failed, roles)` says whether the
    system promises to survive these nodes down or silent at once: no more than that ever fails.
    `partitions` lists the groups of nodes that may be cut off. `depends_on(client, operation)`
    names the nodes that an answer needs: a call is owed an answer only while they are well.
    `detector` tells nodes of the failures of others; without one nobody is told.
    `symmetric` lists groups of nodes that are interchangeable, names apart: a search may treat two
    states as one that differ in who is who. `commute(node, one, other)` says of two bodies that it
    makes no difference in which order they arrive at a node: not to the node, not to what it sends.
    `visible(action)` tells which actions a property sees in their order, wherever they happen: runs
    that differ in the order of two visible actions are not equivalent to partial-order reduction.
    `walk_steps` is the range from which a walk draws when the faults stop. `weights` says how much more
    (or less) likely than usual a walk lets timers go off (`fire`, those of programs `alarm`) or does a
    kind of fault.
    `min_calls_per_run` is the number of completed calls per run below which a search counts as idle,
    and fails;
    `kind_of(operation, result)` names the kind of a completed call, so that a search can tell how many
    of each it saw.
    `origin` is how to build the scenario again, as the trace file records it.
    """

    name: str
    system: System[Any]
    calls: Mapping[NodeId, Sequence[Value]] | Workload
    properties: ClaimsOf[Property] = ClaimsOf()
    invariants: ClaimsOf[Invariant] = ClaimsOf()
    goals: ClaimsOf[Goal] = ClaimsOf()
    in_order: bool = True
    network: Network = "unordered"
    limits: Mapping[str, Budget] = field(default_factory=lambda: MappingProxyType({}))
    faults_max: int | None = None
    tolerates: Tolerates = nobody_fails
    partitions: tuple[tuple[NodeId, ...], ...] = ()
    depends_on: Callable[[NodeId, Value], tuple[NodeId, ...]] = only_itself
    role_of: Callable[[NodeId, Any], str] | None = None
    actions: Sequence[type[Action]] = ACTIONS
    symmetric: tuple[tuple[NodeId, ...], ...] = ()
    commute: Callable[[NodeId, Value, Value], bool] = always_conflict
    visible: Callable[[Action], bool] = nothing_is_visible
    walk_steps: tuple[int, int] = (10, 60)
    min_calls_per_run: float = 0.5
    kind_of: Callable[[Value, Value], str] = first_word
    origin: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    drawn_from: Workload | None = None
    detector: FailureDetector | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name, given in _as_tuples(self).items():
            object.__setattr__(self, name, given)
        require_scenario(self)
        for name in FUNCTIONS:
            object.__setattr__(self, name, asked(name, getattr(self, name)))
        if not isinstance(self.calls, Workload):
            require_needs(self, self.calls)

    @property
    def fixed_calls(self) -> Calls:
        """The operations of each client.

        Raises:
            BadScenario: they are drawn for each run, so that this scenario has none of its own.
        """
        if isinstance(self.calls, Workload):
            raise BadScenario(
                f"scenario {self.name!r} draws its calls, which walks and the state machine do for "
                f"each run; here fixed ones are needed: counterpoint.drawn(scenario, seed=1) "
                "gives the scenario with the calls of one run"
            )
        return cast("Calls", self.calls)  # lists were made tuples

    def with_calls(self, calls: Calls) -> Scenario:
        """Return this scenario with calls that were drawn from its workload, and were checked."""
        workload = self.calls if isinstance(self.calls, Workload) else self.drawn_from
        made = object.__new__(Scenario)
        made.__dict__.update(self.__dict__, calls=calls, drawn_from=workload)
        return made

    def with_weights(self, weights: Mapping[str, float]) -> Scenario:
        """Return this scenario with weights that were checked."""
        made = object.__new__(Scenario)
        made.__dict__.update(self.__dict__, weights=weights)
        return made

    @cached_property
    def initial_states(self) -> Mapping[NodeId, Value]:
        """The state of each node before its first input, and again after a crash."""
        return {node: initial_state(self.system, node) for node in self.system.nodes}

    @cached_property
    def index(self) -> Mapping[NodeId, int]:
        """The position of each node."""
        return {node: position for position, node in enumerate(self.system.nodes)}

    def replace(self, **changes: Any) -> Scenario:
        """Return this scenario with some fields changed."""
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return Scenario(**{**kept, **changes})

    def but(self, **changes: Any) -> Scenario:
        """Return this scenario with some fields changed: the former name of `replace`."""
        warn("Scenario.but is Scenario.replace now", DeprecationWarning, stacklevel=2)
        return self.replace(**changes)


def _as_tuples(scenario: Scenario) -> dict[str, object]:
    """Return what was given as lists as the tuples that are kept, and each claim among its kind."""
    given: dict[str, object] = {}
    claims = [getattr(scenario, name) for name in ("properties", "invariants", "goals")]
    if all(isinstance(some, list | tuple) for some in claims):
        of_kind = {Invariant: "invariants", Goal: "goals"}
        for name in ("properties", "invariants", "goals"):
            given[name] = tuple(
                claim
                for some, home in zip(claims, ("properties", "invariants", "goals"), strict=True)
                for claim in some
                if of_kind.get(type(claim), home) == name
            )
    given["actions"] = _tupled(scenario.actions)
    if isinstance(scenario.calls, Mapping):
        given["calls"] = {node: _tupled(asked) for node, asked in scenario.calls.items()}
    for name in ("partitions", "symmetric"):
        groups = _tupled(getattr(scenario, name))
        given[name] = tuple(map(_tupled, groups)) if isinstance(groups, tuple) else groups
    return given


def _tupled(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given
