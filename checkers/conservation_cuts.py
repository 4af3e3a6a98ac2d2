"""Conservation on every consistent cut of a run, and not only on the states that the run went through.

A consistent cut is a set of events that contains, with each event, all that happened before it: a
moment that some observer could have seen. There are exponentially many, but two local rules decide
all of them (checkers of global invariants by local balance; Mattern, "Virtual time and global
states", 1989, for the cuts):

- things that travel in messages are conserved on every cut exactly if each step is balanced (what a
  node has afterwards is what it had, plus what it received, minus what it sent) and each message is
  received at most once, as it was sent (`check_balance`);
- a thing that is handed on by writing a new version is in one place on every cut exactly if its
  versions were made one after the other in happened-before order, each by the owner of the one
  before (`check_paths`).

Both take time linear in the number of events, times the number of nodes for the second.

Conservation on every consistent cut: what processes hold and what is in flight never changes.

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

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.checkers.conservation import NoteReader, Owner, Payment
from counterpoint.checkers.happens_before.clocks import (
    NONE,
    EventLog,
    at,
    happens_before,
    merged,
    vector_clocks,
)
from counterpoint.checkers.judging import Balance, Worth
from counterpoint.model.event import Event
from counterpoint.model.reaction import NodeState
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Reason, Verdict, at_step, broken, holds, said

TokensHeld: TypeAlias = Callable[[NodeId, NodeState], tuple[Hashable, ...]]
"""What a node has."""

Carried: TypeAlias = Callable[[Value], tuple[Hashable, ...]]
"""What travels in a message."""


# ---- things that travel in messages --------------------------------------------------------------


def check_balance(
    trace: Trace, held: TokensHeld, carried: Carried, *, name: str = "balance"
) -> Verdict:
    """Judge whether what nodes have and messages carry is the same on every consistent cut.

    The trace must have its worlds. Examined are the steps that moved anything.
    """
    receipts: dict[int, Event] = {}
    parts: Counter[int] = Counter()
    examined = 0
    for step in range(len(trace.worlds) - 1):
        events = trace.events_of_step(step)
        for event in events:
            fault = _message_fault(event, receipts, parts, carried)
            if fault:
                return broken(name, fault, examined=examined + 1, because=(at_step(step),))
        for node, surplus in _surpluses(trace, step, events, held, carried):
            examined += 1
            if surplus:
                return _unbalanced(name, node, surplus, step, examined)
    return holds(name, examined=examined)


def _message_fault(
    event: Event, receipts: dict[int, Event], parts: Counter[int], carried: Carried
) -> str:
    """Say what a message's fate does to what it carries, "" if nothing.

    `parts` is how many more messages that stand in the place of one are to arrive after the first.
    """
    if event.kind == "exchange" and event.message is not None and isinstance(event.value, tuple):
        parts[event.message] += max(len(event.value) - 1, 0)
    if event.kind not in ("deliver", "lose", "duplicate") or not carried(event.value):
        return ""
    things = ", ".join(map(show, carried(event.value)))
    assert event.message is not None, f"event {event.id} is about no message"
    if event.kind == "lose":
        return f"m{event.message} is lost with {things}: {event.why}"
    if event.kind == "duplicate":
        return ""  # two copies harm only if both arrive
    earlier = receipts.setdefault(event.message, event)
    if earlier is event:
        return ""
    if parts[event.message]:
        parts[event.message] -= 1
        return ""
    return (
        f"m{event.message} arrives a second time with {things}; the first was step {earlier.step}"
    )


def _surpluses(
    trace: Trace, step: int, events: tuple[Event, ...], held: TokensHeld, carried: Carried
) -> Iterator[tuple[NodeId, Counter[Hashable]]]:
    """Return, for each node that moved anything in a step, what it has too much (or too little)."""
    before, after = trace.worlds[step], trace.worlds[step + 1]
    for node in trace.scenario.system.nodes:
        surplus: Counter[Hashable] = Counter(held(node, after.node_state(node)))
        surplus.subtract(held(node, before.node_state(node)))
        has_moved = False
        for event in events:
            if event.kind == "deliver" and event.node == node:
                surplus.subtract(carried(event.value))
                has_moved = has_moved or bool(carried(event.value))
            elif event.kind == "send" and event.node == node:
                surplus.update(carried(event.value))
                has_moved = has_moved or bool(carried(event.value))
        unbalanced = Counter({thing: count for thing, count in surplus.items() if count})
        if has_moved or unbalanced:
            yield node, unbalanced


def _unbalanced(
    name: str, node: NodeId, surplus: Counter[Hashable], step: int, examined: int
) -> Verdict:
    gained = sorted(show(thing) for thing, count in surplus.items() if count > 0)
    lost = sorted(show(thing) for thing, count in surplus.items() if count < 0)
    parts = [f"{verb} {', '.join(things)} {how}" for verb, things, how in (
        ("has", gained, "that it did not receive"), ("loses", lost, "without sending it"),
    ) if things]  # fmt: skip
    summary = f"{node} {' and '.join(parts)}"
    return broken(name, summary, examined=examined, because=(at_step(step),))


# ---- things that are handed on by new versions ---------------------------------------------------


def check_paths(
    trace: Trace,
    start: Mapping[int, Owner],
    reading: NoteReader,
    *,
    name: str = "conservation on cuts",
) -> Verdict:
    """Judge whether the payments of each token are one path of the happened-before order.

    Then every consistent cut holds the first few payments of each token and no others: one owner
    per token, as many tokens as at the start. Examined are the payments.
    """
    clocks = clocks_of(trace)
    last: dict[int, tuple[Event, Payment]] = {}
    examined = 0
    for event in trace.events:
        payment = reading(event.node or "", event.value) if event.kind == "note" else None
        if not isinstance(payment, Payment):
            continue
        examined += 1
        token, version, _ = payment.made
        earlier = last.get(token)
        owner = earlier[1].made[2] if earlier else start.get(token)
        newest = earlier[1].made[1] if earlier else 1
        if version != newest + 1 or payment.payer != owner:
            return broken(
                name,
                f"token {token} leaves its path: {payment.payer} makes version {version}, "
                f"and version {newest} belongs to {owner}",
                examined=examined,
                because=(at_step(event.step),),
            )
        if earlier is not None and not happened_before(clocks, trace, earlier[0], event):
            return broken(
                name,
                f"version {version} of token {token} does not come after version {newest}",
                examined=examined,
                because=(
                    said(f"version {newest} was made at ", at_step(earlier[0].step)),
                    said(
                        f"version {version} was made at ",
                        at_step(event.step),
                        ", and no chain of messages leads there",
                    ),
                ),
            )
        last[token] = (event, payment)
    return holds(name, examined=examined)


def clocks_of(trace: Trace) -> list[tuple[int, ...]]:
    """Return the vector clock of every event: how many events of each node are in its past.

    An event that happens at no node has the clock of what caused it.
    """
    index = {node: position for position, node in enumerate(trace.scenario.system.nodes)}
    clocks: list[tuple[int, ...]] = []
    for event in trace.events:
        clock = [0] * len(index)
        for cause in event.causes:
            clock = merged(clock, clocks[cause])
        if event.node is not None:
            clock[index[event.node]] += 1
        clocks.append(tuple(clock))
    return clocks


def happened_before(clocks: list[tuple[int, ...]], trace: Trace, one: Event, other: Event) -> bool:
    """Tell whether one event of a node is in the past of another event."""
    assert one.node is not None, f"event {one.id} happens at no node"
    position = trace.scenario.index[one.node]
    return one.id != other.id and clocks[one.id][position] <= clocks[other.id][position]


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
            return _unbalanced_event(amounts, index, received, minted[index], first)
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


def _unbalanced_event(
    amounts: Amounts, index: int, received: int, minted: int, first: int
) -> Verdict:
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
