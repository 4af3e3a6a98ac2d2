"""What objects hold before any write, where that is not one value for all: told by key, or unknown.

An initial value is taken for a write that ended before anything else began, so that every property
of registers knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, by_key
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.model.inert import plain, quoted

CLIENT = "before"
"""The client that wrote initial values."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """An initial value that nobody can have read or compared with."""

    def __repr__(self) -> str:
        return "an unknown value"


def with_values(history: History, values: Mapping[Hashable, Hashable]) -> History:
    """Put a write in front for each key with a value of its own.

    Raises:
        CannotCheck: a key that the history does not have, or operations that are not of a register.
    """
    if not values:
        return history
    _require_registers(history)
    keys = {(type(op.key), op.key) for op in history}
    for key in values:
        if (type(key), key) not in keys:
            raise CannotCheck(f"there is no key {quoted(key)} that an initial value could be of")
    first = min((op.called for op in history), default=0.0)
    writes = (
        Operation(
            f"initial {plain(repr(key), 40)}",
            f"{CLIENT} {plain(repr(key), 40)}",
            "write",
            key,
            value,
            None,
            first - 2,
            first - 1,
        )
        for key, value in values.items()
    )
    return (*writes, *history)


def _require_registers(history: History) -> None:
    others = sorted({op.f for op in history} - {"read", "write", "cas"})
    if others:
        raise CannotCheck(
            f"initial values by key are for registers (read, write, cas); this history has {others[0]}"
        )


def candidates(history: Sequence[Operation]) -> Iterator[Hashable]:
    """Walk the values that one register may have held at first, the likeliest first.

    A value that was read and that nobody wrote is the only one. Otherwise it may be any that was
    read by a call that began before some write was surely over, or one that nobody read.
    """
    written = {_typed(op.argument) for op in history if op.f == "write"}
    written |= {
        _typed(op.argument[1])
        for op in history
        if op.f == "cas" and isinstance(op.argument, tuple) and len(op.argument) == 2
    }
    reads = [op for op in history if op.f == "read" and op.status == "ok" and _is_seen(op.result)]
    for op in reads:
        if _typed(op.result) not in written:
            yield op.result
            return
    yield Nothing()
    over = min(
        (op.returned for op in history if op.f == "write" and op.status == "ok"), default=OPEN
    )
    early = {_typed(op.result): op.result for op in reads if op.called < over}
    yield from early.values()


def _is_seen(value: Hashable) -> bool:
    return value is not UNKNOWN and value is not None


def _typed(value: Hashable) -> tuple[type, Hashable]:
    return type(value), value


def values_that_hold(
    history: History, holds: Callable[[History], bool] | None
) -> tuple[dict[Hashable, Hashable], bool]:
    """Return an initial value for each key, and tell whether another choice could matter.

    With `holds`, which judges one key alone, the first candidate that holds is taken; then no other
    choice matters. Without, the likeliest is.

    Raises:
        CannotCheck: operations that are not of registers.
    """
    _require_registers(history)
    values: dict[Hashable, Hashable] = {}
    is_choice = False
    for key, part in by_key(history).items():
        listed = list(candidates(part))
        values[key] = listed[0]
        if len(listed) > 1 and holds is None:
            is_choice = True
        elif len(listed) > 1 and holds is not None:
            fitting = (v for v in listed if holds(with_values(part, {key: v})))
            values[key] = next(fitting, listed[0])
    return values, is_choice
