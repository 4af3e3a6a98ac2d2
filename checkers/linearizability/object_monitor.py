"""A monitor of any object: every configuration that the calls and returns so far allow.

A configuration is a state, the pending operations that have taken effect, each with the state it
met (its answer is not known yet and must fit when it comes), and for each pending operation that
can only read, the states that it may have seen. As in `jit` beside this file, an operation takes
effect only when a return forces it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, Role, Specification, hints_of

CONFIGURATIONS_MAX = 20_000
"""How many configurations are kept before the monitor gives up."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What may be the case: the state, and what pending operations met and saw."""

    state: Hashable
    met: frozenset[tuple[str, Hashable]] = frozenset()
    seen: frozenset[tuple[str, Hashable]] = frozenset()

    def has_met(self, name: str) -> Hashable | Illegal:
        """The state that a pending operation met, or `ILLEGAL` if it has not taken effect."""
        return next((state for who, state in self.met if who == name), ILLEGAL)

    def without(self, name: str) -> Configuration:
        """The configuration after an operation has returned."""
        return Configuration(
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
        self._possible = {Configuration(specification.initial)}

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

    def _after(self, op: Operation) -> set[Configuration]:
        """Every configuration in which the returning operation took effect as it was told."""
        done: set[Configuration] = set()
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

    def _settled(self, one: Configuration, op: Operation) -> set[Configuration] | None:
        """What becomes of a configuration in which the operation has taken effect; else None."""
        if op.id in self._readers:
            states = [state for who, state in one.seen if who == op.id]
            fits = any(self._step(state, op) is not ILLEGAL for state in states)
            return {one.without(op.id)} if fits else None
        met = one.has_met(op.id)
        if met is ILLEGAL:
            return None
        return set() if self._step(met, op) is ILLEGAL else {one.without(op.id)}

    def _by_effect(self, one: Configuration, op: Operation) -> set[Configuration]:
        """The configuration in which the returning operation takes effect now, if it can."""
        after = self._step(one.state, op)
        return set() if after is ILLEGAL else {self._moved(one, after)}

    def _further(self, one: Configuration, *, but: str) -> list[Configuration]:
        """The configurations in which one more pending operation has taken effect."""
        result = []
        for name, op in self._writers.items():
            if name != but and one.has_met(name) is ILLEGAL:
                after = self._step(one.state, op)
                if after is not ILLEGAL:
                    met = one.met | {(name, one.state)}
                    result.append(self._moved(replace(one, met=met), after))
        return result

    def _moved(self, one: Configuration, after: Hashable) -> Configuration:
        seen = one.seen | {(name, after) for name in self._readers}
        return Configuration(after, one.met, seen)

    def _step(self, state: Hashable, op: Operation) -> Hashable | Illegal:
        return self._specification.step(state, op.f, op.argument, op.result)
