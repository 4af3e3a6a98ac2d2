"""Reads of a counter lie between what surely was added and what may have been.

Necessary for linearizability and linear in the size of the history; not sufficient, because two
reads may go back in time. `Counter` in `specifications` judges linearizability.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.model.verdict import Verdict, broken, holds

NAME = "counter bounds"


class _End(NamedTuple):
    """A call or a return; calls come first at equal times, so operations that touch overlap."""

    rank: float
    is_return: bool
    number: int


@dataclass(slots=True)
class _Sums:
    """What was added so far, gains and losses apart: surely, because it returned, or possibly."""

    sure_gain: int = 0
    sure_loss: int = 0
    possible_gain: int = 0
    possible_loss: int = 0

    def count(self, amount: int, *, is_return: bool) -> None:
        """Count an addition that was called, or returned."""
        gain, loss = max(amount, 0), min(amount, 0)
        if is_return:
            self.sure_gain += gain
            self.sure_loss += loss
        else:
            self.possible_gain += gain
            self.possible_loss += loss


def check_counter_bounds(history: History, *, initial: int = 0) -> Verdict:
    """Tell whether each "read" is between the least and the most that "add"s allow.

    An addition that returned before the read was called surely counts; one that was called before
    the read returned may. A failed one does not. `examined` counts the operations that did not fail;
    where no read is among them, the summary of a verdict that holds says so.

    Raises:
        ValueError: an amount or a read that is not a whole number.
    """
    operations = [op for op in history if op.status != "fail" and op.f in ("add", "read")]
    sums = _Sums()
    surely: dict[int, tuple[int, int]] = {}
    reads = 0
    for end in sorted(_ends(operations)):
        op = operations[end.number]
        if op.f == "add":
            sums.count(_whole(op, op.argument), is_return=end.is_return)
        elif not end.is_return:
            surely[end.number] = (sums.sure_gain, sums.sure_loss)
        elif op.result is not UNKNOWN:
            reads += 1
            gain, loss = surely[end.number]
            low = initial + gain + sums.possible_loss
            high = initial + loss + sums.possible_gain
            if not low <= _whole(op, op.result) <= high:
                return _out_of_bounds(op, low, high, len(operations))
    vacuity = "" if reads else "no read tells anything of the counter"
    return holds(NAME, examined=len(operations), summary=vacuity)


def _out_of_bounds(op: Operation, low: int, high: int, examined: int) -> Verdict:
    allowed = f"{low}" if low == high else f"{low} to {high}"
    return broken(
        NAME,
        f"{op.id} of {op.client} read {op.result!r}; what was added allows {allowed}",
        examined=examined,
        because=(
            f"at least {low}: what returned before {op.id} was called surely counts",
            f"at most {high}: only what was called before {op.id} returned can count",
        ),
        culprits=(op.id,),
    )


def _ends(operations: Sequence[Operation]) -> Iterator[_End]:
    for number, op in enumerate(operations):
        yield _End(op.called, False, number)
        if not op.is_open:
            yield _End(op.returned, True, number)


def _whole(op: Operation, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{op.id} has the value {value!r}; a counter holds whole numbers")
