"""Why a small core breaks session guarantees: a shortest cycle, and which guarantees it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from counterpoint.checkers.causal.conflicts import writes_by_key
from counterpoint.checkers.causal.matching import INITIAL, Sessions
from counterpoint.checkers.causal.reasons import (
    Reasons,
    conflict_link,
    initial_link,
    opposing_demands,
    same_key,
)
from counterpoint.checkers.links import Graph, graph, shortest_chain, shortest_cycle
from counterpoint.checkers.sessions.judge import EVERYBODY, observers, own_order
from counterpoint.checkers.sessions.order import Guarantee, Guarantees, rule_between
from counterpoint.checkers.words import (
    Link,
    content,
    deed,
    program_link,
    reads_from_link,
    story,
)

WORDS: dict[Guarantee, str] = {
    "RYW": "read your writes",
    "MR": "monotonic reads",
    "MW": "monotonic writes",
    "WFR": "writes follow reads",
}


Support = Mapping[Link, list[Link]]
"""For each demand on the order of writes, the path on which it rests."""


Story = tuple[str, list[Link]]
"""A summary, and the cycle that it is about."""


def explain_guarantees(sessions: Sessions, chosen: Guarantees, *, convergent: bool) -> Reasons:
    """Say why these few operations break guarantees all of which it takes to break them."""
    order = graph(_links(sessions, chosen))
    cycle = shortest_cycle(order)
    found = (
        [_circle(sessions, cycle, {})]
        if cycle is not None
        else [
            *_initial_reads(sessions, order),
            *_no_order(sessions, order, chosen, convergent=convergent),
        ]
    )
    assert found, f"no cycle in a core that breaks {sorted(chosen)}"
    summary, links = min(found, key=lambda candidate: len(candidate[1]))
    pattern = "+".join(guarantee for guarantee in WORDS if guarantee in chosen)
    return Reasons(pattern, summary, links, tuple(link.reason for link in links))


def _links(sessions: Sessions, chosen: Guarantees) -> Iterator[Link]:
    """Every reads-from link, and every link that a chosen guarantee makes."""
    operations = sessions.operations
    for read, source in enumerate(sessions.source):
        if source >= 0:
            yield reads_from_link(operations, source, read)
    for after, later in enumerate(operations):
        for before, earlier in enumerate(operations):
            rule = rule_between(earlier.f == "write", later.f == "write")
            if rule in chosen and sessions.in_session_order(before, after):
                yield program_link(operations, before, after, rule)


def _initial_reads(sessions: Sessions, order: Graph) -> Iterator[Story]:
    operations = sessions.operations
    for lost, kept, read in same_key(sessions):
        known = shortest_chain(order, lost, read) if kept == INITIAL else None
        if known is not None:
            summary = (
                f"{deed(operations[read])}, the initial value, although "
                f"{content(operations[lost])} was visible: {story(operations, known)}"
            )
            yield summary, [*known, initial_link(sessions, known)]


def _no_order(
    sessions: Sessions, order: Graph, chosen: Guarantees, *, convergent: bool
) -> Iterator[Story]:
    """The shortest cycle of demands for each observer, or for everybody at once."""
    demands: dict[int, dict[Link, list[Link]]] = {}
    for lost, kept, read in same_key(sessions):
        known = shortest_chain(order, lost, read)
        if kept >= 0 and known is not None:
            observer = EVERYBODY if convergent else sessions.session_of[read]
            demands.setdefault(observer, {})[conflict_link(sessions, known, kept)] = known
    for observer, reads in observers(sessions, convergent=convergent).items():
        support = demands.get(observer, {})
        own = _own_links(sessions, chosen, reads)
        everything = [link for links in order.values() for link in links]
        cycle = shortest_cycle(graph([*everything, *own, *support]))
        if cycle is not None:
            yield _circle(sessions, cycle, support)


def _own_links(sessions: Sessions, chosen: Guarantees, reads: Iterable[int]) -> Iterator[Link]:
    writes = writes_by_key(sessions)
    for earlier, later, _ in own_order(sessions, chosen, writes, sorted(reads)):
        yield program_link(sessions.operations, earlier, later, "RYW")


def _circle(sessions: Sessions, cycle: list[Link], support: Support) -> Story:
    operations = sessions.operations
    demands = [link for link in cycle if link in support]
    if not demands:
        summary = f"each of these comes before the next, in a circle: {story(operations, cycle)}"
    elif len(demands) == 1:
        place = cycle.index(demands[0])
        cycle = [*cycle[place + 1 :], *cycle[: place + 1]]
        known = support[demands[0]]
        read, lost = operations[known[-1].after], operations[demands[0].before]
        summary = (
            f"{deed(read)} although {content(lost)} comes later: {story(operations, cycle[:-1])}; "
            f"and was visible: {story(operations, known)}"
        )
    else:
        summary = f"no order of the writes suits the reads: {opposing_demands(sessions, cycle)}"
    return summary, cycle
