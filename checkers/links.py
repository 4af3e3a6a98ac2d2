"""Links between operations: sentences for them, shortest paths and cycles, and orders of time.

Paths and cycles are for explanations only: their graphs are cores of a dozen operations, so plain
breadth-first search from every node will do. Program order and real-time order have few enough
links to be kept for large histories.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from counterpoint.checkers.history import Operation
from counterpoint.model.verdict import Edge, Reason, at_step, said

READS_FROM = "reads-from"
PROGRAM_ORDER = "program order"
CONFLICT = "conflict"


class Precedence(NamedTuple):
    """One reason why the operation at `before` comes before the one at `after`."""

    before: int
    after: int
    rule: str
    reason: Reason

    @property
    def because(self) -> str:
        """The sentence of its reason."""
        return self.reason.text


def shown(value: Hashable) -> str:
    """A key or value as reports show it: plain where that is clear.

    >>> shown("found"), shown("lost ring"), shown(None), shown(1)
    ('found', "'lost ring'", 'None', '1')
    """
    if isinstance(value, str) and value.isidentifier():
        return value
    return repr(value)


def pair(key: Hashable, value: Hashable) -> str:
    """A key with its value.

    >>> pair("x", 1), pair(0, "one two")
    ('x=1', "0='one two'")
    """
    return f"{shown(key)}={value!r}"


def content(op: Operation) -> str:
    """The key of an operation with the value it wrote or returned."""
    return pair(op.key, op.argument if op.f == "write" else op.result)


def deed(op: Operation) -> str:
    """What an operation did: "alice wrote x=1"."""
    return f"{op.client} {'wrote' if op.f == 'write' else 'read'} {content(op)}"


def label(op: Operation) -> Reason:
    """The identity of an operation, with its step where there is one: "(o3, step 12)"."""
    return (
        said(f"({op.id}, ", at_step(op.call_step), ")") if op.call_step >= 0 else said(f"({op.id})")
    )


def named(op: Operation) -> Reason:
    """What an operation did, and its label: "alice wrote x=1 (o3)"."""
    return said(f"{deed(op)} ", label(op))


def at(step: int) -> Reason:
    """A step in brackets, if there is one.

    >>> at(7), at(-1)
    (Reason(text=' (step 7)', steps=(7,)), Reason(text='', steps=()))
    """
    return said(" (", at_step(step), ")") if step >= 0 else said()


def real_time(before: Operation, after: Operation) -> Reason:
    """That one operation was over before another began."""
    returned = said(f"{before.id} returned", at(before.return_step))
    return said(returned, f" before {after.id} was called", at(after.call_step))


def story(operations: Sequence[Operation], path: Sequence[Precedence]) -> str:
    """A path of links in words: "alice wrote x=1, bob read it, bob wrote y=1"."""
    parts = [deed(operations[path[0].before])]
    for link in path:
        reader = operations[link.after]
        if link.rule == READS_FROM:
            parts.append(f"{reader.client} read it")
        elif link.rule == CONFLICT:
            parts.append(f"which must come before {content(reader)}")
        else:
            parts.append(deed(reader))
    return ", ".join(parts)


def program_link(operations: Sequence[Operation], before: int, after: int, rule: str) -> Precedence:
    """The link between two operations of one session."""
    first, second = operations[before], operations[after]
    return Precedence(before, after, rule, said(named(first), " before ", named(second)))


def reads_from_link(operations: Sequence[Operation], write: int, read: int) -> Precedence:
    """The link between a write and a read that saw it."""
    writer, reader = operations[write], operations[read]
    because = said(named(reader), f", which {writer.client} wrote ", label(writer))
    return Precedence(write, read, READS_FROM, because)


def edges(operations: Sequence[Operation], links: Iterable[Precedence]) -> tuple[Edge, ...]:
    """The links as a verdict carries them."""
    return tuple(
        Edge(operations[link.before].id, operations[link.after].id, link.rule, link.reason)
        for link in links
    )


Graph = dict[int, list[Precedence]]


def graph(links: Iterable[Precedence]) -> Graph:
    """Index links by where they start."""
    found: Graph = {}
    for link in links:
        found.setdefault(link.before, []).append(link)
    return found


def shortest_chain(links: Graph, before: int, after: int) -> list[Precedence] | None:
    """Return a shortest non-empty path of links, or None.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Precedence(0, 1, "x", said()), Precedence(1, 2, "y", said())
    >>> shortest_chain(graph([a, b]), 0, 2) == [a, b], shortest_chain(graph([a, b]), 2, 0)
    (True, None)
    """
    arrived: dict[int, Precedence] = {}
    frontier: Sequence[int] = [before]
    while frontier:
        following = []
        for node in frontier:
            for link in links.get(node, ()):
                if link.after not in arrived:
                    arrived[link.after] = link
                    following.append(link.after)
        if after in arrived:
            return _back(arrived, before, after)
        frontier = following
    return None


def shortest_cycle(links: Graph) -> list[Precedence] | None:
    """Return a cycle with fewest links, or None where there is none.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Precedence(0, 1, "x", said()), Precedence(1, 0, "y", said())
    >>> shortest_cycle(graph([a, b])) == [a, b]
    True
    """
    best: list[Precedence] | None = None
    for node in links:
        found = shortest_chain(links, node, node)
        if found and (best is None or len(found) < len(best)):
            best = found
        if best is not None and len(best) <= 2:
            break
    return best


def _back(arrived: dict[int, Precedence], before: int, after: int) -> list[Precedence]:
    chain = [arrived[after]]
    while chain[-1].before != before:
        chain.append(arrived[chain[-1].before])
    return chain[::-1]


def topological(targets: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """Return the nodes in an order in which no edge leads back, as far as there is one, and the rest.

    `targets[n]` are the nodes to which edges lead from n. The rest are the nodes of cycles, and
    those behind them. First come, first served: Kahn, "Topological sorting of large networks", CACM
    5(11), 1962. `graphlib` gives the same order, and keeps an object and a dictionary entry for each
    node, of which long histories have millions.

    >>> topological([[1], []]), topological([[1], [0, 2], []])
    (([0, 1], []), ([], [0, 1, 2]))
    """
    waiting = [0] * len(targets)
    for following in targets:
        for node in following:
            waiting[node] += 1
    order = [node for node, count in enumerate(waiting) if not count]
    for node in order:  # it grows as we go
        for after in targets[node]:
            waiting[after] -= 1
            if not waiting[after]:
                order.append(after)
    return order, [node for node, count in enumerate(waiting) if count]


def turned(targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the graph with all its edges turned around.

    >>> turned([[1], []])
    [[], [0]]
    """
    found: list[list[int]] = [[] for _ in targets]
    for node, following in enumerate(targets):
        for after in following:
            found[after].append(node)
    return found


