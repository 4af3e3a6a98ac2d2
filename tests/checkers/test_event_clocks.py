"""Vector clocks, and recorded clocks: the passes and a search of every path say the same."""

from __future__ import annotations

from itertools import accumulate
from random import Random

import pytest

from counterpoint.checkers.happens_before.clock_checks import (
    check_lamport_clocks,
    check_recorded_clocks,
)
from counterpoint.checkers.happens_before.clocks import (
    NONE,
    EventLog,
    MalformedLog,
    causal_path,
    happens_before,
    lamport_clocks,
    vector_clocks,
)
from counterpoint.checkers.judging import Extra, Missing
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.event_logs import pasts, random_log

RELAY = EventLog(
    process=(0, 1, 1, 2, 2),
    sent=(0, NONE, 2, NONE, NONE),
    received=(NONE, 0, NONE, NONE, 2),
    process_count=3,
    names=("a1", "b1", "b2", "c1", "c2"),
    places=("alice", "bob", "carol"),
    messages=("found", "", "glad"),
)
"""Alice sends found to Bob, who sends glad to Carol; c1 is concurrent with everything."""


def test_a_relay_orders_its_ends_and_nothing_else() -> None:
    clocks = vector_clocks(RELAY)
    assert clocks == [(1, 0, 0), (1, 1, 0), (1, 2, 0), (0, 0, 1), (1, 2, 2)]
    assert happens_before(RELAY, clocks, 0, 4)
    assert not any(happens_before(RELAY, clocks, 3, other) for other in (0, 1, 2, 3))
    assert causal_path(RELAY, 0, 4) == [0, 1, 2, 4]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        pytest.param(((0,), (NONE, 1), (NONE,)), "not equally long", id="lengths"),
        pytest.param(((5,), (NONE,), (NONE,)), "not one of the 2", id="process"),
        pytest.param(((0, 0), (1, 1), (NONE, NONE)), "sent twice", id="two sends"),
        pytest.param(((0, 1), (NONE, 1), (1, NONE)), "not sent before", id="receipt first"),
        pytest.param(((0,), (1,), (1,)), "not sent before", id="to itself, at once"),
    ],
)
def test_a_log_that_no_run_produces_is_malformed(
    columns: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], why: str
) -> None:
    with pytest.raises(MalformedLog, match=why):
        EventLog(*columns, 2)


def test_a_lamport_clock_that_did_not_rise_on_receipt_is_named() -> None:
    verdict = check_lamport_clocks(RELAY, (5, 1, 2, 1, 6))
    assert verdict.summary == (
        "b1 at bob has clock 1, not above the 5 of a1 at alice, which happens before it"
    )
    assert verdict.because == ("a1 at alice sent found, which b1 at bob received",)
    assert verdict.culprits == ("a1", "b1")
    assert check_lamport_clocks(RELAY, (5, 6, 7, 1, 8)).outcome is Outcome.HOLDS


def test_events_without_a_lamport_clock_hand_on_what_they_know() -> None:
    verdict = check_lamport_clocks(RELAY, (5, None, None, 9, 9))
    assert verdict.culprits == ("c1", "c2")
    verdict = check_lamport_clocks(RELAY, (5, None, None, None, 5))
    assert verdict.culprits == ("a1", "c2")
    assert [edge.rule for edge in verdict.edges] == ["message", "program order", "message"]
    assert check_lamport_clocks(RELAY, (5, None, None, 1, 6)).examined == 3


def test_no_clocks_are_undecided() -> None:
    assert check_lamport_clocks(RELAY, (None,) * 5).outcome is Outcome.UNDECIDED
    assert check_recorded_clocks(EventLog((), (), (), 1), ()).outcome is Outcome.UNDECIDED


def test_a_recorded_clock_that_missed_a_message_says_what_is_missing() -> None:
    rows = [(1, 0, 0), (1, 1, 0), (1, 2, 0), (0, 0, 1), (0, 2, 2)]
    verdict = check_recorded_clocks(RELAY, rows)
    assert verdict.summary == (
        "c2 at carol records (0, 2, 2): a1 of alice is missing from its past"
    )
    assert verdict.evidence == (Missing(("a1",)),)
    assert len(verdict.edges) == 3


def test_a_recorded_clock_that_knows_too_much_says_what_is_extra() -> None:
    rows = [(1, 0, 0), (1, 1, 0), (1, 2, 0), (1, 0, 1), (1, 2, 2)]
    verdict = check_recorded_clocks(RELAY, rows)
    assert verdict.summary == (
        "c1 at carol records (1, 0, 1): a1 of alice does not happen before it"
    )
    assert verdict.evidence == (Extra(("a1",)),)


