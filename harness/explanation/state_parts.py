"""The parts of a node's state, each by its path: what is shown, compared and exported."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from counterpoint.harness.explanation.plain import plain
from counterpoint.model.reaction import NodeState
from counterpoint.model.values import Value, show


def flat(node_state: NodeState) -> dict[str, Value]:
    """Return the parts of a node's node state by path; empty durable parts and timers are left out.

    A state that is more than its fields says what is shown of it (`shown`), as that of a program does.
    """
    shown = shown_of(node_state.state)
    found = dict(_parts("", node_state.state)) if shown is None else dict(shown)
    if node_state.durable is not None:
        found["durable"] = node_state.durable
    if node_state.timers:
        found["timers"] = node_state.timers
    return found


def shown_of(state: Value) -> Mapping[str, Value] | None:
    """Return what a state says is shown of it, None if it says nothing."""
    anything: Any = state
    found: Mapping[str, Value] | None = getattr(anything, "shown", None)
    return found


def _parts(path: str, value: Value) -> Iterator[tuple[str, Value]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if type(value).__str__ is not object.__str__ and path:
            yield path, value
            return
        for field in dataclasses.fields(value):
            inner = f"{path}.{field.name}" if path else field.name
            yield from _parts(inner, getattr(value, field.name))
    elif isinstance(value, Mapping) and len(value) <= 100:
        for key in sorted(value, key=show):
            yield from _parts(f"{path}[{plain(show(key), 40)}]", value[key])
    else:
        yield path or "state", value
