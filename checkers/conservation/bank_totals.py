"""The sum of all balances never changes, whatever was transferred between the accounts.

Necessary for snapshot isolation and cheap to see in reads of all accounts; not sufficient, so the
history may still be wrong in other ways: `Bank` in `specifications` judges linearizability.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.words import shown
from counterpoint.model.verdict import Verdict, broken, holds

NAME = "conserved total"
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
            return broken(NAME, reason, examined=examined, culprits=culprits)
    return holds(NAME, examined=examined)


def _reads(history: History) -> Iterator[tuple[str, Balances]]:
    for op in history:
        if op.f == "read" and op.status == "ok" and op.result is not UNKNOWN:
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