def some_cycle(predecessors: Sequence[Sequence[int]], rest: Sequence[int]) -> list[int]:
    """Return a cycle among the nodes that `topological` left, in the order of its edges.

    >>> some_cycle([(1,), (0,), (1,)], [0, 1, 2])
    [0, 1]
    """
    left, node = set(rest), rest[-1]
    way: dict[int, int] = {}  # each node with its place on the way back
    while node not in way:
        way[node] = len(way)
        node = next(p for p in predecessors[node] if p in left)
    return list(way)[way[node] :][::-1]


def strong_components(targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the sets of nodes, two or more, that all reach each other, each sorted.

    >>> strong_components([[1], [0, 2], [3], []])
    [[0, 1]]
    """
    rest = topological(targets)[1]
    if not rest:
        return []
    import networkx  # only cycles need it, and it takes long to import

    cyclic: networkx.DiGraph[int] = networkx.DiGraph()
    cyclic.add_edges_from((node, after) for node in rest for after in targets[node])
    components = networkx.strongly_connected_components(cyclic)
    return sorted(sorted(component) for component in components if len(component) > 1)


def process_order(history: Sequence[Operation]) -> Iterator[Precedence]:
    """Link each operation with the next one of its client; `history` is in call order.

    An operation whose end nobody knows may happen after later ones, so nothing follows it.
    """
    last: dict[str, int] = {}
    for number, op in enumerate(history):
        earlier = last.get(op.client)
        if earlier is not None and not history[earlier].is_open:
            before = history[earlier].id
            yield Precedence(
                earlier, number, "process", said(f"{op.client} ran {before} before {op.id}")
            )
        last[op.client] = number


def real_time_order(history: Sequence[Operation]) -> Iterator[Precedence]:
    """Link operations so that one reaches another exactly if it returned before that was called.

    Only the latest are linked, those after which nothing else both began and ended before the call:
    at most as many per operation as there are clients.
    """
    ends: list[tuple[float, bool, int]] = []
    for number, op in enumerate(history):
        ends.append((op.called, False, number))
        if not op.is_open:
            ends.append((op.returned, True, number))
    # At equal times calls come first: operations that touch are concurrent.
    frontier: dict[int, None] = {}
    follows: dict[int, list[int]] = {}
    for _, is_return, number in sorted(ends):
        if not is_return:
            follows[number] = list(frontier)
            for earlier in frontier:
                yield _link(history, earlier, number)
        else:
            for earlier in follows[number]:
                frontier.pop(earlier, None)
            frontier[number] = None


def _link(history: Sequence[Operation], before: int, after: int) -> Precedence:
    because = f"{history[before].id} returned before {history[after].id} was called"
    return Precedence(before, after, "real time", said(because))
