"""The JSON forms of worlds, choices, events, operations and verdicts, as trace files hold them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from hashlib import blake2s
from typing import Any, TypeAlias

from counterpoint.model.event import Event
from counterpoint.model.exact import is_same
from counterpoint.model.fault_state import FaultState
from counterpoint.model.mistakes import without_arguments
from counterpoint.model.node import System
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import Json, NodeId, canonical, is_same_form, json_text
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action, World

JsonRecord: TypeAlias = dict[str, Json]


def fingerprint(scenario: Scenario) -> str:
    """Return a digest of the source that defines the system, empty where there is none to read."""
    try:
        sources = [inspect.getsource(sys.modules[name]) for name in system_modules(scenario.system)]
    except (OSError, TypeError, KeyError):
        return ""
    return blake2s("".join(sources).encode(), digest_size=8).hexdigest()


def sources(scenario: Scenario) -> dict[str, str]:
    """Return a digest of the source of each module of a system, and of each function that is a handler.

    A function has its module before its name; what has no source to read is left out.
    """
    parts: dict[str, Any] = {
        name: sys.modules.get(name) for name in system_modules(scenario.system)
    }
    find: Callable[[NodeId], Any] = getattr(scenario.system, "handler_of", lambda _: None)
    for handler in map(without_arguments, map(find, scenario.system.nodes)):
        if inspect.isfunction(handler):
            parts[f"{handler.__module__}.{handler.__qualname__}"] = handler
    found: dict[str, str] = {}
    for name, part in parts.items():
        try:
            text = inspect.getsource(part)
        except (OSError, TypeError):
            continue
        found[name] = blake2s(text.encode(), digest_size=8).hexdigest()
    return found


def system_modules(system: System[Any]) -> list[str]:
    """Return the modules in which a system is written: of a system of functions, those of each."""
    find = getattr(system, "handler_of", None)
    if find is None:
        return [type(system).__module__]
    return sorted({without_arguments(find(node)).__module__ for node in system.nodes})


def world_form(world: World) -> Json:
    """Return the canonical form of everything that a digest covers."""
    nodes = world.scenario.system.nodes
    flights = [canonical(flight.content) for flight in world.flights]
    if world.scenario.network == "unordered":
        flights.sort(key=json_text)
    return {
        "nodes": {
            name: node_state_form(state)
            for name, state in zip(nodes, world.node_states, strict=True)
        },
        "flights": flights,
        "held": [canonical(flight.content) for flight in world.held],
        "conditions": conditions_form(world.conditions),
        "operations": world.next_operation - 1,
    }


def node_state_form(node_state: NodeState) -> JsonRecord:
    """Return the form of all there is of one node."""
    return _named("Core", node_state)


def conditions_form(conditions: FaultState) -> JsonRecord:
    """Return the form of conditions; what only some runs know is left out where there is nothing."""
    form = _named("Conditions", conditions)
    return {k: v for k, v in form.items() if v or k not in ("in_force", "open_calls", "suspected")}


def _named(name: str, part: object) -> JsonRecord:
    """Return the form of a part of a world by the name that digests have known it by from the first."""
    form = canonical(part)
    assert isinstance(form, dict)
    return {**form, "is": name}


def delta_of(before: World, after: World) -> JsonRecord:
    """Return what a step changed: {node: {path: [old, new]}}, conditions as node "conditions"."""
    changes: JsonRecord = {}
    for name, old, new in zip(
        before.scenario.system.nodes, before.node_states, after.node_states, strict=True
    ):
        if not is_same(old, new):
            changes[name] = dict(differences(canonical(old), canonical(new), ""))
    if not is_same(before.conditions, after.conditions):
        forms = conditions_form(before.conditions), conditions_form(after.conditions)
        pairs = differences(*forms, "")
        changes["conditions"] = dict(pairs)
    return changes


def differences(old: Json, new: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Return (path, [old, new]) for each innermost place where two forms differ."""
    if is_same_form(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.get("is") == new.get("is"):
        for key in sorted({*old, *new}):
            where = f"{path}.{key}" if path else key
            yield from differences(old.get(key), new.get(key), where)
    else:
        yield path, [old, new]


def choice_form(choice: Action) -> JsonRecord:
    """Return the canonical form of a choice: its kind and its fields."""
    form = canonical(choice)
    assert isinstance(form, dict)
    return {"kind": choice.kind, **{key: value for key, value in form.items() if key != "is"}}


def event_form(event: Event) -> JsonRecord:
    """Return the record of an event; fields that say nothing are left out."""
    form: JsonRecord = {"type": "event"}
    for name in _EVENT_FIELDS:
        value = getattr(event, name)
        if value is not None and value != ():
            form[name] = canonical(value)
    return form


_EVENT_FIELDS = tuple(f.name for f in fields(Event))


def verdict_form(verdict: Verdict) -> JsonRecord:
    """Return the record of a verdict."""
    return {
        "type": "verdict",
        "property": verdict.property,
        "outcome": verdict.outcome.value,
        "examined": verdict.examined,
        "summary": verdict.summary,
        "because": list(verdict.because),
        "edges": [[e.before, e.after, e.rule, e.because] for e in verdict.edges],
        "culprits": list(verdict.culprits),
    }


def operation_forms(events: Iterable[Event]) -> list[JsonRecord]:
    """Return a record for each operation: who asked what, when, and what came of it."""
    operations: dict[str, JsonRecord] = {}
    for event in events:
        if event.operation is None:
            continue
        if event.kind == "invoke":
            operations[event.operation] = {
                "type": "op",
                "id": event.operation,
                "client": event.node,
                "call": canonical(event.value),
                "called": event.step,
                "status": "pending",
            }
        elif event.kind == "return":
            operations[event.operation] |= {
                "result": canonical(event.value),
                "returned": event.step,
                "status": "ok",
            }
        elif event.kind == "crash":
            operations[event.operation]["status"] = "crashed"
    return list(operations.values())
