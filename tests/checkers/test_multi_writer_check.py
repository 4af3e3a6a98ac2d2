"""Regularity with several writers: each read by itself, and all in one order of the writes."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.register.multi_writer import (
    check_regular_in_one_order,
    check_weak_regular,
)
from counterpoint.checkers.register.single_writer import check_regular
from counterpoint.model.verdict import Outcome


def write(name: str, value: int, called: float, returned: float) -> Operation:
    status = "info" if returned == OPEN else "ok"
    return Operation(name, f"c{name}", "write", None, value, None, called, returned, status)  # type: ignore[arg-type]


def read(name: str, value: int, called: float, returned: float) -> Operation:
    return Operation(name, f"c{name}", "read", None, None, value, called, returned)


# w1:  |-- write(1) --|
# w2:  |-- write(2) --|
# r1:                   |-- read -> 1 --|
# r2:                   |-- read -> 2 --|        each is right alone; no order of writes suits both
DISAGREEING = (write("w1", 1, 1, 2), write("w2", 2, 1, 2), read("r1", 1, 4, 6), read("r2", 2, 4, 6))


def test_two_reads_may_disagree_only_in_the_weak_form() -> None:
    assert check_weak_regular(DISAGREEING, initial=0).outcome is Outcome.HOLDS
    verdict = check_regular_in_one_order(DISAGREEING, initial=0)
    assert verdict.outcome is Outcome.BROKEN
    assert set(verdict.culprits) == {"w1", "w2", "r1", "r2"}


@pytest.mark.parametrize(
    ("history", "words", "culprits"),
    [
        ((read("r", 7, 0, 1),), "r of cr read 7, which nobody had written", ("r",)),
        ((read("r", 1, 0, 1), write("w", 1, 2, 3)), "which nobody had written", ("r",)),
        (
            (write("w1", 1, 0, 1), write("w2", 2, 2, 3), read("r", 1, 4, 5)),
            "r of cr read 1 although w2 had replaced it by 2",
            ("w1", "w2", "r"),
        ),
        (
            (write("w", 1, 0, 1), read("r", 0, 4, 5)),
            "r of cr read 0 although w had replaced it by 1",
            ("w", "r"),
        ),
    ],
)
def test_a_wrong_read_is_told_with_the_write_that_replaced_it(
    history: History, words: str, culprits: tuple[str, ...]
) -> None:
    for check in (check_weak_regular, check_regular_in_one_order):
        verdict = check(history, initial=0)
        assert verdict.outcome is Outcome.BROKEN
        assert words in verdict.summary
        assert verdict.culprits == culprits


def test_an_unanswered_write_is_current_for_ever_but_replaces_nothing() -> None:
    history = (
        write("w1", 1, 0, OPEN),
        write("w2", 2, 1, 2),
        read("r1", 2, 3, 4),
        read("r2", 1, 5, 6),
        read("r3", 2, 5, 6),
    )
    assert check_weak_regular(history).outcome is Outcome.HOLDS


def test_nothing_read_is_nothing_judged() -> None:
    unseen = Operation("r", "c", "read", None, None, UNKNOWN, 0, 1)
    assert check_weak_regular((write("w", 1, 0, 1), unseen)).outcome is Outcome.UNDECIDED
    assert check_regular_in_one_order((unseen,)).outcome is Outcome.UNDECIDED


def random_history(random: Random, *, writers: int) -> History:
    """Draw up to four writes and three reads; each writer's writes come one after the other."""
    history = []
    free_at = [0] * writers
    for value in range(1, random.randint(2, 5)):
        writer = random.randrange(writers)
        called = free_at[writer] + random.randint(0, 2)
        free_at[writer] = called + random.randint(1, 4)
        op = write(f"w{value}", value, called, free_at[writer] - 0.5)
        history.append(op)
    for number in range(random.randint(1, 3)):
        called = random.randint(0, 9)
        history.append(
            read(f"r{number}", random.randint(0, 4), called, called + random.randint(0, 4))
        )
    return tuple(history)


def is_weakly_regular(history: History) -> bool:
    """Apply the definition to every read and every pair of writes."""
    start = write("w0", 0, -2, -1)
    writes = [start, *(op for op in history if op.f == "write")]
    return all(
        any(
            w.argument == r.result
            and w.called <= r.returned
            and not any(w.precedes(other) and other.precedes(r) for other in writes)
            for w in writes
        )
        for r in history
        if r.f == "read"
    )


def is_regular_in_one_order(history: History) -> bool:
    """Try every order of the operations that keeps each write before what was called after it."""
    for order in permutations(history):
        value: object = 0
        for place, op in enumerate(order):
            if any(later.f == "write" and later.precedes(op) for later in order[place:]):
                break
            if op.f == "write":
                value = op.argument
            elif value != op.result:
                break
        else:
            return is_weakly_regular(history)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_both_forms_agree_with_their_definitions(seed: int) -> None:
    random = Random(seed)
    found = {(True, True): 0, (True, False): 0, (False, False): 0}
    for _ in range(200):
        history = random_history(random, writers=2)
        weak, one = is_weakly_regular(history), is_regular_in_one_order(history)
        assert (check_weak_regular(history, initial=0).outcome is Outcome.HOLDS) == weak
        assert (check_regular_in_one_order(history, initial=0).outcome is Outcome.HOLDS) == one
        found[weak, one] += 1
    assert found[True, True] > 30
    assert found[False, False] > 30


@pytest.mark.parametrize("seed", range(4))
def test_with_one_writer_all_forms_are_one(seed: int) -> None:
    """For every history with one writer: both forms say what `check_regular` says."""
    random = Random(seed)
    found = dict.fromkeys(Outcome, 0)
    for _ in range(300):
        history = tuple(
            replace(op, client="w") if op.f == "write" else op
            for op in random_history(random, writers=1)
        )
        expected = check_regular(history, initial=0).outcome
        assert check_weak_regular(history, initial=0).outcome is expected
        assert check_regular_in_one_order(history, initial=0).outcome is expected
        found[expected] += 1
    assert min(found[Outcome.HOLDS], found[Outcome.BROKEN]) > 30
