"""Sums that no choice of changes makes: the twin tries all orders, and all choices."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, Operation
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.sums import can_make, core_of, first_miscount
from counterpoint.checkers.objects.p_compositionality import judged
from counterpoint.checkers.objects.specifications import Bank, Counter, Specification
from counterpoint.checkers.objects.verify import legal_order

BANK = Bank((("a", 5), ("b", 5)), overdraft=True)


def drawn(random: Random, specification: Specification) -> tuple[Operation, ...]:
    """Draw some changes and reads, most of them overlapping, some changes without an answer."""
    history = []
    for place in range(random.randint(2, 6)):
        called = random.randrange(10)
        is_open = random.random() < 0.3
        returned = OPEN if is_open else called + random.randrange(1, 5)
        name = f"o{place}"
        if random.random() < 0.5 and not is_open:
            first = random.randint(-1, 8)
            shown = first if specification == Counter() else (("a", first), ("b", 10 - first))
            history.append(Operation(name, name, "read", None, None, shown, called, returned))
            continue
        amount = random.choice((-1, 1, 2, 3))
        f, argument = (
            ("add", amount) if specification == Counter() else ("transfer", ("b", "a", amount))
        )
        status, result = ("info", UNKNOWN) if is_open else ("ok", None)
        history.append(
            Operation(name, name, f, None, argument, result, called, returned, status)  # type: ignore[arg-type]
        )
    return tuple(history)


@pytest.mark.parametrize("specification", [Counter(), BANK], ids=["counter", "bank"])
def test_a_miscount_has_no_order_and_its_core_has_none_either(specification: Specification) -> None:
    random, count = Random(5), 0
    for _ in range(400):
        history = judged(drawn(random, specification), specification)
        found = first_miscount(history, specification)
        if found is None:
            continue
        count += 1
        core = {op.id for op in core_of(found, history, specification)}
        last = found.operation
        # All others may have happened or not, and what they told is not known.
        weakened = [
            op
            if op.id in core
            else Operation(op.id, op.id, op.f, None, op.argument, UNKNOWN, op.called, OPEN)
            for op in history
            if op.id in core or (op.f != "read" and op.called <= last.returned)
        ]
        assert legal_order(history, specification) is None
        assert legal_order(weakened, specification) is None
    assert count > 40


def test_choices_are_tried_as_all_subsets_are() -> None:
    random = Random(6)
    for _ in range(300):
        choices = [
            (random.randint(-3, 3), random.randint(-3, 3)) for _ in range(random.randint(0, 5))
        ]
        target = (random.randint(-4, 4), random.randint(-4, 4))
        sums = [
            (sum(one for one, _ in chosen), sum(other for _, other in chosen))
            for size in range(len(choices) + 1)
            for chosen in combinations(choices, size)
        ]
        assert can_make(target, choices)[0] is (target in sums)


def test_too_many_sums_are_no_claim() -> None:
    assert can_make((5,), [(2**i,) for i in range(1, 9)], sums_max=16) == (None, 32)


@pytest.mark.parametrize(("shown", "outcome"), [(31, "broken"), (30, "holds"), (35, "holds")])
def test_a_dozen_open_additions_are_decided_at_once(shown: int, outcome: str) -> None:
    """Amounts are multiples of 5, but for the last that is read."""
    adds = [
        Operation(f"a{i}", f"a{i}", "add", None, 5 * 2**i, UNKNOWN, 0, OPEN, "info")
        for i in range(12)
    ]
    done = Operation("d", "d", "add", None, 30, None, 1, 2)
    read = Operation("r", "r", "read", None, None, shown, 3, 4)
    verdict = check_linearizability((*adds, done, read), Counter())
    assert verdict.outcome.value == outcome
    if outcome == "broken":
        assert "no choice of the 12 under way makes up the difference" in verdict.summary
        assert verdict.culprits[-1] == "r"
