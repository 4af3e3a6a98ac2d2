"""Causal consistency on columns: what the plain checkers say, to the last operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from counterpoint.checkers import columns as gate
from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level, judge_by_rows
from counterpoint.checkers.causal.order import topological
from counterpoint.checkers.happens_before.clock_checks import check_causal_delivery
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.reads_from import NO_READ, match_reads
from counterpoint.checkers.sessions.check import check_sessions
from counterpoint.model.verdict import Outcome
from tests.checkers.causal_certificates import complaint
from tests.checkers.causal_histories import Shape, edited, random_history, sessions
from tests.checkers.event_logs import random_log

pytest.importorskip("numpy", reason="columns need numpy")

import numpy as np

from counterpoint.checkers.columns.causality import (
    OrderEdges,
    causality_of,
    receipts_in_order,
    topological_runs,
)
from counterpoint.checkers.columns.check import holds_causally, judge_columns
from counterpoint.checkers.columns.sessions import (
    Positions,
    columns_of,
    laid_out,
    value_numbers,
)
from counterpoint.checkers.columns.views import session_views
from tests.support.nights import by_day

LEVELS: tuple[Level, ...] = ("cc", "ccv")
SHAPES = (
    Shape(6, 2, 1),
    Shape(12, 3, 2, future_rate=0.0, strange_rate=0.0),
    Shape(30, 4, 3, future_rate=0.0, strange_rate=0.0, initial_rate=0.02),
    Shape(40, 3, 1, write_rate=0.8, future_rate=0.0, strange_rate=0.0, initial_rate=0.0),
    Shape(20, 4, 2, late_rate=0.2, future_rate=0.0, strange_rate=0.0),
)
ARRIVING = Shape(16, 3, 2, None, 0.6, 0.02, strange_rate=0.0, future_rate=0.0)
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
    for history in histories(shape, 100):
        matched = match_reads(history)
        if matched.orphans or matched.choices:
            continue
        sessions = matched.sessions
        found = judge_columns(columns_of(sessions), level, lambda s=sessions: s)  # type: ignore[misc]
        expected = judge_by_rows(sessions, level)
        assert found == expected, history
        seen[bool(expected.core)] += 1
    assert seen[True]
    assert seen[False]


def test_sessions_are_ordered_run_by_run_as_one_by_one() -> None:
    """For any sessions and any edges, cycles among them: the same order, and what is blocked."""
    random = Random(3)
    seen: Counter[bool] = Counter()
    for _ in range(500):
        sizes = [random.randint(0, 5) for _ in range(random.randint(1, 4))]
        count, starts = sum(sizes), np.concatenate(([0], np.cumsum(sizes)))
        places = range(count)
        drawn = [
            (random.choice(places), random.choice(places)) for _ in places if random.random() < 0.6
        ]
        # Mostly along one order, so that cycles are few.
        ranks = random.sample(places, count)
        edges = [
            pair if random.random() < 0.05 else sorted(pair, key=ranks.__getitem__)
            for pair in drawn
        ]
        predecessors = [tuple(b for b, a in edges if a == place) for place in places]
        after = [place for place in places for _ in predecessors[place]]
        before = [b for place in places for b in predecessors[place]]
        session_of = np.repeat(np.arange(len(sizes)), sizes)
        found = topological_runs(
            starts, session_of, OrderEdges(*(np.array(e, np.int64) for e in (after, before)))
        )
        assert (found[0].tolist(), found[1]) == topological(starts.tolist(), predecessors)
        seen[bool(found[1])] += 1
    assert min(seen.values()) > 50, seen


@pytest.mark.parametrize(
    "kinds",
    [(None, 0, 1, 3), (None, -1, 0, 2), (0, 10**30, 7), (0, 10**400, 7), (None, "a", 1, "1")],
)
def test_equal_values_have_equal_numbers(kinds: tuple[Hashable, ...]) -> None:
    for initial, *values in product(kinds, repeat=3):
        found = value_numbers(values, initial)
        assert found is not None
        numbers, first = found
        assert min(numbers) >= 0
        one, other = numbers.tolist()
        assert (one == other) == (values[0] == values[1])
        assert [number == first for number in (one, other)] == [v == initial for v in values]


@pytest.mark.parametrize("strange", [True, 1.0, (1,)])
def test_values_that_others_may_equal_have_no_numbers(strange: Hashable) -> None:
    assert value_numbers([1, strange], None) is None
    assert value_numbers([1], strange) is None


def test_two_keys_may_hold_one_value() -> None:
    steps = [("w", "x"), ("w", "y"), ("r", "x"), ("r", "y")]
    history = tuple(
        Operation(f"o{n}", "c", "write" if kind == "w" else "read", key, 5, 5, n, n + 0.5)
        for n, (kind, key) in enumerate(steps)
    )
    laid = laid_out(history, None)
    assert laid is not None
    assert laid.columns.source.tolist() == [NO_READ, NO_READ, 0, 1]
    assert laid_out((*history, replace(history[0], id="o4", called=4, returned=5)), None) is None
    elsewhere = replace(history[3], id="o4", key="z", called=4, returned=5)
    assert laid_out((*history, elsewhere), None) is None


def test_reads_that_nobody_saw_are_left_out_on_columns_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = (
        Operation("o1", "c1", "write", "x", 1, None, 0, 1),
        Operation("o2", "c2", "read", "x", None, UNKNOWN, 2, 3),
        Operation("o3", "c2", "read", "x", None, 1, 4, 5),
    )
    plain = check_causal(history)
    monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
    assert holds_causally(history, "cc", None, plain.property) == check_causal(history) == plain
    assert plain.outcome is Outcome.HOLDS


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
    assert laid_out((write, read), value) is None


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


@pytest.mark.slow
@pytest.mark.parametrize("shape", [*SHAPES, ARRIVING], ids=repr)
@pytest.mark.parametrize("count", by_day(50, 80))
def test_causal_memory_is_judged_alike_and_its_views_explain_every_read(
    shape: Shape, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[Outcome] = Counter()
    for history in histories(shape, count):
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 10**9)
        plain = check_causal(history, level="cm")
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
        found = check_causal(history, level="cm")
        seen[found.outcome] += 1
        assert replace(found, evidence=()) == replace(plain, evidence=())
        if found.outcome is not Outcome.HOLDS:
            assert found == plain
        elif all(op.status == "ok" for op in history):
            assert complaint(history, found, level="cm") == ""
    assert seen[Outcome.BROKEN]
    assert seen[Outcome.HOLDS]


@pytest.mark.slow
def test_views_of_stores_that_deliver_in_causal_order_explain_every_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long sessions whose replicas do not agree: what needs demands, and views laid out again."""
    monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
    for seed in range(4):
        history = store_history(300, Shape(client_count=4, key_count=3), seed)
        for told in (history, with_call_order_only(history)):
            assert check_causal(told, level="ccv").is_broken
            verdict = check_causal(told, level="cm")
            assert verdict.outcome is Outcome.HOLDS
            assert complaint(told, verdict, level="cm") == ""
            assert views_of(told) is not None, "the plain checker had to do it"


