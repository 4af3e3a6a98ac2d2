"""Observers: properties as automata, so that an exploration need not carry whole histories.

What was seen of a run decides whether a property of histories is broken, so it belongs to the
identity of a state, in one form or the other: leaving it out loses violations. An observer reduces
it to what the property can still tell apart. `SeenInOrder` works for any property of histories: it
keeps everything that was seen. `ObserverState` works for those that are about precedence: it keeps the
operations, everything else that can be seen, and the real-time order of all that; it forgets which of
two operations that overlap was called or answered first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from counterpoint.model.event import EventKind
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId, Value


@quick_init
@dataclass(frozen=True, slots=True)
class Observation:
    """Something that checkers of histories see: a call, a return, a note, a crash, a role."""

    kind: EventKind
    node: NodeId
    value: Value


OBSERVED: frozenset[EventKind] = frozenset({"invoke", "return", "note", "role", "crash", "recover"})
"""The kinds of event that an observation can be."""


class Observer(Protocol):
    """A property as an automaton: memories are hashable, `observe` is pure.

    One that says `notes_may_swap = True` comes to the same whichever of two steps at different nodes
    is first, if neither needs the other, and they are not a call and a return: so a partial-order
    reduction need not keep the order of notes, roles, crashes and recoveries.
    """

    @property
    def initial(self) -> Value:
        """The memory before anything was seen."""
        ...

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Return the memory after one step in which these things were seen, in order."""
        ...

    def is_broken(self, memory: Value) -> bool:
        """Tell whether no continuation can make the property hold again."""
        ...


def keeps_order_of_notes(observer: Observer | None) -> bool:
    """Tell whether the order of notes at different nodes may matter to a property of histories."""
    return not getattr(observer, "notes_may_swap", False)


class ObservedCall(NamedTuple):
    """An operation: what had completed at each node when it was called, what was asked and answered.

    `before` has a number for each node, how many of its operations precede this one in real time,
    and at its end how many moments do. `answer` is empty while there is none, else a 1-tuple of the
    result. A moment has its `Observation` for an operation, and never an answer.
    """

    before: tuple[int, ...]
    operation: Value
    answer: tuple[Value, ...] = ()


class Thread(NamedTuple):
    """The operations of one node. The last one may be under way; one cut off by a crash stays open.

    The last thread of a memory has the moments of all nodes: notes, roles, crashes, recoveries. Where
    the order of everything is kept there is one thread, of moments alone.
    """

    calls: tuple[ObservedCall, ...] = ()
    is_busy: bool = False


@dataclass(frozen=True)
class SeenInOrder:
    """All that was seen of all nodes, in the order in which it was seen: one thread of observations."""

    @property
    def initial(self) -> tuple[Thread, ...]:
        """Nothing was seen."""
        return (Thread(),)

    def observe(self, memory: Value, seen: Sequence[Observation]) -> tuple[Thread, ...]:
        """Add what was seen."""
        return (Thread((*_only(memory).calls, *(ObservedCall((), one) for one in seen))),)

    def is_broken(self, memory: Value) -> bool:
        """Never: what is remembered is for a checker to judge."""
        del memory
        return False

    def retell(self, memory: Value) -> tuple[Observation, ...]:
        """Return the observations."""
        return tuple(cast("Observation", call.operation) for call in _only(memory).calls)


def _only(memory: Value) -> Thread:
    (thread,) = cast("tuple[Thread, ...]", memory)
    return thread


@dataclass(frozen=True)
class ObserverState:
    """All that was seen of all nodes, in its real-time order: the history, up to what it can mean."""

    nodes: tuple[NodeId, ...]

    @property
    def initial(self) -> tuple[Thread, ...]:
        """No operations, no moments."""
        return (Thread(),) * (len(self.nodes) + 1)

    def observe(self, memory: Value, seen: Sequence[Observation]) -> tuple[Thread, ...]:
        """Record operations, and moments between and within them."""
        assert isinstance(memory, tuple)
        threads: list[Thread] = list(memory)
        for observation in seen:
            index = self.nodes.index(observation.node)
            thread = threads[index]
            match observation.kind:
                case "invoke":
                    before = tuple(len(t.calls) - t.is_busy for t in threads)
                    called = (*thread.calls, ObservedCall(before, observation.value))
                    threads[index] = Thread(called, True)
                case "return":
                    last = thread.calls[-1]._replace(answer=(observation.value,))
                    threads[index] = Thread((*thread.calls[:-1], last), False)
                case _:
                    before = tuple(len(t.calls) - t.is_busy for t in threads)
                    moments = threads[-1].calls
                    threads[-1] = Thread((*moments, ObservedCall(before, observation)))
                    if observation.kind == "crash":
                        threads[index] = thread._replace(is_busy=False)
        return tuple(threads)

    def is_broken(self, memory: Value) -> bool:
        """Never: what is remembered is for a checker to judge."""
        del memory
        return False

    def retell(self, memory: Value) -> tuple[Observation, ...]:
        """Return observations in an order with exactly the real-time order that is remembered.

        The sets of operations before each call are ordered by inclusion, as they were in the run:
        so return what the next call presupposes, make all calls that presuppose no more, and go on.
        A moment comes after the calls that presuppose as much as it does: it is within them.
        """
        assert isinstance(memory, tuple)
        calls = [
            (sum(call.before), index, position, call)
            for index, thread in enumerate(memory)
            for position, call in enumerate(thread.calls)
        ]
        calls.sort()
        told: list[Observation] = []
        returned = [0] * len(self.nodes)
        for _, index, _, call in calls:
            self._tell_returns(memory, returned, call.before, told)
            if isinstance(call.operation, Observation):
                told.append(call.operation)
            else:
                told.append(Observation("invoke", self.nodes[index], call.operation))
        everything = tuple(len(thread.calls) - thread.is_busy for thread in memory)
        self._tell_returns(memory, returned, everything, told)
        return tuple(told)

    def _tell_returns(
        self,
        memory: tuple[Thread, ...],
        returned: list[int],
        until: tuple[int, ...],
        told: list[Observation],
    ) -> None:
        """Tell what has returned at each node since, the moments, which come last, aside."""
        for index, before in enumerate(returned):
            count = until[index]
            if count > before:
                for call in memory[index].calls[before:count]:
                    if call.answer:  # one that a crash cut off has ended with that moment
                        told.append(Observation("return", self.nodes[index], call.answer[0]))
                returned[index] = count
