"""Random small histories: intervals with ties, open calls, failures, and mostly plausible answers.

Each operation gets an interval and an instant within it. A real object serves the operations in
the order of the instants, so the answers are right; then, in some histories, a few answers or
intervals are spoiled. Verdicts of both kinds come out often.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from random import Random

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, Status
from counterpoint.checkers.objects.specifications import ILLEGAL, Specification


def write(name: str, client: str, value: Hashable, called: float, returned: float) -> Operation:
    """A write of key "x" whose ranks are its steps, too."""
    return call(name, client, "write", value, None, called, returned)


def read(name: str, client: str, value: Hashable, called: float, returned: float) -> Operation:
    """A read of key "x" whose ranks are its steps, too."""
    return call(name, client, "read", None, value, called, returned)


def call(
    name: str,
    client: str,
    f: str,
    argument: Hashable,
    result: Hashable,
    called: float,
    returned: float,
) -> Operation:
    """An operation on key "x" whose ranks are its steps, too."""
    step = -1 if returned == OPEN else int(returned)
    return Operation(
        name, client, f, "x", argument, result, called, returned, "ok", int(called), step
    )


def happened(history: Iterable[Operation]) -> list[Operation]:
    """What exhaustive search is to order: failed operations removed, interrupted ones open."""
    return [
        op if op.is_answered else replace(op, returned=OPEN, result=UNKNOWN)
        for op in history
        if op.status != "fail"
    ]


Draw = Callable[[Random, int], tuple[str, Hashable]]
"""What the n-th operation of a history asks: its name and its argument."""

Answer = Callable[[Random, str, Hashable], Hashable]
"""Some answer, right or wrong, to an operation with its argument."""


@dataclass(frozen=True)
class Shape:
    """How random histories look: how many operations, how crowded, how often something is odd."""

    operations_max: int = 7
    instants: int = 10
    width_max: int = 5
    open_rate: float = 0.15
    fail_rate: float = 0.06
    spoil_rate: float = 0.6
    clients: int = 3


def random_history(
    random: Random,
    draw: Draw,
    specification: Specification,
    results: Answer,
    shape: Shape = Shape(),
) -> History:
    """A history of one object. `results` draws a wrong answer for an operation."""
    asked = [_interval(random, shape) for _ in range(random.randint(1, shape.operations_max))]
    asked.sort(key=lambda interval: interval[1])
    operations = []
    state = specification.initial
    for index, (called, _, returned) in enumerate(asked):
        f, argument = draw(random, index)
        failed = random.random() < shape.fail_rate
        result, after = _served(specification, state, f, argument, random, results)
        op = Operation(f"o{index}", "", f, None, argument, result, called, returned)
        if failed:
            op = replace(op, status="fail", result=UNKNOWN)
        elif random.random() < shape.open_rate:
            op = _interrupted(random, op)
            state = random.choice((state, after))
        else:
            state = after
        operations.append(op)
    while random.random() < shape.spoil_rate:
        _spoil(random, operations, results, shape)
    return _with_clients(random, operations)


def _interrupted(random: Random, op: Operation) -> Operation:
    """Return an operation without a definite answer, in one of the forms that a history may have.

    An "info" may say what it would have returned, and when; one that is open has any status.
    """
    if random.random() < 0.3:
        return replace(op, status="info")
    status: Status = random.choice(("info", "ok"))
    result = op.result if random.random() < 0.3 else UNKNOWN
    return replace(op, status=status, result=result, returned=OPEN)


def _interval(random: Random, shape: Shape) -> tuple[int, float, int]:
    called = random.randrange(shape.instants)
    returned = called + random.randint(0, shape.width_max)
    return called, random.uniform(called, returned), returned


def _served(
    specification: Specification,
    state: Hashable,
    f: str,
    argument: Hashable,
    random: Random,
    results: Answer,
) -> tuple[Hashable, Hashable]:
    """The right answer, found by trying answers, and the state after it."""
    for _ in range(60):
        result = results(random, f, argument)
        after = specification.step(state, f, argument, result)
        if after is not ILLEGAL:
            return result, after
    return UNKNOWN, specification.step(state, f, argument, UNKNOWN)


def _spoil(
    random: Random,
    operations: list[Operation],
    results: Answer,
    shape: Shape,
) -> None:
    index = random.randrange(len(operations))
    op = operations[index]
    if op.is_open or op.status == "fail":
        return
    if random.random() < 0.5:
        operations[index] = replace(op, result=results(random, op.f, op.argument))
    else:
        called, _, returned = _interval(random, shape)
        operations[index] = replace(op, called=called, returned=returned)


def _with_clients(random: Random, operations: list[Operation]) -> History:
    """Name clients so that none has two calls at once, in call order."""
    free_at: dict[str, float] = {}
    named = []
    for op in sorted(operations, key=lambda op: op.called):
        idle = [client for client, until in free_at.items() if until <= op.called]
        client = random.choice(idle) if idle else f"c{len(free_at) + 1}"
        free_at[client] = op.returned
        named.append(replace(op, client=client))
    return tuple(named)
