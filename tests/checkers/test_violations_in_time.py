"""The violation that came first is the one explained, and where several keys broke, all are named."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History, MalformedHistory, Operation
from counterpoint.checkers.judging import BrokenKeys, FirstBad
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.quick import order_sets
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.specifications import (
    AppendList,
    CasRegister,
    MultiRegister,
    Queue,
    Register,
    Set,
    Stack,
    Text,
)
from counterpoint.checkers.objects.verify import legal_order, witness_fault
from counterpoint.checkers.transactions.history import sessions_of
from counterpoint.model.verdict import Outcome
from tests.checkers.random_histories import Shape, call, happened, random_history

Call = tuple[str, Hashable, Hashable]


def in_turn(*calls: Call, key: str = "x", since: int = 0) -> History:
    """One call after the other; o1, o2 ... by two clients."""
    return tuple(
        replace(
            call(f"{key}{n + 1}", f"{key}{n % 2}", f, argument, result, start, start + 1), key=key
        )
        for n, (f, argument, result) in enumerate(calls)
        for start in [since + 2 * n]
    )


def write(value: Hashable) -> Call:
    return "write", value, None


def read(value: Hashable) -> Call:
    return "read", None, value


FIRST_OF_TWO: list[tuple[Specification, History]] = [
    (Register(), in_turn(write(1), write(2), read(1), write(3), write(4), read(1))),
    (Register(), in_turn(write(1), write(1), read(2), write(3), write(4), read(1))),
    (Register(), in_turn(write(1), write(2), read(1), write(1), read(2))),
    (CasRegister(), in_turn(write(1), ("cas", (1, 2), True), read(1), write(3), read(2))),
    (CasRegister(), in_turn(write(1), write(1), ("cas", (2, 3), True), write(2), read(1))),
    (AppendList(), in_turn(("append", 1, None), ("append", 2, None), read((2,)), read(()))),
    (
        Text(),
        in_turn(
            ("append", "a", None),
            ("append", "b", None),
            ("get", None, "b"),
            ("put", "a", None),
            ("get", None, ""),
        ),
    ),
    (Set(), in_turn(("add", 1, None), ("add", 2, None), read((2,)), read(()))),
    (
        Queue(),
        in_turn(
            ("enqueue", 1, None),
            ("enqueue", 2, None),
            ("dequeue", None, 2),
            ("dequeue", None, 2),
        ),
    ),
    (
        MultiRegister(),
        in_turn(("write", ("k", 1), None), ("write", ("k", 2), None), ("read", "k", 1)),
    ),
]


@pytest.mark.parametrize(("specification", "history"), FIRST_OF_TWO)
def test_of_two_violations_the_first_is_explained(
    specification: Specification, history: History
) -> None:
    verdict = check_linearizability(history, specification)
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.find(FirstBad) == FirstBad("x3")
    assert verdict.culprits[-1] == "x3"
    assert "x3" in " ".join(verdict.because)


UNFOUNDED: list[tuple[Specification, Call, Call, str]] = [
    (
        CasRegister(0),
        write(5),
        read(5),
        "read 5, but late, which put 5 there, was called after that",
    ),
    (
        CasRegister(0),
        write(5),
        ("cas", (5, 6), True),
        "cas(5, 6) by early succeeded, but late, which put 5",
    ),
    (
        Queue(),
        ("enqueue", 5, None),
        ("dequeue", None, 5),
        "dequeue() by early returned 5, but late",
    ),
    (
        Stack(),
        ("push", 5, None),
        ("pop", None, 5),
        "pop() by early returned 5, but late, which put",
    ),
    (Set(), ("add", 5, None), ("contains", 5, True), "contains(5) by early succeeded, but late"),
    (MultiRegister(), ("write", ("k", 5), None), ("read", "k", 5), "read 5, but late, which put"),
]


@pytest.mark.parametrize(("specification", "put", "seen", "words"), UNFOUNDED)
def test_a_value_seen_before_anybody_began_to_put_it_there_names_that_answer_at_once(
    specification: Specification, put: Call, seen: Call, words: str
) -> None:
    """However crowded it is: here twelve puts of other values are under way, and of this one after."""
    crowd = [
        replace(call(f"w{n}", f"w{n}", put[0], _other(put[1], n % 5), None, 0, 90), key="x")
        for n in range(12)
    ]
    early = call("early", "early", *seen, 10, 20)
    late = call("late", "late", *put, 30, 40)
    verdict = check_linearizability([*crowd, early, late], specification, steps_max=100_000)
    assert verdict.culprits == ("early",)
    assert verdict.find(FirstBad) == FirstBad("early")
    assert words in verdict.summary
    on_time = replace(late, called=15.0)
    assert not check_linearizability([*crowd, early, on_time], specification).is_broken


def _other(argument: Hashable, number: int) -> Hashable:
    if isinstance(argument, tuple):
        return (argument[0], 100 + number)
    return 100 + number


def test_an_element_that_is_taken_out_more_often_than_it_got_in_names_the_takers() -> None:
    puts = [call(f"e{n}", f"e{n}", "enqueue", n, None, 0, 90) for n in range(12)]
    takes = in_turn(("dequeue", None, 3), ("dequeue", None, 3), since=10)
    verdict = check_linearizability([*puts, *takes], Queue(), steps_max=100_000)
    assert verdict.culprits == ("x1", "x2")
    assert verdict.summary == (
        "dequeue() by x1 returned 3, but 3 had got in no more than 1 times, and x1 took it"
    )


def test_what_was_wrong_before_a_value_from_nowhere_is_explained_instead() -> None:
    history = in_turn(write(1), write(1), write(2), read(1), read(7))
    verdict = check_linearizability(history, CasRegister(0))
    assert verdict.find(FirstBad) == FirstBad("x4")


def test_all_broken_keys_are_named_and_the_one_that_broke_first_is_explained() -> None:
    late = in_turn(write(1), read(2), key="a", since=10)
    first = in_turn(write(1), write(2), read(1), key="b")
    right = in_turn(write(1), read(1), key="c")
    searched = in_turn(write(1), write(1), write(2), read(1), key="d", since=20)
    verdict = check_linearizability([*late, *first, *right, *searched], Register())
    assert verdict.find(BrokenKeys) == BrokenKeys(("b", "a", "d"))
    assert verdict.find(FirstBad) == FirstBad("b3")
    assert verdict.summary.startswith("key 'b': b0 read 1 although write(2)")
    assert verdict.summary.endswith("; also broken: 'a', 'd'")


def test_a_key_alone_is_not_named() -> None:
    verdict = check_linearizability(in_turn(write(1), read(2)), Register())
    assert "key" not in verdict.summary
    assert verdict.find(BrokenKeys) is None


# ---- calls that were never answered ----------------------------------------------------------

MANY = 20


def unanswered(f: str, arguments: list[Hashable]) -> History:
    """Calls of as many clients, none of which was answered."""
    return tuple(
        Operation(f"w{n}", f"c{n}", f, "x", argument, UNKNOWN, n, OPEN, "info")
        for n, argument in enumerate(arguments)
    )


NUMBERS: list[Hashable] = list(range(MANY))
STILL_OPEN: list[tuple[Specification, History, Call, Call]] = [
    (Queue(), unanswered("enqueue", NUMBERS), ("dequeue", None, 7), ("dequeue", None, 7)),
    (Stack(), unanswered("push", NUMBERS), ("pop", None, 7), ("pop", None, 7)),
    (Set(), unanswered("add", NUMBERS), read((3, 5)), read((5,))),
    (Set(), unanswered("add", NUMBERS), read(tuple(NUMBERS)), read((5,))),
    (AppendList(), unanswered("append", NUMBERS), read((5, 3)), read((3, 5))),
    (Register(), unanswered("write", NUMBERS), read(7), read(99)),
    (CasRegister(0), unanswered("cas", [(n, n + 1) for n in range(MANY)]), read(7), read(3)),
    (
        MultiRegister(),
        unanswered("txn", [(("w", "k", n), ("w", n, n)) for n in range(MANY)]),
        ("read", "k", 7),
        ("read", "k", 99),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("specification", "pending", "right", "wrong"), STILL_OPEN)
def test_twenty_calls_without_an_answer_do_not_make_the_search_explode(
    specification: Specification, pending: History, right: Call, wrong: Call
) -> None:
    seen = in_turn(right, since=100)
    good = check_linearizability([*pending, *seen], specification, steps_max=20_000)
    assert good.outcome is Outcome.HOLDS, good
    twice = in_turn(right, wrong, since=100)
    bad = check_linearizability([*pending, *twice], specification, steps_max=20_000)
    assert bad.outcome is Outcome.BROKEN, bad
    assert bad.culprits[-1] == "x2"


# ---- sets that only grow ---------------------------------------------------------------------


def agree_on_sets(seed: int, count: int) -> list[int]:
    """Compare `order_sets` with exhaustive search; count good and bad ones."""
    random, seen = Random(seed), [0, 0]
    for _ in range(count):
        elements = [*range(6)]
        random.shuffle(elements)

        def draw(rng: Random, _index: int, left: list[int] = elements) -> tuple[str, Hashable]:
            return ("add", left.pop()) if left and rng.random() < 0.5 else ("read", None)

        def spoiled(rng: Random, f: str, _argument: Hashable) -> Hashable:
            return frozenset(rng.sample(range(6), rng.randint(0, 3))) if f == "read" else None

        history = happened(
            random_history(random, draw, Set(), spoiled, Shape(7, 12, 6, open_rate=0.2))
        )
        judged = tuple(op for op in history if op.f == "add" or op.result is not UNKNOWN)
        found = order_sets(sorted(judged, key=lambda op: op.called), frozenset())
        if isinstance(found, tuple):
            assert not witness_fault(judged, [op.id for op in found], Set()), history
        elif found is not None:
            assert legal_order(judged, Set()) is None, history
            assert legal_order(found.operations, Set()) is None, (history, found)
        seen[isinstance(found, tuple)] += found is not None
    return seen


def test_sets_that_only_grow_are_ordered_as_by_exhaustive_search() -> None:
    assert min(agree_on_sets(seed=1, count=300)) > 30


@pytest.mark.slow
def test_thousands_of_sets_that_only_grow_are_ordered_as_by_exhaustive_search() -> None:
    assert min(agree_on_sets(seed=2, count=5000)) > 500


# ---- one client at one instant ---------------------------------------------------------------


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_order_of_the_lines_decides_nothing_about_calls_at_one_instant(
    is_reversed: bool,
) -> None:
    """A call that took no time may come before one that began at its instant; two long ones not."""
    brief = replace(call("o1", "a", "write", 1, None, 0, 0), key="x")
    longer = replace(call("o2", "a", "read", None, 1, 0, 5), key="x")
    twin = replace(longer, id="o3")
    assert check_linearizability(_listed([brief, longer], is_reversed), Register()).outcome is (
        Outcome.HOLDS
    )
    with pytest.raises(MalformedHistory):
        check_linearizability(_listed([longer, twin], is_reversed), Register())
    with pytest.raises(MalformedHistory):
        sessions_of(tuple(_listed([longer, twin], is_reversed)))


def _listed(history: list[Operation], is_reversed: bool) -> list[Operation]:
    return history[::-1] if is_reversed else history
