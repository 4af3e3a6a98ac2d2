"""The trail of a value: which nodes held it, from which step, and which never got it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.model.values import Value, show
from counterpoint.model.verdict import Verdict

TELLING_INTEGER = 1_000
TELLING_LENGTH = 4


@dataclass(frozen=True, slots=True)
class HolderTrail:
    """Who held a value: `holders` with the step since which each held it first; `never` did not."""

    what: str
    field: str
    value: Value
    holders: tuple[tuple[str, int], ...]
    never: tuple[str, ...]


def trail_of(
    story: TraceExplanation, verdict: Verdict, wanted: tuple[str, object] | None = None
) -> HolderTrail | None:
    """Follow the value that is asked for, as (field, value), or one that its calls answered.

    An empty field stands for any. Of the values that its calls answered, the wrong one aside, it is
    the last that is unlikely to occur by chance.
    """
    if wanted is not None:
        return _follow(story, *wanted)
    for name in reversed(verdict.culprits[:-1]):
        span = next((s for s in story.spans if s.id == name), None)
        if span is not None and is_telling(span.result):
            found = _follow(story, "", span.result)
            if found is None or not isinstance(span.result, int):
                return found
            return dataclasses.replace(found, what=f"{name}'s {found.what}")
    return None


def is_telling(value: object) -> bool:
    """Tell whether two equal values are hardly equal by chance.

    >>> is_telling(1), is_telling(902613196918738813), is_telling("ok"), is_telling("hello")
    (False, True, False, True)
    """
    match value:
        case None | bool():
            return False
        case int():
            return abs(value) >= TELLING_INTEGER
        case str() | bytes():
            return len(value) >= TELLING_LENGTH
        case tuple() | frozenset():
            return any(map(is_telling, value))
    return dataclasses.is_dataclass(value)


def _follow(story: TraceExplanation, field: str, value: object) -> HolderTrail | None:
    since: dict[str, int] = {}
    worlds = story.trace.worlds
    for index, node in enumerate(story.nodes):
        seen: object = None
        for step, world in enumerate(worlds):
            state = world.node_states[index].state
            if state is not seen and holds_value(state, field, value):
                since[node] = step - 1
                break
            seen = state
    if not since:
        return None
    holders = tuple(sorted(since.items(), key=lambda item: item[1]))
    never = tuple(node for node in story.servers if node not in since)
    what = f"{field} {plain(show(value), 30)}".strip()
    return HolderTrail(what, field, value, holders, never)


def holds_value(state: object, field: str, value: object) -> bool:
    """Tell whether a state holds a value: in fields of this name, or anywhere for an empty name.

    >>> holds_value({"stamp": 1, "other": 2}, "stamp", 1), holds_value(((1, 2), 3), "", 2)
    (True, True)
    """
    return any(
        (not field or name == field) and type(part) is type(value) and part == value
        for name, part in _parts("", state)
    )


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    yield name, value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _parts(field.name, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _parts(key if isinstance(key, str) else name, part)
    elif isinstance(value, tuple):
        names = getattr(value, "_fields", None) or [name] * len(value)
        for inner, part in zip(names, value, strict=True):
            yield from _parts(inner, part)
    elif isinstance(value, frozenset):
        for part in value:
            yield from _parts(name, part)
