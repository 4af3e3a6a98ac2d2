"""Session guarantees: each alone, all together, and the same verdicts as by trying every order."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.history import OPEN, UNKNOWN, History
from counterpoint.checkers.judging import Pattern
from counterpoint.checkers.sessions.check import GUARANTEES, check_sessions
from counterpoint.checkers.sessions.judge import Guarantee
from counterpoint.model.verdict import Outcome
from tests.checkers.causal_histories import Shape, random_history, sessions
from tests.checkers.guarantees_by_rules import keeps_guarantees
from tests.support.nights import by_day

BAD_AND_GOOD = [
    pytest.param("RYW", sessions(a="x=1 x?None"), sessions(a="x=1 x?1"), id="own write unseen"),
    pytest.param("RYW", sessions(a="x=1 x=2 x?1"), sessions(a="x=1 x=2 x?2"), id="own old write"),
    pytest.param("MR", sessions(a="x=1", b="x?1 x?None"), sessions(a="x=1", b="x?1 x?1"), id="MR"),
    pytest.param(
        "MR+MW",
        sessions(a="x=1 x=2", b="x?2 x?1"),
        sessions(a="x=1 x=2", b="x?1 x?2"),
        id="back to an earlier write of one session",
    ),
    pytest.param(
        "MR+MW",
        sessions(a="x=1 y=1", b="y?1 x?None"),
        sessions(a="x=1 y=1", b="y?None x?1"),
        id="a later write of one session seen without an earlier one",
    ),
    pytest.param(
        "MR+WFR",
        sessions(a="x=1", b="x?1 x=2", c="x?2 x?1"),
        sessions(a="x=1", b="x?1 x=2", c="x?1 x?2"),
        id="back to what a write answers",
    ),
    pytest.param(
        "MR+WFR",
        sessions(a="x=1", b="x?1 y=1", c="y?1 x?None"),
        sessions(a="x=1", b="x?1 y=1", c="y?None x?None"),
        id="an answer seen without its question",
    ),
    pytest.param(
        "RYW+WFR",
        sessions(a="x=1", b="x?1 x=2 x?1"),
        sessions(a="x=1", b="x?1 x=2 x?2"),
        id="an own answer unseen",
    ),
    pytest.param("WFR", sessions(a="x?1 x=1"), sessions(a="x?None x=1"), id="its own later write"),
]


@pytest.mark.parametrize(("needed", "bad", "good"), BAD_AND_GOOD)
def test_a_violation_names_exactly_the_guarantees_it_needs(
    needed: str, bad: History, good: History
) -> None:
    """It is broken with those, holds with all the others, and its twin keeps all four."""
    labels = needed.split("+")
    verdict = check_sessions(bad)
    assert verdict.find(Pattern) == Pattern(needed)
    assert check_sessions(bad, guarantees=[g for g in GUARANTEES if g in labels]).is_broken
    for label in labels:
        others = [g for g in GUARANTEES if g != label]
        assert not check_sessions(bad, guarantees=others).is_broken
    assert check_sessions(good).outcome is Outcome.HOLDS


def test_a_violation_is_told_as_a_labelled_cycle() -> None:
    verdict = check_sessions(sessions(a="x=1 x=2", b="x?2 x?1"))
    assert verdict.summary == (
        "b read x=1 although x=2 comes later: a wrote x=1, a wrote x=2; "
        "and was visible: a wrote x=2, b read it, b read x=1 (MR+MW)"
    )
    assert [(e.before, e.after, e.rule) for e in verdict.edges] == [
        ("o1", "o2", "MW"),
        ("o2", "o1", "conflict"),
    ]
    assert verdict.because == (
        "a wrote x=1 (o1) before a wrote x=2 (o2)",
        "x=2 (o2) before x=1 (o1), because b read x=1 (o4) although it knew x=2: "
        "a wrote x=2, b read it, b read x=1",
    )


def test_observers_may_disagree_unless_the_order_must_converge() -> None:
    history = sessions(a="x=1 x?2", b="x=2 x?1")
    assert check_sessions(history).outcome is Outcome.HOLDS
    verdict = check_sessions(history, convergent=True)
    assert verdict.is_broken
    assert verdict.property == "session guarantees RYW, MR, MW, WFR, convergent"
    assert verdict.summary == (
        "no order of the writes suits the reads: x=2 must come before x=1, "
        "but x=1 must come before x=2 (RYW)"
    )


def test_reads_of_two_writes_in_turn_are_refused_by_convergent_monotonic_reads() -> None:
    history = sessions(a="x=1", b="x=2", c="x?1 x?2", d="x?2 x?1")
    assert check_sessions(history, guarantees=["MR"]).outcome is Outcome.HOLDS
    assert check_sessions(history, guarantees=["MR"], convergent=True).is_broken


def test_a_write_that_may_be_late_follows_what_its_client_did_before_and_nothing_else() -> None:
    before, write, read, seen, stale = sessions(a="y=1 x=1 x?None", b="x?1 y?None")
    late = replace(write, status="info", returned=OPEN, result=UNKNOWN)
    assert check_sessions((before, late, read, seen)).outcome is Outcome.HOLDS
    for guarantees in (GUARANTEES, ("MR", "MW")):
        verdict = check_sessions((before, late, read, seen, stale), guarantees=guarantees)
        assert verdict.find(Pattern) == Pattern("MR+MW")
        assert verdict.culprits == ("o1", "o2", "o4", "o5")


def test_initial_values_of_two_keys_are_told_apart() -> None:
    """Found by search: what was demanded of one key's initial value was taken as done for the other."""
    history = sessions(a="y?None", b="x=1", c="y?None y?None x?1 x?None")
    promised: tuple[tuple[Guarantee, ...], ...] = (("MR",), ("RYW", "MR", "WFR"))
    for guarantees in promised:
        assert check_sessions(history, guarantees=guarantees).find(Pattern) == Pattern("MR")


