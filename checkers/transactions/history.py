"""Micro-operations: what one transaction of a Jepsen history did, as (kind, key, value) triples.

The kinds are "r", "w" and "append". The value of an "r" is what was read: `None` for nothing, a
tuple where keys hold lists. In the argument of an operation, reads have the value `None`.

Histories of transactions: who ran which transaction in which order, and what it read and wrote.

A session is one client's transactions in its program order. There is no real time here: formats
that record it give operations instead, whose `f` is "txn" (see `sessions_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeGuard, overload

from counterpoint.checkers.history import (
    NIL,
    OPEN,
    PLAIN,
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    exact,
    left_open,
    same,
)

Micro = tuple[str, Hashable, Hashable]

MICRO_KINDS = {
    "r": "r",
    ":r": "r",
    "read": "r",
    ":read": "r",
    "w": "w",
    ":w": "w",
    "write": "w",
    ":write": "w",
    "append": "append",
    ":append": "append",
}
"""Every spelling of a kind, by notation."""


def micro_operations(value: Hashable) -> tuple[Micro, ...] | None:
    """Return a value's micro-operations with their kinds in one spelling; None if it has others.

    >>> micro_operations(((":r", "x", None), (":w", "y", 2)))
    (('r', 'x', None), ('w', 'y', 2))
    >>> micro_operations((3, 4))
    """
    if not isinstance(value, tuple):
        return None
    micros: list[Micro] = []
    for item in value:
        if not (isinstance(item, tuple) and len(item) in (2, 3) and isinstance(item[0], str)):
            return None
        kind = MICRO_KINDS.get(item[0])
        if kind is None or (len(item) == 2 and kind != "r"):
            return None
        micros.append((kind, item[1], item[2] if len(item) == 3 else None))
    return tuple(micros)


def are_micro_operations(value: Hashable) -> TypeGuard[tuple[Micro, ...]]:
    """Tell whether a value is micro-operations in our spelling.

    >>> are_micro_operations((("r", "x", 1),)), are_micro_operations(None)
    (True, False)
    """
    return value is not None and micro_operations(value) == value


def shape(value: Hashable) -> Hashable:
    """Return what a transaction's completion must have in common with its call.

    >>> shape((("r", "x", 5), ("w", "y", 2)))
    (('r', 'x', None), ('w', 'y', 2))
    """
    micros = micro_operations(value)
    if micros is None:
        return value
    return tuple((kind, key, None if kind == "r" else seen) for kind, key, seen in micros)


Kind = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Access:
    """One read or write inside a transaction.

    The value of a read is what it returned; `None` is what a key holds before any write, and so is
    the `initial` of the history. Where somebody also wrote that value, a read of it may be of
    either.
    """

    kind: Kind
    key: Hashable
    value: Hashable


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one transaction did, in program order.

    `id` is how reports name it ("t3"). An uncommitted transaction had no effect: its writes must
    not be seen by others, and its reads prove nothing. One that may have happened late is a session
    of its own; `after` is then the id of the transaction that its client had ended before. `called`
    and `returned` are its times where they are known: no more than a hint which order to try first.
    """

    id: str
    session: str
    accesses: tuple[Access, ...]
    is_committed: bool = True
    after: str = ""
    called: float = OPEN
    returned: float = OPEN


TransactionSession = tuple[Transaction, ...]


