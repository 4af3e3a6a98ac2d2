"""What is given for a scenario of programs, looked at before anything is made of it."""

from __future__ import annotations

from asyncio import iscoroutine
from collections.abc import Callable, Collection, Mapping
from math import isfinite
from typing import Any

from counterpoint.model.claims import Goal, Invariant, Property
from counterpoint.model.mistakes import BadScenario, brief, without_arguments


def require_settings(nodes: Collection[str], given: Mapping[str, Any]) -> None:
    """Refuse what cannot be meant, by the name of the argument.

    Raises:
        BadScenario: says what was given, and what would be right.
    """
    for name, (is_right, wanted) in _WANTED.items():
        if not is_right(given[name]):
            raise BadScenario(f"{name} = {brief(given[name])}; {wanted}")
    callers = given["answers"]
    for argument, names in (
        ("may_crash", given["may_crash"] or ()),
        ("answers", () if isinstance(callers, bool) else callers),
    ):
        for name in names:
            if name not in nodes:
                raise BadScenario(
                    f"{argument} names {name!r}, which is none of: {', '.join(nodes)}"
                )


class NoProgram(BadScenario):
    """What was given as a program of a node is none."""


def coroutine_of(name: str, program: Callable[[Any], Any], node: object) -> Any:
    """Return what a program does at a node.

    What is no `async def` may return a coroutine nevertheless, as what a decorator makes does, so it is
    called to find out.

    Raises:
        NoProgram: it returned something else.
    """
    found = program(node)
    if not iscoroutine(found):
        function = without_arguments(program)
        called = getattr(function, "__name__", type(function).__name__)
        returned = "None" if found is None else f"an object of {type(found).__name__}"  # no address
        raise NoProgram(
            f"the program of {name}, {called}, is no coroutine function (async def): "
            f"called with a Node, it returned {returned}"
        )
    return found


def _is_whole(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0


def _is_time(given: object) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return isfinite(given) and given >= 0


def _are(kind: type) -> Callable[[object], bool]:
    return lambda given: (
        isinstance(given, list | tuple) and all(isinstance(each, kind) for each in given)
    )


def _is_range(given: object) -> bool:
    if not isinstance(given, list | tuple) or len(given) != 2:
        return False
    return all(map(_is_whole, given)) and bool(given[0] <= given[1])


def _are_texts(given: object) -> bool:
    is_some = isinstance(given, Collection) and not isinstance(given, str)
    return is_some and all(isinstance(each, str) for each in given)  # type: ignore[attr-defined]


def _are_errors(given: object) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(each, type) and issubclass(each, BaseException) for each in given
    )


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda given: given is None or is_right(given)


_WANTED: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "properties": (_are(Property), "they are a tuple, such as (Property(…),)"),
    "invariants": (_are(Invariant), "they are a tuple, such as (Invariant(…),)"),
    "goals": (_are(Goal), "they are a tuple, such as (Goal(…),)"),
    "limits": (
        _or_none(lambda given: isinstance(given, Mapping)),
        "they are what budgets(crash=1) returns",
    ),
    "faults_max": (_or_none(_is_whole), "it is a whole number from 0 on, or None for no bound"),
    "may_crash": (
        _or_none(_are_texts),
        "it is a tuple of names of nodes",
    ),
    "answers": (
        lambda given: isinstance(given, bool) or (_are_texts(given) and bool(given)),
        "it is True, False, or a tuple of names of the nodes that call",
    ),
    "latency": (_is_time, "it is a number of seconds from 0 on, and finite"),
    "horizon": (
        lambda given: _is_time(given) and bool(given),
        "it is a number of seconds, more than 0, and finite",
    ),
    "expected": (_are_errors, "it is a tuple of exception types, such as (ConnectionError,)"),
    "snapshot": (_or_none(callable), "it is a function of a Node, or None"),
    "walk_steps": (_or_none(_is_range), "it is two whole numbers, the smaller one first"),
}
"""For each argument what makes it right, and what is said where it is not."""
