"""A register on columns: the plain verdict, order and all, or none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers import columns as gate
from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.objects.specifications import Register
from counterpoint.checkers.register.check import check_register
from counterpoint.model.verdict import Outcome
from tests.checkers.random_histories import Shape, random_history, read, write
from tests.checkers.test_register_check import _draw, _results

pytest.importorskip("numpy", reason="columns need numpy")

from counterpoint.checkers.columns.check import holds_as_register

SHAPES = (
    Shape(8, 12, 7, open_rate=0.0, fail_rate=0.0, spoil_rate=0.3),
    Shape(12, 16, 4, open_rate=0.0, fail_rate=0.0, spoil_rate=0.1),
    Shape(8, 4, 2, open_rate=0.0, fail_rate=0.0, spoil_rate=0.1),
    Shape(7, 10, 5),
)


def histories(count: int) -> list[History]:
    random = Random(5)
    drawn = [
        random_history(random, _draw, Register(0), _results, SHAPES[i % len(SHAPES)])
        for i in range(count)
    ]
    return [tuple(random.sample(history, len(history))) for history in drawn]


@pytest.mark.slow
def test_columns_hold_exactly_where_zones_do_and_show_the_same_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For all histories of plain operations with a read; the others are left to the plain checker."""
    seen: Counter[Outcome] = Counter()
    for history in histories(1_000):
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 10**9)
        plain = check_register(history, initial=0)
        found = holds_as_register(history, 0, "linearizability")
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
        assert check_register(history, initial=0) == plain
        is_plain = all(op.status == "ok" and not op.is_open for op in history)
        is_plain = is_plain and any(op.f == "read" for op in history)
        is_plain = is_plain and not any(op.result is UNKNOWN for op in history)
        if found is None:
            assert plain.outcome is not Outcome.HOLDS or not is_plain
        else:
            assert found == plain
        seen[plain.outcome] += is_plain
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > 10


@pytest.mark.parametrize("value", [1.0, True])
def test_values_that_equal_others_are_left_to_the_plain_checker(value: object) -> None:
    known = (write("o1", "c1", 1, 0, 1), read("o2", "c2", 1, 2, 3))
    assert holds_as_register(known, 0, "linearizability") is not None
    other = (known[0], replace(known[1], result=value))
    assert holds_as_register(other, 0, "linearizability") is None


def test_reads_that_nobody_saw_are_left_out_as_the_plain_checker_does() -> None:
    known = (write("o1", "c1", 1, 0, 1), read("o2", "c2", 1, 2, 3))
    unseen = read("o3", "c3", UNKNOWN, 2, 4)
    found = holds_as_register((*known, unseen), 0, "linearizability")
    assert found == check_register((*known, unseen), initial=0)
    assert found is not None
    assert found.witness == ("o1", "o2")
    assert holds_as_register((unseen,), 0, "linearizability") is None