class AccessColumns(NamedTuple):
    """Accesses in a row, cut into transactions, and these into sessions.

    The kinds are "r" and "w". Transaction j has the accesses up to the one before `ends[j]`, one at
    least; session k has the next `sizes[k]` transactions, one at least.
    """

    kinds: Sequence[str]
    keys: Sequence[Hashable]
    values: Sequence[Hashable]
    ends: Sequence[int]
    are_committed: Sequence[bool]
    sizes: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ToldSessions(Sequence[TransactionSession]):
    """Sessions of which there are columns; transactions are made when somebody looks at one.

    The n-th transaction is called "tn", counted from 1. They are what `make` makes of the columns.
    """

    columns: AccessColumns
    make: Callable[[AccessColumns], tuple[TransactionSession, ...]]
    _made: list[tuple[TransactionSession, ...]] = field(default_factory=list)

    def _all(self) -> tuple[TransactionSession, ...]:
        if not self._made:
            self._made.append(self.make(self.columns))
        return self._made[0]

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self.columns.sizes)

    @overload
    def __getitem__(self, index: int) -> TransactionSession: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TransactionSession, ...]: ...

    def __getitem__(
        self, index: int | slice
    ) -> TransactionSession | tuple[TransactionSession, ...]:
        """Return a session, or some."""
        return self._all()[index]

    def __eq__(self, other: object) -> bool:
        """Tell whether these are the same sessions, however they are kept."""
        return self._all() == (other._all() if isinstance(other, ToldSessions) else other)

    def __hash__(self) -> int:
        """Return what the tuple of them would."""
        return hash(self._all())

    def __repr__(self) -> str:
        """Show them as the tuple of them."""
        return repr(self._all())


@dataclass(frozen=True, slots=True)
class TransactionHistory:
    """Sessions of transactions; the order among sessions means nothing.

    `initial` is what every key holds before it is written, besides `None`.
    """

    sessions: Sequence[TransactionSession]
    initial: Hashable = None

    def __iter__(self) -> Iterator[Transaction]:
        """Walk all transactions, session by session."""
        return (transaction for session in self.sessions for transaction in session)

    @property
    def access_count(self) -> int:
        """How many reads and writes there are, those of uncommitted transactions included."""
        if isinstance(self.sessions, ToldSessions):
            return len(self.sessions.columns.kinds)
        return sum(len(transaction.accesses) for transaction in self)

    @property
    def transaction_count(self) -> int:
        """How many transactions there are."""
        if isinstance(self.sessions, ToldSessions):
            return len(self.sessions.columns.ends)
        return sum(map(len, self.sessions))


KINDS: dict[object, Kind] = {"r": "read", "w": "write", "read": "read", "write": "write"}


def with_initial_reads(history: TransactionHistory, initial: Hashable) -> TransactionHistory:
    """Turn reads of the value `initial` into reads of `None`, the initial state.

    Where somebody wrote `initial` to the key, a read of it may be of either, and stays.
    """
    written = {
        exact(access.key)
        for transaction in history
        for access in transaction.accesses
        if access.kind == "write" and same(access.value, initial)
    }

    def is_initial(access: Access) -> bool:
        return (
            access.kind == "read"
            and same(access.value, initial)
            and exact(access.key) not in written
        )

    def renamed(transaction: Transaction) -> Transaction:
        if not any(map(is_initial, transaction.accesses)):
            return transaction
        accesses = (
            Access("read", access.key, None) if is_initial(access) else access
            for access in transaction.accesses
        )
        return replace(transaction, accesses=tuple(accesses))

    sessions = tuple(tuple(map(renamed, one)) for one in history.sessions)
    return TransactionHistory(sessions, initial if written else None)


def exact_transactions(history: TransactionHistory) -> TransactionHistory:
    """Return a history with its keys and values in exact form."""
    kinds = {type(access.value) for one in history for access in one.accesses}
    kinds.update(type(access.key) for one in history for access in one.accesses)
    if PLAIN.issuperset(kinds):
        return history

    def exactly(one: Transaction) -> Transaction:
        accesses = (Access(a.kind, exact(a.key), exact(a.value)) for a in one.accesses)
        return replace(one, accesses=tuple(accesses))

    sessions = tuple(tuple(map(exactly, session)) for session in history.sessions)
    return TransactionHistory(sessions, exact(history.initial))


