"""Which steps matter: the deciding event of a verdict, and the steps that its answer rests on."""

from __future__ import annotations

from counterpoint.checkers.happens_before.graph import causal_future, causal_past
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.model.event import Event
from counterpoint.model.kind import undone_by
from counterpoint.model.values import NodeId
from counterpoint.model.verdict import Verdict


def named_steps(verdict: Verdict) -> frozenset[int]:
    """Return the steps that the reasons of a verdict name.

    >>> from counterpoint.model.verdict import at_step, broken, said
    >>> because = (said("o1 at ", at_step(3)), said("before ", at_step(12)), "o2 said step 7")
    >>> sorted(named_steps(broken("p", "why not", examined=1, because=because)))
    [3, 12]
    """
    return frozenset(step for reason in verdict.reasons for step in reason.steps)


def culprit_events(story: TraceExplanation, verdict: Verdict) -> tuple[Event, ...]:
    """Return the last event of each culprit, the deciding one last.

    A culprit is an operation, a message or a node; without any that the trace knows, it is the last
    event of the run.
    """
    last: dict[str, Event] = {}
    for event in story.trace.events:
        if event.operation is not None and event.kind in ("invoke", "return"):
            last[event.operation] = event
        if event.message is not None and event.kind in ("send", "deliver"):
            last[f"m{event.message}"] = event
        if event.node is not None:
            last[event.node] = event
    found = tuple(last[name] for name in verdict.culprits if name in last)
    return found or story.trace.events[-1:]


def support(story: TraceExplanation, of: Event) -> frozenset[int]:
    """Return the steps that an event rests on, as far as they can be told without re-running.

    Backward over messages; at a client over its steps of the same call; at any other node to the
    last step that changed its state. Steps of index -1, the start, are left out.
    """
    found: set[int] = set()
    waiting = [(of.step, of.node)]
    while waiting:
        step, node = waiting.pop()
        if step < 0 or step in found:
            continue
        found.add(step)
        for event in story.steps[step]:
            if event.kind == "deliver" and event.message is not None:
                letter = story.letters[event.message]
                waiting.append((letter.sent_step, letter.src))
        if node is not None:
            waiting.extend(_earlier(story, step, node))
    return frozenset(found)


def basis(story: TraceExplanation, verdict: Verdict) -> frozenset[int]:
    """Return the steps that a verdict rests on: those that its reasons name, and what led to it.

    A verdict about nodes rests on what made each of them what it is; any other on what led to the
    event that decided it.
    """
    culprits = culprit_events(story, verdict)
    if not set(verdict.culprits) <= set(story.trace.scenario.system.nodes):
        culprits = culprits[-1:]
    named = (step for step in named_steps(verdict) if step in range(len(story.trace.choices)))
    return frozenset(named).union(*(rests_on(story, event) for event in culprits))


def rests_on(story: TraceExplanation, of: Event) -> frozenset[int]:
    """Return the steps that a verdict about this event rests on.

    For a call that was never answered these are the steps that it set off: among them is the one
    after which nothing more came of it.
    """
    if of.kind == "invoke":
        found = causal_future(story.trace.events, of.id)
        return frozenset(story.trace.events[i].step for i in found) - {-1}
    return support(story, of)


def _earlier(story: TraceExplanation, step: int, node: NodeId) -> list[tuple[int, NodeId]]:
    steps = [k for k in story.steps_of(node) if k < step]
    span = next((s for s in reversed(story.spans) if s.client == node and s.covers(step)), None)
    if span is not None:
        during = (k for k in steps if k >= span.call_step)
        return [(k, node) for k in during if story.has_effect(k, node)]
    changed = next((k for k in reversed(steps) if story.has_changed(k, node)), None)
    return [] if changed is None else [(changed, node)]


def past_steps(story: TraceExplanation, of: Event) -> frozenset[int]:
    """Return the steps that happened before an event, its own included."""
    past = causal_past(story.trace.events, of.id)
    return frozenset(story.trace.events[i].step for i in past) - {-1}


def fault_steps(story: TraceExplanation) -> frozenset[int]:
    """Return the steps at which something went wrong by choice, and those that undo it."""
    return frozenset(
        step
        for step, choice in enumerate(story.trace.choices)
        if choice.is_fault or undone_by(type(choice))
    )
