"""Which values the operations of each model may have; anything else is bad input, not a verdict."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.model.inert import plain, quoted


class CannotCheck(ValueError):
    """What was asked does not fit the history; the text says what would."""


class ArgumentForm(NamedTuple):
    """What the argument of a function must be, and the words for it."""

    fits: Callable[[Hashable], bool]
    words: str


def _is_pair(value: Hashable) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _is_number(value: Hashable) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _reads_and_writes(value: Hashable) -> bool:
    return are_micro_operations(value) and all(kind in ("r", "w") for kind, _, _ in value)


def _is_transfer(value: Hashable) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and _is_number(value[2])


FORMS: Mapping[tuple[str, str], ArgumentForm] = MappingProxyType(
    {
        ("versioned-register", "cas"): ArgumentForm(
            _is_pair, "a pair [old, new], or [version, [old, new]]"
        ),
        ("cas-register", "cas"): ArgumentForm(_is_pair, "a pair [old, new]"),
        ("multi-register", "txn"): ArgumentForm(
            _reads_and_writes, 'reads and writes such as ["r", "x", null]'
        ),
        ("multi-register", "write"): ArgumentForm(_is_pair, "a pair [key, value]"),
        ("rw-register", "txn"): ArgumentForm(
            _reads_and_writes, 'reads and writes such as ["r", "x", null]'
        ),
        ("text", "put"): ArgumentForm(lambda value: isinstance(value, str), "a string"),
        ("text", "append"): ArgumentForm(lambda value: isinstance(value, str), "a string"),
        ("list", "put"): ArgumentForm(lambda value: isinstance(value, tuple), "a list"),
        ("counter", "add"): ArgumentForm(_is_number, "a whole number"),
        ("bank", "transfer"): ArgumentForm(_is_transfer, "from, to and a whole amount"),
    }
)
COLLECTIONS = frozenset({("set", "read"), ("set-full", "read"), ("bank", "read")})
"""Reads whose answer, where it was seen, is a collection."""


def check_forms(history: History, model: str, functions: Sequence[str]) -> None:
    """See that a specification can take every operation.

    Raises:
        CannotCheck: a function that the model does not have, or a value of the wrong form.
    """
    easy = {f for f in functions if (model, f) not in FORMS and (model, f) not in COLLECTIONS}
    for op in history:
        if op.f in easy:
            continue
        if functions and op.f not in functions:
            known = ", ".join(functions)
            raise CannotCheck(
                f"{plain(op.id, 40)} calls {quoted(op.f)}; the model {model} has {known}"
            )
        form = FORMS.get((model, op.f))
        if form is not None and not form.fits(op.argument):
            raise CannotCheck(
                f"the {plain(op.f, 40)} {plain(op.id, 40)} has the value {quoted(op.argument)}; "
                f"it must be {form.words}"
            )
        if (model, op.f) in COLLECTIONS and not _is_collection(op):
            raise CannotCheck(
                f"{plain(op.id, 40)} read {quoted(op.result)}; it must be a collection"
            )


def _is_collection(op: Operation) -> bool:
    return op.result is UNKNOWN or isinstance(op.result, tuple | frozenset)


def with_transfers(history: History) -> History:
    """Turn transfers that name their parts, {from, to, amount}, into triples in that order."""
    return tuple(
        replace(op, argument=_triple(op.argument)) if op.f == "transfer" else op for op in history
    )


def _triple(argument: Hashable) -> Hashable:
    if isinstance(argument, tuple) and all(map(_is_pair, argument)):
        named = {str(name).removeprefix(":"): value for name, value in argument}
        if named.keys() >= {"from", "to", "amount"}:
            return named["from"], named["to"], named["amount"]
    return argument


def first_balances(history: History) -> tuple[tuple[Hashable, int], ...]:
    """Return what the accounts held at first: what was read before any transfer began.

    Raises:
        CannotCheck: nothing was, or the transfers move between accounts that were not read.
    """
    began = min((op.called for op in history if op.f == "transfer"), default=float("inf"))
    for op in history:
        if (
            op.f == "read"
            and op.status == "ok"
            and op.returned < began
            and isinstance(op.result, tuple)
        ):
            balances = tuple(pair for pair in op.result if _is_pair(pair) and _is_number(pair[1]))
            accounts = {account for account, _ in balances}
            moved = {end for one in history if one.f == "transfer" for end in one.argument[:2]}  # type: ignore[index]
            if len(balances) == len(op.result) and moved <= accounts:
                return balances
    raise CannotCheck(
        "no read before the first transfer shows all accounts, so nothing tells what they held at "
        "first; conserved-total needs no such read"
    )
