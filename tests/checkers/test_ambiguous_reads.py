"""Values that repeat, that are the initial one, or that look alike: every checker beside its twin.

The twins try every way to match reads with writes, and every order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import History
from counterpoint.checkers.judging import Accesses, Pattern
from counterpoint.checkers.sessions.check import check_sessions
from counterpoint.checkers.sessions.judge import Guarantee
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import TransactionHistory, kept_of, sessions_of
from counterpoint.checkers.transactions.levels import IsolationLevel
from counterpoint.checkers.transactions.serial_order import check_serial_order
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.ambiguous_histories import (
    SHAPES,
    Ambiguous,
    random_ambiguous,
    random_transactions,
)
from tests.checkers.causal_by_orders import is_causal
from tests.checkers.causal_histories import sessions
from tests.checkers.guarantees_by_rules import keeps_guarantees
from tests.checkers.isolation_by_orders import is_isolated
from tests.checkers.serial_twins import has_snapshots, is_serializable

LEVELS: tuple[Level, ...] = ("cc", "ccv", "cm")
ISOLATION: tuple[IsolationLevel, ...] = (
    "read committed",
    "repeatable read",
    "read atomic",
    "causal",
)
GUARANTEES: tuple[tuple[Guarantee, ...], ...] = (
    ("RYW",),
    ("MR", "MW"),
    ("MR", "WFR"),
    ("RYW", "MR", "MW", "WFR"),
)


def test_a_core_that_holds_under_another_matching_is_not_shown() -> None:
    """x=0 was there at first and again after: the read alone could be of either."""
    verdict = check_causal(sessions(a="x=0 x=2 x?0"), initial=0)
    assert verdict.culprits == ("o1", "o2", "o3")
    assert verdict.find(Pattern) == Pattern("WriteCORead")
    assert verdict.because[-1] == (
        "1 of these reads has more than one possible source; "
        "however they are matched, it is so, or otherwise broken"
    )
    assert check_causal(sessions(a="x=2 x=0 x?0"), initial=0).outcome is Outcome.HOLDS


def test_many_reads_with_two_sources_each_are_matched_in_the_obvious_way_at_once() -> None:
    words = " ".join(f"x={place % 3} x?{place % 3}" for place in range(200))
    verdict = check_causal(sessions(a=words), level="cm", initial=0, matchings_max=1)
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 200)


def test_a_violation_among_many_ambiguous_reads_is_found_without_trying_all_ways() -> None:
    words = " ".join(f"x={place % 2} x?{place % 2}" for place in range(40))
    verdict = check_causal(sessions(a=f"{words} y=1", b="y?1 x?7 y?0", c="x=7"), initial=0)
    assert verdict.find(Pattern) == Pattern("WriteCOInitRead")
    verdict = check_causal(sessions(a="x=1 x=0 x=1 x=2 y=1", b="y?1 x?1", c="x?1"), initial=0)
    assert verdict.culprits == ("o1", "o3", "o4", "o5", "o6", "o7")


def agree_on_registers(seed: int, count: int) -> Counter[str]:
    """Judge registers at every level, and check every core; count what was said."""
    random, said = Random(seed), Counter[str]()
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        history = random_ambiguous(random, shape)
        for level in LEVELS:
            verdict = check_causal(history, level=level, initial=shape.initial)
            expected = is_causal(history, level=level, initial=shape.initial)
            assert verdict.is_broken is not expected, (level, history, verdict)
            if verdict.is_broken:
                core = _named(history, verdict)
                assert not is_causal(core, level=level, initial=shape.initial), (history, verdict)
            said[_kind(verdict)] += 1
        if not shape.open_rate:
            _agree_on_guarantees(history, shape, said)
    return said


def _agree_on_guarantees(history: History, shape: Ambiguous, said: Counter[str]) -> None:
    for chosen in GUARANTEES:
        verdict = check_sessions(history, guarantees=chosen, initial=shape.initial)
        expected = keeps_guarantees(history, guarantees=chosen, initial=shape.initial)
        assert verdict.is_broken is not expected, (chosen, history, verdict)
        if verdict.is_broken:
            core = _named(history, verdict)
            assert not keeps_guarantees(core, guarantees=chosen, initial=shape.initial), history
        said[_kind(verdict)] += 1


def _named(history: History, verdict: Verdict) -> History:
    return tuple(op for op in history if op.id in verdict.culprits)


def _kind(verdict: Verdict) -> str:
    in_every_way = any("however they are matched" in line for line in verdict.because)
    return "broken in every way" if in_every_way else verdict.outcome.value


def agree_on_transactions(seed: int, count: int) -> Counter[str]:
    """Judge transactions at every level, and check the cores of the weak ones."""
    random, said = Random(seed), Counter[str]()
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        drawn = random_transactions if number % 2 else random_ambiguous
        history = sessions_of(drawn(random, shape), initial=shape.initial)
        for level in ISOLATION:
            verdict = check_transactions(history, level=level)
            assert verdict.is_broken is not is_isolated(history, level), (level, history, verdict)
            if verdict.find(Accesses) is not None:
                assert not is_isolated(_core(history, verdict), level), (history, verdict)
            said[_kind(verdict)] += 1
        _agree_on_orders(history, said)
    return said


def _core(history: TransactionHistory, verdict: Verdict) -> TransactionHistory:
    found = verdict.find(Accesses)
    assert found is not None
    kept = found.accesses
    return kept_of(history, (replace(t, accesses=kept[t.id]) for t in history if t.id in kept))


def _agree_on_orders(history: TransactionHistory, said: Counter[str]) -> None:
    expected = {
        "serializability": is_serializable(history),
        "snapshot isolation": has_snapshots(history, first_committer_wins=True),
        "prefix consistency": has_snapshots(history, first_committer_wins=False),
    }
    verdicts = (
        check_serial_order(history, level="serializability"),
        check_serial_order(history, level="snapshot isolation"),
        check_serial_order(history, level="prefix consistency"),
    )
    for verdict in verdicts:
        assert verdict.is_broken is not expected[verdict.property], (history, verdict)
        said[_kind(verdict)] += 1


@pytest.mark.slow
def test_registers_with_repeated_values_are_judged_as_by_trying_everything() -> None:
    said = agree_on_registers(seed=1, count=150)
    assert min(said["holds"], said["broken"], said["broken in every way"]) >= 5, said


def test_transactions_with_repeated_values_are_judged_as_by_trying_everything() -> None:
    said = agree_on_transactions(seed=1, count=25)
    assert min(said["holds"], said["broken"]) >= 10, said


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, pytest.param(3, marks=pytest.mark.nightly)])
def test_hundreds_of_histories_with_repeated_values_are_judged_as_by_trying_everything(
    seed: int,
) -> None:
    """Registers by the hundred, fewer transactions: their twin is slow."""
    registers = agree_on_registers(seed, 800)
    assert registers["broken in every way"] >= 25, registers
    transactions = agree_on_transactions(seed, 150)
    assert transactions["broken in every way"] >= 1, transactions


@pytest.mark.nightly
def test_ten_thousands_of_histories_with_repeated_values() -> None:
    """As above, with other seeds."""
    registers = agree_on_registers(4, 30_000)
    assert registers["broken in every way"] >= 1000, registers
    transactions = agree_on_transactions(4, 4000)
    assert transactions["broken in every way"] >= 100, transactions
