"""Causal consistency: named histories, one for each bad pattern, each beside a good twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import OPEN, UNKNOWN, History, MalformedHistory, Operation
from counterpoint.checkers.judging import Pattern, Views
from counterpoint.model.verdict import Edge, Outcome, said
from tests.checkers.causal_histories import sessions

OVERTAKEN = sessions(alice="lost=1 found=1", bob="found?1 glad=1", carol="glad?1 found?None")

BAD_AND_GOOD = [
    pytest.param("cc", "ThinAirRead", sessions(a="x=1", b="x?2"), sessions(a="x=1", b="x?1")),
    pytest.param(
        "cc",
        "CyclicCO",
        sessions(a="x?1 y=1", b="y?1 x=1"),
        sessions(a="x?None y=1", b="y?1 x=1"),
    ),
    pytest.param("cc", "CyclicCO", sessions(a="x?1 x=1"), sessions(a="x=1 x?1")),
    pytest.param(
        "cc", "WriteCOInitRead", OVERTAKEN, sessions(a="lost=1 found=1", b="glad=1", c="glad?1")
    ),
    pytest.param(
        "cc", "WriteCORead", sessions(a="x=1 x=2", b="x?2 x?1"), sessions(a="x=1 x=2", b="x?1 x?2")
    ),
    pytest.param(
        "ccv", "CyclicCF", sessions(a="x=1 x?2", b="x=2 x?1"), sessions(a="x=1 x?2", b="x=2 x?2")
    ),
    pytest.param(
        "cm",
        "WriteHBInitRead",
        sessions(a="z=1 x=1 y=1", b="x=2 z?None y?1 x?2"),
        sessions(a="z=1 x=1 y=1", b="x=2 z?None y?1 x?1"),
    ),
    pytest.param(
        "cm", "CyclicHB", sessions(a="x=1", b="x=2 x?1 x?2"), sessions(a="x=1", b="x=2 x?2 x?1")
    ),
]


@pytest.mark.parametrize(("level", "pattern", "bad", "good"), BAD_AND_GOOD)
def test_each_bad_pattern_is_found_and_named_and_its_twin_is_accepted(
    level: Level, pattern: str, bad: History, good: History
) -> None:
    found = check_causal(bad, level=level)
    assert found.is_broken
    assert found.find(Pattern) == Pattern(pattern)
    assert pattern in found.summary
    assert check_causal(good, level=level).outcome is Outcome.HOLDS


def test_an_effect_seen_before_its_cause_is_told_as_a_story() -> None:
    verdict = check_causal(OVERTAKEN)
    assert verdict.summary == (
        "glad=1 was visible to carol before found=1, although found=1 happened before glad=1: "
        "alice wrote found=1, bob read it, bob wrote glad=1; "
        "yet carol read glad=1 and then found=None (WriteCOInitRead)"
    )
    assert verdict.because == (
        "bob read found=1 (o3), which alice wrote (o2)",
        "bob read found=1 (o3) before bob wrote glad=1 (o4)",
        "carol read glad=1 (o5), which bob wrote (o4)",
        "carol read glad=1 (o5) before carol read found=None (o6)",
        "carol read found=None (o6): the initial value comes before every write, "
        "so before found=1 (o2)",
    )
    assert verdict.culprits == ("o2", "o3", "o4", "o5", "o6")
    assert [(e.before, e.after, e.rule) for e in verdict.edges] == [
        ("o2", "o3", "reads-from"),
        ("o3", "o4", "program order"),
        ("o4", "o5", "reads-from"),
        ("o5", "o6", "program order"),
        ("o6", "o2", "conflict"),
    ]


def test_the_steps_of_a_trace_are_shown() -> None:
    history = tuple(
        replace(op, call_step=10 + place) for place, op in enumerate(sessions(a="x=1 x?None"))
    )
    assert check_causal(history).because[0] == (
        "a wrote x=1 (o1, step 10) before a read x=None (o2, step 11)"
    )


def test_a_replaced_value_names_both_chains_of_events() -> None:
    verdict = check_causal(sessions(a="x=1 y=1", b="y?1 x=2", c="x?2 x?1"))
    assert verdict.summary == (
        "c read x=1 although x=2 had replaced it: a wrote x=1, a wrote y=1, b read it, "
        "b wrote x=2; and b wrote x=2, c read it, c read x=1 (WriteCORead)"
    )


def test_contradicting_demands_on_the_order_of_writes_carry_their_reasons() -> None:
    verdict = check_causal(sessions(a="x=1 x?2", b="x=2 x?1"), level="ccv")
    assert verdict.summary == (
        "no order of the writes suits everybody: x=2 must come before x=1, "
        "but x=1 must come before x=2 (CyclicCF)"
    )
    assert verdict.edges == (
        Edge(
            "o3",
            "o1",
            "conflict",
            said(
                "x=2 (o3) before x=1 (o1), because b read x=1 (o4) although it knew x=2: "
                "b wrote x=2, b read x=1"
            ),
        ),
        Edge(
            "o1",
            "o3",
            "conflict",
            said(
                "x=1 (o1) before x=2 (o3), because a read x=2 (o2) although it knew x=1: "
                "a wrote x=1, a read x=2"
            ),
        ),
    )


@pytest.mark.parametrize("level", ["cc", "ccv", "cm"])
@pytest.mark.parametrize("initial", [None, 0])
def test_the_initial_value_is_not_read_after_an_own_write(
    level: Level, initial: int | None
) -> None:
    """One of two histories that another checker accepts: w(x, 1) r(x, initial) in one session."""
    history = sessions(a=f"x=1 x?{initial}")
    assert check_causal(history, level=level, initial=initial).find(Pattern) == Pattern(
        "WriteCOInitRead"
    )


@pytest.mark.parametrize("level", ["cc", "ccv", "cm"])
@pytest.mark.parametrize("initial", [None, 0])
def test_the_initial_value_is_not_read_after_a_later_one_was(
    level: Level, initial: int | None
) -> None:
    """The other: one session writes x, another reads the write and then the initial value."""
    history = sessions(a="x=1", b=f"x?1 x?{initial}")
    assert check_causal(history, level=level, initial=initial).find(Pattern) == Pattern(
        "WriteCOInitRead"
    )


def test_a_value_that_is_not_initial_and_not_written_comes_from_thin_air() -> None:
    assert check_causal(sessions(a="x?None"), initial=0).find(Pattern) == Pattern("ThinAirRead")
    assert check_causal(sessions(a="x?0"), initial=0).outcome is Outcome.HOLDS


def test_a_failed_write_must_not_be_read() -> None:
    write, read = sessions(a="x=1", b="x?1")
    verdict = check_causal((replace(write, status="fail"), read))
    assert verdict.find(Pattern) == Pattern("AbortedRead")
    assert verdict.culprits == ("o1", "o2")
    assert "a failed write has no effect" in verdict.summary


def test_a_failed_write_hides_nothing() -> None:
    write, read = sessions(a="x=1 x?None")
    assert check_causal((replace(write, status="fail"), read)).outcome is Outcome.HOLDS


def late(op: Operation) -> Operation:
    """The same operation without an answer."""
    return replace(op, status="info", returned=OPEN, result=UNKNOWN)


def test_an_unanswered_write_that_nobody_saw_may_not_have_happened() -> None:
    write, read = sessions(a="x=1 x?None")
    assert check_causal((late(write), read)).outcome is Outcome.HOLDS


def test_an_unanswered_write_may_happen_after_what_its_client_did_next() -> None:
    write, read, seen = sessions(a="x=1 x?None", b="x?1")
    assert check_causal((late(write), read, seen)).outcome is Outcome.HOLDS


def test_an_unanswered_write_that_was_seen_comes_after_what_its_client_did_before() -> None:
    before, write, seen, stale = sessions(a="y=1 x=1", b="x?1 y?None")
    after = Operation("o9", "a", "read", "x", None, None, 100, 101)
    verdict = check_causal((before, late(write), seen, stale, after))
    assert verdict.find(Pattern) == Pattern("WriteCOInitRead")
    assert verdict.culprits == ("o1", "o2", "o3", "o4")


def test_an_unanswered_read_says_nothing() -> None:
    write, read = sessions(a="x=1 x?None")
    assert check_causal((write, late(read))).outcome is Outcome.UNDECIDED


def test_no_reads_prove_nothing() -> None:
    verdict = check_causal(sessions(a="x=1", b="y=1"))
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.summary == "nothing was examined"


def test_reads_with_two_possible_sources_are_tried_both_ways() -> None:
    """b's read of 1 is fine as a read of the second write, and only so."""
    assert check_causal(sessions(a="x=1 x=2 x=1", b="x?2 x?1")).outcome is Outcome.HOLDS
    assert check_causal(sessions(a="x=1 x=1 x=2", b="x?2 x?1")).is_broken


