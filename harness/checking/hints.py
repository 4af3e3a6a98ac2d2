"""What a result leaves out, and what a person may have overlooked, in words."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction

from counterpoint.checkers.events import OBSERVING
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.harness.checking.places import values_read, values_written
from counterpoint.model.inert import quoted

HINTS_MAX = 3


def unseen_answers(history: History, *, nil_is_unseen: bool) -> tuple[str, ...]:
    """Say how many answers say nothing here, and how many of them a value could have been in."""
    perhaps = [op for op in history if op.result is UNKNOWN or op.f == "txn"]
    unseen = [op for op in perhaps if op.status == "ok" for _ in range(_unseen_count(op))]
    if not unseen:
        return ()
    what = "nil" if nil_is_unseen else "which nobody saw the answer"
    line = f"{len(unseen)} {'read' if len(unseen) == 1 else 'reads'} of {what} taken as unknown"
    first: dict[Hashable, float] = {}
    for op in history:
        if op.f == "write" and op.status == "ok":
            first[op.key] = min(op.returned, first.get(op.key, op.returned))
    late = sum(op.key in first and first[op.key] < op.called for op in unseen)
    if late:
        line += f", {late} of them after an acknowledged write"
    return (f"{line} (--nil value makes nil a value)" if nil_is_unseen else line,)


def _unseen_count(op: Operation) -> int:
    if op.f in OBSERVING:
        return op.result is UNKNOWN
    if op.f == "txn" and are_micro_operations(op.result):
        return sum(kind == "r" and value is UNKNOWN for kind, _, value in op.result)
    return 0


def look_alikes(history: History) -> tuple[str, ...]:
    """Name values that were read and never written, where one that looks the same was written."""
    written = list(dict.fromkeys(place for op in history for place in values_written(op)))
    exactly = set(written)
    alike: dict[tuple[Hashable, str], Hashable] = {}
    for key, value in written:
        for text in _texts(value):
            alike.setdefault((key, text), value)
    hints: dict[str, None] = {}
    for key, value in (place for op in history for place in values_read(op)):
        if (key, value) in exactly:
            continue
        other = next((alike[key, t] for t in _texts(value) if (key, t) in alike), None)
        if other is not None:
            hints[
                f"the {_kind(other)} {_shown(other)} was written and the {_kind(value)} "
                f"{_shown(value)} read: values are equal only if their types are"
            ] = None
    return tuple(hints)[:HINTS_MAX]


def _texts(value: Hashable) -> tuple[str, ...]:
    """How a value could be spelt, whatever its type: "1" for 1, 1.0 and true."""
    plain = getattr(value, "value", value)
    if isinstance(plain, bool):
        return str(plain).lower(), str(int(plain))
    if isinstance(plain, float | Decimal | Fraction) and plain == plain // 1:
        return (str(int(plain)), str(plain))
    if isinstance(plain, str | int):
        return (str(plain).strip().removeprefix(":").lower(),)
    return ()


def _kind(value: Hashable) -> str:
    plain = getattr(value, "value", value)
    if isinstance(plain, bool):
        return "boolean"
    if isinstance(plain, str):
        return "keyword" if plain.startswith(":") else "string"
    return "number"


def _shown(value: Hashable) -> str:
    plain = getattr(value, "value", value)
    if isinstance(plain, bool):
        return str(plain).lower()
    return f'"{quoted(plain)[1:-1]}"' if isinstance(plain, str) else quoted(value)