def views_of(history: History) -> dict[int, Positions] | None:
    """Views from columns alone."""
    columns = columns_of(match_reads(history).sessions)
    causality = causality_of(columns)
    assert causality is not None
    return session_views(causality)


@pytest.mark.parametrize("convergent", [False, True])
@pytest.mark.parametrize("shape", [*SHAPES, ARRIVING], ids=repr)
@pytest.mark.parametrize("count", by_day(50, 80))
def test_session_guarantees_are_judged_alike(
    shape: Shape, convergent: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[Outcome] = Counter()
    for history in histories(shape, count):
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 10**9)
        plain = check_sessions(history, convergent=convergent)
        monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
        assert check_sessions(history, convergent=convergent) == plain
        seen[plain.outcome] += 1
    assert seen[Outcome.BROKEN]
    assert seen[Outcome.HOLDS]


def store_history(count: int, shape: Shape, seed: int) -> History:
    """Replicas that apply one log of writes, each up to some place, and their own writes at once."""
    random = Random(seed)
    log: list[tuple[int, str, int]] = []
    held: list[dict[str, int]] = [{} for _ in range(shape.client_count)]
    place = [0] * shape.client_count
    operations: list[Operation] = []
    for number in range(count):
        here = random.randrange(shape.client_count)
        until = max(place[here], len(log) - random.randrange(20))
        held[here].update({key: value for c, key, value in log[place[here] : until] if c != here})
        place[here] = until
        key = f"k{random.randrange(shape.key_count)}"
        is_write = random.random() < 0.5
        if is_write:
            held[here][key] = number
            log.append((here, key, number))
        value = held[here].get(key)
        operations.append(
            Operation(
                f"o{number}",
                f"c{here}",
                "write" if is_write else "read",
                key,
                value if is_write else None,
                None if is_write else value,
                2 * number,
                2 * number + 1,
            )
        )
    return tuple(operations)


def with_call_order_only(history: History) -> History:
    """The same sessions one after the other, as files without times have them."""
    listed = sorted(history, key=lambda op: op.client)
    return tuple(
        replace(op, called=2 * rank, returned=2 * rank + 1) for rank, op in enumerate(listed)
    )


def test_without_numpy_nothing_is_worth_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.is_worth_it(gate.OPERATIONS_MIN)
    assert not gate.is_worth_it(gate.OPERATIONS_MIN - 1)
    monkeypatch.setattr(gate, "_has_numpy", lambda: False)
    assert not gate.is_worth_it(gate.OPERATIONS_MIN)


def test_receipts_are_found_in_order_as_the_plain_pass_finds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = Random(5)
    seen: Counter[bool] = Counter()
    for index in range(400):
        log = random_log(random, 25, 3, duplicates=0.2 * (index % 2))
        plain = check_causal_delivery(log)
        in_order = receipts_in_order(log)
        assert in_order == (None if plain.is_broken else plain.examined)
        seen[plain.is_broken] += 1
    assert min(seen.values()) > 50, seen
    monkeypatch.setattr(gate, "OPERATIONS_MIN", 0)
    assert check_causal_delivery(log) == plain
