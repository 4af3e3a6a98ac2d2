"""A trace as people tell it: steps, messages with their fates, calls with their spans, changes.

Everything here is derived from a trace; the terminal report, the viewer and the exports all tell
the same story, with the same names: steps by index, messages "m5", operations "o3".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from counterpoint.harness.explanation.state_parts import shown_of
from counterpoint.model.event import Event
from counterpoint.model.exact import is_same
from counterpoint.model.reaction import NodeState
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show

FATES = ("deliver", "lose", "duplicate", "exchange", "hold", "release")
"""The kinds of event that tell what became of a message."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and all that happened to it; `sent_step` is -1 for one sent at the start."""

    id: int
    src: NodeId
    dst: NodeId
    body: Value
    sent_step: int
    sent_event: int
    fates: tuple[Event, ...] = ()

    @property
    def name(self) -> str:
        """How everything shown names it."""
        return f"m{self.id}"

    @property
    def copies(self) -> int:
        """How many copies of it there were, whatever their bodies."""
        return 1 + sum(map(more_copies, self.fates))

    @property
    def in_flight(self) -> int:
        """How many copies were still on their way at the end."""
        return self.copies - sum(fate.kind in ("deliver", "lose") for fate in self.fates)


def more_copies(fate: Event) -> int:
    """Return by how many copies there are more of a message after an event."""
    if fate.kind == "exchange":
        assert isinstance(fate.value, tuple), fate
        return len(fate.value) - 1
    return int(fate.kind == "duplicate")


@dataclass(frozen=True, slots=True)
class CallSpan:
    """One call: from the step that made it to the one that answered, or that crashed the client."""

    id: str
    client: NodeId
    operation: Value
    call_step: int
    return_step: int | None = None
    crash_step: int | None = None
    result: Value = None

    @property
    def end_step(self) -> int | None:
        """The step that answered the call or cut it off, None for one open to the end."""
        return self.crash_step if self.return_step is None else self.return_step

    def covers(self, step: int) -> bool:
        """Tell whether the call was under way at a step, its first and last included."""
        return self.call_step <= step and (self.end_step is None or step <= self.end_step)

    @property
    def text(self) -> str:
        """The operation and, where there is one, its result."""
        answer = "" if self.return_step is None else f" → {show(self.result)}"
        return f"{show(self.operation)}{answer}"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A part of one node's state that a step changed: `path` within the state, old and new value.

    `was_there` and `is_there` are False for a part that a mapping did not have before or after.
    """

    node: NodeId
    path: str
    old: Value
    new: Value
    was_there: bool = True
    is_there: bool = True

    @property
    def text(self) -> str:
        """The change in a few words."""
        if not self.was_there:
            return f"{self.path} = {show(self.new)}".strip()
        if not self.is_there:
            return f"{self.path} gone"
        if isinstance(self.old, frozenset) and isinstance(self.new, frozenset):
            added = [f"+{show(v)}" for v in sorted(self.new - self.old, key=show)]
            removed = [f"-{show(v)}" for v in sorted(self.old - self.new, key=show)]
            return f"{self.path} {' '.join(added + removed)}".strip()
        return f"{self.path} {show(self.old)}→{show(self.new)}".strip()


@dataclass(frozen=True)
class TraceExplanation:
    """The derived parts of one trace, each computed once, when it is asked for."""

    trace: Trace

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node, in the order of reports."""
        return self.trace.scenario.system.nodes

    @cached_property
    def steps(self) -> tuple[tuple[Event, ...], ...]:
        """The events of each step."""
        steps: list[list[Event]] = [[] for _ in self.trace.choices]
        for event in self.trace.events:
            if event.step >= 0:
                steps[event.step].append(event)
        return tuple(map(tuple, steps))

    @cached_property
    def letters(self) -> Mapping[int, Letter]:
        """Every message, by identity."""
        letters: dict[int, Letter] = {}
        for event in self.trace.events:
            if event.message is None:
                continue
            if event.kind == "send":
                assert event.src is not None, event
                assert event.dst is not None, event
                letters[event.message] = Letter(
                    event.message, event.src, event.dst, event.value, event.step, event.id
                )
            elif event.kind in FATES:
                letter = letters[event.message]
                letters[letter.id] = dataclasses.replace(letter, fates=(*letter.fates, event))
        return letters

    @cached_property
    def spans(self) -> tuple[CallSpan, ...]:
        """Every call, in the order in which they were made."""
        spans: dict[str, CallSpan] = {}
        for event in self.trace.events:
            if event.operation is None or event.node is None:
                continue
            name = event.operation
            if event.kind == "invoke":
                spans[name] = CallSpan(name, event.node, event.value, event.step)
            elif event.kind == "return":
                spans[name] = dataclasses.replace(
                    spans[name], return_step=event.step, result=event.value
                )
            elif event.kind == "crash":
                spans[name] = dataclasses.replace(spans[name], crash_step=event.step)
        return tuple(spans.values())

    @cached_property
    def clients(self) -> tuple[NodeId, ...]:
        """The nodes that called anything, in the order of reports."""
        callers = {span.client for span in self.spans}
        return tuple(node for node in self.nodes if node in callers)

    def changes(self, step: int) -> tuple[StateChange, ...]:
        """Return what one step changed in the nodes; nothing for a step that a handler ended."""
        if step + 1 >= len(self.trace.worlds):
            return ()
        before, after = self.trace.worlds[step], self.trace.worlds[step + 1]
        return tuple(
            change
            for node, old, new in zip(
                self.nodes, before.node_states, after.node_states, strict=True
            )
            if old is not new
            for change in node_state_changes(node, old, new)
        )

    @cached_property
    def servers(self) -> tuple[NodeId, ...]:
        """The nodes that neither called anything nor could have; all nodes if there are none."""
        callers = {*self.clients, *self.trace.scenario.fixed_calls}
        return tuple(node for node in self.nodes if node not in callers) or self.nodes

    @cached_property
    def _steps_by_node(self) -> Mapping[NodeId, tuple[int, ...]]:
        found: dict[NodeId, list[int]] = {node: [] for node in self.nodes}
        for step, events in enumerate(self.steps):
            for node in dict.fromkeys(event.node for event in events if event.node is not None):
                found[node].append(step)
        return {node: tuple(steps) for node, steps in found.items()}

    def steps_of(self, node: NodeId) -> tuple[int, ...]:
        """Return the steps at which something happened at a node."""
        return self._steps_by_node[node]

    def has_changed(self, step: int, node: NodeId) -> bool:
        """Tell whether a step changed what a node knows, its calls to come aside."""
        if step + 1 >= len(self.trace.worlds):
            return True
        before, after = (
            self.trace.worlds[step].node_state(node),
            self.trace.worlds[step + 1].node_state(node),
        )
        return (before.state, before.durable, before.timers) != (
            after.state, after.durable, after.timers,
        )  # fmt: skip

    def has_effect(self, step: int, node: NodeId) -> bool:
        """Tell whether a step changed what a node knows, or made it say something."""
        said = any(e.node == node and e.kind in ("send", "return") for e in self.steps[step])
        return said or self.has_changed(step, node)

    def copy_of(self, arrival: Event) -> int:
        """Return which copy of its message an arrival is: 0 for the first to arrive, 1 for the next.

        What stands in the place of a message that was exchanged, with another body, is no copy of it.
        """
        assert arrival.message is not None, arrival
        fates = self.letters[arrival.message].fates
        earlier = (f for f in fates if f.kind in ("deliver", "lose") and f.id < arrival.id)
        return sum(is_same(fate.value, arrival.value) for fate in earlier)


