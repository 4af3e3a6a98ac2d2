"""Serializability and snapshots by trying every order: the obvious twins of `check_serial_order`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import permutations

from counterpoint.checkers.history import exact
from counterpoint.checkers.transactions.history import Transaction, TransactionHistory

State = dict[Hashable, Hashable]
"""What each key holds, in exact form; a key that is missing holds the initial value."""


def orders(given: TransactionHistory) -> Iterator[tuple[Transaction, ...]]:
    """Walk all orders of the committed transactions that keep the sessions' own."""
    committed = [t for t in given if t.is_committed]
    for order in permutations(committed):
        places = {t.id: place for place, t in enumerate(order)}
        if all(places[a.id] < places[b.id] for a, b in _in_turn(given)):
            yield order


def _in_turn(given: TransactionHistory) -> Iterator[tuple[Transaction, Transaction]]:
    """Every two committed transactions of one client of which one surely came first."""
    for session in given.sessions:
        done = [t for t in session if t.is_committed]
        yield from ((a, b) for place, b in enumerate(done) for a in done[:place])
    by_name = {t.id: t for t in given}
    for one in given:
        if one.after:
            yield by_name[one.after], one


def runs_from(given: TransactionHistory, state: State, transaction: Transaction) -> bool:
    """Tell whether a transaction on its own copy of a state reads what it recorded."""
    own = dict(state)
    for one in transaction.accesses:
        if one.kind == "write":
            own[exact(one.key)] = exact(one.value)
            continue
        held = own.get(exact(one.key))
        initial = {None, exact(given.initial)}
        if held != exact(one.value) and not (held in initial and exact(one.value) in initial):
            return False
    return True


def writes(transaction: Transaction) -> State:
    """What a transaction leaves."""
    return {exact(one.key): exact(one.value) for one in transaction.accesses if one.kind == "write"}


def is_serializable(given: TransactionHistory) -> bool:
    """Try every order."""
    for order in orders(given):
        state: State = {}
        for transaction in order:
            if not runs_from(given, state, transaction):
                break
            state |= writes(transaction)
        else:
            return True
    return False


def has_snapshots(given: TransactionHistory, *, first_committer_wins: bool) -> bool:
    """Try every order of commits, and for each transaction every earlier state as its snapshot."""
    return any(_taken(given, order, exclusive=first_committer_wins) for order in orders(given))


def _taken(given: TransactionHistory, order: Sequence[Transaction], *, exclusive: bool) -> bool:
    """Give each transaction the first snapshot that fits; sessions see their own commits."""
    states: list[State] = [{}]
    for transaction in order:
        states.append(states[-1] | writes(transaction))
    turns = {(a.id, b.id) for a, b in _in_turn(given)}
    for commit, transaction in enumerate(order):
        earliest = max(
            (
                place + 1
                for place, t in enumerate(order[:commit])
                if (t.id, transaction.id) in turns
                or (exclusive and writes(t).keys() & writes(transaction).keys())
            ),
            default=0,
        )
        places = range(earliest, commit + 1)
        if not any(runs_from(given, states[at], transaction) for at in places):
            return False
    return True
