"""Numbers that add up: counters, at once and in the end, and the sum of all balances.

Reads of a counter lie between what surely was added and what may have been.

Necessary for linearizability and linear in the size of the history; not sufficient, because two
reads may go back in time. `Counter` in `specifications` judges linearizability.

A counter that may lag, but not lie: once all is still, every client reads what was added.

Weaker than `check_counter_bounds`, which needs each read to be of now: for counters that are replicated
without coordination, growing (G-counters) or not (PN-counters).

The sum of all balances never changes, whatever was transferred between the accounts.

Necessary for snapshot isolation and cheap to see in reads of all accounts; not sufficient, so the
history may still be wrong in other ways: `Bank` in `specifications` judges linearizability.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation, left_open
from counterpoint.checkers.links import shown
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds, undecided

COUNTER_BOUNDS = "counter bounds"


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
    asked = (op for op in history if op.status != "fail" and op.f in ("add", "read"))
    operations = list(map(left_open, asked))
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
    return holds(COUNTER_BOUNDS, examined=len(operations), summary=vacuity)


def _out_of_bounds(op: Operation, low: int, high: int, examined: int) -> Verdict:
    allowed = f"{low}" if low == high else f"{low} to {high}"
    return broken(
        COUNTER_BOUNDS,
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


EVENTUAL_COUNT = "eventual count"
UNCERTAIN_MAX = 100_000
"""So many sums of additions of unknown outcome are looked at, and no more."""


def check_eventual_counter(history: History, *, initial: int = 0) -> Verdict:
    """Tell whether the last read of each client, called after every addition ended, is a possible sum.

    A sum is possible if it has all additions that returned and any of those whose outcome is
    unknown. `examined` counts the last reads; where no client reads after the additions, the
    verdict is UNDECIDED.

    Raises:
        ValueError: an amount or a last read that is no whole number.
    """
    adds = [op for op in history if op.f == "add" and op.status != "fail"]
    still = max((op.returned for op in adds if op.is_answered), default=-1.0)
    last = {op.client: op for op in history if _is_read(op) and op.called > still}
    if not last:
        return undecided(EVENTUAL_COUNT, "no client reads after the last addition ended")
    sure = initial + sum(_number(op, op.argument) for op in adds if op.is_answered)
    possible = {0}
    for op in adds:
        if not op.is_answered:
            possible |= {value + _number(op, op.argument) for value in possible}
        if len(possible) > UNCERTAIN_MAX:
            return undecided(EVENTUAL_COUNT, "too many additions have no known outcome")
    for op in last.values():
        if _number(op, op.result) - sure not in possible:
            return broken(
                EVENTUAL_COUNT,
                f"{op.client} at last read {quoted(op.result)}; {_words(sure, possible)}",
                examined=len(last),
                culprits=(op.id,),
            )
    return holds(EVENTUAL_COUNT, examined=len(last))


def _is_read(op: Operation) -> bool:
    return op.f == "read" and op.is_answered and op.result is not UNKNOWN


def _words(sure: int, possible: set[int]) -> str:
    if possible == {0}:
        return f"what was added is {sure}"
    return f"what was added is between {sure + min(possible)} and {sure + max(possible)}"


def _number(op: Operation, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"the {op.f} {op.id} has {quoted(value)}; it must be a whole number")


CONSERVED_TOTAL = "conserved total"
Balances = tuple[tuple[Hashable, Hashable], ...]


def check_bank_totals(
    history: History, *, total: int | None = None, allow_negative: bool = False
) -> Verdict:
    """Tell whether each "read" shows the accounts and the total of the first one.

    A read's result is pairs (account, balance). `total` is what the balances must add up to, that
    of the first read where it is None. Unless allowed, no balance is negative. `examined` counts
    the reads; without any the verdict is UNDECIDED.
    """
    examined = 0
    first: tuple[str, Balances] | None = None
    for name, balances in _reads(history):
        examined += 1
        first = first or (name, balances)
        reason = _fault(name, balances, first, total, allow_negative)
        if reason:
            culprits = tuple(dict.fromkeys((first[0], name)))
            return broken(CONSERVED_TOTAL, reason, examined=examined, culprits=culprits)
    return holds(CONSERVED_TOTAL, examined=examined)


def _reads(history: History) -> Iterator[tuple[str, Balances]]:
    for op in history:
        if op.f == "read" and op.is_answered and op.result is not UNKNOWN:
            yield op.id, _balances(op.id, op.result)


def _balances(name: str, result: Hashable) -> Balances:
    """Check the form of what was read.

    Raises:
        ValueError: anything but pairs (account, balance).
    """
    pairs = result if isinstance(result, tuple) else (result,)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"{name} read {result!r}; right would be a balance for each account")
    return pairs


def _fault(
    name: str,
    balances: Balances,
    first: tuple[str, Balances],
    total: int | None,
    allow_negative: bool,
) -> str:
    """Say what is wrong with a read; empty if nothing is."""
    accounts, known = {account for account, _ in balances}, {account for account, _ in first[1]}
    if not accounts <= known:
        extra = min(accounts - known, key=repr)
        return f"{name} read the account {shown(extra)}, which {first[0]} did not"
    for account, balance in balances:
        if not isinstance(balance, int | float):
            return f"{name} read {balance!r} in the account {shown(account)}, which is no amount"
    found = _sum(balances)
    expected = _sum(first[1]) if total is None else total
    if found != expected:
        whose = f"{first[0]} read {expected}" if total is None else f"{expected} was put in"
        return f"{name} read a total of {found}, but {whose}"
    overdrawn = [(account, balance) for account, balance in balances if _is_negative(balance)]
    if overdrawn and not allow_negative:
        account, balance = overdrawn[0]
        return f"{name} read {balance} in the account {shown(account)}, less than nothing"
    return ""


def _sum(balances: Balances) -> float:
    amounts: list[float] = [balance for _, balance in balances if isinstance(balance, int | float)]
    return sum(amounts)


def _is_negative(balance: Hashable) -> bool:
    return isinstance(balance, int | float) and balance < 0