def node_state_changes(node: NodeId, old: NodeState, new: NodeState) -> Iterator[StateChange]:
    """Return the changes of one node, in the order state, durable part, timers."""
    shown = shown_of(old.state), shown_of(new.state)
    if shown[0] is not None and shown[1] is not None:
        yield from _shown_differences(node, shown[0], shown[1])
    else:
        yield from _differences(node, "", old.state, new.state)
    yield from _differences(node, "durable", old.durable, new.durable)
    if old.timers != new.timers:
        yield StateChange(node, "timers", frozenset(old.timers), frozenset(new.timers))


def _shown_differences(
    node: NodeId, old: Mapping[str, Value], new: Mapping[str, Value]
) -> Iterator[StateChange]:
    for path in dict.fromkeys((*old, *new)):
        if path not in old:
            yield StateChange(node, path, None, new[path], was_there=False)
        elif path not in new:
            yield StateChange(node, path, old[path], None, is_there=False)
        else:
            yield from _differences(node, path, old[path], new[path])


def _differences(node: NodeId, path: str, old: Value, new: Value) -> Iterator[StateChange]:
    if old == new:
        return
    if type(old) is type(new):
        names = _names(old)
        if names is not None:
            for name in names:
                inner = f"{path}.{name}" if path else name
                yield from _differences(node, inner, getattr(old, name), getattr(new, name))
            return
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _mapping_differences(node, path, old, new)
            return
        if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
            for index, (one, other) in enumerate(zip(old, new, strict=True)):
                yield from _differences(node, f"{path}[{index}]", one, other)
            return
    yield StateChange(node, path, old, new)


def _names(value: object) -> tuple[str, ...] | None:
    if dataclasses.is_dataclass(value):
        return tuple(field.name for field in dataclasses.fields(value))
    return getattr(value, "_fields", None)


def _mapping_differences(
    node: NodeId, path: str, old: Mapping[Value, Value], new: Mapping[Value, Value]
) -> Iterator[StateChange]:
    for key in sorted({*old, *new}, key=show):
        inner = f"{path}[{show(key)}]"
        if key not in old:
            yield StateChange(node, inner, None, new[key], was_there=False)
        elif key not in new:
            yield StateChange(node, inner, old[key], None, is_there=False)
        else:
            yield from _differences(node, inner, old[key], new[key])
