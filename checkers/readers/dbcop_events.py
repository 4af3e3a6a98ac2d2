"""What DBCop's older notations share: events and transactions that may fail one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case
from counterpoint.checkers.readers.sessions import Draft, transaction_history
from counterpoint.checkers.transactions.history import Access


@dataclass(frozen=True, slots=True)
class BareEvent:
    """A read or write of a numbered variable, and whether it succeeded."""

    is_write: bool
    variable: int
    value: int
    success: bool


BareTransaction = tuple[Sequence[BareEvent], bool]


def bare_case(sessions: Iterable[Iterable[BareTransaction]], *, source: str) -> Case:
    """Build the history; value 0, where nobody wrote it, is the initial value.

    Raises:
        UnreadableHistory: no event at all.
    """
    listed = [list(session) for session in sessions]
    count = sum(len(events) for session in listed for events, _ in session)
    if not count:
        raise UnreadableHistory(source, 0, "there is no event in it")
    history = transaction_history(
        ([draft for one in session for draft in _drafts(*one)] for session in listed), initial=0
    )
    return Case(source, "", history, count, initial=0, has_real_time=False)


def _drafts(events: Sequence[BareEvent], success: bool) -> Iterable[Draft]:
    """Keep a failed write of a committed transaction as a transaction of its own, not committed.

    A failed read saw nothing and is left out.
    """
    if not success:
        yield Draft(tuple(map(_access, events)), is_committed=False)
        return
    yield Draft(tuple(_access(event) for event in events if event.success))
    aborted = tuple(_access(event) for event in events if event.is_write and not event.success)
    if aborted:
        yield Draft(aborted, is_committed=False)


def _access(event: BareEvent) -> Access:
    return Access("write" if event.is_write else "read", event.variable, event.value)
