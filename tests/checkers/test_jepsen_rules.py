"""What Jepsen's smaller checkers judge: totals, bounds, lost elements, long forks."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from random import Random

import pytest

from counterpoint.checkers.counters import check_bank_totals, check_counter_bounds
from counterpoint.checkers.elements import check_long_fork, check_set_survival
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, Status
from counterpoint.model.verdict import Outcome, Verdict

HOLDS, BROKEN, UNDECIDED = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNDECIDED


def call(
    number: int,
    f: str,
    value: Hashable,
    called: float,
    returned: float,
    status: Status = "ok",
) -> Operation:
    """Make a call; `value` is what a read returned, or what any other call was asked."""
    is_read = f == "read"
    result = (value if is_read else None) if status == "ok" else UNKNOWN
    argument = None if is_read else value
    return Operation(
        f"o{number}", f"c{number}", f, None, argument, result, called, returned, status
    )


def in_turn(*calls: tuple[str, Hashable]) -> History:
    return tuple(call(i, f, value, 2 * i, 2 * i + 1) for i, (f, value) in enumerate(calls, 1))


def balances(**accounts: int) -> Hashable:
    return tuple(sorted(accounts.items()))


@pytest.mark.parametrize(
    ("second", "outcome", "words"),
    [
        (balances(a=4, b=6), HOLDS, ""),
        (balances(a=4, b=7), BROKEN, "o2 read a total of 11, but o1 read 10"),
        (balances(a=14, b=-4), BROKEN, "o2 read -4 in the account b, less than nothing"),
        (balances(a=5, b=5, c=0), BROKEN, "the account c, which o1 did not"),
        ((("a", None), ("b", 10)), BROKEN, "read None in the account a, which is no amount"),
    ],
)
def test_bank_totals(second: Hashable, outcome: Outcome, words: str) -> None:
    history = in_turn(("read", balances(a=10, b=0)), ("read", second))
    verdict = check_bank_totals(history)
    assert (verdict.outcome, verdict.examined) == (outcome, 2)
    assert words in verdict.summary


def test_bank_totals_with_a_given_total_and_an_overdraft() -> None:
    history = in_turn(("transfer", 3), ("read", balances(a=14, b=-4)))
    assert check_bank_totals(history, allow_negative=True).outcome is HOLDS
    assert check_bank_totals(history, total=10, allow_negative=True).outcome is HOLDS
    verdict = check_bank_totals(history, total=11, allow_negative=True)
    assert verdict.summary == "o2 read a total of 10, but 11 was put in"


def test_bank_totals_need_a_read_of_balances() -> None:
    assert check_bank_totals(in_turn(("transfer", 3))).outcome is UNDECIDED
    with pytest.raises(ValueError, match="a balance for each account"):
        check_bank_totals(in_turn(("read", 3)))


COUNTED = (
    call(1, "add", 5, 0, 1),
    call(2, "add", 3, 2, 9),
    call(3, "add", -2, 2, OPEN, "info"),
    call(4, "add", 9, 2, 3, "fail"),
)


@pytest.mark.parametrize("value", range(12))
def test_counter_bounds(value: int) -> None:
    """5 surely counts, 3 and -2 may, 9 does not: 3 to 8."""
    verdict = check_counter_bounds((*COUNTED, call(5, "read", value, 4, 6)))
    assert (verdict.outcome is HOLDS) == (3 <= value <= 8)
    if verdict.is_broken:
        assert verdict.summary == f"o5 of c5 read {value}; what was added allows 3 to 8"


def test_counter_bounds_of_touching_operations_are_wide() -> None:
    for value, outcome in ((0, HOLDS), (5, HOLDS), (6, BROKEN)):
        history = (call(1, "add", 5, 3, 4), call(2, "read", value, 1, 3))
        assert check_counter_bounds(history).outcome is outcome


def test_counter_bounds_without_a_read_say_so() -> None:
    verdict = check_counter_bounds(COUNTED)
    assert (verdict.outcome, verdict.examined) == (HOLDS, 3)
    assert "no read" in verdict.summary
    assert check_counter_bounds(()).outcome is UNDECIDED


def test_a_counter_holds_whole_numbers() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        check_counter_bounds(in_turn(("add", "one")))


@pytest.mark.parametrize("seed", range(3))
def test_counter_bounds_agree_with_trying_every_subset(seed: int) -> None:
    """For every history of gains: a read is in bounds exactly if some additions add up to at most
    and at least what it shows, those that returned before it among them and no later ones."""
    random = Random(seed)
    found = {True: 0, False: 0}
    for _ in range(300):
        adds = [
            call(
                i,
                "add",
                random.choice([1, 2, -1]),
                c := random.randint(0, 6),
                c + random.randint(0, 3),
            )
            for i in range(random.randint(1, 4))
        ]
        read = call(
            9, "read", random.randint(-3, 6), c := random.randint(0, 6), c + random.randint(0, 3)
        )
        sure = [a for a in adds if a.returned < read.called]
        possible = [a for a in adds if a not in sure and a.called <= read.returned]
        sums = [
            sum(int(str(a.argument)) for a in (*sure, *some))
            for size in range(len(possible) + 1)
            for some in combinations(possible, size)
        ]
        is_right = min(sums) <= int(str(read.result)) <= max(sums)
        assert (check_counter_bounds((*adds, read)).outcome is HOLDS) == is_right
        found[is_right] += 1
    assert min(found.values()) > 30


@pytest.mark.parametrize(
    ("history", "outcome", "words"),
    [
        pytest.param(
            in_turn(("add", 1), ("add", 2), ("read", (1, 2))), HOLDS, "", id="all are there"
        ),
        pytest.param(
            in_turn(("add", 1), ("add", 2), ("read", (2,))), BROKEN, "1 is lost", id="one is lost"
        ),
        pytest.param(
            in_turn(("add", 1), ("read", ()), ("read", (1,))), HOLDS, "", id="stale, not lost"
        ),
        pytest.param(
            in_turn(("add", 1), ("read", (1,)), ("read", ())), BROKEN, "1 is lost", id="gone again"
        ),
        pytest.param(
            in_turn(("read", (7,))), BROKEN, "o1 read 7, which nobody added", id="unknown"
        ),
        pytest.param(
            (call(1, "add", 1, 0, 1, "fail"), call(2, "read", (1,), 2, 3)),
            BROKEN,
            "o2 read 1, which o1 failed to add",
            id="failed",
        ),
        pytest.param(
            (call(1, "add", 1, 0, OPEN, "info"), call(2, "read", (), 2, 3)), HOLDS, "", id="open"
        ),
        pytest.param(
            (call(1, "add", 1, 0, 5), call(2, "read", (), 1, 6)), HOLDS, "", id="at the same time"
        ),
        pytest.param(
            (
                call(1, "add", 1, 0, OPEN, "info"),
                call(2, "read", frozenset({1}), 1, 2),
                call(3, "read", (), 3, 4),
            ),
            BROKEN,
            "1 is lost: o2 read it, but o3",
            id="seen once, so it was there",
        ),
        pytest.param(in_turn(("add", 1)), UNDECIDED, "no set was read", id="nothing read"),
    ],
)
def test_set_survival(history: History, outcome: Outcome, words: str) -> None:
    verdict = check_set_survival(history)
    assert verdict.outcome is outcome, verdict
    assert words in verdict.summary


def test_a_read_of_a_set_is_a_collection() -> None:
    with pytest.raises(ValueError, match="a collection of elements"):
        check_set_survival(in_turn(("read", 5)))


def lost_by_definition(history: History) -> bool:
    """Apply the definition literally: known, missed by a read called later, and by all after it."""
    reads = [op for op in history if op.f == "read"]
    for add in (op for op in history if op.f == "add"):
        showing = [r for r in reads if add.argument in r.result]  # type: ignore[operator]
        known = min([add.returned, *(r.returned for r in showing)])
        for read in reads:
            is_missing = read not in showing and read.called > known
            if is_missing and not any(r.called >= read.called for r in showing):
                return True
    return False


@pytest.mark.parametrize("seed", range(3))
def test_set_survival_agrees_with_its_definition(seed: int) -> None:
    random = Random(seed)
    found = {True: 0, False: 0}
    for _ in range(300):
        elements = range(random.randint(1, 3))
        times = random.sample(range(40), 20)
        moments = [sorted((times.pop(), times.pop())) for _ in range(7)]
        spans = [(first, last) for first, last in moments]
        history = tuple(
            call(i, "add", element, *spans[i]) for i, element in enumerate(elements)
        ) + tuple(
            call(i, "read", tuple(e for e in elements if random.random() < 0.7), *spans[i])
            for i in range(len(elements), len(elements) + random.randint(1, 4))
        )
        is_lost = lost_by_definition(history)
        assert check_set_survival(history).is_broken == is_lost
        found[is_lost] += 1
    assert min(found.values()) > 30


def glimpses(*texts: str) -> History:
    """Make reads of several keys: "x1y" saw x as 1 and y not written."""
    history = []
    for number, text in enumerate(texts, 1):
        seen: dict[str, int | None] = {}
        key = ""
        for letter in text:
            if letter.isalpha():
                key = letter
                seen[key] = None
            else:
                seen[key] = int(letter)
        micros = tuple(("r", k, v) for k, v in seen.items())
        history.append(call(number, "read", micros, number, number + 0.5))
    return tuple(history)


def test_long_forks() -> None:
    assert check_long_fork(glimpses("xy", "x1y", "x1y1")).outcome is HOLDS
    verdict = check_long_fork(glimpses("xy", "x1y", "xy1"))
    assert verdict.culprits == ("o2", "o3")
    assert "o2 saw x written and not y, o3 saw y written and not x" in verdict.summary


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (glimpses("x1", "y1"), "nothing was examined"),
        (glimpses("x1y", "x2y"), "x was written more than once: 1, 2"),
    ],
)
def test_what_is_no_test_for_long_forks(history: History, words: str) -> None:
    verdict: Verdict = check_long_fork(history)
    assert verdict.outcome is UNDECIDED
    assert words in verdict.summary


@pytest.mark.parametrize("seed", range(3))
def test_long_forks_agree_with_comparing_all_pairs(seed: int) -> None:
    random = Random(seed)
    found = {True: 0, False: 0}
    for _ in range(300):
        texts = [
            "".join(key + random.choice(["", "1"]) for key in random.choice(["xy", "xyz"]))
            for _ in range(random.randint(2, 4))
        ]
        seen = [
            (
                {c for c in text if c.isalpha()},
                {text[i - 1] for i, c in enumerate(text) if c == "1"},
            )
            for text in texts
        ]
        forked = any(a == b and s - t and t - s for (a, s), (b, t) in combinations(seen, 2))
        assert check_long_fork(glimpses(*texts)).is_broken == forked
        found[forked] += 1
    assert min(found.values()) > 30
