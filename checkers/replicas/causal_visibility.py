"""Is nothing visible at a replica before what happened before it? And if not, how is that known?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from counterpoint.checkers.links import graph, shortest_chain
from counterpoint.checkers.replicas.visibility import EMPTY, Identity, Reading, Saw, Shown, Wrote
from counterpoint.checkers.words import PROGRAM_ORDER, READS_FROM, Link, at
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said

NAME = "causal order"

Naming = Callable[[Identity], str]


class Told(NamedTuple):
    """A deed of a session, with the event that tells of it."""

    deed: Wrote | Saw
    event: Event


def check_visibility(trace: Trace, reading: Reading, *, name: str = NAME) -> Verdict:
    """Judge whether each place shows a write only after all writes that happened before it.

    `examined` counts the writes shown, at all places together. The first one that came too early is
    reported, with the missing write that is fewest deeds away from it. O(n) deeds, each with a
    union of the writes in its past.
    """
    memory, examined = EMPTY, 0
    told: list[Told] = []
    for event in trace.events:
        deed = None if event.node is None else reading(event.kind, event.node, event.value)
        if deed is None:
            continue
        if isinstance(deed, Shown):
            examined += 1
            if missing := memory.missing(deed.place, deed.write):
                return _overtaken(name, told, deed, event, missing, examined)
        elif isinstance(deed, Wrote | Saw):
            told.append(Told(deed, event))
        memory = memory.after(deed)
    return holds(name, examined=examined)


def _overtaken(
    name: str,
    told: list[Told],
    shown: Shown,
    event: Event,
    missing: frozenset[Identity],
    examined: int,
) -> Verdict:
    """Tell which write was overtaken, and the deeds from it to the one that overtook it."""
    chain = _nearest(told, missing, shown.write)
    named = naming(told)
    late, early = named(told[chain[0].before].deed.write), named(shown.write)
    edges = [_edge(told, link) for link in chain]
    last = told[chain[-1].after].event
    wrong = said(f"{shown.place} showed {early}", at(event.step), f" and not yet {late}")
    edges.append(Edge(_label(last), _label(event), "visibility", wrong))
    return broken(
        name,
        f"{early} was visible at {shown.place} before {late}, although {late} happened before "
        f"{early}: {_story(told, chain, named)}",
        examined=examined,
        because=[edge.reason for edge in edges],
        edges=tuple(edges),
        culprits=tuple(
            t.event.operation for t in _path(told, chain) if t.event.operation is not None
        ),
    )


def naming(told: list[Told]) -> Naming:
    """Return how a report names writes: by the key, where no other write has it, else with the value."""
    writes = {t.deed.write for t in told if isinstance(t.deed, Wrote)}
    keys = [key for key, _ in writes]

    def named(write: Identity) -> str:
        key, value = write
        return f"{key}" if keys.count(key) == 1 else f"{key}={value}"

    return named


def _nearest(told: list[Told], missing: frozenset[Identity], of: Identity) -> list[Link]:
    """Return the shortest chain of deeds from a missing write to the one that is visible."""
    links = graph(_links(told))
    place = {t.deed.write: i for i, t in enumerate(told) if isinstance(t.deed, Wrote)}
    chains = (shortest_chain(links, place[write], place[of]) for write in sorted(missing))
    return min((chain for chain in chains if chain), key=len)


def _links(told: list[Told]) -> Iterator[Link]:
    """The links of program order, each deed to the next of its session, and of reads-from."""
    sessions: dict[str, list[int]] = {}
    wrote: dict[Identity, int] = {}
    for i, (deed, _) in enumerate(told):
        sessions.setdefault(deed.session, []).append(i)
        if isinstance(deed, Wrote):
            wrote[deed.write] = i
        elif deed.write in wrote:
            yield Link(wrote[deed.write], i, READS_FROM, said())
    for places in sessions.values():
        for before, after in pairwise(places):
            yield Link(before, after, PROGRAM_ORDER, said())


def _path(told: list[Told], chain: list[Link]) -> list[Told]:
    return [told[chain[0].before], *(told[link.after] for link in chain)]


def _story(told: list[Told], chain: list[Link], named: Naming) -> str:
    """The chain in words: "alice wrote found, bob read it, bob wrote glad"."""
    parts = []
    for t, link in zip(_path(told, chain), (None, *chain), strict=True):
        if isinstance(t.deed, Wrote):
            parts.append(f"{t.deed.session} wrote {named(t.deed.write)}")
        else:
            what = "it" if link is not None and link.rule == READS_FROM else named(t.deed.write)
            parts.append(f"{t.deed.session} {_verb(t)} {what}")
    return ", ".join(parts)


def _verb(told: Told) -> str:
    return "read" if not isinstance(told.deed, Saw) or told.deed.is_read else "was told of"


def _edge(told: list[Told], link: Link) -> Edge:
    before, after = told[link.before], told[link.after]
    verb = "wrote" if isinstance(after.deed, Wrote) else _verb(after)
    key, value = after.deed.write
    if link.rule == READS_FROM:
        because = said(
            f"{after.deed.session} {verb} {key}={value}",
            at(after.event.step),
            f", which {before.deed.session} wrote",
            at(before.event.step),
        )
    else:
        own = "wrote" if isinstance(before.deed, Wrote) else _verb(before)
        because = said(
            f"{after.deed.session} {own} {before.deed.write[0]}={before.deed.write[1]}",
            at(before.event.step),
            f", then {verb} {key}={value}",
            at(after.event.step),
        )
    return Edge(_label(before.event), _label(after.event), link.rule, because)


def _label(event: Event) -> str:
    return event.operation or f"{event.node} step {event.step}"
