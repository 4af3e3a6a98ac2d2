"""Values: what states, messages, calls and results are made of, and their one canonical form.

Everything in a world is hashable and immutable. The canonical form is what digests, trace files and
replay compare; it depends on content alone, never on a hash seed, an identity or an address.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from enum import Enum
from hashlib import blake2s
from operator import attrgetter
from typing import Any, NoReturn, TypeAlias, cast

from counterpoint.model.declared import BUILT_IN, compares_all, field_names, undeclared_in

NodeId: TypeAlias = str
"""The name of a node, as reports show it: "s1", "c2"."""

Value: TypeAlias = Hashable
"""Any frozen value: None, bool, int, str, bytes, tuple, frozenset, enum, frozen dataclass."""

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

_EXACT_IN_EVERY_READER = 2**53
"""Integers from here on are written as text: a reader in JavaScript would round them."""


_USE = (
    "use None, bool, int, str, bytes, tuples, frozensets, enums, named tuples or frozen dataclasses"
)


class NotAValue(TypeError):
    """Something that does not belong in a world: mutable, floating, or without a canonical form."""


def canonical(value: object) -> Json:
    """Return the JSON form of a value: equal values give equal forms, whatever the hash seed.

    Raises:
        NotAValue: the value is (or contains) a float, a mutable container or an unknown class.

    >>> canonical((1, "a", frozenset({2, 1})))
    [1, 'a', {'set': [1, 2]}]
    >>> canonical(2**60)
    {'int': '1152921504606846976'}
    """
    kind: Any = type(value)  # a class, which is hashable
    if kind is str or kind is bool or value is None:  # first what there is most of
        return cast(Json, value)
    if kind is int:
        return _number(cast(int, value))
    if kind is tuple:
        return list(map(canonical, cast("tuple[object, ...]", value)))
    names = _fields_of_record(kind)
    if names is not None:
        content: dict[str, Json] = {name: canonical(getattr(value, name)) for name in names}
        return {"is": kind.__name__, **content}
    match value:
        case str() | bool():
            return value if not isinstance(value, Enum) else {"enum": str(value)}
        case Enum():
            return {"enum": f"{type(value).__name__}.{value.name}"}
        case int():
            return _number(value)
        case bytes():
            return {"bytes": value.hex()}
        case tuple():
            fields = getattr(value, "_fields", None)
            if fields is not None:
                named: dict[str, Json] = {
                    n: canonical(v) for n, v in zip(fields, value, strict=True)
                }
                return {"is": type(value).__name__, **named}
            return [canonical(item) for item in value]
        case frozenset():
            return {"set": sorted((canonical(item) for item in value), key=json_text)}
        case Mapping():
            pairs: list[Json] = [[canonical(k), canonical(v)] for k, v in value.items()]
            return {"map": sorted(pairs, key=json_text)}
    raise NotAValue(f"{value!r} ({kind.__name__}) has no canonical form; {_USE}")


def _number(value: int) -> Json:
    return value if abs(value) < _EXACT_IN_EVERY_READER else {"int": str(value)}


ATOMS = frozenset({type(None), bool, int, str, bytes})
"""Classes whose objects are values of which nothing is a part."""


KnownValues: TypeAlias = "dict[int, object]"
"""Values that were looked at before, by identity: most of a state is what was in the one before."""

KNOWN_MAX = 200_000
"""So many values are kept to be known again; past that they are forgotten, and looked at anew."""


def require_value(value: object, known: KnownValues | None = None) -> None:
    """Refuse what does not belong in a world; what is accepted is frozen, hashable and canonical.

    What is in `known` was accepted before; what is accepted now gets there.

    Raises:
        NotAValue: as `canonical` says; or an object that can be changed, or that is equal to itself
            alone.

    >>> require_value((1, frozenset({"a"})))
    >>> require_value((1, 0.5))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    counterpoint.model.values.NotAValue: 0.5 is a float; use None, bool, ...
    """
    kind: Any = type(value)  # a class, which is hashable
    if kind in ATOMS:
        return
    if known is None:
        known = {}
    elif id(value) in known:
        return
    elif len(known) >= KNOWN_MAX:
        known.clear()
    _look_of(kind)(value, known)


LONG = 16
"""Of so many parts it is asked at once whether all are atoms, as they often are."""


def _require_all(parts: Collection[object], known: KnownValues) -> None:
    if len(parts) > LONG and ATOMS.issuperset(map(type, parts)):
        return
    for part in parts:
        kind: Any = type(part)
        if kind not in ATOMS and id(part) not in known:
            _look_of(kind)(part, known)


def _look_at_all(value: object, known: KnownValues) -> None:
    _require_all(cast("Collection[object]", value), known)
    known[id(value)] = value


_Looks: TypeAlias = Callable[[object, KnownValues], None]


@functools.cache
def _look_of(kind: type) -> _Looks:
    """Return what looks through the parts of values of a class: its fields are known once for all.

    What is accepted gets among the known ones.
    """
    if kind is tuple or kind is frozenset:
        return _look_at_all
    look = _look_at_fields(kind)
    undeclared = undeclared_in(kind)
    if undeclared is None:
        return look
    return functools.partial(_look_at_all_it_carries, look, undeclared)


def _look_at_all_it_carries(
    look: _Looks,
    undeclared: Callable[[object], Collection[str]],
    value: object,
    known: KnownValues,
) -> None:
    look(value, known)
    for name in undeclared(value):
        del known[id(value)]
        raise _refused(value, f"carries {name!r}, which is no field of {type(value).__name__}")


def _look_at_fields(kind: Any) -> _Looks:
    anything: Any = kind  # a class, which is hashable
    names = field_names(kind)
    if not names or _fields_if_frozen(anything) is None:
        return functools.partial(_look_at_parts, _parts_of(anything))
    lines = [
        line
        for name in names
        for line in (
            f"    part = value.{name}",
            "    kind = type(part)",
            "    if kind not in ATOMS and id(part) not in known: look_of(kind)(part, known)",
        )
    ]
    made: dict[str, Any] = {"ATOMS": ATOMS, "look_of": _look_of}
    text = "\n".join(("def look(value, known):", *lines, "    known[id(value)] = value"))
    exec(text, made)  # as `dataclass` itself does
    return cast("_Looks", made["look"])


def _look_at_parts(
    parts_of: Callable[[object], Collection[object]], value: object, known: KnownValues
) -> None:
    _require_all(parts_of(value), known)
    known[id(value)] = value


@functools.cache
def _parts_of(kind: Any) -> Callable[[object], Collection[object]]:
    """Return what gives the parts of values of a class, or refuses them, if they can be changed."""
    if issubclass(kind, BUILT_IN) and not issubclass(kind, Enum) and not compares_all(kind):
        return functools.partial(_refuse, kind)
    if issubclass(kind, tuple | frozenset):
        return tuple  # type: ignore[return-value]
    is_hashable = getattr(kind, "__hash__", None) is not None
    if issubclass(kind, Mapping) and is_hashable:
        return lambda value: tuple(cast("Mapping[object, object]", value).items())
    if issubclass(kind, Enum | int | str | bytes):
        return _no_parts
    anything: Any = kind
    names = _fields_if_frozen(anything)
    if names is None:
        return functools.partial(_refuse, kind)
    if len(names) == 1:
        return lambda value: (getattr(value, names[0]),)
    return attrgetter(*names) if names else _no_parts


def _no_parts(value: object) -> Collection[object]:
    del value
    return ()


def _refuse(kind: type, value: object) -> NoReturn:
    if issubclass(kind, BUILT_IN):
        raise _refused(value, f"is a {kind.__name__}, which has an __eq__ of its own")
    if isinstance(value, Mapping):
        raise _refused(value, "can be changed")
    if not dataclasses.is_dataclass(value):
        raise _refused(value, f"is a {kind.__name__}")
    if not _has_equality(kind):
        raise _refused(value, f"is equal to itself alone, as {kind.__name__} has no __eq__")
    raise _refused(value, f"can be changed: write @dataclass(frozen=True) at {kind.__name__}")


def _refused(value: object, why: str) -> NotAValue:
    text = repr(value)
    short = text if len(text) <= 60 else text[:59] + "…"
    return NotAValue(f"{short} {why}; {_USE}")


def _has_equality(cls: type) -> bool:
    """Tell whether values of a class are equal by what is in them."""
    return any("__eq__" in vars(base) for base in cls.__mro__[:-1])


@functools.cache
def _fields_if_frozen(cls: type) -> tuple[str, ...] | None:
    parameters = getattr(cls, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return None
    if not _has_equality(cls) or cls.__hash__ is None:
        return None
    return tuple(field.name for field in dataclasses.fields(cls))


@functools.cache
def _fields_of_record(cls: type) -> tuple[str, ...] | None:
    """Return the fields of a dataclass that is nothing else besides, such as a text or a mapping."""
    is_else = issubclass(cls, (*BUILT_IN, Enum, Mapping))
    return None if is_else or not dataclasses.is_dataclass(cls) else field_names(cls)


def with_atoms(value: Value, change: Callable[[Any], Value]) -> Value:
    """Return a value with each number, text or the like in it changed, at any depth.

    >>> with_atoms(("a", frozenset({3})), lambda atom: 7 if atom == 3 else atom)
    ('a', frozenset({7}))
    """
    match value:
        case tuple():
            parts = tuple(with_atoms(part, change) for part in value)
            make: Callable[[Iterable[Value]], Value] = getattr(type(value), "_make", tuple)
            return make(parts)
        case frozenset():
            return frozenset(with_atoms(part, change) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        thing: Any = value
        fields = [f.name for f in dataclasses.fields(thing) if f.init]
        return cast(
            "Value",
            type(thing)(**{name: with_atoms(getattr(thing, name), change) for name in fields}),
        )
    return change(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""Made once: `json.dumps` makes one for each text, which takes longer than a short one."""


