"""Drawing the calls of a workload: those of a run depend on the seed and the run's number alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from random import Random
from typing import Any

from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    BadScenario,
    brief,
    definition_of,
    place_of,
    told,
)
from counterpoint.model.scenario import Calls, Scenario, first_word
from counterpoint.model.values import NodeId, Value
from counterpoint.model.wellformed import require_needs, require_operation
from counterpoint.model.workload import Workload, WorkloadSource, is_strategy

POOL_SIZE = 64
"""A strategy is asked for so many operations at once, since Hypothesis takes a millisecond for each."""

RUNS_A_POOL = 500
"""So many runs draw their calls from the same operations; then come others."""


SOME_RUNS = 100
"""The calls of so many runs show what kinds of operations there are."""


def drawn(scenario: Scenario, seed: int = 0) -> Scenario:
    """Return a scenario with the calls that its workload gives a seed; one without is as it was.

    Raises:
        BadScenario: what is drawn is no operation.
    """
    if not isinstance(scenario.calls, Workload):
        return scenario
    return Drawing(scenario, seed).scenario(0)


class Drawing:
    """The scenarios of the runs of one seed, each with calls of its own."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._workload = workload_of(scenario)
        self._seed = seed
        self._pools: dict[int, list[list[Value]]] = {}
        self._block = -1
        self._checked: set[tuple[NodeId, Value]] = set()

    def scenario(self, number: int) -> Scenario:
        """Return the scenario of the run of that number.

        Raises:
            BadScenario: what is drawn is no operation of this scenario.
        """
        self._turn_to(block_of(number))
        random = Random(f"calls of {self._seed}, {number}")
        calls = {
            client: found
            for client, source in self._workload.sources.items()
            if (found := self._operations(client, source, random))
        }
        fresh = {
            client: tuple(o for o in operations if not self._is_known(client, o))
            for client, operations in calls.items()
        }
        _require_operations(self._scenario, fresh)
        self._checked.update((c, o) for c, operations in fresh.items() for o in operations)
        return self._scenario.with_calls(calls)

    def _turn_to(self, block: int) -> None:
        if block != self._block:
            self._block = block
            self._pools.clear()
            self._checked.clear()

    def _operations(
        self, client: NodeId, source: WorkloadSource, random: Random
    ) -> tuple[Value, ...]:
        count = random.randint(*self._workload.calls)
        if not is_strategy(source):
            return yielded(client, source, random, count)
        pool = self._pools.get(id(source))
        if pool is None:
            number = self._seed * 0x9E3779B9 + self._block
            pool = self._pools[id(source)] = by_kind(examples(source, number, POOL_SIZE))
        return tuple(random.choice(random.choice(pool)) for _ in range(count))

    def _is_known(self, client: NodeId, operation: Value) -> bool:
        try:
            return (client, operation) in self._checked
        except TypeError:  # a list, which is refused
            return False


def with_checked_calls(scenario: Scenario, calls: Calls) -> Scenario:
    """Return a scenario with calls that are, or ought to be, of its workload.

    Raises:
        BadScenario: they are no operations of its clients.
    """
    strangers = [client for client in calls if client not in workload_of(scenario).sources]
    if strangers:
        raise BadScenario(f"the workload of {scenario.name!r} has no client {strangers[0]!r}")
    _require_operations(scenario, calls)
    return scenario.with_calls(calls)


def _require_operations(scenario: Scenario, calls: Calls) -> None:
    try:
        for client, operations in calls.items():
            for operation in operations:
                require_operation(client, operation)
    except BadScenario as error:
        raise BadScenario(f"the workload of {scenario.name!r} {error}") from None
    require_needs(scenario, calls)


def some_operations(scenario: Scenario) -> list[Value]:
    """Return operations of the first runs: of each kind that is not rare at least one."""
    runs = map(Drawing(scenario, 0).scenario, range(SOME_RUNS))
    return [o for run in runs for operations in run.fixed_calls.values() for o in operations]


def block_of(number: int) -> int:
    """Return which pool the run of a number draws from."""
    return number // RUNS_A_POOL


def workload_of(scenario: Scenario) -> Workload:
    """Return the workload that the calls of a scenario are, or were drawn from."""
    found = scenario.calls if isinstance(scenario.calls, Workload) else scenario.drawn_from
    assert found is not None, f"the calls of {scenario.name!r} are fixed"
    return found


def by_kind(operations: Iterable[Value]) -> list[list[Value]]:
    """Return operations by their first words: of those drawn each once, most are of one kind.

    >>> by_kind([("write", 1), ("read",), ("write", 2)])
    [[('write', 1), ('write', 2)], [('read',)]]
    """
    kinds: dict[str, list[Value]] = {}
    for operation in operations:
        kinds.setdefault(first_word(operation, None), []).append(operation)
    return list(kinds.values())


def examples(strategy: WorkloadSource, number: int, count: int) -> tuple[Value, ...]:
    """Return up to so many operations of a strategy, each once; another number gives others."""
    # Imported here, as it takes longer than many a search.
    from counterpoint.model.search.stateful.examples import examples_of

    return examples_of(strategy, number, count)


def yielded(
    client: NodeId, function: WorkloadSource, random: Random, count: int
) -> tuple[Value, ...]:
    """Return the first operations that a function of a workload yields.

    Raises:
        BadScenario: it raised something, or returned what is no sequence of operations.
    """
    made: Any = function
    try:
        found = made(random)
        if isinstance(found, Iterable) and not isinstance(found, str | bytes | Mapping):
            return tuple(islice(found, count))
    except AUTHORS_ERRORS as error:
        raise BadScenario(
            f"the workload of {client} raised {told(error)} ({place_of(error)}); it is called with a "
            "random.Random, and yields the operations of one client"
        ) from error
    raise BadScenario(
        f"the workload of {client} returned {brief(found)} ({definition_of(made)}); it yields the "
        "operations of one client"
    )
