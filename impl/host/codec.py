"""Values as bytes, and back: what nodes send, what they persist, what users ask.

A vocabulary lists the classes that may occur. In an array the first item says what the rest is: 0 a
tuple, 1 a frozen set, from 2 on the fields of a class, by its place in the vocabulary. Everything is
checked when it is read: a handler is given no value of a type that its own side could not have sent.

`msgspec` does the innermost work where it is installed (`pip install counterpoint[live]`), else our
own `msgpack` does; the bytes are the same.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import blake2s
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from counterpoint.impl.host.msgpack import BadBytes, Plain, pack, unpack
from counterpoint.model.values import Value

try:
    import msgspec
except ImportError:  # optional
    msgspec = None  # type: ignore[assignment]

_TUPLE, _SET, _FIRST_CLASS = 0, 1, 2
_ATOMS = frozenset({type(None), bool, int, str, bytes})

Check = Callable[[object], bool]


class Codec:
    """Reads and writes the values of one vocabulary.

    >>> from counterpoint.impl.register.messages import Query, Request
    >>> codec = Codec((Request, Query))
    >>> codec.decode(codec.encode(Query(Request("c1", 7), token=4)))
    Query(request=Request(client='c1', number=7), token=4)
    """

    def __init__(self, vocabulary: tuple[type, ...], *, is_plain: bool | None = None) -> None:
        """Take the classes in the order that gives them their numbers; `is_plain`: no msgspec."""
        if len(set(vocabulary)) != len(vocabulary):
            raise ValueError("a class is listed twice in the vocabulary")
        self.vocabulary = vocabulary
        self._numbers = {cls: k for k, cls in enumerate(vocabulary, start=_FIRST_CLASS)}
        self._names = tuple(map(_field_names, vocabulary))
        self._kinds = tuple(map(_kinds_of, vocabulary))
        self._checks = tuple(tuple(_checks_of(cls)) for cls in vocabulary)
        use_msgspec = msgspec is not None and not is_plain
        self._pack = msgspec.msgpack.encode if use_msgspec else pack
        self._unpack = msgspec.msgpack.decode if use_msgspec else unpack

    @property
    def fingerprint(self) -> str:
        """A digest of the vocabulary: two nodes understand each other if theirs are equal."""
        lines = (
            f"{cls.__name__}({', '.join(f'{n}: {t}' for n, t in cls.__annotations__.items())})"
            for cls in self.vocabulary
        )
        return blake2s("\n".join(lines).encode(), digest_size=8).hexdigest()

    def encode(self, value: Value) -> bytes:
        """Return the bytes of a value.

        Raises:
            BadBytes: it contains something that is no value of this vocabulary.
        """
        try:
            return self._pack(self._plain(value))
        except (OverflowError, UnicodeEncodeError) as error:
            raise BadBytes(f"{value!r} cannot be sent: {error}") from None

    def decode(self, data: bytes) -> Value:
        """Return the value of these bytes.

        Raises:
            BadBytes: no node of this version can have written them.
        """
        try:
            return self._value(cast(Plain, self._unpack(data)))
        except BadBytes:
            raise
        except (ValueError, RecursionError, TypeError) as error:
            raise BadBytes(f"no value: {error}") from None

    def _plain(self, value: object) -> Plain:
        kind = type(value)
        if kind in _ATOMS:
            return cast(Plain, value)
        number = self._numbers.get(kind)
        if number is not None:
            plain: list[Plain] = [number]
            for name in self._names[number - _FIRST_CLASS]:
                item = getattr(value, name)
                plain.append(item if type(item) in _ATOMS else self._plain(item))
            return plain
        if kind is tuple:
            return [_TUPLE, *map(self._plain, cast("tuple[object, ...]", value))]
        if kind is frozenset:
            items = map(self._plain, cast("frozenset[object]", value))
            return [_SET, *sorted(items, key=pack)]
        raise BadBytes(f"{value!r} is a {kind.__name__}, which the vocabulary does not list")

    def _value(self, plain: Plain) -> Value:
        if type(plain) in _ATOMS:
            return cast(Value, plain)
        if not isinstance(plain, list):
            raise BadBytes(f"a {type(plain).__name__} is no value")
        if not plain or type(plain[0]) is not int:
            raise BadBytes("an array that does not say what it is")
        number = plain[0]
        items: list[Any] = [p if type(p) in _ATOMS else self._value(p) for p in plain[1:]]
        if number == _TUPLE:
            return tuple(items)
        if number == _SET:
            return frozenset(items)
        return self._instance(number - _FIRST_CLASS, items)

    def _instance(self, place: int, items: list[Value]) -> Value:
        if not 0 <= place < len(self.vocabulary):
            raise BadBytes(f"class {place} is not in the vocabulary of {len(self.vocabulary)}")
        cls = self.vocabulary[place]
        if tuple(map(type, items)) == self._kinds[place]:
            return cls(*items)  # type: ignore[no-any-return]
        checks = self._checks[place]
        if len(items) != len(checks):
            raise BadBytes(f"a {cls.__name__} with {len(items)} fields; it has {len(checks)}")
        for name, check, item in zip(self._names[place], checks, items, strict=True):
            if not check(item):
                raise BadBytes(f"{cls.__name__}.{name} cannot be {item!r}")
        return cast(Value, cls(*items))


def _field_names(cls: type) -> tuple[str, ...]:
    if is_dataclass(cls):
        return tuple(field.name for field in fields(cls) if field.init)
    return cast("tuple[str, ...]", cls._fields)  # type: ignore[attr-defined]


def _kinds_of(cls: type) -> tuple[type, ...] | None:
    """Return the types of the fields of a class, where each can only be of one: mostly so.

    >>> from counterpoint.impl.register.messages import Read
    >>> _kinds_of(Read)
    (<class 'int'>, <class 'str'>)
    """
    hints = get_type_hints(cls)
    kinds = tuple(hints[name] for name in _field_names(cls))
    return kinds if all(isinstance(k, type) and get_origin(k) is None for k in kinds) else None


def _checks_of(cls: type) -> list[Check]:
    hints = get_type_hints(cls)
    return [check_of(hints[name]) for name in _field_names(cls)]


def check_of(hint: Any) -> Check:
    """Return what tells whether a value is of a type, as far as values go.

    >>> check_of(tuple[int, ...])((1, 2)), check_of(int | None)("1"), check_of(int)(True)
    (True, False, False)
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union or origin is types.UnionType:
        checks = tuple(map(check_of, arguments))
        return lambda value: any(check(value) for check in checks)
    if origin is Literal:
        return lambda value: any(type(value) is type(a) and value == a for a in arguments)
    if origin is tuple and arguments[1:] == (...,):
        return _each(tuple, check_of(arguments[0]))
    if origin is tuple:
        return _one_each(tuple(map(check_of, arguments)))
    if origin is frozenset:
        return _each(frozenset, check_of(arguments[0]))
    cls = type(None) if hint is None else hint
    if not isinstance(cls, type):
        raise TypeError(f"{hint!r} is no type of a field that can be sent")
    return lambda value: type(value) is cls


def _each(container: type, check: Check) -> Check:
    def checked(value: object) -> bool:
        return type(value) is container and all(map(check, cast("tuple[object, ...]", value)))

    return checked


def _one_each(checks: tuple[Check, ...]) -> Check:
    def checked(value: object) -> bool:
        if type(value) is not tuple or len(value) != len(checks):
            return False
        return all(check(item) for check, item in zip(checks, value, strict=True))

    return checked


# ---- out of logs ---------------------------------------------------------------------------------


def from_canonical(form: Any, classes: Mapping[str, type]) -> Value:
    """Return the value of a canonical form (`model.values.canonical`), given its classes by name.

    Raises:
        BadBytes: it names a class that is not among them, or is no canonical form.
    """
    match form:
        case None | bool() | int() | str():
            return form
        case list():
            return tuple(from_canonical(item, classes) for item in form)
        case {"int": text}:
            return int(text)
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"set": items}:
            return frozenset(from_canonical(item, classes) for item in items)
        case {"is": name, **parts} if name in classes:
            values = {str(key): from_canonical(part, classes) for key, part in parts.items()}
            return cast(Value, classes[name](**values))
    raise BadBytes(f"{form!r} is no canonical form of a value of this system")
