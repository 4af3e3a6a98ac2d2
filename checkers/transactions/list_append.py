"""The dependencies among transactions that appended to lists and read them.

Isolation of transactions that append to lists and read them whole.

    verdict = check_list_append(history, level="serializability")

After Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental observations",
VLDB 2020. A read shows the whole order in which a list was appended to, so the order of versions
is known, and transactions depend on each other in ways that Adya, "Weak consistency: a generalized
theory and optimistic implementations for distributed transactions", 1999, gave names to:

- write-write: its element directly follows the other's in a list;
- write-read: the list it read ends with the other's element;
- read-write: the other appended what directly follows the list it read;
- process: the same client ran it later; real time: it was called after the other returned.

An element that nobody read follows all that were, and whoever read the whole known list came
before it. A level allows some cycles of these dependencies and no others; where there is none that
it forbids, an order of the transactions exists, so both verdicts are exact.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from counterpoint.checkers.history import History
from counterpoint.checkers.judging import Anomaly
from counterpoint.checkers.links import Precedence, process_order, real_time_order, shown
from counterpoint.checkers.transactions.cycles import (
    Cycle,
    CycleRule,
    commit_order,
    forbidden_cycle,
    missed_cause,
    serial_order,
)
from counterpoint.checkers.transactions.list_repeats import in_every_way
from counterpoint.checkers.transactions.list_versions import (
    INTERNAL,
    ListRead,
    Lists,
    NotAListHistory,
    lists_of,
)
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said, undecided


def dependencies(lists: Lists) -> list[Precedence]:
    """Return every dependency between two transactions, one for each reason."""
    links = [
        *_write_write(lists),
        *(link for read in lists.reads for link in _around_a_read(lists, read)),
        *process_order(lists.transactions),
        *real_time_order(lists.transactions),
    ]
    return [link for link in links if link.before != link.after]


def _write_write(lists: Lists) -> Iterator[Precedence]:
    for key, order in lists.orders.items():
        for earlier, later in pairwise(order):
            yield _link(lists, (key, earlier), (key, later))
        if order:
            for later in lists.unread.get(key, ()):
                yield _link(lists, (key, order[-1]), (key, later))


def overwrites_after_reads(lists: Lists) -> Iterator[Precedence]:
    """Order the elements that nobody read, where first committer wins.

    Whoever read a list before appending to it must have appended before all those it did not see.
    """
    for read in lists.reads:
        unread = lists.unread.get(read.key, ())
        own = [e for e in unread if lists.appender[read.key, e] == read.number]
        if own and read.length == len(lists.orders.get(read.key, ())):
            for element in unread:
                if lists.appender[read.key, element] != read.number:
                    yield _link(lists, (read.key, own[-1]), (read.key, element))


def blind_appends(lists: Lists, order: Sequence[int]) -> Iterator[Precedence]:
    """Order the elements that nobody read as their transactions come in `order`."""
    place = {number: position for position, number in enumerate(order)}
    for key, elements in lists.unread.items():
        in_order = sorted(elements, key=lambda e: place[lists.appender[key, e]])
        for earlier, later in pairwise(in_order):
            link = _link(lists, (key, earlier), (key, later))
            if link.before != link.after:
                yield link


def _link(
    lists: Lists, earlier: tuple[Hashable, Hashable], later: tuple[Hashable, Hashable]
) -> Precedence:
    before, after = lists.appender[earlier], lists.appender[later]
    key, element = later
    because = (
        f"{lists.transactions[after].id} appended {element!r} to {shown(key)} after "
        f"{lists.transactions[before].id} appended {earlier[1]!r}"
    )
    return Precedence(before, after, "write-write", said(because))


def _around_a_read(lists: Lists, read: ListRead) -> Iterator[Precedence]:
    """Walk who the read came after, and who came after the read."""
    order = lists.orders.get(read.key, ())
    name = lists.transactions[read.number].id
    if read.length:
        last = order[read.length - 1]
        writer = lists.appender[read.key, last]
        because = (
            f"{name} read {last!r} in {shown(read.key)}, which "
            f"{lists.transactions[writer].id} appended"
        )
        yield Precedence(writer, read.number, "write-read", said(because))
    following = order[read.length : read.length + 1] or lists.unread.get(read.key, ())
    for element in following:
        writer = lists.appender[read.key, element]
        because = (
            f"{name} read {shown(read.key)} without {element!r}, which "
            f"{lists.transactions[writer].id} appended"
        )
        yield Precedence(read.number, writer, "read-write", said(because))


ListLevel = Literal[
    "read committed",
    "repeatable read",
    "read atomic",
    "causal",
    "snapshot isolation",
    "serializability",
    "strong session serializability",
    "strict serializability",
]
"""From the weakest to the strongest."""

RULES: dict[ListLevel, CycleRule] = {
    "read committed": CycleRule(("write-write", "write-read"), ()),
    "repeatable read": CycleRule(("write-write", "write-read"), ()),
    "read atomic": CycleRule(("write-write", "write-read", "process"), ()),
    "causal": CycleRule(("write-write", "write-read", "process"), ()),
    "snapshot isolation": CycleRule(("write-write", "write-read"), ("read-write",)),
    "serializability": CycleRule(("write-write", "write-read", "read-write"), ()),
    "strong session serializability": CycleRule(
        ("write-write", "write-read", "read-write", "process"), ()
    ),
    "strict serializability": CycleRule(
        ("write-write", "write-read", "read-write", "process", "real time"), ()
    ),
}
"""Which dependencies may not form a cycle; the second kind only if no two of them are neighbours."""

CAUSAL: dict[ListLevel, bool] = {"read atomic": False, "causal": True}
"""Levels at which a read may miss no cause of it, and whether causes of causes are some, too."""

NAMES_MAX = 6
"""How many transactions of a cycle the summary names."""

TOLERATED: dict[ListLevel, tuple[str, ...]] = {"read committed": (INTERNAL,)}
"""Faults of single transactions that a level allows: two reads may see two states."""


def check_list_append(history: History, *, level: ListLevel = "strict serializability") -> Verdict:
    """Tell whether a history of "txn" operations has an isolation level.

    Transactions hold ("append", key, element) and ("r", key, tuple of elements or None). One that
    failed had no effect; one whose end nobody knows counts as committed if an element of it was
    read. `examined` counts the reads; without any the verdict is UNDECIDED. Elements that were
    appended more than once are told apart in every way, see `in_every_way`. `Anomaly` names a
    violation as Adya and Elle do.
    """
    return in_every_way(level, history, lambda way: _check(way, level))


def _check(history: History, level: ListLevel) -> Verdict:
    try:
        lists = lists_of(history)
    except NotAListHistory as error:
        return undecided(level, str(error))
    faults = [fault for fault in lists.faults if fault.anomaly not in TOLERATED.get(level, ())]
    if faults:
        fault = faults[0]
        return broken(
            level,
            f"{fault.summary} ({fault.anomaly})",
            examined=lists.read_count,
            because=tuple(other.summary for other in faults[1:4]),
            culprits=fault.culprits,
            evidence=(Anomaly(fault.anomaly),),
        )
    links = dependencies(lists)
    if level == "snapshot isolation":
        links += overwrites_after_reads(lists)
    cycle = forbidden_cycle(len(lists.transactions), links, RULES[level])
    if cycle is not None:
        return _violation(lists, cycle, level)
    if level in CAUSAL:
        cycle = missed_cause(links, is_transitive=CAUSAL[level])
        if cycle is not None:
            return _violation(lists, cycle, level)
    if level in ("read committed", "repeatable read", *CAUSAL):
        return holds(level, examined=lists.read_count)
    if level == "snapshot isolation":
        return _snapshots(lists, links)
    order = serial_order(len(lists.transactions), links, RULES[level])
    witness = tuple(lists.transactions[number].id for number in order)
    return holds(level, examined=lists.read_count, witness=witness)


def _snapshots(lists: Lists, links: list[Precedence]) -> Verdict:
    """Order what nobody read by an order of commits, and see that this forbids nothing.

    Elements that nobody read and nobody's transaction looked at before can come in any order; one
    is tried, and if it does not fit others might.
    """
    level: ListLevel = "snapshot isolation"
    count, rule = len(lists.transactions), RULES[level]
    more = list(blind_appends(lists, commit_order(count, links, rule)))
    if more and forbidden_cycle(count, [*links, *more], rule) is not None:
        why = "the order of appends that nobody read is not known, and the one tried does not fit"
        return undecided(level, why, examined=lists.read_count)
    order = commit_order(count, [*links, *more], rule)
    witness = tuple(lists.transactions[number].id for number in order)
    return holds(level, examined=lists.read_count, witness=witness)


def _violation(lists: Lists, cycle: Cycle, level: ListLevel) -> Verdict:
    names = [lists.transactions[link.before].id for link in cycle.links]
    return broken(
        level,
        f"{_circle(names)} ({cycle.anomaly})",
        examined=lists.read_count,
        because=tuple(link.reason for link in cycle.links[:8]),
        edges=tuple(_edge(lists, link) for link in cycle.links),
        culprits=tuple(dict.fromkeys(names)),
        evidence=(Anomaly(cycle.anomaly),),
    )


def _circle(names: Sequence[str]) -> str:
    """Tell a cycle, a long one by its beginning.

    >>> _circle(["o1", "o2"])
    'o1 before o2 before o1: a cycle'
    """
    if len(names) <= NAMES_MAX:
        return f"{' before '.join(names)} before {names[0]}: a cycle"
    begin = " before ".join(names[:NAMES_MAX])
    return f"{begin} and so on, before {names[0]}: a cycle of {len(names)}"


def _edge(lists: Lists, link: Precedence) -> Edge:
    before, after = lists.transactions[link.before], lists.transactions[link.after]
    return Edge(before.id, after.id, link.rule, link.reason)
