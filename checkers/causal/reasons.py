"""Why a small core is not causally consistent: the bad pattern, a shortest cycle, and sentences.

The patterns are those of Bouajjani, Enea, Guerraoui, Hamza, POPL 2017, found here by following
their definitions to the letter; cores are small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import Operation
from counterpoint.checkers.links import (
    CONFLICT,
    PROGRAM_ORDER,
    READS_FROM,
    Graph,
    Precedence,
    content,
    deed,
    graph,
    label,
    named,
    program_link,
    reads_from_link,
    shortest_chain,
    shortest_cycle,
    story,
)
from counterpoint.checkers.reads_from import INITIAL, Sessions
from counterpoint.model.verdict import Reason, said


class Reasons(NamedTuple):
    """The evidence of a violation: the name of its pattern, its cycle, and what to say of it."""

    pattern: str
    summary: str
    cycle: list[Precedence]
    because: tuple[Reason, ...]


def explain(sessions: Sessions, level: Level) -> Reasons:
    """Say why these few operations break a level that they are known to break."""
    causal = graph(causal_links(sessions))
    found = _cyclic(sessions, causal) or _stale(sessions, causal)
    if found is None and level == "ccv":
        found = _no_common_order(sessions, causal)
    if found is None and level == "cm":
        found = _no_view(sessions, causal)
    assert found is not None, f"no bad pattern in a core that breaks {level}"
    return found


def causal_links(sessions: Sessions) -> list[Precedence]:
    """Every program order and reads-from link of the sessions."""
    operations = sessions.operations
    everything = range(len(operations))
    program = [
        program_link(operations, a, b, PROGRAM_ORDER)
        for a in everything
        for b in everything
        if sessions.in_session_order(a, b)
    ]
    seen = [
        reads_from_link(operations, write, read)
        for read, write in enumerate(sessions.source)
        if write >= 0
    ]
    return seen + program


def _cyclic(sessions: Sessions, causal: Graph) -> Reasons | None:
    cycle = shortest_cycle(causal)
    if cycle is None:
        return None
    operations = sessions.operations
    seen = next(link for link in cycle if link.rule == READS_FROM)
    rest = cycle[cycle.index(seen) + 1 :] + cycle[: cycle.index(seen)]
    reader, writer = operations[seen.after], operations[seen.before]
    summary = f"{deed(reader)} before {writer.client} wrote it: {story(operations, rest)}"
    return Reasons("CyclicCO", summary, cycle, _lines(cycle))


def _stale(sessions: Sessions, causal: Graph) -> Reasons | None:
    """A read of the initial value after a write it knew, or of a value that it knew replaced."""
    candidates = []
    for lost, kept, read in same_key(sessions):
        known = shortest_chain(causal, lost, read)
        if known is None:
            continue
        if kept == INITIAL:
            candidates.append(_initial_read(sessions, known))
        elif replaced := shortest_chain(causal, kept, lost):
            candidates.append(_replaced_read(sessions, known, replaced))
    return min(candidates, key=lambda reasons: len(reasons.cycle), default=None)


def _initial_read(sessions: Sessions, known: list[Precedence]) -> Reasons:
    operations = sessions.operations
    read, write = operations[known[-1].after], operations[known[0].before]
    summary = _overtaken(operations, known) or (
        f"{deed(read)}, the initial value, although {content(write)} was known: "
        f"{story(operations, known)}"
    )
    cycle = [*known, initial_link(sessions, known)]
    return Reasons("WriteCOInitRead", summary, cycle, _lines(cycle))


def initial_link(sessions: Sessions, known: list[Precedence]) -> Precedence:
    """A read of the initial value comes before a write: here one that it knew."""
    read, write = (sessions.operations[i] for i in (known[-1].after, known[0].before))
    because = said(
        named(read),
        f": the initial value comes before every write, so before {content(write)} ",
        label(write),
    )
    return Precedence(known[-1].after, known[0].before, CONFLICT, because)


def _replaced_read(
    sessions: Sessions, known: list[Precedence], replaced: list[Precedence]
) -> Reasons:
    operations = sessions.operations
    read, write = operations[known[-1].after], operations[known[0].before]
    because = said(
        named(read),
        f", which {content(write)} ",
        label(write),
        f" had replaced: {story(operations, replaced)}",
    )
    summary = _overtaken(operations, known) or (
        f"{deed(read)} although {content(write)} had replaced it: "
        f"{story(operations, replaced)}; and {story(operations, known)}"
    )
    cycle = [*known, Precedence(known[-1].after, known[0].before, CONFLICT, because)]
    return Reasons("WriteCORead", summary, cycle, _lines(cycle))


def _overtaken(operations: Sequence[Operation], known: list[Precedence]) -> str:
    """The sentence for a reader who saw an effect before its cause, where that is the case."""
    if len(known) < 3 or known[-2].rule != READS_FROM:
        return ""
    cause, effect = operations[known[0].before], operations[known[-2].before]
    reader = operations[known[-1].after]
    return (
        f"{content(effect)} was visible to {reader.client} before {content(cause)}, although "
        f"{content(cause)} happened before {content(effect)}: {story(operations, known[:-2])}; "
        f"yet {reader.client} read {content(effect)} and then {content(reader)}"
    )


def same_key(sessions: Sessions) -> list[tuple[int, int, int]]:
    """Every (lost, kept, read): a read, the write it saw, another write of the same key."""
    operations = sessions.operations
    return [
        (lost, kept, read)
        for read, kept in enumerate(sessions.source)
        if kept >= INITIAL
        for lost, op in enumerate(operations)
        if op.f == "write" and lost != kept and op.key == operations[read].key
    ]


def _no_common_order(sessions: Sessions, causal: Graph) -> Reasons | None:
    """Writes that reads, all taken together, put in a circle."""
    forced = [
        conflict_link(sessions, known, kept)
        for lost, kept, read in same_key(sessions)
        if kept >= 0 and (known := shortest_chain(causal, lost, read))
    ]
    cycle = shortest_cycle(graph([*_links(causal), *forced]))
    if cycle is None:
        return None
    summary = f"no order of the writes suits everybody: {opposing_demands(sessions, cycle)}"
    return Reasons("CyclicCF", summary, cycle, _lines(cycle))


def conflict_link(sessions: Sessions, known: list[Precedence], kept: int) -> Precedence:
    """What a read knew comes before what it returned."""
    operations = sessions.operations
    read, lost, seen = (operations[i] for i in (known[-1].after, known[0].before, kept))
    because = said(
        f"{content(lost)} ",
        label(lost),
        f" before {content(seen)} ",
        label(seen),
        ", because ",
        named(read),
        f" although it knew {content(lost)}: {story(operations, known)}",
    )
    return Precedence(known[0].before, kept, CONFLICT, because)


def opposing_demands(sessions: Sessions, cycle: list[Precedence]) -> str:
    """The conflicts of a cycle as demands that cannot all be met."""
    operations = sessions.operations
    return ", but ".join(
        f"{content(operations[link.before])} must come before {content(operations[link.after])}"
        for link in cycle
        if link.rule == CONFLICT
    )


def _no_view(sessions: Sessions, causal: Graph) -> Reasons | None:
    """The session whose reads, all taken together, no order explains, with least to say."""
    found = [
        reasons
        for session in range(sessions.session_count)
        if (reasons := _no_view_of(sessions, causal, session))
    ]
    return min(found, key=lambda reasons: len(reasons.because), default=None)


def _no_view_of(sessions: Sessions, causal: Graph, session: int) -> Reasons | None:
    """Saturate the happens-before relation of one session, link by link, to the letter."""
    triples = [t for t in same_key(sessions) if sessions.session_of[t[2]] == session]
    order = causal
    support: dict[Precedence, list[Precedence]] = {}
    while True:
        for lost, kept, read in triples:
            known = shortest_chain(order, lost, read)
            if known is None:
                continue
            if kept == INITIAL:
                return _hidden_initial_read(sessions, known, support)
            if replaced := shortest_chain(order, kept, lost):
                link = conflict_link(sessions, known, kept)
                support[link] = known
                return _contradictory_reads(sessions, [*replaced, link], read, support)
            if shortest_chain(order, lost, kept) is None:
                link = conflict_link(sessions, known, kept)
                support[link] = known
                order = graph([*_links(order), link])
                break
        else:
            return None


def _hidden_initial_read(
    sessions: Sessions, known: list[Precedence], support: dict[Precedence, list[Precedence]]
) -> Reasons:
    reasons = _initial_read(sessions, known)
    read = sessions.operations[known[-1].after]
    write = sessions.operations[known[0].before]
    summary = (
        f"no order of the writes explains what {read.client} read: {content(write)} must come "
        f"before {deed(read)}, the initial value"
    )
    return Reasons("WriteHBInitRead", summary, reasons.cycle, _lines(reasons.cycle, support))


def _contradictory_reads(
    sessions: Sessions,
    cycle: list[Precedence],
    read: int,
    support: dict[Precedence, list[Precedence]],
) -> Reasons:
    reader = sessions.operations[read].client
    summary = (
        f"no order of the writes explains what {reader} read: {opposing_demands(sessions, cycle)}"
    )
    if sum(link.rule == CONFLICT for link in cycle) == 1:
        summary += ", and after it as well"
    return Reasons("CyclicHB", summary, cycle, _lines(cycle, support))


def _links(links: Graph) -> list[Precedence]:
    return [link for found in links.values() for link in found]


def _lines(
    cycle: Sequence[Precedence], support: Mapping[Precedence, Sequence[Precedence]] | None = None
) -> tuple[Reason, ...]:
    """One line for each link, then one for each conflict that those rest on."""
    links = list(cycle)
    for link in links:
        rests_on = (support or {}).get(link, ())
        links.extend(c for c in rests_on if c.rule == CONFLICT and c not in links)
    return tuple(link.reason for link in links)