def test_a_recorded_clock_that_does_not_count_itself_is_named() -> None:
    rows = [(1, 0, 0), (1, 1, 0), (1, 1, 0), (0, 0, 1), (1, 1, 2)]
    verdict = check_recorded_clocks(RELAY, rows)
    assert verdict.summary == "b2 at bob counts itself as 1, not above the 1 of b1 before it"


def test_any_increasing_numbering_is_understood() -> None:
    """Alice counts from 10, Bob by hundreds, and Carol knows of them by numbers in between."""
    rows = [(10, 0, 0), (10, 100, 0), (10, 200, 0), (9, 99, 3), (17, 250, 4)]
    assert check_recorded_clocks(RELAY, rows).outcome is Outcome.HOLDS


def lamport_is_right(log: EventLog, stamps: list[int | None]) -> bool:
    """The rule, for every two events."""
    return all(
        a is None or b is None or a < b
        for after, past in enumerate(pasts(log))
        for before in past
        for a, b in [(stamps[before], stamps[after])]
    )


def first_wrong_row(log: EventLog, rows: list[list[int]]) -> int:
    """The first event whose row does not admit exactly its past, or -1.

    Where a process stops counting upwards, that event is wrong and those after it count nowhere.
    """
    numbered: list[int] = []
    stuck: set[int] = set()
    for index, process in enumerate(log.process):
        before = [rows[i][process] for i in range(index) if log.process[i] == process]
        if any(number >= rows[index][process] for number in before):
            stuck.add(process)
        if process not in stuck:
            numbered.append(index)
    for index, past in enumerate(pasts(log)):
        if index not in numbered:
            return index
        for other in numbered:
            process = log.process[other]
            is_admitted = rows[other][process] <= rows[index][process]
            if process != log.process[index] and is_admitted != (other in past):
                return index
    return -1


def random_numbering(random: Random, log: EventLog) -> list[list[int]]:
    """Right rows, in which each process counts its events with gaps; some entries are spoilt."""
    numbers = [[0, *accumulate(random.randrange(1, 4) for _ in log.process)] for _ in range(9)]
    rows = [
        [numbers[process][known] for process, known in enumerate(clock)]
        for clock in vector_clocks(log)
    ]
    if random.random() < 0.6:
        row = random.choice(rows)
        row[random.randrange(len(row))] += random.choice((-2, -1, 1, 2))
    return rows


def compare_clocks(seed: int, count: int) -> dict[str, int]:
    random = Random(seed)
    met = {"lamport": 0, "missing": 0, "extra": 0, "own": 0, "holds": 0}
    for _ in range(count):
        log = random_log(random, random.randrange(1, 10), random.randrange(1, 4), duplicates=0.1)
        clocks, past = vector_clocks(log), pasts(log)
        for after in range(len(log.process)):
            before = {i for i in range(len(clocks)) if happens_before(log, clocks, i, after)}
            assert before == past[after], (log, after)
        stamps: list[int | None] = [
            random.choice((None, stamp, stamp, stamp - 1)) for stamp in lamport_clocks(log)
        ]
        verdict = check_lamport_clocks(log, stamps)
        assert verdict.is_broken is not lamport_is_right(log, stamps), (log, stamps)
        met["lamport"] += verdict.is_broken
        rows = random_numbering(random, log)
        met[judge_rows(log, rows)] += 1
    return met


def judge_rows(log: EventLog, rows: list[list[int]]) -> str:
    verdict = check_recorded_clocks(log, rows)
    first = first_wrong_row(log, rows)
    assert verdict.is_broken is (first >= 0), (log, rows, verdict)
    if first < 0:
        return "holds"
    assert blamed(verdict) == first, (log, rows, verdict)
    return next((type(one).__name__.lower() for one in verdict.evidence), "own")


def blamed(verdict: Verdict) -> int:
    return int(verdict.culprits[-1].removeprefix("e"))


@pytest.mark.slow
def test_thousands_of_logs_are_judged_as_by_following_every_path() -> None:
    """Clocks, Lamport stamps with gaps, and spoilt rows in foreign numberings."""
    met = compare_clocks(seed=1, count=3_000)
    assert min(met.values()) >= 30, met


@pytest.mark.nightly
def test_a_hundred_thousand_logs_are_judged_as_by_following_every_path() -> None:
    """As above, with other seeds."""
    met = compare_clocks(seed=2, count=100_000)
    assert min(met.values()) >= 1000, met
