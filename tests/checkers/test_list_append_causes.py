"""The weak levels of appended lists, compared with every order of commits that there could be."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.transactions.list_append import ListLevel, check_list_append
from tests.checkers.test_list_append_check import one_by_one, random_history, together, txn

CHAIN: tuple[ListLevel, ...] = (
    "read committed",
    "repeatable read",
    "read atomic",
    "causal",
    "snapshot isolation",
    "serializability",
    "strong session serializability",
)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(one_by_one("ax1", "rx1"), "hhhh", id="in order"),
        pytest.param(together("ax1", "rx rx1"), "hbbb", id="two states in one transaction"),
        pytest.param(together("ax1 ay1", "rx1 ry", "ry1"), "hhbb", id="half of a transaction"),
        pytest.param(
            (
                txn(1, "ax1", 0, 1, client="a"),
                txn(2, "rx1 ay1", 2, 3, client="b"),
                txn(3, "ry1 rx", 4, 5, client="c"),
                txn(4, "rx1", 6, 7, client="d"),
            ),
            "hhhb",
            id="an effect without its cause",
        ),
        pytest.param(
            (
                txn(1, "ax1", 0, 1, client="a"),
                txn(2, "rx", 2, 3, client="a"),
                txn(3, "rx1", 4, 5, client="b"),
            ),
            "hhbb",
            id="one's own append",
        ),
        pytest.param(together("rx ax1", "rx ax2", "rx12"), "hhhh", id="a lost update is allowed"),
    ],
)
def test_the_weak_levels(history: History, expected: str) -> None:
    said = [check_list_append(history, level=level).outcome.value[0] for level in CHAIN[:4]]
    assert "".join(said) == expected


def micros_of(op: Operation) -> Any:
    """Return what a transaction did, as its answer tells it."""
    return op.result


def is_allowed(history: History, *, transitive: bool) -> bool:
    """Try every order of commits: Biswas and Enea's axioms, word for word."""
    appender = {
        (key, value): op.id
        for op in history
        for kind, key, value in micros_of(op)
        if kind == "append"
    }
    lists: dict[object, tuple[object, ...]] = {}
    reads: list[tuple[str, object, tuple[object, ...]]] = []
    for op in history:
        for kind, key, value in micros_of(op):
            if kind == "r":
                reads.append((op.id, key, value or ()))
                lists[key] = max(lists.get(key, ()), value or (), key=len)
    session = {
        (one.id, other.id)
        for one in history
        for other in history
        if one.client == other.client and one.called < other.called
    }
    read_from = {(appender[key, seen[-1]], name) for name, key, seen in reads if seen}
    reaches = session | read_from
    while transitive:
        more = {(a, d) for a, b in reaches for c, d in reaches if b == c} - reaches
        if not more:
            break
        reaches |= more
    return any(
        _explains(order, lists, reads, reaches, session | read_from, appender)
        for order in permutations(op.id for op in history)
    )


def _explains(
    order: tuple[str, ...],
    lists: dict[object, tuple[object, ...]],
    reads: list[tuple[str, object, tuple[object, ...]]],
    reaches: set[tuple[str, str]],
    before: set[tuple[str, str]],
    appender: dict[tuple[object, object], str],
) -> bool:
    place = {name: number for number, name in enumerate(order)}
    if any(place[a] > place[b] for a, b in before if a != b):
        return False
    for key, elements in lists.items():
        writers = [place[appender[key, element]] for element in elements]
        rest = [place[w] for (k, e), w in appender.items() if k == key and e not in elements]
        if writers != sorted(writers) or (writers and rest and min(rest) < max(writers)):
            return False
    for name, key, seen in reads:
        source = appender[key, seen[-1]] if seen else None
        for (other, _), writer in appender.items():
            is_other = other == key and writer not in (source, name) and (writer, name) in reaches
            if is_other and (source is None or place[writer] > place[source]):
                return False
    return True


@pytest.mark.parametrize("seed", range(3))
def test_weak_levels_agree_with_trying_every_order(seed: int) -> None:
    random = Random(seed)
    counts = {"h": 0, "b": 0}
    for _ in range(150):
        history = random_history(random)
        if check_list_append(history, level="repeatable read").outcome.value != "holds":
            continue
        for level, transitive in (("read atomic", False), ("causal", True)):
            said = check_list_append(history, level=level).outcome.value[0]  # type: ignore[arg-type]
            counts[said] += 1
            assert (said == "h") == is_allowed(history, transitive=transitive), (level, history)
    assert min(counts.values()) > 10, counts


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_stronger_levels_never_hold_where_weaker_ones_are_broken(seed: int) -> None:
    """Snapshot isolation keeps no session's order, so the chain is one without it, and then on."""
    random = Random(seed)
    for _ in range(200):
        history = random_history(random)
        said = {level: check_list_append(history, level=level).outcome.value for level in CHAIN}
        if "undecided" in said.values():
            continue
        weak_to_strong = [said[level] for level in CHAIN if level not in CHAIN[4:6]]
        assert weak_to_strong == sorted(weak_to_strong, reverse=True), (said, history)
