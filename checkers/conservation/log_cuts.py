"""Conservation on every consistent cut: what processes hold and what is in flight never changes.

A consistent cut is a set of events that contains whatever happens before any of them: what a
snapshot may show. The sum is the same on all of them exactly when each event is balanced by
itself and no message is worth anything twice; so nothing has to be enumerated.

    >>> log = EventLog((0, 1), (7, -1), (-1, 7), 2, places=("a", "b"))
    >>> check_cuts(Amounts(log, change=(-3, 3), carried=(3, 0))).outcome.value
    'holds'
    >>> print(check_cuts(Amounts(log, change=(-3, 2), carried=(3, 0))).summary)
    e1 at b holds 2 more, but received 3
"""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.checkers.evidence import Balance, Worth
from counterpoint.checkers.happens_before.clocks import (
    NONE,
    EventLog,
    happens_before,
    vector_clocks,
)
from counterpoint.checkers.happens_before.words import at
from counterpoint.model.verdict import Reason, Verdict, broken, holds, said

NAME = "conservation"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What each event of a log did to an amount, in columns as long as the log.

    `change[i]` is how much more the process of event i holds after it than before it,
    `carried[i]` what the message that it sent is worth, `minted[i]` what it created on purpose,
    less what it burnt; without that column nothing is created or burnt.
    """

    log: EventLog
    change: tuple[int, ...]
    carried: tuple[int, ...]
    minted: tuple[int, ...] = ()


def check_cuts(amounts: Amounts) -> Verdict:
    """Tell whether held and in-flight amounts add up to the same on every consistent cut.

    A message is in flight from its send until some receipt of it; lost ones stay in flight. A
    second receipt may change nothing, and must know of the first: else a cut may show either one
    alone. `examined` counts the events, if any changed, sent or received an amount; the first
    event that is not balanced is reported, or a pair of receipts. O(n), and O(n P) for clocks
    where some message of worth was received twice.
    """
    log = amounts.log
    count = len(log.process)
    assert len(amounts.change) == len(amounts.carried) == count, "columns of unequal length"
    minted = amounts.minted or (0,) * count
    receipts: dict[int, list[int]] = {}
    for index, message in enumerate(log.received):
        received = 0
        if message != NONE and (worth := amounts.carried[log.send_event[message]]):
            received = 0 if message in receipts else worth
            receipts.setdefault(message, []).append(index)
        if amounts.change[index] != received - amounts.carried[index] + minted[index]:
            first = receipts.get(message, [index])[0]
            return _unbalanced(amounts, index, received, minted[index], first)
    twice = _received_apart(log, receipts)
    if twice is not None:
        return _received_twice(amounts, *twice)
    moved = any(amounts.change) or any(amounts.carried) or any(minted)
    return holds(NAME, examined=count if moved else 0)


def _received_apart(log: EventLog, receipts: dict[int, list[int]]) -> tuple[int, int] | None:
    """The first receipt of a message that does not know of its first receipt, and that one."""
    repeated = sorted(r for found in receipts.values() if len(found) > 1 for r in found[1:])
    if not repeated:
        return None
    clocks = vector_clocks(log)
    for index in repeated:
        first = receipts[log.received[index]][0]
        if not happens_before(log, clocks, first, index):
            return first, index
    return None


def _unbalanced(amounts: Amounts, index: int, received: int, minted: int, first: int) -> Verdict:
    """Tell the entries of one event; `first` is the first receipt of its message, or itself."""
    log, change, sent = amounts.log, amounts.change[index], amounts.carried[index]
    terms = [
        f"{verb} {amount}"
        for verb, amount in (("received", received), ("sent", sent), ("minted", minted))
        if amount
    ]
    held = f"{change} more" if change >= 0 else f"{-change} less"
    lines: list[str | Reason] = [
        f"in: received {received}, minted {minted}",
        f"out: sent {sent}, held {change:+}",
        f"out less in: {change + sent - received - minted:+}",
    ]
    if first != index:
        message = log.message(log.received[index])
        lines.append(
            said(f"{message} was received before, by ", at(log, first), ": its worth is spent")
        )
    return broken(
        NAME,
        f"{at(log, index)} holds {held}, but {' and '.join(terms) or 'received and sent nothing'}",
        examined=index + 1,
        because=tuple(lines),
        culprits=tuple(log.name(i) for i in dict.fromkeys((first, index))),
        evidence=(Balance(change, received, sent, minted),),
    )


def _received_twice(amounts: Amounts, first: int, second: int) -> Verdict:
    log = amounts.log
    message = log.received[first]
    worth = amounts.carried[log.send_event[message]]
    return broken(
        NAME,
        f"{log.message(message)}, worth {worth}, was received by {at(log, first)} and by "
        f"{at(log, second)}, and neither knew of the other",
        examined=len(log.process),
        because=(
            said("a cut with ", log.named(first), f" alone must count {worth} as received there"),
            said("a cut with ", log.named(second), " alone must count it there"),
        ),
        culprits=(log.name(first), log.name(second)),
        evidence=(Worth(log.message(message), worth),),
    )
