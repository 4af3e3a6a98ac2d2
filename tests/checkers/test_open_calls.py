"""A call without a definite answer is one call for every checker, in whatever form a history has it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.counters import (
    check_bank_totals,
    check_counter_bounds,
    check_eventual_counter,
)
from counterpoint.checkers.elements import check_long_fork, check_set_survival, check_unique_ids
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.log_delivery import check_log_delivery
from counterpoint.checkers.objects.registers import CasRegister
from counterpoint.checkers.register.check import check_register
from counterpoint.checkers.register.multi_writer import (
    check_regular_in_one_order,
    check_weak_regular,
)
from counterpoint.checkers.register.single_writer import check_regular, check_safe
from counterpoint.checkers.sequential_consistency import check_sequential_consistency
from counterpoint.checkers.sessions.check import check_sessions
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import sessions_of
from counterpoint.checkers.transactions.list_append import check_list_append
from counterpoint.checkers.transactions.list_versions import check_list_sessions
from counterpoint.model.verdict import Verdict
from tests.support.nights import by_day

Call = tuple[str, Hashable, Hashable]
"""A function, its argument, and what it returns."""


def _register(random: Random, number: int) -> Call:
    if random.random() < 0.5:
        return "write", number, None
    return "read", None, random.choice((None, *range(8)))


def _cas(random: Random, number: int) -> Call:
    if random.random() < 0.6:
        return _register(random, number)
    return "cas", (random.choice((None, 1, 2)), number), random.random() < 0.5


def _counter(random: Random, _number: int) -> Call:
    if random.random() < 0.6:
        return "add", random.choice((1, 2)), None
    return "read", None, random.randint(0, 6)


def _set(random: Random, number: int) -> Call:
    if random.random() < 0.6:
        return "add", number, None
    return "read", None, frozenset(n for n in range(number) if random.random() < 0.6)


def _bank(random: Random, _number: int) -> Call:
    held = random.choice((1, 1, 1, 2))
    return "read", None, (("a", held), ("b", 2))


def _generate(random: Random, _number: int) -> Call:
    return "generate", None, random.randint(0, 15)


def _glimpse(random: Random, _number: int) -> Call:
    asked = tuple(("r", key, None) for key in "xy")
    return "txn", asked, tuple(("r", key, random.choice((None, 1))) for key in "xy")


def _log(random: Random, number: int) -> Call:
    if random.random() < 0.5:
        return "send", ("x", number), random.choice((number, number, number - 1))
    polled = tuple((n, n) for n in range(number) if random.random() < 0.8)
    return "poll", None, (("x", polled),)


def _transaction(random: Random, number: int) -> Call:
    if random.random() < 0.5:
        steps: tuple[Hashable, ...] = (("w", random.choice("xy"), number),)
        return "txn", steps, steps
    seen = tuple(("r", key, random.choice((None, *range(number)))) for key in "xy")
    return "txn", tuple((kind, key, None) for kind, key, _ in seen), seen


def _lists(random: Random, number: int) -> Call:
    if random.random() < 0.5:
        steps: tuple[Hashable, ...] = (("append", "x", number),)
        return "txn", steps, steps
    shown = tuple(n for n in range(number) if random.random() < 0.6)
    return "txn", (("r", "x", None),), (("r", "x", shown),)


Check = Callable[[History], Verdict]

CHECKS: dict[str, tuple[Check, Callable[[Random, int], Call]]] = {
    "linearizability": (partial(check_linearizability, specification=CasRegister()), _cas),
    "sequential consistency": (
        partial(check_sequential_consistency, specification=CasRegister()),
        _cas,
    ),
    "register": (check_register, _register),
    "weak regularity": (check_weak_regular, _register),
    "regularity in one order": (check_regular_in_one_order, _register),
    "safety of a single writer": (check_safe, _register),
    "regularity of a single writer": (check_regular, _register),
    "causal consistency": (check_causal, _register),
    "session guarantees": (check_sessions, _register),
    "counter bounds": (check_counter_bounds, _counter),
    "eventual count": (check_eventual_counter, _counter),
    "no lost element": (check_set_survival, _set),
    "conserved total": (check_bank_totals, _bank),
    "unique ids": (check_unique_ids, _generate),
    "no long fork": (check_long_fork, _glimpse),
    "log delivery": (check_log_delivery, _log),
    "transactions": (lambda h: check_transactions(sessions_of(h), level="causal"), _transaction),
    "lists": (check_list_append, _lists),
    "sessions of lists": (partial(check_list_sessions, guarantees=("RYW", "MR")), _lists),
}


def forms(op: Operation) -> list[Operation]:
    """Return a call without a definite answer in all its forms."""
    without = replace(op, result=UNKNOWN, returned=OPEN)
    return [
        replace(without, status="info"),
        without,
        replace(op, returned=OPEN),
        replace(op, status="info"),
        replace(op, status="info", returned=OPEN),
    ]


def drawn(random: Random, draw: Callable[[Random, int], Call], *, one_writer: bool) -> History:
    """Return a history in which each client but one may leave its last call without an answer."""
    history, free_at = [], dict.fromkeys("abc", 0)
    for number in range(1, random.randint(4, 8)):
        f, argument, result = draw(random, number)
        client = (
            "a" if one_writer and f == "write" else random.choice("bc" if one_writer else "abc")
        )
        called = free_at[client] + random.randint(1, 3)
        free_at[client] = called + random.randint(1, 4)
        history.append(
            Operation(f"o{number}", client, f, "x", argument, result, called, free_at[client])
        )
    return tuple(sorted(history, key=lambda op: op.called))


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(60, 2_000))
@pytest.mark.parametrize("name", CHECKS)
def test_every_checker_says_the_same_of_an_open_call_in_any_form(name: str, count: int) -> None:
    check, draw = CHECKS[name]
    random, outcomes = Random(3), set()
    for _ in range(count):
        history = drawn(random, draw, one_writer="single writer" in name)
        last = {op.client: index for index, op in enumerate(history)}
        at = random.choice(list(last.values()))
        told = []
        for form in forms(history[at]):
            verdict = check((*history[:at], form, *history[at + 1 :]))
            told.append((verdict.outcome, verdict.examined, verdict.culprits))
        assert len(set(told)) == 1, (told, history, at)
        outcomes.add(told[0][0].value)
    assert len(outcomes) > 1, outcomes
