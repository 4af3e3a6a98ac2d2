"""Simpler calls for a failing run whose calls were drawn: fewer calls, fewer clients, smaller values.

The schedule is minimal for its calls before; with each change of the calls the run is made again, as
far as its choices fit, and must break the same property. Then the schedule is minimised anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, permutations
from time import monotonic
from typing import Any, TypeAlias

from counterpoint.model.actions import Call
from counterpoint.model.scenario import Calls, Scenario
from counterpoint.model.search.drawing import workload_of
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimised, Minimiser
from counterpoint.model.search.simpler_calls import (
    Operations,
    alternatives,
    difference,
    shape,
    simplicity,
)
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.values import NodeId, Value, with_atoms
from counterpoint.model.world import Action

TRIED_ONE_BY_ONE = 32
"""So many of the simplest operations are tried; among the others of its kind one is sought by halves."""

Change: TypeAlias = tuple[Calls, tuple[Choices, ...]]
"""Other calls, and the choices to try with them."""


@dataclass(frozen=True, slots=True)
class SimplerRun:
    """A failing run with the calls that it has."""

    calls: Calls
    choices: Choices


class Simplifier:
    """Makes the calls of one failing run simpler, until nothing is or the time is over."""

    def __init__(self, compiled: Compiled, examiner: Examiner, name: str) -> None:
        self._compiled, self._examiner, self._name = compiled, examiner, name
        scenario = compiled.scenario
        workload = workload_of(scenario)
        self._most = workload.calls[1]
        self._alternatives = alternatives(workload, scenario.fixed_calls)
        self._deadline = float("inf")
        self._tried = 0

    def simplify(self, found: Minimised, seconds: float) -> tuple[Scenario, Minimised]:
        """Return the scenario with simpler calls, and the minimised run of it."""
        self._deadline = monotonic() + seconds
        scenario = self._compiled.scenario
        best = SimplerRun(scenario.fixed_calls, found.choices)
        best = self._first(best, [(asked_in(best.choices), (best.choices,))]) or best
        while (simpler := self._simpler(best)) is not None:
            best = simpler
        is_over = found.is_fixpoint and monotonic() < self._deadline
        result = Minimised(best.choices, found.tried + self._tried, is_over)
        return scenario.with_calls(best.calls), result

    def _simpler(self, best: SimplerRun) -> SimplerRun | None:
        """Return a simpler run, None if none is found."""
        changes = chain(self._fewer(best), self._moved(best), self._others(best))
        found = self._first(best, changes)
        if found is not None:
            return self._minimised(found)
        for client, operations in best.calls.items():
            for position in range(len(operations)):
                found = self._with_simpler(best, client, position)
                if found is not None:
                    return found
        return None

    def _minimised(self, run: SimplerRun) -> SimplerRun:
        compiled = self._compiled_with(run.calls)
        left = max(self._deadline - monotonic(), 0.0)
        minimiser = Minimiser(compiled, self._examiner.of(compiled))
        shorter = minimiser.minimise(run.choices, self._name, left).choices
        trimmed = self._first(SimplerRun(run.calls, shorter), [(asked_in(shorter), (shorter,))])
        return trimmed or SimplerRun(run.calls, shorter)

    # What may be changed.

    def _fewer(self, best: SimplerRun) -> Iterator[Change]:
        """Leave out all calls of a client, then runs of its calls, long ones first."""
        for client, operations in best.calls.items():
            count = len(operations)
            for size in range(count, 0, -1):
                for start in range(count - size + 1):
                    left = operations[:start] + operations[start + size :]
                    if self._alternatives[client].allows(left):
                        gone = range(start, start + size)
                        without = _without_calls(best.choices, client, gone)
                        yield _with(best.calls, client, left), (without, best.choices)

    def _moved(self, best: SimplerRun) -> Iterator[Change]:
        """Let another client ask for all that one asks for, before or after its own calls."""
        for client, other in permutations(self._alternatives, 2):
            moved, own = best.calls.get(client, ()), best.calls.get(other, ())
            choices = tuple(_changed(choice, {(str, client): other}) for choice in best.choices)
            for both in {moved + own: None, own + moved: None} if moved else ():
                if len(both) <= self._most and self._alternatives[other].allows(both):
                    calls = _with(_with(best.calls, client, ()), other, both)
                    yield calls, (choices,)

    def _others(self, best: SimplerRun) -> Iterator[Change]:
        """Give a client another sequence of its workload."""
        for client, operations in best.calls.items():
            for other in self._alternatives[client].others(operations):
                changed = best.choices
                for old, new in zip(operations, other, strict=False):
                    changed = _renamed(changed, difference(old, new))
                yield _with(best.calls, client, other), (changed, best.choices)

    def _with_simpler(self, best: SimplerRun, client: NodeId, position: int) -> SimplerRun | None:
        """Replace one operation by the simplest that still breaks the property."""
        present = best.calls[client]
        options = self._alternatives[client].simpler(present, position)
        for new in options[:TRIED_ONE_BY_ONE]:
            found = self._first(best, self._replacing(best, client, position, new))
            if found is not None:
                return found
        kind = shape(present[position])
        return self._by_halves(
            [o for o in options[TRIED_ONE_BY_ONE:] if shape(o) == kind],
            lambda new: self._first(best, self._replacing(best, client, position, new)),
        )

    @staticmethod
    def _by_halves(
        options: Sequence[Value], attempt: Callable[[Value], SimplerRun | None]
    ) -> SimplerRun | None:
        """Return the simplest that does, if what is less simple than one that does also does."""
        found, low, high = None, 0, len(options)
        while low < high:
            middle = (low + high) // 2
            tried = attempt(options[middle])
            if tried is None:
                low = middle + 1
            else:
                found, high = tried, middle
        return found

    def _replacing(
        self, best: SimplerRun, client: NodeId, position: int, new: Value
    ) -> Iterator[Change]:
        """Put an operation in place of another: its values everywhere, else in this call alone."""
        operations = best.calls[client]
        names = difference(operations[position], new)
        choices = (_renamed(best.choices, names), best.choices)
        everywhere = {c: tuple(_changed(o, names) for o in some) for c, some in best.calls.items()}
        if all(self._alternatives[c].allows(some) for c, some in everywhere.items()):
            yield everywhere, choices
        here = (*operations[:position], new, *operations[position + 1 :])
        yield _with(best.calls, client, here), choices

    # Whether it still breaks the property.

    def _first(
        self, best: SimplerRun, changes: Iterator[Change] | Sequence[Change]
    ) -> SimplerRun | None:
        """Return the first changed run that is simpler and breaks the property, None if none does."""
        for calls, attempts in changes:
            for choices in attempts:
                if monotonic() > self._deadline:
                    return None
                found = self._run(calls, choices)
                if found is not None and measure(found) < measure(best):
                    return found
        return None

    def _run(self, calls: Calls, choices: Choices) -> SimplerRun | None:
        self._tried += 1
        compiled = self._compiled_with(calls)
        minimiser = Minimiser(compiled, self._examiner.of(compiled))
        broken = minimiser.broken(choices, self._name)
        return None if broken is None else SimplerRun(calls, broken)

    def _compiled_with(self, calls: Calls) -> Compiled:
        return self._compiled.with_calls_of(self._compiled.scenario.with_calls(calls))


def measure(run: SimplerRun) -> tuple[object, ...]:
    """What simpler means: fewer choices, faults, calls and clients; then shorter, smaller operations.

    Of clients the first by name count as the simplest.
    """
    operations = [operation for some in run.calls.values() for operation in some]
    each = [simplicity(operation) for operation in operations]
    return (
        len(run.choices),
        sum(choice.is_fault for choice in run.choices),
        len(operations),
        sum(map(bool, run.calls.values())),
        sum(length for length, _ in each),
        tuple(text for _, text in each),
        sorted(run.calls),
    )


def asked_in(choices: Choices) -> Calls:
    """Return the calls that are begun in a run, client by client: no other is needed for it."""
    asked: dict[NodeId, Operations] = {}
    for choice in choices:
        if isinstance(choice, Call):
            asked[choice.client] = (*asked.get(choice.client, ()), choice.operation)
    return asked


def _with(calls: Calls, client: NodeId, operations: Operations) -> Calls:
    """Return calls in which a client asks for these operations; one that asks for none is left out."""
    return {c: some for c, some in {**calls, client: operations}.items() if some}


def _without_calls(choices: Choices, client: NodeId, gone: range) -> Choices:
    positions = [k for k, c in enumerate(choices) if isinstance(c, Call) and c.client == client]
    dropped = {position for number, position in enumerate(positions) if number in gone}
    return tuple(choice for k, choice in enumerate(choices) if k not in dropped)


def _changed(value: Any, names: Mapping[tuple[type, Value], Value]) -> Any:
    return with_atoms(value, lambda atom: names.get((type(atom), atom), atom))


def _renamed(choices: Choices, names: Mapping[tuple[type, Value], Value]) -> Choices:
    """Return choices in whose messages and operations some atoms are others."""
    return tuple(_renamed_choice(choice, names) for choice in choices) if names else choices


def _renamed_choice(choice: Action, names: Mapping[tuple[type, Value], Value]) -> Action:
    thing: Any = choice
    for field in ("body", "operation"):
        if hasattr(choice, field):
            thing = replace(thing, **{field: _changed(getattr(choice, field), names)})
    changed: Action = thing
    return changed
