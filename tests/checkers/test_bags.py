"""Bags: a call may take any element, so that what nobody was told of may have taken each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.judging import FirstBad
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.containers import Bag
from counterpoint.checkers.objects.verify import legal_order
from counterpoint.checkers.sequential_consistency import check_sequential_consistency
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.objects_at_random import OBJECTS
from tests.checkers.random_histories import Shape, happened, random_history
from tests.checkers.test_sequential_consistency import has_order
from tests.support.nights import by_day

DENSE = Shape(operations_max=6, instants=5, open_rate=0.1, spoil_rate=0.7)


def filled(history: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Yield a history with each element that those may have taken of whom nobody knows it."""
    untold = [op for op in happened(history) if op.f == "dequeue" and op.is_open]
    elements = {op.argument for op in history if op.f == "enqueue"} | {None}
    for taken in product(elements, repeat=len(untold)):
        took = dict(zip((op.id for op in untold), taken, strict=True))
        yield [replace(op, result=took[op.id]) if op.id in took else op for op in happened(history)]


def is_linearizable(history: History) -> bool:
    return any(legal_order(way, Bag()) is not None for way in filled(history))


def is_sequential(history: History) -> bool:
    return any(has_order(way, Bag()) for way in filled(history))


CHECKS: dict[str, tuple[Callable[[History, Bag], Verdict], Callable[[History], bool], int]] = {
    "linearizability": (check_linearizability, is_linearizable, 300),
    "sequential consistency": (check_sequential_consistency, is_sequential, 60),
}


@pytest.mark.slow
@pytest.mark.parametrize("times", by_day(1, 20))
@pytest.mark.parametrize("elements", ["queue", "queue with None"])
@pytest.mark.parametrize("name", CHECKS)
def test_bags_are_judged_as_by_trying_everything(name: str, elements: str, times: int) -> None:
    """Nothing that holds is broken, nor the other way; what rests on untold calls may be undecided."""
    check, holds, count = CHECKS[name]
    random, drawn, seen = Random(6), OBJECTS[elements], Counter[Outcome]()
    for _ in range(count * times):
        history = random_history(random, drawn.draw, Bag(), drawn.answer, DENSE)
        verdict = check(history, Bag())
        seen[verdict.outcome] += 1
        if verdict.outcome is Outcome.UNDECIDED:
            is_untold = any(op.f == "dequeue" and not op.is_answered for op in history)
            assert is_untold or not verdict.examined, history
        else:
            assert verdict.is_broken != holds(history), history
            _is_broken_by_its_core(verdict, history, holds)
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > count * times // 20, seen


def _is_broken_by_its_core(
    verdict: Verdict, history: History, holds: Callable[[History], bool]
) -> None:
    first = verdict.find(FirstBad)
    if first is None:
        return
    deciding = next(op for op in history if op.id == first.first_bad)
    for is_before in (True, False):
        called = [op for op in history if op.called <= deciding.returned]
        known = [
            op if _is_known(op, deciding, is_before=is_before) else replace(op, status="info")
            for op in called
        ]
        assert holds(tuple(known)) is is_before, (verdict, history)


def _is_known(op: Operation, deciding: Operation, *, is_before: bool) -> bool:
    if op.status == "fail" or op.returned < deciding.returned:
        return True
    return op.returned == deciding.returned and not is_before


def call(name: str, f: str, value: object, called: int, returned: float) -> Operation:
    is_put = f == "enqueue"
    return Operation(
        name, name, f, "x", value if is_put else None, None if is_put else value, called, returned
    )


def test_a_call_without_answer_may_take_what_is_there_at_the_last_instant() -> None:
    put, empty = call("o1", "enqueue", 7, 0, 0), call("o2", "dequeue", None, 1, 2)
    for called, outcome in ((2, Outcome.UNDECIDED), (3, Outcome.BROKEN)):
        untold = replace(call("o3", "dequeue", 0, called, called), status="info")
        assert check_linearizability((put, empty, untold), Bag()).outcome is outcome


def test_equal_elements_in_a_bag_are_told_of_as_often_as_they_are_there() -> None:
    history = (
        call("o1", "enqueue", 1, 2, 2),
        call("o2", "enqueue", 1, 4, 4),
        call("o3", "dequeue", 1, 5, 10),
        call("o4", "dequeue", None, 6, 8),
    )
    verdict = check_linearizability(history, Bag())
    assert (verdict.outcome, verdict.culprits) == (Outcome.BROKEN, ("o1", "o2", "o4"))
