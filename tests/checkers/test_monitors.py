"""Monitors find the same first bad return as exhaustive search on every prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.linearizability.observers import ObjectMonitor
from counterpoint.checkers.objects.p_compositionality import judged
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.specifications import Ledger, Register
from counterpoint.checkers.objects.verify import legal_order
from counterpoint.checkers.register.zones import (
    Monitor,
    RangeMax,
    RegisterMonitor,
    RepeatedValue,
    events,
    first_fault,
)
from tests.checkers.objects_at_random import OBJECTS
from tests.checkers.random_histories import Shape, random_history, read, write
from tests.support.nights import by_day

SHAPES = (Shape(), Shape(7, 12, 7), Shape(instants=5), Shape(7, 16, 9, spoil_rate=0.9))


def _first_bad(history: History, specification: Specification) -> str | None:
    """The return after which no order is left, by search on every prefix."""
    order = [op for is_return, op in events(history) if is_return]
    for index, returning in enumerate(order):
        returned = {op.id for op in order[: index + 1]}
        prefix = [
            op if op.id in returned else replace(op, returned=OPEN, result=UNKNOWN, status="ok")
            for op in history
            if op.called <= returning.returned
        ]
        if legal_order(judged(prefix, specification), specification) is None:
            return returning.id
    return None


def _compare(
    histories: list[History], specification: Specification, monitor: Callable[[], Monitor]
) -> Counter[bool]:
    seen: Counter[bool] = Counter()
    for history in histories:
        expected = _first_bad(history, specification)
        found = first_fault(history, monitor())
        assert (found[0].id if found else None) == expected, history
        seen[found is not None] += 1
    return seen


def _draw(random: Random, index: int) -> tuple[str, Hashable]:
    write_rate = 0.85 if index < 3 else 0.2
    return ("write", index + 1) if random.random() < write_rate else ("read", None)


def _answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    return None if f == "write" else random.choice((0, 1, 1, 2, 2, 3, 3, 4))


def _register_histories(count: int, *, seed: int) -> list[History]:
    random = Random(seed)
    return [
        random_history(random, _draw, Register(0), _answer, SHAPES[index % 4])
        for index in range(count)
    ]


@pytest.mark.slow
def test_the_register_monitor_finds_the_first_bad_return() -> None:
    """No return before it was wrong, and it was: by exhaustive search on every prefix."""
    seen = _compare(_register_histories(3_000, seed=1), Register(0), lambda: RegisterMonitor(0))
    assert min(seen.values()) > 300, seen


@pytest.mark.nightly
def test_the_register_monitor_finds_the_first_bad_return_of_many_histories() -> None:
    """The same law on ten times as many."""
    _compare(_register_histories(100_000, seed=2), Register(0), lambda: RegisterMonitor(0))


def _object_histories(name: str, count: int, *, seed: int) -> list[History]:
    drawn, random = OBJECTS[name], Random(seed)
    return [
        random_history(random, drawn.draw, drawn.specification, drawn.answer, SHAPES[index % 4])
        for index in range(count)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(100, 400))
@pytest.mark.parametrize("name", OBJECTS)
def test_the_object_monitor_finds_the_first_bad_return(name: str, count: int) -> None:
    """The same law for every object."""
    specification = OBJECTS[name].specification
    seen = _compare(
        _object_histories(name, count, seed=1), specification, lambda: ObjectMonitor(specification)
    )
    assert min(seen.values()) > count // 20, seen


@pytest.mark.nightly
@pytest.mark.parametrize("name", OBJECTS)
def test_the_object_monitor_finds_the_first_bad_return_of_many_histories(name: str) -> None:
    """The same law on twenty-five times as many."""
    specification = OBJECTS[name].specification
    _compare(
        _object_histories(name, 10_000, seed=2), specification, lambda: ObjectMonitor(specification)
    )


def test_a_fault_stays() -> None:
    monitor = RegisterMonitor(0)
    monitor.call(read("o1", "c1", 5, 0, 1))
    fault = monitor.answer(read("o1", "c1", 5, 0, 1))
    assert fault == "o1 returned a value that nobody had called a write of"
    monitor.call(write("o2", "c1", 5, 2, 3))
    assert monitor.answer(write("o2", "c1", 5, 2, 3)) == fault


def test_a_write_that_fails_after_its_value_was_read_is_a_fault() -> None:
    failed = replace(write("o1", "c1", 5, 0, 3), status="fail")
    history = [failed, read("o2", "c2", 5, 1, 2)]
    for monitor in (RegisterMonitor(0), ObjectMonitor(Register(0))):
        found = first_fault(history, monitor)
        assert found is not None
        assert found[0].id == "o1"


def test_a_repeated_value_is_refused_by_the_register_monitor() -> None:
    monitor = RegisterMonitor(0)
    with pytest.raises(RepeatedValue):
        monitor.call(write("o1", "c1", 0, 0, 1))


def test_a_monitor_that_loses_track_says_so_and_accuses_nobody() -> None:
    monitor = ObjectMonitor(OBJECTS["counter"].specification, configurations_max=50)
    for index in range(12):
        monitor.call(Operation(f"o{index}", "c", "add", "x", 2**index, UNKNOWN, 0))
    reading = Operation("r", "d", "read", "x", None, -1, 1, 2)
    monitor.call(reading)
    assert monitor.answer(reading) == ""
    assert monitor.has_given_up


def test_a_token_that_two_clients_hold_is_noticed_at_once() -> None:
    ledger = Ledger((1, 2))
    paid = Operation("o1", "c1", "pay", "t", (0, 1, 2), "OK", 0, 1)
    after = Operation("o2", "c1", "get_tokens", "t", 1, frozenset({(0, 1)}), 2, 3)
    found = first_fault([paid, after], ObjectMonitor(ledger))
    assert found is not None
    assert found[0].id == "o2"


def test_range_max_agrees_with_a_plain_list() -> None:
    """Random appends, raises and questions give what `max` gives."""
    random = Random(1)
    for _ in range(50):
        tree = RangeMax()
        plain: list[float] = []
        for _ in range(60):
            if not plain or random.random() < 0.4:
                plain.append(random.random())
                tree.append(plain[-1])
            else:
                index = random.randrange(len(plain))
                plain[index] = max(plain[index], random.random())
                tree.raise_to(index, plain[index])
            start, stop = sorted((random.randint(0, len(plain)), random.randint(0, len(plain))))
            assert tree.largest(start, stop) == max(plain[start:stop], default=-float("inf"))
            assert tree[len(plain) - 1] == plain[-1]
