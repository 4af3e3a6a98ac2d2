"""Causal consistency: the checkers and an exhaustive search say the same of small histories."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import History
from counterpoint.checkers.judging import Pattern
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.causal_by_orders import is_causal
from tests.checkers.causal_certificates import complaint
from tests.checkers.causal_histories import Shape, edited, random_history, sessions

LEVELS: tuple[Level, ...] = ("cc", "ccv", "cm")

PLAIN = (
    Shape(),
    Shape(initial=0),
    Shape(5, 2, 1),
    Shape(7, 3, 2, write_rate=0.4),
    Shape(7, 4, 1, initial_rate=0.05),
)
ODD = (
    Shape(6, 2, 2, duplicate_rate=0.4, initial=1),
    Shape(6, 3, 2, late_rate=0.2, fail_rate=0.1),
    Shape(7, 2, 1, late_rate=0.3, duplicate_rate=0.2),
)

HARD = (
    sessions(a="z=1 x=1 y=1", b="x=2 z?None y?1 x?2"),
    sessions(a="x=1 y?None y=1 x?1", b="x=2 y?None y=2 x?2"),
    sessions(a="x=1 y=1", b="y?1 x=2", c="x?2 x?1"),
    sessions(a="x=1", b="x=2 x?1 x?2"),
)
"""Figures of POPL 2017, whose patterns random histories hardly ever have; they are edited."""


def compare(seed: int, count: int) -> dict[str, int]:
    """Judge random histories both ways, check every certificate, and count the patterns met."""
    random = Random(seed)
    met: dict[str, int] = {}
    for number in range(count):
        shape = (*PLAIN, *ODD)[number % 8]
        history = random_history(random, shape)
        if shape == Shape():
            history = edited(random, random.choice(HARD))
        for level in LEVELS:
            verdict = check_causal(
                history, level=level, initial=shape.initial, matchings_max=10_000
            )
            expected = is_causal(history, level=level, initial=shape.initial)
            assert verdict.is_broken is not expected, (level, history, verdict)
            pattern = getattr(verdict.find(Pattern), "pattern", verdict.outcome.value)
            met[pattern] = met.get(pattern, 0) + 1
            if shape in PLAIN and verdict.outcome is Outcome.HOLDS:
                wrong = complaint(history, verdict, level=level, initial=shape.initial)
                assert not wrong, (wrong, level, history)
            elif shape in PLAIN and verdict.is_broken and number % 10 < 5:
                check_core(history, verdict, level, shape.initial)
    return met


def check_core(history: History, verdict: Verdict, level: Level, initial: object) -> None:
    """The core fails alone, nothing can be left out of it, and its edges are a cycle."""
    core = tuple(op for op in history if op.id in verdict.culprits)
    assert not is_causal(core, level=level, initial=initial), (level, core)
    for gone in core:
        rest = tuple(
            op
            for op in core
            if op is not gone and not (gone.f == "write" and op.result == gone.argument)
        )
        assert is_causal(rest, level=level, initial=initial), (level, gone, core)
    for edge, following in pairwise((*verdict.edges, *verdict.edges[:1])):
        assert edge.after == following.before, verdict
        assert edge.because
    by_id = {op.id: op for op in history}
    for edge in verdict.edges:
        before, after = by_id[edge.before], by_id[edge.after]
        if edge.rule == "program order":
            assert before.client == after.client
            assert before.called < after.called
        elif edge.rule == "reads-from":
            assert before.argument == after.result
        else:
            assert edge.rule == "conflict"
            assert before.key == after.key


@pytest.mark.slow
def test_thousands_of_small_histories_are_judged_as_by_trying_every_order() -> None:
    """Verdict for verdict at each level, with certificates that an independent judge accepts."""
    met = compare(seed=1, count=2_500)
    patterns = ("CyclicCO", "WriteCOInitRead", "WriteCORead", "CyclicCF", "CyclicHB")
    for pattern in (*patterns, "WriteHBInitRead", "ThinAirRead", "AbortedRead", "holds"):
        assert met[pattern] >= 5, met


@pytest.mark.nightly
def test_a_hundred_thousand_small_histories_are_judged_as_by_trying_every_order() -> None:
    """As above, with other seeds."""
    met = compare(seed=2, count=100_000)
    assert met["WriteHBInitRead"] >= 200, met
