"""Objects watched while calls go on: by a monitor, and by an observer that remembers least.

A monitor of any object: every configuration that the calls and returns so far allow.

A configuration is a state, the pending operations that have taken effect, each with the state it
met (its answer is not known yet and must fit when it comes), and for each pending operation that
can only read, the states that it may have seen. As in `just_in_time` beside this file, an operation
takes effect only when a return forces it.

Linearizability as an observer: what of a history an exploration must remember, and no more.

A memory is, for each object, the set of its configurations: a state of the sequential specification,
the calls that have not taken effect yet, and those that have but were not answered. A call takes
effect when an answer makes it necessary: when an operation returns, it and any calls before it do
(just-in-time linearization: Lowe, "Testing for linearizability", 2017). No configuration left means
that no order explains what was seen, whatever comes next.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.history import (
    UNKNOWN,
    Operation,
    exact,
    opened,
    sealed,
)
from counterpoint.checkers.objects.p_compositionality import (
    exact_specification,
    keeps_any_values,
)
from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, Role, Specification, hints_of
from counterpoint.checkers.operations import OperationView, Seen, exact_seen
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value

CONFIGURATIONS_MAX = 20_000
"""How many configurations are kept before the monitor gives up."""


@dataclass(frozen=True, slots=True)
class MonitoredState:
    """What may be the case: the state, and what pending operations met and saw."""

    state: Hashable
    met: frozenset[tuple[str, Hashable]] = frozenset()
    seen: frozenset[tuple[str, Hashable]] = frozenset()

    def has_met(self, name: str) -> Hashable | Illegal:
        """The state that a pending operation met, or `ILLEGAL` if it has not taken effect."""
        return next((state for who, state in self.met if who == name), ILLEGAL)

    def without(self, name: str) -> MonitoredState:
        """The configuration after an operation has returned."""
        return MonitoredState(
            self.state,
            frozenset(pair for pair in self.met if pair[0] != name),
            frozenset(pair for pair in self.seen if pair[0] != name),
        )


class ObjectMonitor:
    """Watches one object. `has_given_up` tells whether it lost track; then it finds no fault."""

    def __init__(
        self, specification: Specification, *, configurations_max: int = CONFIGURATIONS_MAX
    ) -> None:
        """Start before any call."""
        self.has_given_up = False
        self._specification = specification
        self._role = hints_of(specification).role
        self._most = configurations_max
        self._fault = ""
        self._writers: dict[str, Operation] = {}
        self._readers: set[str] = set()
        self._possible = {MonitoredState(sealed(specification.initial))}

    def call(self, op: Operation) -> None:
        """Note a call."""
        asked = replace(op, result=UNKNOWN)
        if self._role(op.f, op.argument, UNKNOWN) is not Role.READS:
            self._writers[op.id] = asked
            return
        self._readers.add(op.id)
        self._possible = {
            replace(one, seen=one.seen | {(op.id, one.state)}) for one in self._possible
        }

    def answer(self, op: Operation) -> str:
        """Note a return, of whatever status, and say what is wrong by now, or ""."""
        if self._fault or self.has_given_up or op.status == "info":
            return self._fault
        if op.status == "fail":
            possible = {
                one.without(op.id) for one in self._possible if one.has_met(op.id) is ILLEGAL
            }
        else:
            possible = self._after(op)
        self._writers.pop(op.id, None)
        self._readers.discard(op.id)
        if self.has_given_up:
            return ""
        self._possible = possible
        if not possible:
            self._fault = f"{op.id} returned what no order of the operations so far allows"
        return self._fault

    def _after(self, op: Operation) -> set[MonitoredState]:
        """Every configuration in which the returning operation took effect as it was told."""
        done: set[MonitoredState] = set()
        todo = list(self._possible)
        reached = set(todo)
        while todo:
            one = todo.pop()
            settled = self._settled(one, op)
            if settled is not None:
                done |= settled
                continue
            for further in self._further(one, but=op.id):
                if further not in reached:
                    reached.add(further)
                    todo.append(further)
            if op.id in self._writers:
                done |= self._by_effect(one, op)
            if len(reached) > self._most:
                self.has_given_up = True
                return set()
        return done

    def _settled(self, one: MonitoredState, op: Operation) -> set[MonitoredState] | None:
        """What becomes of a configuration in which the operation has taken effect; else None."""
        if op.id in self._readers:
            states = [state for who, state in one.seen if who == op.id]
            fits = any(self._step(state, op) is not ILLEGAL for state in states)
            return {one.without(op.id)} if fits else None
        met = one.has_met(op.id)
        if met is ILLEGAL:
            return None
        return set() if self._step(met, op) is ILLEGAL else {one.without(op.id)}

    def _by_effect(self, one: MonitoredState, op: Operation) -> set[MonitoredState]:
        """The configuration in which the returning operation takes effect now, if it can."""
        after = self._step(one.state, op)
        return set() if after is ILLEGAL else {self._moved(one, after)}

    def _further(self, one: MonitoredState, *, but: str) -> list[MonitoredState]:
        """The configurations in which one more pending operation has taken effect."""
        result = []
        for name, op in self._writers.items():
            if name != but and one.has_met(name) is ILLEGAL:
                after = self._step(one.state, op)
                if after is not ILLEGAL:
                    met = one.met | {(name, one.state)}
                    result.append(self._moved(replace(one, met=met), after))
        return result

    def _moved(self, one: MonitoredState, after: Hashable) -> MonitoredState:
        seen = one.seen | {(name, after) for name in self._readers}
        return MonitoredState(after, one.met, seen)

    def _step(self, state: Hashable, op: Operation) -> Hashable | Illegal:
        return sealed_step(self._specification, state, op)


def sealed_step(
    specification: Specification, state: Hashable, op: Operation | Seen
) -> Hashable | Illegal:
    """Return the state after an operation. States are sealed: in sets of them 1 and True are two."""
    after = specification.step(opened(state), op.f, op.argument, op.result)
    return after if after is ILLEGAL else sealed(after)


class PendingCall(NamedTuple):
    """A call without an answer, sealed. A call that was cut by a crash has a number for its owner."""

    owner: NodeId | int
    operation: Value


class Taken(NamedTuple):
    """A call that took effect, and the state in which it did: its answer must fit.

    `state` is empty for an operation that is legal everywhere, else a 1-tuple.
    """

    call: PendingCall
    state: tuple[Hashable, ...]


class MonitorState(NamedTuple):
    """One way to explain what was seen of an object."""

    state: Hashable
    waiting: frozenset[PendingCall] = frozenset()
    taken: frozenset[Taken] = frozenset()


MonitorMemory: TypeAlias = frozenset[tuple[Hashable, frozenset[MonitorState]]]
"""The configurations of each object that was used so far."""


@dataclass(frozen=True)
class LinearizabilityObserver:
    """Every object behaves as if its operations took effect one at a time (Herlihy and Wing 1990).

    `view` shows operations as for the checker, and each key is an object of its own. Key, f and
    argument must not depend on the answer; but the answer may show that there was no operation at
    all (None), which is as if it had failed.
    """

    notes_may_swap: ClassVar[bool] = True

    specification: Specification
    view: OperationView

    @property
    def initial(self) -> MonitorMemory:
        """Nothing was called."""
        return frozenset()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> MonitorMemory:
        """Take in calls, returns and crashes of clients."""
        assert isinstance(memory, frozenset), f"{memory!r} is no memory of this observer"
        known: MonitorMemory = memory
        for observation in seen:
            match observation.kind:
                case "invoke":
                    call = PendingCall(observation.node, sealed(observation.value))
                    known = self._called(known, call)
                case "return":
                    known = self._returned(known, observation.node, observation.value)
                case "crash":
                    known = self._crashed(known, observation.node)
                case _:
                    pass  # nothing else is part of a history of operations
        return known

    def is_broken(self, memory: Value) -> bool:
        """Tell whether some object has no configuration left."""
        assert isinstance(memory, frozenset), f"{memory!r} is no memory of this observer"
        return any(not configurations for _, configurations in memory)

    def _called(self, memory: MonitorMemory, call: PendingCall) -> MonitorMemory:
        if self.view(opened(call.operation), UNKNOWN) is None:
            return memory
        key = exact(self._seen(call).key)
        unused = frozenset({MonitorState(sealed(self._specification.initial))})
        before = next((found for known, found in memory if known == key), unused)
        after = frozenset(c._replace(waiting=c.waiting | {call}) for c in before)
        return _with(memory, key, after)

    def _returned(self, memory: MonitorMemory, client: NodeId, result: Value) -> MonitorMemory:
        found = _under_way(memory, client)
        if found is None:  # a call that nobody judges, or all is lost already
            return memory
        key, configurations, call = found
        if isinstance(result, GaveUp):
            return self._crashed(memory, client)
        looks = self.view(opened(call.operation), result)
        if looks is not None and Seen(*looks).status == "info":
            return self._crashed(memory, client)
        if looks is None or Seen(*looks).status == "fail":
            after: set[MonitorState | None] = {self._without(c, call) for c in configurations}
        else:
            after = {d for c in configurations for d in self._answered(c, call, result)}
        return _with(memory, key, frozenset(c for c in after if c is not None))

    def _crashed(self, memory: MonitorMemory, client: NodeId) -> MonitorMemory:
        found = _under_way(memory, client)
        if found is None:
            return memory
        key, configurations, call = found
        return _with(memory, key, frozenset(self._cut(c, call) for c in configurations))

    def _answered(
        self, start: MonitorState, call: PendingCall, result: Value
    ) -> Iterator[MonitorState]:
        """Return the configurations in which the call took effect and has this answer."""
        for taken in start.taken:
            if taken.call == call:
                if not taken.state or self._after(taken.state[0], call, result) is not ILLEGAL:
                    yield start._replace(taken=start.taken - {taken})
                return
        for reached in self._closure(start, call):
            state = self._after(reached.state, call, result)
            if state is not ILLEGAL:
                yield reached._replace(state=state, waiting=reached.waiting - {call})

    def _closure(self, start: MonitorState, call: PendingCall) -> Iterator[MonitorState]:
        """Return what can be reached by letting other waiting calls take effect."""
        reached, stack = {start}, [start]
        while stack:
            current = stack.pop()
            yield current
            for other in current.waiting - {call}:
                following = self._take(current, other)
                if following is not None and following not in reached:
                    reached.add(following)
                    stack.append(following)

    def _take(self, current: MonitorState, call: PendingCall) -> MonitorState | None:
        state = self._after(current.state, call, UNKNOWN)
        if state is ILLEGAL:
            return None
        taken = current.taken
        if isinstance(call.owner, str):  # a call that was cut gets no answer that could not fit
            fits = self._role(call) is Role.OVERWRITES
            taken |= {Taken(call, () if fits else (current.state,))}
        return MonitorState(state, current.waiting - {call}, taken)

    def _without(self, current: MonitorState, call: PendingCall) -> MonitorState | None:
        """Return the configuration in which the call never was; None if it already had an effect."""
        if call in current.waiting:
            return current._replace(waiting=current.waiting - {call})
        if self._role(call) is not Role.READS:
            return None
        return current._replace(taken=frozenset(t for t in current.taken if t.call != call))

    def _cut(self, current: MonitorState, call: PendingCall) -> MonitorState:
        """Return the configuration in which the call can still take effect, but gets no answer."""
        taken = frozenset(t for t in current.taken if t.call != call)
        waiting = current.waiting - {call}
        if call in current.waiting and self._role(call) is not Role.READS:
            number = 0
            while PendingCall(number, call.operation) in waiting:
                number += 1
            waiting |= {PendingCall(number, call.operation)}
        return MonitorState(current.state, waiting, taken)

    def _seen(self, call: PendingCall) -> Seen:
        looks = self.view(opened(call.operation), UNKNOWN)
        assert looks is not None, f"{call.operation!r} is not judged"
        return self._exact(Seen(*looks))

    def _role(self, call: PendingCall) -> Role:
        seen = self._seen(call)
        return hints_of(self._specification).role(seen.f, seen.argument, UNKNOWN)

    def _after(self, state: Hashable, call: PendingCall, result: Value) -> Hashable:
        """Return the state after the call, or ILLEGAL."""
        looks = self.view(opened(call.operation), result)
        seen = self._seen(call) if looks is None else self._exact(Seen(*looks))
        return sealed_step(self._specification, state, seen)

    @cached_property
    def _specification(self) -> Specification:
        return exact_specification(self.specification)

    def _exact(self, seen: Seen) -> Seen:
        """Return what was seen as the specification takes it."""
        return exact_seen(seen) if keeps_any_values(self.specification) else seen


def _with(
    memory: MonitorMemory, key: Hashable, configurations: frozenset[MonitorState]
) -> MonitorMemory:
    return frozenset((k, c) for k, c in memory if k != key) | {(key, configurations)}


def _under_way(
    memory: MonitorMemory, client: NodeId
) -> tuple[Hashable, frozenset[MonitorState], PendingCall] | None:
    """Return the call of a client without an answer, its object, and that one's configurations."""
    for key, configurations in memory:
        some = next(iter(configurations), None)  # a call is waiting or taken in all of them
        if some is not None:
            for call in (*some.waiting, *(taken.call for taken in some.taken)):
                if call.owner == client:
                    return key, configurations, call
    return None
