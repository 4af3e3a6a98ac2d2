"""Causal consistency on columns: what the plain checkers say, to the last operation."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level, judge_by_rows
from counterpoint.checkers.causal.matching import match_reads
from counterpoint.checkers.columns import gate
from counterpoint.checkers.history import History
from counterpoint.model.verdict import Outcome
from tests.checkers.causal_histories import Shape, edited, random_history, sessions

pytest.importorskip("numpy", reason="columns need numpy")

from counterpoint.checkers.columns.judge import judge_columns
from counterpoint.checkers.columns.sessions import columns_of, laid_out

LEVELS: tuple[Level, ...] = ("cc", "ccv")
SHAPES = (
    Shape(6, 2, 1),
    Shape(12, 3, 2, future_rate=0.0, strange_rate=0.0),
    Shape(30, 4, 3, future_rate=0.0, strange_rate=0.0, initial_rate=0.02),
    Shape(40, 3, 1, write_rate=0.8, future_rate=0.0, strange_rate=0.0, initial_rate=0.0),
    Shape(20, 4, 2, late_rate=0.2, future_rate=0.0, strange_rate=0.0),
)
ODD = (
    Shape(8, 2, 2, duplicate_rate=0.4, initial=1),
    Shape(8, 3, 2, late_rate=0.2, fail_rate=0.1),
    Shape(8, 3, 2, initial=0),
)


def histories(shape: Shape, count: int) -> list[History]:
    """Random histories, half of them a little edited."""
    random = Random(1)
    drawn = (random_history(random, shape) for _ in range(count))
    return [h if number % 2 else edited(random, h) for number, h in enumerate(drawn)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.operation_count} operations")
def test_columns_judge_sessions_as_rows_do(shape: Shape, level: Level) -> None:
    """For all sessions with sure sources: the same order, or the same core."""
    seen: Counter[bool] = Counter()
    for history in histories(shape, 150):
        matched = match_reads(history)
        if matched.orphans or matched.choices:
            continue
        sessions = matched.sessions
        found = judge_columns(columns_of(sessions), level, lambda s=sessions: s)  # type: ignore[misc]
        expected = judge_by_rows(sessions, level)
        assert found == expected, history
        seen[bool(expected.core)] += 1
    assert seen[True] > 2
    assert seen[False] > 2


@pytest.mark.parametrize("shape", [*SHAPES, *ODD], ids=repr)
def test_columns_match_reads_as_the_plain_way_does_or_not_at_all(shape: Shape) -> None:
    for history in histories(shape, 100):
        laid = laid_out(history, shape.initial)
        matched = match_reads(history, initial=shape.initial)
        if laid is not None:
            assert laid.sessions() == matched.sessions
            assert not matched.orphans
            assert not matched.choices
        elif not matched.orphans and not matched.choices:
            assert any(op.status != "ok" for op in history) or _writes(history, shape.initial)


def _writes(history: History, initial: object) -> bool:
    """Tell whether a value is written twice, or the initial one is written."""
    written = [(op.key, op.argument) for op in history if op.f == "write"]
    return len(set(written)) < len(written) or any(value == initial for _, value in written)


@pytest.mark.parametrize("value", [1.0, True, (1,)])
def test_values_that_may_equal_others_are_left_to_the_plain_way(value: object) -> None:
    write, read = sessions(a="x=1", b="x?1")
    assert laid_out((write, read), None) is not None
    assert laid_out((write, read), value) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("level", LEVELS)
def test_a_verdict_is_the_same_with_columns_and_without(
    level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[Outcome] = Counter()
    for history in histories(SHAPES[1], 60):
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 10**9)
        plain = check_causal(history, level=level)
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
        assert check_causal(history, level=level) == plain
        seen[plain.outcome] += 1
    assert seen[Outcome.BROKEN] > 5
    assert seen[Outcome.HOLDS] > 5


def test_without_numpy_nothing_is_worth_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.is_worth_it(gate.OPERATIONS_MIN)
    assert not gate.is_worth_it(gate.OPERATIONS_MIN - 1)
    monkeypatch.setattr(gate, "_has_numpy", lambda: False)
    assert not gate.is_worth_it(gate.OPERATIONS_MIN)
