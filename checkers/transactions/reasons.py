"""Why a few transactions break an isolation level: a shortest cycle of reasons.

Who wrote what the transactions of a violation read, and which other write ended before.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import NamedTuple

from counterpoint.checkers.causal.reasons import Reasons
from counterpoint.checkers.history import UNKNOWN, Operation, exact_history
from counterpoint.checkers.links import (
    CONFLICT,
    READS_FROM,
    Graph,
    Precedence,
    graph,
    pair,
    shortest_chain,
    shortest_cycle,
    shown,
)
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import Micro, are_micro_operations
from counterpoint.checkers.transactions.levels import IsolationLevel
from counterpoint.checkers.transactions.reads_from import ExternalRead, MatchedTransactions
from counterpoint.model.verdict import Reason, said

SESSION_ORDER = "session order"


def explain_level(matched: MatchedTransactions, level: IsolationLevel) -> Reasons:
    """Say why these few transactions break a level that they are known to break."""
    order = graph(_order_links(matched))
    cycle = shortest_cycle(order)
    if cycle is not None:
        summary = f"each of these comes before the next, in a circle: {_story(cycle)}"
        return Reasons("CyclicCO", summary, cycle, _lines(cycle))
    if level == "repeatable read" and (found := next(_two_versions(matched), None)):
        return found
    overlooked = list(_overlooked(matched, order, level))
    initial = [_initial_link(matched, one) for one in overlooked if one.read.source == INITIAL]
    demands = [_demand_link(matched, one) for one in overlooked if one.read.source != INITIAL]
    links = [link for found in order.values() for link in found]
    cycle = shortest_cycle(graph([*links, *initial, *demands]))
    assert cycle is not None, f"no cycle in a core that breaks {level}"
    wrong = next(link for link in cycle if link.rule == CONFLICT)
    summary = wrong.because
    if wrong in demands:
        place = cycle.index(wrong)
        summary += f"; but {_story([*cycle[place + 1 :], *cycle[:place]])}"
    return Reasons(PATTERNS[level], summary, cycle, _lines(cycle))


PATTERNS: dict[IsolationLevel, str] = {
    "read committed": "NonMonotonicRead",
    "repeatable read": "NonMonotonicRead",
    "read atomic": "FracturedRead",
    "causal": "CyclicCF",
}
"""What a cycle of demands is called at each level."""


def _lines(cycle: Sequence[Precedence]) -> tuple[Reason, ...]:
    return tuple(link.reason for link in cycle)


def _order_links(matched: MatchedTransactions) -> Iterator[Precedence]:
    ids = [one.id for one in matched.transactions]
    for after, session in enumerate(matched.session_of):
        for read in matched.reads[after]:
            if read.source >= 0:
                yield Precedence(
                    read.source, after, READS_FROM, said(_read_words(matched, after, read))
                )
        for before in _earlier(matched, session, after):
            name = matched.transactions[before].session
            because = f"{ids[before]} came before {ids[after]} in session {name}"
            yield Precedence(before, after, SESSION_ORDER, said(because))


def _earlier(matched: MatchedTransactions, session: int, after: int) -> Iterator[int]:
    """What its session, or the one that it left, did before a transaction."""
    yield from range(matched.starts[session], after)
    if after in matched.forks:
        before = matched.forks[after]
        yield before
        yield from _earlier(matched, matched.session_of[before], before)


def _read_words(matched: MatchedTransactions, reader: int, read: ExternalRead) -> str:
    access = matched.transactions[reader].accesses[read.position]
    here, what = matched.transactions[reader].id, pair(access.key, access.value)
    if read.source == INITIAL:
        return f"{here} read {what}, the initial value"
    return f"{here} read {what} of {matched.transactions[read.source].id}"


def _story(path: Sequence[Precedence]) -> str:
    return ", ".join(link.because for link in path)


def _two_versions(matched: MatchedTransactions) -> Iterator[Reasons]:
    for index, reads in enumerate(matched.reads):
        for place, later in enumerate(reads):
            for read in reads[:place]:
                if read.key == later.key and read.source != later.source:
                    summary = (
                        f"{_read_words(matched, index, read)}, and then "
                        f"{_read_words(matched, index, later).split(' ', 1)[1]}"
                    )
                    yield Reasons("NonRepeatableRead", summary, [], (said(summary),))


class _Overlooked(NamedTuple):
    """Transaction `lost` was visible to a read of `reader` that returned something else."""

    lost: int
    reader: int
    read: ExternalRead
    known: Sequence[Precedence]


def _overlooked(
    matched: MatchedTransactions, order: Graph, level: IsolationLevel
) -> Iterator[_Overlooked]:
    for reader, reads in enumerate(matched.reads):
        for read in reads:
            for lost, keys in enumerate(matched.writes):
                if read.key in keys and lost not in (read.source, reader):
                    known = _visible(matched, order, level, lost, reader, read)
                    if known is not None:
                        yield _Overlooked(lost, reader, read, known)


def _although(matched: MatchedTransactions, one: _Overlooked) -> str:
    return (
        f"{_read_words(matched, one.reader, one.read)} although "
        f"{matched.transactions[one.lost].id}, which wrote {shown(one.read.key)}, was visible: "
        f"{_story(one.known)}"
    )


def _initial_link(matched: MatchedTransactions, one: _Overlooked) -> Precedence:
    """A read of the initial value comes before every transaction that writes the key."""
    return Precedence(one.reader, one.lost, CONFLICT, said(_although(matched, one)))


def _demand_link(matched: MatchedTransactions, one: _Overlooked) -> Precedence:
    """What was visible comes before what the read returned."""
    lost, kept = (matched.transactions[i].id for i in (one.lost, one.read.source))
    because = f"{lost} must come before {kept}: {_although(matched, one)}"
    return Precedence(one.lost, one.read.source, CONFLICT, said(because))


def _visible(
    matched: MatchedTransactions,
    order: Graph,
    level: IsolationLevel,
    lost: int,
    reader: int,
    read: ExternalRead,
) -> Sequence[Precedence] | None:
    """Why one transaction was visible to a read of another, or None where it was not."""
    if level == "causal":
        return shortest_chain(order, lost, reader)
    direct = [link for link in order.get(lost, ()) if link.after == reader]
    if level == "read atomic":
        return direct[:1] or None
    earlier = [r for r in matched.reads[reader] if r.source == lost and r.position < read.position]
    if not earlier:
        return None
    return [Precedence(lost, reader, READS_FROM, said(_read_words(matched, reader, earlier[0])))]


LINES_MAX = 6


def writers_of(history: Sequence[Operation], names: Collection[str]) -> tuple[str, ...]:
    """Name for each value that these transactions read the only one that wrote it, and real time."""
    operations = exact_history(history)
    writers: dict[tuple[Hashable, Hashable], list[Operation]] = {}
    for op in operations:
        if op.status != "fail":
            for _, key, value in _steps(op, "w"):
                writers.setdefault((key, value), []).append(op)
    lines: dict[str, None] = {}
    for op in operations:
        if op.id in names and op.result is not UNKNOWN:
            lines.update(dict.fromkeys(_sources_named(op, writers)))
    return tuple(lines)[:LINES_MAX]


def _sources_named(
    reader: Operation, writers: dict[tuple[Hashable, Hashable], list[Operation]]
) -> Iterator[str]:
    seen: list[tuple[Hashable, Operation]] = []
    for _, key, value in _steps(reader, "r"):
        found = writers.get((key, value), [])
        if len(found) == 1 and found[0] is not reader:
            seen.append((key, found[0]))
            wrote = " ".join(pair(k, v) for _, k, v in _steps(found[0], "w"))
            yield f"{reader.id} read {pair(key, value)} of {found[0].id}, which wrote {wrote}"
    for key, old in seen:
        for _, new in seen:
            keys = {k for _, k, _ in _steps(new, "w")}
            if key in keys and new is not old and old.precedes(new):
                yield (
                    f"but {old.id} returned before {new.id} was called, so {new.id} had replaced "
                    f"{pair(key, _left(old, key))} by {pair(key, _left(new, key))}"
                )


def _left(op: Operation, key: Hashable) -> Hashable:
    return [value for _, k, value in _steps(op, "w") if k == key][-1]


def _steps(op: Operation, kind: str) -> tuple[Micro, ...]:
    done = op.argument if op.result is UNKNOWN or op.result is None else op.result
    if not are_micro_operations(done):
        return ()
    return tuple(step for step in done if step[0] == kind)
