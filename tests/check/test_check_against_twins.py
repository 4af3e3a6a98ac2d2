"""Verdicts of `check` against trying every order.

With rewritten initial values, values that look alike, nil, refusals, open calls of every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from random import Random

import pytest

from counterpoint.checkers.history import (
    OPEN,
    UNKNOWN,
    History,
    Operation,
    Status,
    exact,
    exact_history,
    well_formed,
)
from counterpoint.checkers.objects.specifications import (
    ILLEGAL,
    CasRegister,
    Counter,
    MultiRegister,
    Mutex,
    Queue,
    Register,
    Set,
    Specification,
    Stack,
)
from counterpoint.checkers.objects.verify import legal_order
from counterpoint.checkers.readers.case import Case
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Wanted

VALUES: tuple[Hashable, ...] = (0, 1, True, False, 1.0, "1", None)
CALLS_MAX = 6

Draw = Callable[[Random], tuple[str, Hashable, Hashable]]
"""A function, its argument, and a result."""


@dataclass(frozen=True)
class Kind:
    """A model with calls at random, and the twin's object."""

    model: str
    draw: Draw
    specification: Specification


def _value(random: Random) -> Hashable:
    return random.choice(VALUES[: random.choice((2, 4, 7))])


def _register(random: Random) -> tuple[str, Hashable, Hashable]:
    if random.random() < 0.5:
        return "write", _value(random), None
    return "read", None, _value(random)


def _cas_register(random: Random) -> tuple[str, Hashable, Hashable]:
    if random.random() < 0.6:
        return _register(random)
    return "cas", (_value(random), _value(random)), random.random() < 0.5


def _container(put: str, take: str) -> Draw:
    def draw(random: Random) -> tuple[str, Hashable, Hashable]:
        if random.random() < 0.5:
            return put, random.choice((1, True, "1", 2)), None
        return take, None, random.choice((1, True, "1", 2))

    return draw


def _set(random: Random) -> tuple[str, Hashable, Hashable]:
    elements = (1, True, "1")
    if random.random() < 0.5:
        return "add", random.choice(elements), None
    return "read", None, tuple(e for e in elements if random.random() < 0.5)


def _counter(random: Random) -> tuple[str, Hashable, Hashable]:
    if random.random() < 0.6:
        return "add", random.choice((-1, 1, 2)), None
    return "read", None, random.randint(-1, 4)


def _mutex(random: Random) -> tuple[str, Hashable, Hashable]:
    return random.choice(("acquire", "release")), None, None


def _micros(random: Random) -> tuple[str, Hashable, Hashable]:
    micros = tuple(
        (kind, key, _value(random))
        for key in random.sample("xy", random.randint(1, 2))
        for kind in [random.choice("rw")]
    )
    return "txn", tuple((k, key, None if k == "r" else v) for k, key, v in micros), micros


KINDS = (
    Kind("register", _register, Register()),
    Kind("cas-register", _cas_register, CasRegister()),
    Kind("queue", _container("enqueue", "dequeue"), Queue()),
    Kind("stack", _container("push", "pop"), Stack()),
    Kind("set", _set, Set()),
    Kind("counter", _counter, Counter()),
    Kind("mutex", _mutex, Mutex()),
    Kind("rw-register", _micros, MultiRegister(None)),
)


def history_of(kind: Kind, random: Random) -> History:
    """Draw calls of up to three clients; some refused, some of unknown outcome, some never answered."""
    history: list[Operation] = []
    free = {"a": 0, "b": 0, "c": 0}
    for place in range(random.randint(2, CALLS_MAX)):
        client = random.choice([name for name, at in free.items() if at < 1000] or ["d"])
        f, argument, result = kind.draw(random)
        called = free.setdefault(client, 0) + random.randint(0, 2)
        returned: float = called + random.randint(1, 4)
        status: Status = random.choice(("ok",) * 7 + ("fail", "info", "info"))
        free[client] = int(returned) + 1
        if status == "info":
            returned = OPEN
            free[client] = free[client] if random.random() < 0.5 else 1000
        if status != "ok":
            result = UNKNOWN
        elif f in ("read", "dequeue", "pop") and random.random() < 0.1:
            result = UNKNOWN  # nobody saw it
        history.append(
            Operation(f"o{place}", client, f, None, argument, result, called, returned, status)
        )
    return well_formed(history)


def happened(history: History) -> tuple[Operation, ...]:
    """What may have had an effect, as the twin takes it: it need not place what nobody saw."""
    return tuple(
        replace(op, returned=OPEN) if op.result is UNKNOWN and op.f in ("read",) else op
        for op in exact_history(history)
        if op.status != "fail"
    )


@pytest.mark.parametrize("kind", KINDS, ids=[kind.model for kind in KINDS])
def test_linearizability_is_what_some_order_explains(kind: Kind) -> None:
    random, seen = Random(kind.model), [0, 0]
    for _ in range(150):
        history = history_of(kind, random)
        order = legal_order(happened(history), kind.specification)
        checked = check_case(
            Case("made", "", history, len(history)),
            Wanted(model=kind.model, property=_property(kind), nil="value"),
        )
        assert checked.verdict is not None, (checked.error, checked.traceback)
        if checked.outcome == "undecided":
            assert checked.verdict.examined == 0, checked.verdict
            continue
        assert checked.outcome == ("broken" if order is None else "holds"), history
        seen[order is None] += 1
    assert min(seen) > 8, seen


def _property(kind: Kind) -> str:
    return "strict-serializability" if kind.model == "rw-register" else "linearizability"


def is_sequential(history: tuple[Operation, ...], specification: Specification) -> bool:
    """Try every order that keeps each client's; who is open may be left out."""

    def extend(state: Hashable, left: tuple[Operation, ...]) -> bool:
        if all(op.is_open for op in left):
            return True
        for op in left:
            if any(other.client == op.client and other.precedes(op) for other in left):
                continue
            rest = tuple(other for other in left if other is not op)
            after = specification.step(state, op.f, op.argument, op.result)
            if after is not ILLEGAL and extend(after, rest):
                return True
        return False

    return extend(exact(specification.initial), history)


@pytest.mark.parametrize("initial", [None, 0, True, "1"])
def test_sequential_consistency_is_what_some_order_of_clients_explains(initial: Hashable) -> None:
    random, seen = Random(str(initial)), [0, 0]
    kind = KINDS[0]
    for _ in range(150):
        history = history_of(kind, random)
        is_right = is_sequential(happened(history), Register(exact(initial)))
        wanted = Wanted(model="register", property="sequential-consistency", initial=initial)
        checked = check_case(Case("made", "", history, len(history)), wanted)
        assert checked.verdict is not None, (checked.error, checked.traceback)
        if checked.outcome == "undecided":
            assert checked.verdict.examined == 0, checked.verdict
            continue
        assert checked.outcome == ("holds" if is_right else "broken"), history
        seen[is_right] += 1
    assert min(seen) > 8, seen
