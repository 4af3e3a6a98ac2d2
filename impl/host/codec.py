"""Values as bytes, and back: what nodes send, what they persist, what users ask.

A vocabulary lists the classes that may occur. In an array the first item says what the rest is: 0 a
tuple, 1 a frozen set, from 2 on the fields of a class, by its place in the vocabulary. Everything is
checked when it is read: a handler is given no value of a type that its own side could not have sent.

`msgspec` does the innermost work where it is installed (`pip install counterpoint[live]`), else our
own `msgpack` does; the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2s
from typing import Any, cast

from counterpoint.impl.host.class_codec import ATOMS, class_codec
from counterpoint.impl.host.msgpack import BadBytes, Plain, pack, unpack
from counterpoint.model.values import Value

try:
    import msgspec
except ImportError:  # optional
    msgspec = None  # type: ignore[assignment]

_TUPLE, _SET, _FIRST_CLASS = 0, 1, 2


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
        self._by_number = tuple(
            class_codec(cls, number, write=self._plain, read=self._value)
            for number, cls in enumerate(vocabulary, start=_FIRST_CLASS)
        )
        self._codecs = dict(zip(vocabulary, self._by_number, strict=True))
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
        codec = self._codecs.get(kind)
        if codec is not None:
            return codec.write(value)
        if kind in ATOMS:
            return cast(Plain, value)
        if kind is tuple:
            return [_TUPLE, *map(self._plain, cast("tuple[object, ...]", value))]
        if kind is frozenset:
            items = map(self._plain, cast("frozenset[object]", value))
            return [_SET, *sorted(items, key=pack)]
        raise BadBytes(f"{value!r} is a {kind.__name__}, which the vocabulary does not list")

    def _value(self, plain: Plain) -> Value:
        if type(plain) is not list:
            if type(plain) in ATOMS:
                return cast(Value, plain)
            raise BadBytes(f"a {type(plain).__name__} is no value")
        if not plain or type(plain[0]) is not int:
            raise BadBytes("an array that does not say what it is")
        number = plain[0]
        if number in (_TUPLE, _SET):
            items = map(self._value, plain[1:])
            return tuple(items) if number == _TUPLE else frozenset(items)
        if not 0 <= number - _FIRST_CLASS < len(self._by_number):
            place, count = number - _FIRST_CLASS, len(self._by_number)
            raise BadBytes(f"class {place} is not in the vocabulary of {count}")
        return self._by_number[number - _FIRST_CLASS].read(plain)


# ---- out of logs ---------------------------------------------------------------------------------


def from_canonical(form: Any, classes: Mapping[str, type]) -> Value:
    """Return the value of a canonical form (`model.values.canonical`), given its classes by name.

    Raises:
        BadBytes: it names a class that is not among them, or is no canonical form.
    """
    kind = type(form)
    if kind in ATOMS:
        return cast(Value, form)
    if kind is list:
        return tuple([from_canonical(item, classes) for item in form])
    if kind is dict and type(name := form.get("is")) is str and name in classes:
        parts = {key: from_canonical(part, classes) for key, part in form.items() if key != "is"}
        return cast(Value, classes[name](**parts))
    match form:
        case {"int": text}:
            return int(text)
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"set": items}:
            return frozenset(from_canonical(item, classes) for item in items)
    raise BadBytes(f"{form!r} is no canonical form of a value of this system")
