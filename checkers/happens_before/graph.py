"""Happens-before: which events of a run can have influenced which, and why.

An event follows the previous event of its node (program order), the sending of the message that it
is about (message order), and the call that it answers (operation order, part of program order, but
what a reader thinks in). Happens-before is the transitive closure (Lamport, "Time, clocks, and the
ordering of events in a distributed system", CACM 21(7), 1978, section 2).

Verdicts come from clocks; graphs are for explaining. Building one takes some 4 microseconds an
event, so build it of a region: the causal past of the event in question, as a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Edge, Reason, at_step, said

# networkx takes longer to import than all the rest, and only explanations need it: so it is
# imported where a graph is made.
if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[int]

EdgeRule: TypeAlias = Literal["program", "message", "operation"]


def causal_past(events: Sequence[Event], *of: int) -> frozenset[int]:
    """Return the identities of the given events and of all that happened before any of them.

    `events[i].id` is i, as in every trace of a run. Linear in the answer.
    """
    found: set[int] = set()
    waiting = list(of)
    while waiting:
        identity = waiting.pop()
        if identity not in found:
            found.add(identity)
            waiting.extend(events[identity].causes)
    return frozenset(found)


def causal_future(events: Sequence[Event], *of: int) -> frozenset[int]:
    """Return the identities of the given events and of all that happened after any of them.

    A cause has a lower identity than its effect, so one pass finds them all.
    """
    found = set(of)
    for event in events[min(of, default=0) :]:
        if not found.isdisjoint(event.causes):
            found.add(event.id)
    return frozenset(found)


def happens_before(trace: Trace, region: Iterable[int] | None = None) -> Graph:
    """Return the graph of these events (all of them without a region), edges from cause to effect.

    A node is the identity of an event and carries it as `event`; an edge carries its `rule` and
    `reason`.
    """
    import networkx as nx

    kept = range(len(trace.events)) if region is None else sorted(set(region))
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from((i, {"event": trace.events[i]}) for i in kept)
    calls: dict[str | None, int] = {}
    for i in kept:
        event = trace.events[i]
        for cause in event.causes:
            if cause in graph:
                _connect(graph, trace.events[cause], event)
        if event.kind == "invoke":
            calls[event.operation] = i
        elif event.kind == "return" and event.operation in calls:
            call = trace.events[calls[event.operation]]
            graph.add_edge(call.id, i, rule="operation", reason=_operation(call, event))
    return graph


def _connect(graph: Graph, cause: Event, event: Event) -> None:
    if cause.kind == "send" and cause.message is not None and cause.message == event.message:
        graph.add_edge(cause.id, event.id, rule="message", reason=_message(cause, event))
    else:
        graph.add_edge(cause.id, event.id, rule="program", reason=_program(cause, event))


def _message(cause: Event, event: Event) -> Reason:
    sent = said(f"m{cause.message} was sent ", at(cause))
    return said(sent, f" before {FATES[event.kind]} ", at(event))


def _program(cause: Event, event: Event) -> Reason:
    if cause.step == event.step:
        return said(f"{event.node} did both in this order ", at(event))
    return said(f"{event.node} did the one ", at(cause), " before the other ", at(event))


def _operation(call: Event, event: Event) -> Reason:
    return said(f"{call.operation} was called ", at(call), " before it returned ", at(event))


FATES = {
    "deliver": "it arrived",
    "lose": "it was lost",
    "duplicate": "it was copied",
    "exchange": "it was exchanged",
    "hold": "it was held back",
    "release": "it was let go",
}
"""What can become of a message, by kind of event, as a sentence says it."""


def at(event: Event) -> Reason:
    """Return the step of an event as a sentence says it.

    >>> at(Event(7, 3, "send", "r1"))
    Reason(text='[step 3]', steps=(3,))
    """
    return said("[at the start]") if event.step < 0 else said("[", at_step(event.step), "]")


def named(event: Event) -> str:
    """Return how an explanation names an event.

    >>> named(Event(7, 3, "deliver", "r1", message=5)), named(Event(8, 4, "crash", "r1"))
    ('r1 receives m5', 'r1 crash')
    """
    match event.kind:
        case "send":
            return f"{event.node} sends m{event.message}"
        case "deliver":
            return f"{event.node} receives m{event.message}"
        case "invoke":
            return f"{event.node} calls {event.operation}"
        case "return":
            return f"{event.operation} returns {show(event.value)}"
    if event.node is None:
        return event.kind if event.message is None else f"{event.kind} m{event.message}"
    return f"{event.node} {event.kind}"


def why_before(graph: Graph, before: int, after: int) -> tuple[Edge, ...]:
    """Return the shortest chain of reasons from one event to another; empty if there is none."""
    import networkx as nx

    try:
        path = nx.shortest_path(graph, before, after)
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return ()
    edges: list[Edge] = []
    for one, other in pairwise(path):
        edge = graph.edges[one, other]
        cause, effect = graph.nodes[one]["event"], graph.nodes[other]["event"]
        edges.append(Edge(named(cause), named(effect), edge["rule"], edge["reason"]))
    return tuple(edges)