def json_text(form: Json) -> str:
    """Return the canonical text of a JSON form: sorted keys, no spaces."""
    return _ENCODER.encode(form)


def is_same_form(one: Any, other: Any) -> bool:
    """Tell whether two JSON forms have one text: in Python 1 equals true.

    >>> is_same_form([1], [1]), is_same_form([1], [True])
    (True, False)
    """
    return one == other and json_text(one) == json_text(other)


def digest_of(form: Json) -> str:
    """Return a 16-digit fingerprint of a JSON form, equal on every machine.

    >>> digest_of([1, "a"]) == digest_of([1, "a"])
    True
    """
    return blake2s(json_text(form).encode(), digest_size=8).hexdigest()


def show(value: object) -> str:
    """Return how a report prints a value: its own `__str__` if it has one, else class and fields.

    >>> show(("a", 1)), show(frozenset({2, 1})), show(None)
    ('(a, 1)', '{1, 2}', 'none')
    """
    match value:
        case None:
            return "none"
        case Enum():
            return value.name.lower()
        case str() | bool() | int():
            return str(value)
        case bytes():
            return value.hex()
        case tuple() if not hasattr(value, "_fields"):
            return f"({', '.join(map(show, value))})"
        case frozenset():
            return f"{{{', '.join(sorted(map(show, value)))}}}"
    if (
        dataclasses.is_dataclass(value)
        and not isinstance(value, type)
        and type(value).__str__ is object.__str__
    ):
        parts = [show(getattr(value, name)) for name in field_names(type(value))]
        return f"{type(value).__name__.lower()}({', '.join(parts)})"
    return str(value)
