"""Histories of many objects in one: values [key value], as Jepsen's `independent` writes them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

from counterpoint.checkers.events import OBSERVING
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.model.inert import quoted

KeyedGuess = Literal["keyed", "perhaps", "plain"]

REGISTERS = frozenset({"read", "write", "cas"})
COLLECTIONS = frozenset({"read", "add"})

MODELS = frozenset({None, "register", "cas-register", "set", "set-full"})
"""Models whose values may be keys with values, None for one that is guessed."""

HINT = (
    "every value is a pair, which may be a value or a key with its value: say --partition tuple to "
    "judge each key alone, or --partition key to take the pairs for values"
)
BY_KEY = "values are taken for [key value], judged by key (--partition key: as they are)"


def looks_of(history: History) -> KeyedGuess:
    """Tell whether values are keys with values: surely, perhaps, or not.

    A pair of a key and nil, or of a key and what a compare-and-set is called with, is not a value.
    """
    functions = {op.f for op in history}
    if any(op.key is not None for op in history):
        return "plain"
    if functions <= REGISTERS and functions & {"write", "cas"}:
        return _of_registers(history)
    if functions <= COLLECTIONS and functions == COLLECTIONS:
        return _of_collections(history)
    return "plain"


def _of_registers(history: History) -> KeyedGuess:
    swaps = [op.argument for op in history if op.f == "cas"]
    values = [op.argument for op in history if op.f == "write"]
    shown = [op.result for op in history if op.f == "read" and _is_seen(op.result)]
    if not all(map(_is_pair, [*values, *shown])) or not all(map(_is_keyed_swap, swaps)):
        return "plain"
    if swaps or any(isinstance(pair, tuple) and pair[1] is None for pair in shown):
        return "keyed"
    return "perhaps" if values else "plain"


def _of_collections(history: History) -> KeyedGuess:
    added = [op.argument for op in history if op.f == "add"]
    shown = [op.result for op in history if op.f == "read" and _is_seen(op.result)]
    is_keyed = all(
        isinstance(one, tuple)
        and len(one) == 2
        and not isinstance(one[0], tuple | frozenset)
        and isinstance(one[1], tuple | frozenset | None)
        for one in shown
    )
    return "keyed" if shown and is_keyed and all(map(_is_pair, added)) else "plain"


def _is_seen(value: Hashable) -> bool:
    return value is not UNKNOWN and value is not None


def _is_pair(value: Hashable) -> bool:
    """A key with a value; a nil in front is a place for a version."""
    is_pair = isinstance(value, tuple) and len(value) == 2 and value[0] is not None
    return is_pair and not are_micro_operations(value)


def _is_keyed_swap(value: Hashable) -> bool:
    """[key [old new]], or [key old new]."""
    if not isinstance(value, tuple) or value[:1] in ((), (None,)):
        return False
    return len(value) == 3 or (len(value) == 2 and _is_swap(value[1]))


def _is_swap(value: Hashable) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def split_tuples(history: History, *, nil_is_unseen: bool = False) -> History:
    """Take values (key, value) apart; a compare-and-set may also be (key, old, new).

    A read that nobody saw the answer of belongs to no key, and is left out. `nil_is_unseen` tells
    that a read of nil says nothing, as it does where there are no keys.

    Raises:
        CannotCheck: a value that is no pair.
    """
    return tuple(one for op in history for one in _split(op, nil_is_unseen))


def _split(op: Operation, nil_is_unseen: bool) -> tuple[Operation, ...]:
    told = next((v for v in (op.argument, op.result) if isinstance(v, tuple)), None)
    if told is None and op.argument is None and not _is_seen(op.result):
        return ()
    if told is None or not (len(told) == 2 or (op.f == "cas" and len(told) == 3)):
        shown = quoted(op.result if op.argument is None else op.argument)
        raise CannotCheck(f"{op.id} has a value that is no pair (key, value): {shown}")
    result = _second(op.result)
    if nil_is_unseen and result is None and op.f in OBSERVING and op.status == "ok":
        result = UNKNOWN
    return (replace(op, key=told[0], argument=_second(op.argument), result=result),)


def _second(value: Hashable) -> Hashable:
    if not isinstance(value, tuple):
        return value
    if len(value) == 3:
        return value[1:]
    return value[1] if len(value) == 2 else value
