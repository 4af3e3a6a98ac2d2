"""The register by zones: verdicts, certificates, words, and agreement with exhaustive search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.objects.specifications import Register, UnknownOperation
from counterpoint.checkers.objects.verify import legal_order, witness_fault
from counterpoint.checkers.register.check import check_register, check_registers, without_its_reads
from counterpoint.model.verdict import Outcome
from tests.checkers.random_histories import Shape, call, happened, random_history, read, write
from tests.support.nights import by_day

# Each pair differs in one answer; the good twin has an order, the bad one has this sentence.
TWINS = {
    "a value from nowhere": (
        [write("o1", "c1", 1, 0, 1), read("o2", "c2", 1, 2, 3)],
        [write("o1", "c1", 1, 0, 1), read("o2", "c2", 7, 2, 3)],
        "c2 read 7, which nobody wrote",
    ),
    "the initial value after a write": (
        [write("o1", "c1", 1, 0, 1), read("o2", "c3", 1, 2, 3)],
        [write("o1", "c1", 1, 0, 1), read("o2", "c3", 0, 2, 3)],
        "c3 read 0 although write(1) by c1 had completed",
    ),
    "the future": (
        [read("o1", "c2", 0, 0, 1), write("o2", "c1", 1, 2, 3)],
        [read("o1", "c2", 1, 0, 1), write("o2", "c1", 1, 2, 3)],
        "c2 read 1 before c1 called write(1)",
    ),
    "back to the initial value": (
        [write("o1", "c1", 1, 0, 9), read("o2", "c2", 1, 2, 3), read("o3", "c2", 1, 4, 5)],
        [write("o1", "c1", 1, 0, 9), read("o2", "c2", 1, 2, 3), read("o3", "c2", 0, 4, 5)],
        "c2 read 0 after it had already read 1",
    ),
    "back to the initial value, seen by another": (
        [write("o1", "c1", 1, 0, 9), read("o2", "c2", 1, 2, 3), read("o3", "c3", 1, 4, 5)],
        [write("o1", "c1", 1, 0, 9), read("o2", "c2", 1, 2, 3), read("o3", "c3", 0, 4, 5)],
        "c3 read 0 after c2 had already read 1",
    ),
    "an overwritten value": (
        [write("o1", "c1", 1, 0, 1), write("o2", "c1", 2, 2, 3), read("o3", "c3", 2, 4, 5)],
        [write("o1", "c1", 1, 0, 1), write("o2", "c1", 2, 2, 3), read("o3", "c3", 1, 4, 5)],
        "c3 read 1 although write(2) by c1 had completed",
    ),
    "new, then old": (
        [
            write("o1", "c1", 1, 0, 1),
            write("o2", "c1", 2, 2, 9),
            read("o3", "c2", 1, 3, 4),
            read("o4", "c3", 1, 5, 6),
        ],
        [
            write("o1", "c1", 1, 0, 1),
            write("o2", "c1", 2, 2, 9),
            read("o3", "c2", 2, 3, 4),
            read("o4", "c3", 1, 5, 6),
        ],
        "c3 read 1 after c2 had already read the newer 2",
    ),
    "two last writes": (
        [
            write("o1", "c1", 1, 0, 2),
            write("o2", "c2", 2, 1, 3),
            read("o3", "c3", 1, 4, 6),
            read("o4", "c4", 1, 5, 7),
        ],
        [
            write("o1", "c1", 1, 0, 2),
            write("o2", "c2", 2, 1, 3),
            read("o3", "c3", 1, 4, 6),
            read("o4", "c4", 2, 5, 7),
        ],
        "c4 read 2 although write(1) by c1 had completed, "
        "and c3 read 1 although 2 had been written before",
    ),
}


@pytest.mark.parametrize(("good", "bad", "sentence"), TWINS.values(), ids=TWINS)
def test_twins(good: list[Operation], bad: list[Operation], sentence: str) -> None:
    assert check_register(good, initial=0).outcome is Outcome.HOLDS
    verdict = check_register(bad, initial=0)
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.summary == sentence
    assert 1 <= len(verdict.because) <= 4


def test_the_reasons_of_a_stale_read_name_operations_values_and_steps() -> None:
    _, bad, _ = TWINS["new, then old"]
    verdict = check_register(bad, initial=0)
    assert verdict.because == (
        "o1 = write(1) returned (step 1) before o2 was called (step 2), so o1 < o2",
        "o4 returned 1 (step 6), so it came before o2 = write(2) replaced that: o4 < o2",
        "o3 returned 2 (step 4); only o2 = write(2) wrote it, so o2 < o3",
        "o3 returned (step 4) before o4 was called (step 5), so o3 < o4",
    )
    assert [edge.rule for edge in verdict.edges] == ["reads-old", "reads-from", "real-time"]
    assert verdict.culprits == ("o1", "o2", "o3", "o4")


def test_values_are_printed_as_asked() -> None:
    history = [write("o1", "c1", 2**64 - 1, 0, 1), read("o2", "c2", 5, 2, 3)]
    verdict = check_register(history, initial=0, show=lambda value: f"<{value}>")
    assert verdict.summary == "c2 read <5>, which nobody wrote"


def test_a_write_that_never_returned_is_legal_alone_and_when_read_much_later() -> None:
    history = [write("o1", "c1", 1, 0, OPEN)]
    assert check_register(history).outcome is Outcome.HOLDS
    history += [read("o2", "c2", 0, 1, 2), read("o3", "c2", 1, 3, 4), read("o4", "c2", 1, 5, 6)]
    assert check_register(history, initial=0).outcome is Outcome.HOLDS


def test_an_interrupted_write_stays_open_whatever_return_its_report_gives() -> None:
    interrupted = replace(write("o1", "c1", 1, 0, 1), status="info")
    history = [interrupted, read("o2", "c2", 0, 2, 3), read("o3", "c2", 1, 4, 5)]
    assert check_register(history, initial=0).outcome is Outcome.HOLDS
    assert check_register([write("o1", "c1", 1, 0, 1), *history[1:]], initial=0).is_broken


def test_reading_the_value_of_a_failed_write_is_broken_and_says_so() -> None:
    failed = replace(write("o1", "c1", 7, 0, 1), status="fail")
    verdict = check_register([failed, read("o2", "c2", 7, 2, 3)], initial=0)
    assert verdict.summary == "c2 read 7, which only the failed write(7) by c1 carried"


def test_operations_that_touch_at_one_instant_are_concurrent() -> None:
    touching = [write("o1", "c1", 1, 0, 1), read("o2", "c2", 0, 1, 2)]
    assert check_register(touching, initial=0).outcome is Outcome.HOLDS


def test_repeated_values_are_left_undecided() -> None:
    twice = [write("o1", "c1", 1, 0, 1), write("o2", "c1", 1, 2, 3)]
    assert check_register(twice).outcome is Outcome.UNDECIDED
    assert check_register([write("o1", "c1", 0, 0, 1)], initial=0).outcome is Outcome.UNDECIDED


def test_nothing_to_judge_is_undecided() -> None:
    unknown = replace(read("o1", "c1", UNKNOWN, 0, 1))
    assert check_register([unknown]).outcome is Outcome.UNDECIDED


def test_each_key_is_judged_alone() -> None:
    _, bad, sentence = TWINS["an overwritten value"]
    good = [replace(write("o9", "c9", 1, 0, 1), key="y")]
    verdicts = check_registers([*bad, *good], initial=0)
    assert verdicts["x"].summary == sentence
    assert verdicts["y"].outcome is Outcome.HOLDS


def test_other_operations_are_refused() -> None:
    with pytest.raises(UnknownOperation, match="'cas'"):
        check_register([call("o1", "c1", "cas", (0, 1), True, 0, 1)])


def _draw(random: Random, index: int) -> tuple[str, Hashable]:
    write_rate = 0.85 if index < 3 else 0.2  # so that most values that are read were written
    return ("write", index + 1) if random.random() < write_rate else ("read", None)


def _results(random: Random, f: str, _argument: Hashable) -> Hashable:
    return None if f == "write" else random.choice((0, 1, 1, 2, 2, 3, 3, 4, 5))


def _histories(count: int, *, seed: int) -> list[History]:
    random = Random(seed)
    shapes = (
        Shape(8, 12, 7),
        Shape(width_max=2),
        Shape(instants=5),
        Shape(9, 16, 9, spoil_rate=0.9),
    )
    return [
        random_history(random, _draw, Register(0), _results, shapes[i % len(shapes)])
        for i in range(count)
    ]


def _smallest_broken(history: list[Operation]) -> int:
    """The size of a smallest set, closed under the writes of its reads, that has no order."""
    answered = [op for op in history if op.f == "write" or not op.is_open]
    for size in range(1, len(answered) + 1):
        for subset in combinations(answered, size):
            if _is_closed(subset, answered) and legal_order(subset, Register(0)) is None:
                return size
    raise AssertionError("no broken subset")


def _is_closed(subset: tuple[Operation, ...], history: list[Operation]) -> bool:
    written = {op.argument for op in subset if op.f == "write"}
    return all(
        op.result in written
        for op in subset
        if op.f == "read" and any(w.f == "write" and w.argument == op.result for w in history)
    )


def _compare(count: int, *, seed: int, minimality_every: int) -> Counter[object]:
    seen: Counter[object] = Counter()
    for index, history in enumerate(_histories(count, seed=seed)):
        ops = happened(history)
        verdict = check_register(history, initial=0)
        expected = legal_order(ops, Register(0))
        seen[verdict.outcome] += 1
        if verdict.outcome is Outcome.HOLDS:
            assert expected is not None, history
            judged = [op for op in ops if op.f == "write" or op.result is not UNKNOWN]
            assert not witness_fault(judged, verdict.witness, Register(0)), history
        elif verdict.outcome is Outcome.BROKEN:
            assert expected is None, history
            core = [op for op in ops if op.id in verdict.culprits]
            assert legal_order(core, Register(0)) is None, history
            for op in core:
                assert legal_order(without_its_reads(core, op), Register(0)) is not None, history
            assert 1 <= len(verdict.because) <= 4
            assert _is_circle(verdict.edges)
            seen[len(core)] += 1
            if index % minimality_every == 0 or len(core) > 3:
                assert len(core) == _smallest_broken(ops), history
        else:
            assert not any(op.status == "ok" and not op.is_open for op in history) or not [
                op for op in ops if op.f == "write" or op.result is not UNKNOWN
            ]
    return seen


def _is_circle(edges: tuple[object, ...]) -> bool:
    return all(
        edge.after == following.before  # type: ignore[attr-defined]
        for edge, following in zip(edges, (*edges[1:], *edges[:1]), strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(5_000, 10_000))
def test_zones_agree_with_exhaustive_search(count: int) -> None:
    """Same verdict; every order is an order; every core is broken, minimal, and truly smallest."""
    seen = _compare(count, seed=4, minimality_every=25)
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > count // 10, seen
    assert all(seen[size] for size in (1, 2, 3, 4, 5)), seen


@pytest.mark.nightly
def test_zones_agree_with_exhaustive_search_on_many_histories() -> None:
    """The same law on ten times as many."""
    seen = _compare(100_000, seed=2, minimality_every=25)
    assert all(seen[size] for size in (1, 2, 3, 4, 5)), seen
