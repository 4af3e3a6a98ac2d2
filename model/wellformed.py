"""What a scenario must be made of: refused when it is made, not when some run happens to meet it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from counterpoint.model.claims import Goal, Invariant, Property
from counterpoint.model.detector import FailureDetector
from counterpoint.model.fault_state import Budget
from counterpoint.model.kind import undone_by
from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.normal import is_further
from counterpoint.model.suspicions import SUSPECT
from counterpoint.model.values import NotAValue, require_value
from counterpoint.model.workload import Workload


def require_scenario(scenario: Any) -> None:
    """Refuse a scenario that cannot be what its author means.

    Raises:
        BadScenario: says what was found, and what would be right.
    """
    if not isinstance(scenario.name, str) or not scenario.name.strip():
        raise BadScenario(f"a scenario is named {scenario.name!r}; its name is text, and not empty")
    try:
        _require_system(scenario.system)
        _require_functions(scenario)
        _require_calls(scenario.calls, scenario.system.nodes)
        _require_claims(scenario)
        _require_actions(scenario.actions)
        _require_limits(scenario)
        _require_groups(scenario)
        _require_detector(scenario)
        _require_weights(scenario)
    except BadScenario as error:
        raise BadScenario(f"scenario {scenario.name!r} {error}") from None


def _require_system(system: Any) -> None:
    if isinstance(system, type):
        raise BadScenario(
            f"has the class {system.__name__} as its system; give it an instance of it"
        )
    what = type(system).__name__
    for name in ("nodes", "initial", "handle"):
        if not hasattr(system, name):
            raise BadScenario(f"has {what} as its system, which has no {name!r}")
    _require_nodes(what, system.nodes)
    often = getattr(system, "asked_again", (1, 1))
    if not isinstance(often, tuple) or [type(number) for number in often] != [int, int]:
        raise BadScenario(
            f"has {what}.asked_again = {brief(often)}; it is two numbers, (first, every)"
        )
    _require_signature(f"{what}.initial", system.initial, "node")
    _require_signature(f"{what}.handle", system.handle, "node", "state", "given")


def _require_nodes(what: str, nodes: object) -> None:
    if not isinstance(nodes, tuple) or not nodes:
        raise BadScenario(f"has {what}.nodes = {brief(nodes)}; nodes are a tuple of names")
    for node in nodes:
        if not isinstance(node, str) or not node:
            raise BadScenario(f"has the node {node!r}; the name of a node is text, and not empty")
    _require_distinct(nodes, f"has {what}.nodes in which {{!r}} stands twice")


def _require_signature(name: str, function: Any, *wanted: str) -> None:
    """Refuse a function that cannot be called with these arguments, by position."""
    try:
        inspect.signature(function).bind(*wanted)
    except TypeError:
        taken = inspect.signature(function) if callable(function) else f" = {brief(function)}"
        raise BadScenario(
            f"has {name}{taken}, which is to be called as {name.rpartition('.')[2]}"
            f"({', '.join(wanted)})"
        ) from None
    except ValueError:  # made in C, so that nothing tells what it takes
        return


def _require_functions(scenario: Any) -> None:
    for name, wanted in FUNCTIONS.items():
        function = getattr(scenario, name)
        if function is not None:
            _require_signature(name, function, *wanted)
    if len(scenario.walk_steps) != 2 or not 0 <= scenario.walk_steps[0] <= scenario.walk_steps[1]:
        raise BadScenario(
            f"has walk_steps = {scenario.walk_steps!r}; they are the least and the most: (10, 60)"
        )


FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "tolerates": ("failed", "roles"),
    "depends_on": ("client", "operation"),
    "role_of": ("node", "state"),
    "commute": ("node", "one", "other"),
    "visible": ("action",),
    "kind_of": ("operation", "result"),
}
"""The functions of a scenario, and what they are called with."""


def require_needs(scenario: Any, calls: Mapping[str, Iterable[object]]) -> None:
    """Refuse answers to these calls that depend on nodes that there are not.

    Raises:
        BadScenario: says for which call.
    """
    nodes = scenario.system.nodes
    for client, operations in calls.items():
        for operation in dict.fromkeys(operations):
            needed = scenario.depends_on(client, operation)
            if not isinstance(needed, tuple | list | set | frozenset) or not set(needed) <= set(
                nodes
            ):
                raise BadScenario(
                    f"scenario {scenario.name!r} says that {client} depends on {brief(needed)} for "
                    f"{brief(operation)}; depends_on returns a tuple of nodes of the {_listed(nodes)}"
                )


def _require_calls(calls: object, nodes: tuple[str, ...]) -> None:
    if isinstance(calls, Workload):
        for node in calls.sources:
            _require_client(node, nodes)
        return
    if not isinstance(calls, Mapping):
        raise BadScenario(f"has calls = {brief(calls)}; they are a mapping of nodes to operations")
    for node, operations in calls.items():
        _require_client(node, nodes)
        if not isinstance(operations, tuple):
            raise BadScenario(
                f"gives {node} the calls {brief(operations)}; they are a tuple, such as "
                f"({brief(operations)},) for one call"
            )
        for operation in operations:
            require_operation(node, operation)


def _require_client(node: object, nodes: tuple[str, ...]) -> None:
    if node not in nodes:
        raise BadScenario(f"gives calls to {node!r}, which is no node of the {_listed(nodes)}")


def require_operation(node: str, operation: object) -> None:
    """Refuse a call that is no value.

    Raises:
        BadScenario: says of which client, and what is wrong.
    """
    if operation is None:
        raise BadScenario(f"gives {node} the call None, which is what a node without a call has")
    try:
        require_value(operation)
    except NotAValue as error:
        raise BadScenario(f"gives {node} a call in which {error}") from None


def _require_claims(scenario: Any) -> None:
    kinds: dict[str, type] = {"properties": Property, "invariants": Invariant, "goals": Goal}
    for name, kind in kinds.items():
        claims = getattr(scenario, name)
        if not isinstance(claims, tuple):
            what = kind.__name__
            raise BadScenario(
                f"has {name} = {brief(claims)}; they are a tuple, such as ({what}(…),)"
            )
        for claim in claims:
            if not isinstance(claim, kind):
                raise BadScenario(
                    f"has {brief(claim)} among its {name}; a {kind.__name__} is wanted"
                )
    named = [prop.name for prop in scenario.properties]
    named += [invariant.name for invariant in scenario.invariants]
    named += [goal.name for goal in scenario.goals]
    _require_distinct(named, "has two properties, invariants or goals of the name {!r}")


def _require_actions(actions: Any) -> None:
    for action in actions:
        if not isinstance(action, type) or not isinstance(getattr(action, "kind", None), str):
            raise BadScenario(
                f"has {brief(action)} among its actions; a kind of action is a class with a `kind`, "
                "such as cp.Deliver"
            )


def _require_limits(scenario: Any) -> None:
    most = scenario.faults_max
    if most is not None and (not isinstance(most, int) or most < 0):
        raise BadScenario(f"has faults_max={brief(most)}; it is None, or a number from 0 on")
    undoing = {action.kind for action in scenario.actions if undone_by(action)}
    kinds = {action.kind for action in scenario.actions} - undoing
    for kind, budget in scenario.limits.items():
        if kind in undoing:
            raise BadScenario(
                f"has a budget for {kind!r}, which undoes a fault and needs none: it may happen as "
                "often as there is something to undo"
            )
        if kind not in kinds:
            known = ", ".join(sorted(kinds))
            raise BadScenario(f"limits {kind!r}, which is no kind of action; kinds: {known}")
        if not isinstance(budget, Budget):
            raise BadScenario(f"limits {kind!r} to {brief(budget)}; write budgets({kind}=…)")


def _require_groups(scenario: Any) -> None:
    nodes = scenario.system.nodes
    for name in ("partitions", "symmetric"):
        groups = getattr(scenario, name)
        if not isinstance(groups, tuple):
            raise BadScenario(f"has {name} = {brief(groups)}; they are a tuple of tuples of nodes")
        for group in groups:
            if not isinstance(group, tuple):
                raise BadScenario(
                    f"has the group {brief(group)} in {name}; a group is a tuple of nodes, such as "
                    f"({brief(group)},) for one node"
                )
            for node in group:
                if node not in nodes:
                    raise BadScenario(
                        f"names {node!r} in {name}, which is no node of the {_listed(nodes)}"
                    )
            _require_distinct(group, f"has a group in {name} in which {{!r}} stands twice")


def _require_detector(scenario: Any) -> None:
    detector, nodes = scenario.detector, scenario.system.nodes
    if detector is None:
        if SUSPECT in scenario.limits:
            raise BadScenario(
                f"limits {SUSPECT!r}, and has no failure detector that could be wrong; right would be "
                "detector=FailureDetector()"
            )
        return
    if not isinstance(detector, FailureDetector):
        raise BadScenario(f"has detector = {brief(detector)}; right would be FailureDetector()")
    for node in (*(detector.tells or ()), *(detector.of or ())):
        if node not in nodes:
            raise BadScenario(
                f"names {node!r} in its detector, which is no node of the {_listed(nodes)}"
            )
    for group in scenario.symmetric:
        for name in ("tells", "of"):
            named = set(getattr(detector, name) or nodes)
            if named & set(group) and not named >= set(group):
                raise BadScenario(
                    f"has {brief(group)} as interchangeable nodes, of which its detector names some "
                    f"alone in `{name}`"
                )


def _require_weights(scenario: Any) -> None:
    kinds = [a.kind for a in scenario.actions if a.kind == "fire" or a.is_fault or is_further(a)]
    if not isinstance(scenario.weights, Mapping):
        raise BadScenario(f"has weights = {brief(scenario.weights)}; right would be {{'fire': 3}}")
    for kind, weight in scenario.weights.items():
        if kind not in kinds:
            raise BadScenario(
                f"gives a weight to {kind!r}, which is nothing here that can have one; there are: "
                f"{', '.join(kinds)}"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < 1e6:
            raise BadScenario(
                f"gives {kind!r} the weight {brief(weight)}; 1 is as usual, 3 three times as likely, "
                "0 never"
            )


def _require_distinct(names: Any, complaint: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadScenario(complaint.format(twice[0]))


def _listed(nodes: tuple[str, ...]) -> str:
    return f"system; nodes: {', '.join(nodes)}"