def test_a_write_of_the_initial_value_is_told_from_the_initial_value_where_possible() -> None:
    assert check_causal(sessions(a="x=1 x=0 x?0"), initial=0).outcome is Outcome.HOLDS
    assert check_causal(sessions(a="x=0 x=1 x?0"), initial=0).is_broken


def test_too_many_ways_to_match_are_undecided_and_say_so() -> None:
    history = sessions(a="x=1 x=2 x=1", b="x?2 x?1 y=1", c="y?1 x?2")
    verdict = check_causal(history, matchings_max=1)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "1 reads have more than one possible source, b read x=1 (o5" in verdict.summary
    assert "none of the 1 ways tried" in verdict.summary
    assert check_causal(history).is_broken


def test_a_violation_without_the_ambiguous_reads_needs_no_trying() -> None:
    verdict = check_causal(sessions(a="x=1 x=1 x?1", b="y=1 y?None"), matchings_max=1)
    assert verdict.find(Pattern) == Pattern("WriteCOInitRead")


def test_two_calls_of_one_client_at_once_are_malformed() -> None:
    first, second = sessions(a="x=1 x=2")
    with pytest.raises(MalformedHistory, match="a session makes one call at a time"):
        check_causal((first, replace(second, called=first.called)))


def test_other_operations_are_refused() -> None:
    (write,) = sessions(a="x=1")
    for op in (replace(write, f="cas"), replace(late(write), f="cas")):
        with pytest.raises(ValueError, match="only reads and writes are understood"):
            check_causal((op,))


def test_session_order_is_the_order_of_calls_not_of_the_list() -> None:
    history = sessions(a="x=1 x?1")
    assert check_causal(history[::-1]).outcome is Outcome.HOLDS


def test_the_witness_of_convergence_is_an_order_of_all_writes() -> None:
    verdict = check_causal(sessions(a="x=1 x?2", b="x=2"), level="ccv")
    assert verdict.witness.index("o1") < verdict.witness.index("o3")


def test_the_witness_of_memory_is_a_view_for_each_session() -> None:
    verdict = check_causal(sessions(a="x=1 x?2", b="x=2 x?1"), level="cm")
    assert verdict.find(Views) == Views({"a": ("o1", "o3", "o2"), "b": ("o3", "o1", "o4")})
