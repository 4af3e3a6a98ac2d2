"""Transactions on columns: the verdict of the plain checker, to the last of the order of commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, count
from random import Random

import pytest

from counterpoint.checkers import columns as gate
from counterpoint.checkers.causal.order import known_rows, topological
from counterpoint.checkers.readers.sessions import told_history
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import (
    AccessColumns,
    Transaction,
    TransactionHistory,
    sessions_of,
)
from counterpoint.checkers.transactions.levels import causes, demands_by_rows
from counterpoint.checkers.transactions.reads_from import match_transactions
from counterpoint.model.verdict import Outcome
from tests.checkers.causal_histories import Shape, edited, random_history

pytest.importorskip("numpy", reason="columns need numpy")

from counterpoint.checkers.columns.transactions import holds_as_transactions, known_demands
from tests.checkers.test_transaction_levels import random_transactions, sessions


def late(history: TransactionHistory) -> TransactionHistory:
    """The same, the last transaction being one that its client left behind."""
    (first,), (last,) = history.sessions
    return TransactionHistory(((first,), (replace(last, after=first.id),)))


def told(history: TransactionHistory) -> TransactionHistory:
    """The same by columns, its transactions numbered anew."""
    accesses = [access for one in history for access in one.accesses]
    columns = AccessColumns(
        [access.kind[0] for access in accesses],
        [access.key for access in accesses],
        [access.value for access in accesses],
        list(accumulate(len(one.accesses) for one in history)),
        [one.is_committed for one in history],
        list(map(len, history.sessions)),
    )
    return replace(told_history(columns), initial=history.initial)


def numbered(history: TransactionHistory) -> TransactionHistory:
    """The same without times, with the names that columns give."""
    number, session_count = count(1), count(1)
    return replace(
        history,
        sessions=tuple(
            tuple(
                Transaction(f"t{next(number)}", name, one.accesses, one.is_committed)
                for one in session
            )
            for session in history.sessions
            for name in [f"s{next(session_count)}"]
        ),
    )


SHAPES = (
    Shape(6, 2, 1),
    Shape(12, 3, 2, future_rate=0.0, strange_rate=0.0),
    Shape(30, 4, 3, future_rate=0.0, strange_rate=0.0, initial_rate=0.02),
)


def histories(shape: Shape | None) -> Iterator[TransactionHistory]:
    """Random histories: some of one access a transaction, or without a shape of up to three."""
    random = Random(2)
    for number in range(80 if shape else 120):
        if shape is None:
            yield random_transactions(random, 5 if number % 2 else 12)
        else:
            yield sessions_of(edited(random, random_history(random, shape)))


@pytest.mark.parametrize("shape", [*SHAPES, None], ids=lambda shape: str(shape)[:24])
def test_columns_hold_exactly_where_the_plain_checker_does(
    shape: Shape | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all histories with sure sources the same verdict, whether made of columns or of objects."""
    seen: Counter[Outcome] = Counter()
    for transactions in histories(shape):
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 10**9)
        plain = check_transactions(transactions, level="causal")
        found = holds_as_transactions(transactions, plain.property)
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
        assert check_transactions(transactions, level="causal") == plain
        is_sure = not match_transactions(transactions).choices
        if found is not None:
            assert found == plain
        elif is_sure and not any(one.after for one in transactions):
            assert plain.is_broken
        seen[plain.outcome] += is_sure
        renamed = numbered(transactions)
        assert told(renamed) == renamed
        assert holds_as_transactions(told(renamed), "x") == holds_as_transactions(renamed, "x")
    assert seen[Outcome.BROKEN] > 5
    assert seen[Outcome.HOLDS] > 5


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(sessions("!x=1", "x?1"), id="a write that was not committed"),
        pytest.param(sessions("x=1 x=2", "x?1"), id="a write before the last"),
        pytest.param(sessions("x=1 x?2", "x=2"), id="another value than its own"),
        pytest.param(sessions("x?1 x=1"), id="its own value too early"),
        pytest.param(sessions("x=1 y=1", "y?1 x?"), id="half of a transaction"),
        pytest.param(sessions("x=1", "x=1", "x?1"), id="a value written twice"),
        pytest.param(sessions("x?1"), id="a value from nowhere"),
        pytest.param(replace(sessions("x=1", "x?1"), initial=0), id="two initial values"),
        pytest.param(late(sessions("x=1", "x?1")), id="a late transaction"),
    ],
)
def test_other_transactions_are_left_to_the_plain_checker(history: object) -> None:
    assert isinstance(history, TransactionHistory)
    assert holds_as_transactions(history, "causal") is None
    if not any(one.after for one in history):
        assert holds_as_transactions(told(history), "causal") is None


def test_columns_find_what_reads_of_transactions_demand() -> None:
    """The same demands in the same order, of histories without a cycle."""
    random = Random(4)
    seen: Counter[bool] = Counter()
    for _ in range(300):
        matched = match_transactions(random_transactions(random, 12))
        base = causes(matched)
        order, blocked = topological(matched.starts, base)
        if blocked:
            continue
        rows = known_rows(matched.starts, matched.session_of, order, base)
        expected = list(demands_by_rows(matched, rows, order))
        assert list(known_demands(matched, order)) == expected
        seen[len(expected) > 1] += 1
    assert seen[True] > 50, seen
