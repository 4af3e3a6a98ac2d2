"""Values are what they are: true is not 1, and 1 is neither 1.0 nor "1"."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple

import pytest

import counterpoint as cp
from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.history import (
    History,
    Operation,
    exact,
    inexact,
    opened,
    same,
    sealed,
)
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.specifications import (
    AppendList,
    CasRegister,
    Counter,
    MultiRegister,
    Queue,
    Register,
    Set,
    Stack,
)
from counterpoint.checkers.register.check import check_register
from counterpoint.checkers.register.multi_writer import check_weak_regular
from counterpoint.checkers.register.single_writer import check_regular
from counterpoint.checkers.sessions.check import check_sessions
from counterpoint.checkers.transactions.history import sessions_of
from counterpoint.checkers.transactions.list_append import check_list_append
from counterpoint.checkers.transactions.serial_order import check_serial_order
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.values import show
from counterpoint.model.verdict import Outcome, Verdict


class Put(NamedTuple):
    number: Hashable


class Commit(NamedTuple):
    number: Hashable


class Level(IntEnum):
    LOW = 1


class Name(str):
    """A text of a class of its own."""

    __slots__ = ()


ALIKE: tuple[Hashable, ...] = (
    1, True, 1.0, Decimal(1), Level.LOW, "1", Name("1"), (1,), (True,), (Level.LOW,),
    Put(1), Commit(1), Put(True), frozenset({1}), frozenset({Put(1)}), frozenset({(1,)}),
)  # fmt: skip


def test_values_that_look_alike_are_told_apart() -> None:
    for one, other in combinations(ALIKE, 2):
        assert not same(one, other), (one, other)
        assert exact(one) != exact(other)
        assert len({exact(one), exact(other)}) == 2
    for one in ALIKE:
        assert same(one, one)
        assert exact(exact(one)) == exact(one)
        assert repr(exact(one)) == repr(one)
        assert opened(sealed(one)) is one
        assert opened(sealed(exact(one))) == exact(one)
    assert len(set(map(sealed, ALIKE))) == len(ALIKE)


def test_reports_show_which_of_two_values_it_is() -> None:
    shown = [show(exact(one)) for one in (True, Level.LOW, "1", Name("1"), (1,), Put(1), Commit(1))]
    assert shown == ["True", "low", "1", "Name(1)", "(1)", "Put(number=1)", "Commit(number=1)"]


def test_a_ratio_that_is_whole_is_the_integer() -> None:
    assert same(Fraction(4, 2), 2)
    assert not same(Fraction(1, 2), 0.5)


def test_values_come_back_as_they_were() -> None:
    assert repr(inexact(exact((1, True, (1.0, "a"))))) == "(1, True, (1.0, 'a'))"


def in_turn(*calls: tuple[str, Hashable, Hashable]) -> History:
    """Calls of two clients, one after the other."""
    return tuple(
        Operation(f"o{n + 1}", f"c{n % 2}", f, "x", argument, result, 2 * n, 2 * n + 1)
        for n, (f, argument, result) in enumerate(calls)
    )


def linearized(history: History, specification: Specification) -> Outcome:
    return check_linearizability(history, specification).outcome


@pytest.mark.parametrize("other", [True, 1.0, Decimal(1), "1"])
def test_what_was_replaced_by_a_value_that_looks_alike_is_gone(other: Hashable) -> None:
    """A read of 1 after a write of what Python calls equal to it; and its twin, which is right."""
    bad = in_turn(("write", 1, None), ("write", other, None), ("read", None, 1))
    good = in_turn(("write", 1, None), ("write", other, None), ("read", None, other))
    judges = (
        lambda h: check_linearizability(h, Register()),
        lambda h: check_linearizability(h, CasRegister()),
        check_register,
        lambda h: check_regular(_one_client(h)),
        check_weak_regular,
        lambda h: check_serial_order(sessions_of(_one_client(h))),
        lambda h: check_causal(_one_client(h)),
        lambda h: check_sessions(_one_client(h), guarantees=("RYW", "MR", "MW", "WFR")),
    )
    for judge in judges:
        wrong: Verdict = judge(bad)
        assert wrong.outcome is Outcome.BROKEN, wrong
        assert judge(good).outcome is Outcome.HOLDS


def _one_client(history: History) -> History:
    return tuple(
        Operation(op.id, "c", op.f, op.key, op.argument, op.result, op.called, op.returned)
        for op in history
    )


@pytest.mark.parametrize("other", [True, 1.0, "1"])
def test_objects_keep_values_that_look_alike_apart(other: Hashable) -> None:
    twins: list[tuple[Specification, History, History]] = [
        (
            CasRegister(),
            in_turn(("write", 1, None), ("cas", (1, 2), True)),
            in_turn(("write", 1, None), ("cas", (other, 2), True)),
        ),
        (
            CasRegister(other),
            in_turn(("cas", (1, 2), False)),
            in_turn(("cas", (other, 2), False)),
        ),
        (
            Queue(),
            in_turn(("enqueue", 1, None), ("enqueue", other, None), ("dequeue", None, 1)),
            in_turn(("enqueue", 1, None), ("enqueue", other, None), ("dequeue", None, other)),
        ),
        (
            Stack(),
            in_turn(("push", other, None), ("push", 1, None), ("pop", None, 1)),
            in_turn(("push", other, None), ("push", 1, None), ("pop", None, other)),
        ),
        (
            Set(),
            in_turn(("add", 1, None), ("add", other, True), ("read", None, (1, other))),
            in_turn(("add", 1, None), ("add", other, False), ("read", None, (1, other))),
        ),
        (
            AppendList(),
            in_turn(("append", 1, None), ("append", other, None), ("read", None, (1, other))),
            in_turn(("append", 1, None), ("append", other, None), ("read", None, (1, 1))),
        ),
        (
            MultiRegister(),
            in_turn(("write", (1, "a"), None), ("read", other, None)),
            in_turn(("write", (1, "a"), None), ("read", other, "a")),
        ),
    ]
    for specification, good, bad in twins:
        assert linearized(good, specification) is Outcome.HOLDS, good
        assert linearized(bad, specification) is Outcome.BROKEN, bad


def test_a_counter_does_not_show_what_looks_like_its_number() -> None:
    assert linearized(in_turn(("add", 5, None), ("read", None, 5)), Counter()) is Outcome.HOLDS
    assert linearized(in_turn(("add", 5, None), ("read", None, 5.0)), Counter()) is Outcome.BROKEN
    assert linearized(in_turn(("add", 1, None), ("read", None, True)), Counter()) is Outcome.BROKEN


def test_keys_that_look_alike_are_two_keys() -> None:
    history = (
        Operation("o1", "a", "write", 1, 5, None, 0, 1),
        Operation("o2", "a", "read", True, None, None, 2, 3),
    )
    for verdict in (
        check_linearizability(history, Register()),
        check_causal(history),
        check_serial_order(sessions_of(history)),
    ):
        assert verdict.outcome is Outcome.HOLDS, verdict


def test_elements_of_lists_that_look_alike_are_two_elements() -> None:
    def txn(number: int, *micros: tuple[str, Hashable, Hashable]) -> Operation:
        asked = tuple((kind, key, None if kind == "r" else value) for kind, key, value in micros)
        return Operation(
            f"o{number}", f"c{number}", "txn", None, asked, micros, 2 * number, 2 * number + 1
        )

    appends = (txn(1, ("append", "x", 1)), txn(2, ("append", "x", True)))
    good = (*appends, txn(3, ("r", "x", (1, True))))
    bad = (*appends, txn(3, ("r", "x", (1, 1))))
    assert check_list_append(good).outcome is Outcome.HOLDS
    assert check_list_append(bad).outcome is Outcome.BROKEN


# ---- in searches ---------------------------------------------------------------------------------


def keeper(told: dict[str, Any], state: Any, given: cp.Input) -> cp.Step[Any] | None:
    """A register, which may tell readers something else than was written."""
    match given:
        case cp.Receive(client, ("write", value)):
            return cp.Step((value,), cp.Send(client, ("done", None)))
        case cp.Receive(client, ("read",)):
            seen = told.get("instead", state[0]) if state else None
            return cp.Step(state, cp.Send(client, ("is", seen)))
    return None


def asker(state: None, given: cp.Input) -> cp.Step[None] | None:
    match given:
        case cp.Invoke(operation):
            return cp.Step(state, cp.Send("s", operation))
        case cp.Receive(_, (_, value)):
            return cp.Step(state, cp.Return(value))
    return None


def of(claim: cp.Property, told: dict[str, Any], **calls: list[Any]) -> cp.Scenario:
    clients = dict.fromkeys(calls, (asker, None))
    system = cp.system(s=(partial(keeper, told), ()), **clients)
    return cp.Scenario("register", system, calls=calls, properties=[claim])


def assert_all_say(broken: str | None, scenario: cp.Scenario) -> None:
    """Every search says that this is broken, or nothing."""
    explorers: list[Any] = [Explorer(scenario), Explorer(scenario, history=True), Reducer(scenario)]
    for explorer in explorers:
        *_, last = explorer.explore()
        assert (None if last.violation is None else last.violation.property) == broken
    cp.verify(scenario, runs=20, expect=broken)


CLAIMS = (cp.linearizable(cp.Register()), cp.sequentially_consistent(cp.Register()))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: str(claim.name))
@pytest.mark.parametrize(
    ("written", "told"),
    [(Put(1), Commit(1)), ((1,), Put(1)), (Level.LOW, 1), ((Put(1),), (Commit(1),)), (1, True)],
)
def test_what_equals_the_value_written_is_not_that_value(
    claim: cp.Property, written: Any, told: Any
) -> None:
    right = of(claim, {"instead": written}, a=[("write", written), ("read",)])
    assert_all_say(None, right)
    wrong = of(claim, {"instead": told}, a=[("write", written), ("read",)])
    assert_all_say(claim.name, wrong)


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: str(claim.name))
def test_equal_values_of_two_writers_are_two(claim: cp.Property) -> None:
    both = of(claim, {}, a=[("write", 1)], b=[("write", True)], c=[("read",), ("read",)])
    assert_all_say(None, both)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: str(claim.name))
def test_equal_keys_are_two(claim: cp.Property) -> None:
    def seen(operation: Any, result: Any) -> Any:
        f, key, *argument = operation
        return cp.Seen(f, key, argument[0] if argument else None, result)

    keyed = cp.linearizable if claim is CLAIMS[0] else cp.sequentially_consistent
    scenario = of(keyed(cp.Register(), view=seen), {}, a=[("write", 1, 5), ("read", True)])
    scenario = scenario.replace(system=cp.system(s=(one_for_both, ()), a=(asker, None)))
    assert_all_say(claim.name, scenario)


def one_for_both(state: Any, given: cp.Input) -> cp.Step[Any] | None:
    """Registers in a dictionary, in which 1 and True are one key."""
    held = dict(state)
    match given:
        case cp.Receive(client, ("write", key, value)):
            held[key] = value
            return cp.Step(tuple(held.items()), cp.Send(client, ("done", None)))
        case cp.Receive(client, ("read", key)):
            return cp.Step(state, cp.Send(client, ("is", held.get(key))))
    return None
