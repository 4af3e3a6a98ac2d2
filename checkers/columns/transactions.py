"""Transactions of one access each, judged on columns as what they are: reads and writes in sessions.

On those, causal consistency of transactions, which asks for one order of commits, is causal
convergence (Biswas and Enea, OOPSLA 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from counterpoint.checkers.causal.matching import Sessions
from counterpoint.checkers.columns.judge import judge_columns
from counterpoint.checkers.columns.sessions import SessionColumns, Told, matched
from counterpoint.checkers.history import Operation
from counterpoint.checkers.transactions.history import Transaction, TransactionHistory
from counterpoint.model.verdict import Verdict, holds


def holds_as_transactions(history: TransactionHistory, name: str) -> Verdict | None:
    """Return the verdict of `check_transactions` at the level "causal", if it holds.

    None unless every transaction is committed and has one access, every value one write, and what
    a key holds before any is told from all of them.
    """
    transactions = list(history)
    if history.initial is not None or any(one.after for one in transactions):
        return None
    columns = _columns(transactions, [len(session) for session in history.sessions])
    if columns is None:
        return None
    judgement = judge_columns(columns, "ccv", lambda: _sessions(transactions, columns))
    if judgement.core:
        return None
    witness = tuple([transactions[place].id for place in judgement.order])
    return holds(name, examined=len(columns.reads), witness=witness)


def _columns(transactions: Sequence[Transaction], sizes: Sequence[int]) -> SessionColumns | None:
    accesses = [one.accesses for one in transactions]
    if set(map(len, accesses)) != {1} or not all(one.is_committed for one in transactions):
        return None
    kinds = [access.kind for (access,) in accesses]
    told = Told(
        [kind == "write" for kind in kinds],
        [access.key for (access,) in accesses],
        [access.value for (access,) in accesses],
    )
    order = np.arange(len(transactions))
    filled = np.array([size for size in sizes if size], dtype=np.int64)
    # There is no time, so the order in the file stands for it.
    return matched(told, None, order, filled, order.astype(np.float64))


def _sessions(transactions: Sequence[Transaction], columns: SessionColumns) -> Sessions:
    """The same as operations, for the plain checkers."""
    operations = tuple(
        Operation(one.id, one.session, access.kind, access.key, access.value, access.value, place)
        for place, one in enumerate(transactions)
        for access in one.accesses
    )
    facts = (columns.starts, columns.session_of, columns.source)
    starts, session_of, source = (tuple(fact.tolist()) for fact in facts)
    return Sessions(operations, starts, session_of, source, {})
