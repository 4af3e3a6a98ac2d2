"""What reads and writes the values of one class: two functions, made of its fields.

A loop over the fields does the same three times as slowly. Both work on what msgpack is made of:
a value is an array of the number of its class and its fields.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from counterpoint.impl.host.msgpack import BadBytes, Plain
from counterpoint.model.values import Value

ATOMS = frozenset({type(None), bool, int, str, bytes})
"""What is written as it is."""

Check = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class ClassCodec:
    """Writes a value as an array, and reads an array that begins with the number of the class."""

    write: Callable[[object], Plain]
    read: Callable[[list[Any]], Value]


def class_codec(
    cls: type,
    number: int,
    *,
    write: Callable[[object], Plain],
    read: Callable[[list[Any]], Value],
) -> ClassCodec:
    """Return what writes and reads values of a class; `write` and `read` do so with what is in them.

    What it reads is refused with BadBytes unless each field is of a type that its class allows.

    >>> from counterpoint.impl.register.messages import Request
    >>> request = class_codec(Request, 5, write=print, read=print)
    >>> request.write(Request("c1", 7)), request.read([5, "c1", 8])
    ([5, 'c1', 7], Request(client='c1', number=8))
    """
    names = field_names(cls)
    hints = get_type_hints(cls)
    checks = tuple(check_of(hints[name]) for name in names)
    kinds = tuple(map(_kind_of, map(hints.__getitem__, names)))
    known: dict[str, Any] = {"cls": cls, "atoms": ATOMS, "write": write, "read": read}
    known["refuse"] = _refusing(cls, names, checks)
    for k, (kind, check) in enumerate(zip(kinds, checks, strict=True)):
        known |= {f"kind{k}": kind, f"check{k}": check}
    exec("\n".join((*_writer(names, number), *_reader(kinds))), known)  # as `dataclass` itself does
    return ClassCodec(known["write_it"], known["read_it"])


def _writer(names: tuple[str, ...], number: int) -> list[str]:
    taken = [f"    f{k} = value.{name}" for k, name in enumerate(names)]
    written = (f"f{k} if type(f{k}) in atoms else write(f{k})" for k in range(len(names)))
    return ["def write_it(value):", *taken, f"    return [{', '.join((str(number), *written))}]"]


def _reader(kinds: tuple[type | frozenset[type] | None, ...]) -> list[str]:
    places = range(len(kinds))
    all_fields = ", ".join(f"f{k}" for k in places)
    conditions = ["True"]
    for k, kind in enumerate(kinds):
        match kind:
            case None:
                conditions.append(f"check{k}(f{k})")
            case frozenset():
                conditions.append(f"type(f{k}) in kind{k}")
            case _:
                conditions.append(f"type(f{k}) is kind{k}")
    return [
        "def read_it(plain):",
        f"    if len(plain) != {len(kinds) + 1}: refuse(plain[1:])",
        f"    _, {all_fields} = plain" if kinds else "    pass",
        *(f"    if type(f{k}) is list: f{k} = read(f{k})" for k in places),
        f"    if not ({' and '.join(conditions)}): refuse([{all_fields}])",
        f"    return cls({all_fields})",
    ]


def _refusing(
    cls: type, names: tuple[str, ...], checks: tuple[Check, ...]
) -> Callable[[list[Any]], NoReturn]:
    """Return what says why these cannot be the fields of a value of a class."""

    def refuse(items: list[Any]) -> NoReturn:
        if len(items) != len(checks):
            raise BadBytes(f"a {cls.__name__} with {len(items)} fields; it has {len(checks)}")
        wrong = zip(names, checks, items, strict=True)
        name, item = next((name, item) for name, check, item in wrong if not check(item))
        raise BadBytes(f"{cls.__name__}.{name} cannot be {item!r}")

    return refuse


def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of a frozen dataclass or a named tuple."""
    if is_dataclass(cls):
        return tuple(field.name for field in fields(cls) if field.init)
    return cast("tuple[str, ...]", cls._fields)  # type: ignore[attr-defined]


# ---- types of fields -----------------------------------------------------------------------------


def _kind_of(hint: Any) -> type | frozenset[type] | None:
    """Return the class, or the classes, that alone decide whether a value is of a type; mostly so.

    >>> from typing import Literal
    >>> _kind_of(int), _kind_of(Literal["a"]), _kind_of(tuple[int, ...])
    (<class 'int'>, None, None)
    >>> _kind_of(int | None) == {int, type(None)}
    True
    """
    if get_origin(hint) in (Union, types.UnionType):
        kinds = tuple(map(_kind_of, get_args(hint)))
        return frozenset(kinds) if all(isinstance(kind, type) for kind in kinds) else None  # type: ignore[arg-type]
    return hint if isinstance(hint, type) and get_origin(hint) is None else None


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
