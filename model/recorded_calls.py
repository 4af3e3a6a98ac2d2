"""The calls of a run in a trace file, where they were drawn: written, and read without drawing.

A value is made from a file only of classes that the workload itself draws; its canonical form must
then be the one in the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from counterpoint.model.inert import QUOTED_MAX, plain
from counterpoint.model.values import Json, NodeId, Value, canonical, is_same_form, json_text

ClassesByName: TypeAlias = Mapping[str, type[Any]]


class UnreadableCalls(ValueError):
    """Calls in a trace that are no operations of the workload. Says which."""


def calls_form(calls: Mapping[NodeId, Sequence[Value]]) -> Json:
    """Return the JSON form of the operations of each client."""
    return {client: [canonical(o) for o in operations] for client, operations in calls.items()}


def calls_from(form: Json, classes: ClassesByName) -> dict[NodeId, tuple[Value, ...]]:
    """Return the operations of each client from their JSON form.

    Raises:
        UnreadableCalls: the form is none of operations of these classes.

    >>> calls_from(calls_form({"c1": [("write", b"x"), frozenset({2**60})]}), {})
    {'c1': (('write', b'x'), frozenset({1152921504606846976}))}
    """
    if not isinstance(form, dict):
        raise _unreadable(form)
    return {
        client: tuple(_read(o, classes) for o in _items(found)) for client, found in form.items()
    }


def classes_in(values: Iterable[Value]) -> dict[str, type[Any]]:
    """Return the classes of these values and of their parts, by name."""
    return {type(part).__name__: type(part) for value in values for part in _parts(value)}


def _parts(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, tuple | frozenset):
        inner: Iterable[Any] = value
    elif isinstance(value, Mapping):
        inner = (part for pair in value.items() for part in pair)
    elif dataclasses.is_dataclass(value):
        inner = (getattr(value, field.name) for field in dataclasses.fields(value))
    else:
        return
    for part in inner:
        yield from _parts(part)


def _read(form: Json, classes: ClassesByName) -> Value:
    try:
        value = _value(form, classes)
        if is_same_form(canonical(value), form):
            return value
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise _unreadable(form)


def _value(form: Json, classes: ClassesByName) -> Value:
    if isinstance(form, list):
        return tuple(_value(item, classes) for item in form)
    return _tagged(form, classes) if isinstance(form, dict) else form


def _tagged(form: dict[str, Json], classes: ClassesByName) -> Value:
    fields = {key: part for key, part in form.items() if key != "is"}
    match form:
        case {"int": str() as digits}:
            return int(digits)
        case {"bytes": str() as digits}:
            return bytes.fromhex(digits)
        case {"set": list() as items}:
            return frozenset(_value(item, classes) for item in items)
        case {"enum": str() as text}:
            name, _, member = text.partition(".")
            return _enum(classes[name], member)
        case {"is": str() as name}:
            made: Value = classes[name](**{k: _value(part, classes) for k, part in fields.items()})
            return made
    raise _unreadable(form)


def _enum(cls: type[Any], member: str) -> Value:
    if not issubclass(cls, Enum):
        raise TypeError(f"{cls.__name__} is no enum")
    return cls[member]


def _items(form: Json) -> list[Json]:
    if not isinstance(form, list):
        raise _unreadable(form)
    return form


def _unreadable(form: Json) -> UnreadableCalls:
    return UnreadableCalls(
        f"{plain(json_text(form), QUOTED_MAX)} is no operation that the workload draws"
    )