def kept_of(history: TransactionHistory, kept: Iterable[Transaction]) -> TransactionHistory:
    """Return some transactions of a history, each in its session and after what it came after."""
    chosen = {one.id: one for one in kept}
    before: dict[str, str] = {}
    sessions: list[TransactionSession] = []
    for session in history.sessions:
        last = ""
        for one in session:
            last = one.id if one.id in chosen else last
            before[one.id] = last
        sessions.append(tuple(chosen[one.id] for one in session if one.id in chosen))
    return TransactionHistory(
        tuple(
            tuple(replace(one, after=before[one.after]) if one.after else one for one in session)
            for session in sessions
            if session
        ),
        history.initial,
    )


def sessions_of(history: History, *, initial: Hashable = None) -> TransactionHistory:
    """Forget real time: each operation becomes one transaction of its client's session.

    A read, a write, or a "txn" of reads and writes is understood. A failed one is not committed. An
    unanswered one is committed if somebody read what it wrote, and left out otherwise; where its
    client went on, it is a session of its own, because it may have happened late. `initial` is what
    a key holds before any write.

    Raises:
        ValueError: an operation that is neither.
        MalformedHistory: two calls of one client that nothing tells apart.
    """
    in_order = tuple(map(left_open, _in_order(history)))
    accesses = {op.id: _known(op, initial) for op in in_order}
    seen = {
        (exact(access.key), exact(access.value))
        for op in in_order
        if op.is_answered
        for access in accesses[op.id]
        if access.kind == "read"
    }
    last = {op.client: op.id for op in in_order}
    latest: dict[str, str] = {}
    sessions: dict[str, list[Transaction]] = {}
    for op in in_order:
        known, is_open = accesses[op.id], op.status == "info" or op.is_open
        if is_open and not any((exact(a.key), exact(a.value)) in seen for a in known):
            continue
        is_late = is_open and last[op.client] != op.id
        session = f"{op.client}, {op.id}" if is_late else op.client
        after = latest.get(op.client, "") if is_late else ""
        if op.is_answered:
            latest[op.client] = op.id
        transaction = Transaction(
            op.id, session, known, op.status != "fail", after, op.called, op.returned
        )
        sessions.setdefault(session, []).append(transaction)
    whole = TransactionHistory(tuple(tuple(session) for session in sessions.values()))
    return with_initial_reads(whole, initial)


def _in_order(history: History) -> History:
    """The operations by time; a session is in this order, whatever that of the lines."""
    in_order = tuple(sorted(history, key=lambda op: (op.called, op.returned)))
    times: dict[tuple[str, float, float], str] = {}
    for op in in_order:
        earlier = times.setdefault((op.client, op.called, op.returned), op.id)
        if earlier != op.id:
            raise MalformedHistory(
                f"{op.client} called {earlier} and {op.id} both at {op.called}; "
                "a session makes one call at a time"
            )
    return in_order


def _known(op: Operation, initial: Hashable) -> tuple[Access, ...]:
    """What an operation did as far as that was seen; None is a value if it is not the initial one."""
    accesses = _accesses(op.f, op.key, op.argument, op.result)
    known = tuple(a for a in accesses if a.value is not UNKNOWN)
    if initial is None or all(a.value is not None for a in known):
        return known
    return tuple(Access(a.kind, a.key, NIL) if a.value is None else a for a in known)


def _accesses(f: str, key: Hashable, argument: Hashable, result: Hashable) -> tuple[Access, ...]:
    if f == "read":
        return (Access("read", key, result),)
    if f == "write":
        return (Access("write", key, argument),)
    done = argument if result is UNKNOWN else result
    if f == "txn" and isinstance(done, tuple):
        return tuple(_micro_access(micro, seen=result is not UNKNOWN) for micro in done)
    raise ValueError(f"a {f!r} is neither a read, a write nor a transaction of them")


def _micro_access(micro: Hashable, *, seen: bool) -> Access:
    if isinstance(micro, tuple) and len(micro) == 3 and micro[0] in KINDS:
        kind = KINDS[micro[0]]
        return Access(kind, micro[1], micro[2] if seen or kind == "write" else UNKNOWN)
    raise ValueError(f"{micro!r} is neither a read nor a write of one key")