def test_nothing_to_judge_is_undecided() -> None:
    assert check_sessions(sessions(a="x=1")).outcome is Outcome.UNDECIDED


def test_unknown_guarantees_are_refused() -> None:
    with pytest.raises(ValueError, match="choose session guarantees from RYW, MR, MW, WFR"):
        check_sessions(sessions(a="x=1"), guarantees=())


def test_a_convergent_order_of_writes_is_the_witness() -> None:
    verdict = check_sessions(sessions(a="x=1 x?2", b="x=2"), convergent=True)
    assert verdict.witness == ("o1", "o3")


SHAPES = (
    Shape(),
    Shape(initial=0),
    Shape(5, 2, 1),
    Shape(7, 3, 2, write_rate=0.4),
    Shape(7, 4, 1, initial_rate=0.05, strange_rate=0),
    Shape(6, 2, 2, duplicate_rate=0.4, initial=1),
    Shape(6, 2, 2, future_rate=0.3),
)
SUBSETS: list[tuple[Guarantee, ...]] = [
    subset for size in range(1, 5) for subset in combinations(GUARANTEES, size)
]


def compare(seed: int, count: int) -> dict[str, int]:
    """Judge random histories under random sets of guarantees both ways; count the labels met."""
    random = Random(seed)
    met: dict[str, int] = {}
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        history = random_history(random, shape)
        chosen, convergent = random.choice([*SUBSETS, GUARANTEES]), random.random() < 0.5
        verdict = check_sessions(
            history,
            guarantees=chosen,
            convergent=convergent,
            initial=shape.initial,
            matchings_max=10_000,
        )
        expected = keeps_guarantees(
            history, guarantees=chosen, convergent=convergent, initial=shape.initial
        )
        assert verdict.is_broken is not expected, (chosen, convergent, history, verdict)
        if verdict.is_broken and verdict.edges:
            check_core(history, verdict.culprits, chosen, convergent, shape.initial)
            edges = (*verdict.edges, verdict.edges[0])
            assert all(a.after == b.before for a, b in pairwise(edges)), verdict
        if convergent and chosen == GUARANTEES:
            convergence = check_causal(
                history, level="ccv", initial=shape.initial, matchings_max=10_000
            )
            assert convergence.outcome is verdict.outcome, history
        pattern = getattr(verdict.find(Pattern), "pattern", verdict.outcome.value)
        met[pattern] = met.get(pattern, 0) + 1
    return met


def check_core(
    history: History,
    culprits: tuple[str, ...],
    chosen: tuple[Guarantee, ...],
    convergent: bool,
    initial: object,
) -> None:
    """The core fails alone, unless a value in it could come from elsewhere as well."""
    core = tuple(op for op in history if op.id in culprits)
    values = [(op.key, op.argument) for op in core if op.f == "write"]
    if len({*values, *((op.key, initial) for op in core)}) < len(values) + len(
        {op.key for op in core}
    ):
        return
    assert not keeps_guarantees(core, guarantees=chosen, convergent=convergent, initial=initial)


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(2_000, 4_000))
def test_thousands_of_small_histories_are_judged_as_by_the_rules_and_every_order(
    count: int,
) -> None:
    """For every set of guarantees, per observer and convergent; all four convergent are CCv."""
    met = compare(seed=1, count=count)
    for pattern in ("RYW", "MR", "WFR", "MR+MW", "RYW+MR", "holds"):
        assert met[pattern] >= count // 1_000, met


@pytest.mark.nightly
def test_a_hundred_thousand_small_histories_are_judged_as_by_the_rules_and_every_order() -> None:
    """As above, with other seeds, and rarer combinations of labels among them."""
    met = compare(seed=2, count=100_000)
    for pattern in ("MR+WFR", "RYW+WFR", "MR+MW"):
        assert met[pattern] >= 10, met
