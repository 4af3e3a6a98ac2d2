"""Causal delivery and conservation: one pass, and what all pairs or all cuts show, agree."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from counterpoint.checkers.conservation_cuts import Amounts, check_cuts
from counterpoint.checkers.happens_before.clock_checks import check_causal_delivery
from counterpoint.checkers.happens_before.clocks import NONE, EventLog
from counterpoint.model.verdict import Outcome
from tests.checkers.event_logs import pasts, random_log

TRIANGLE = EventLog(
    process=(0, 1, 1, 2, 2),
    sent=(2, NONE, 5, NONE, NONE),
    received=(NONE, 2, NONE, 5, 2),
    process_count=3,
    places=("r1", "r2", "r3"),
)
"""r1 multicasts m2; r2 answers it with m5; r3 gets the answer first."""


def test_an_answer_delivered_before_its_question_is_told_as_a_triangle() -> None:
    verdict = check_causal_delivery(TRIANGLE)
    assert verdict.summary == "r3 delivered m5 before m2, although m2 was sent before m5"
    assert verdict.because == (
        "r1 sent m2, r2 received m2, r2 sent m5",
        "e2 at r2 sent m5, which e3 at r3 received",
        "e3 at r3 delivered m5, and e4 m2",
    )
    assert [(e.before, e.after) for e in verdict.edges] == [
        ("e0", "e1"),
        ("e1", "e2"),
        ("e2", "e3"),
        ("e3", "e4"),
    ]
    assert verdict.culprits == ("e0", "e2", "e3", "e4")


def test_the_question_first_is_fine() -> None:
    log = EventLog((0, 1, 1, 2, 2), (2, -1, 5, -1, -1), (-1, 2, -1, 2, 5), 3)
    assert check_causal_delivery(log).outcome is Outcome.HOLDS


def test_a_lost_question_is_no_violation() -> None:
    log = EventLog((0, 1, 1, 2), (2, -1, 5, -1), (-1, 2, -1, 5), 3)
    assert check_causal_delivery(log).outcome is Outcome.HOLDS


def test_a_message_received_again_is_no_violation() -> None:
    log = EventLog((0, 0, 1, 1, 1), (0, 1, -1, -1, -1), (-1, -1, 0, 1, 0), 2)
    assert check_causal_delivery(log).outcome is Outcome.HOLDS


def test_messages_of_one_sender_must_not_overtake() -> None:
    log = EventLog((0, 0, 1, 1), (0, 1, -1, -1), (-1, -1, 1, 0), 2)
    assert check_causal_delivery(log).is_broken


def test_nothing_delivered_is_undecided() -> None:
    assert check_causal_delivery(EventLog((0,), (1,), (-1,), 1)).outcome is Outcome.UNDECIDED


def first_overtaken(log: EventLog) -> int:
    """The first event that delivers a message after one that was sent causally later, or -1."""
    past = pasts(log)
    receipts: dict[tuple[int, int], int] = {}
    for index, message in enumerate(log.received):
        if message != NONE:
            receipts.setdefault((log.process[index], message), index)
    late = [
        max(first, second)
        for ((here, a), first), ((there, b), second) in combinations(receipts.items(), 2)
        if here == there
        for early_send, late_send in [
            (log.sent.index(a), log.sent.index(b))
            if first > second
            else (log.sent.index(b), log.sent.index(a))
        ]
        if early_send in past[late_send]
    ]
    return min(late, default=-1)


def compare_deliveries(seed: int, count: int) -> int:
    random = Random(seed)
    broken = 0
    for _ in range(count):
        log = random_log(random, random.randrange(4, 12), random.randrange(2, 4), duplicates=0.2)
        verdict = check_causal_delivery(log)
        expected = first_overtaken(log)
        assert verdict.is_broken is (expected >= 0), log
        if verdict.is_broken:
            assert verdict.culprits[-1] == f"e{expected}", log
            broken += 1
    return broken


@pytest.mark.slow
def test_thousands_of_logs_deliver_as_every_pair_of_messages_says() -> None:
    """The verdict, and the first delivery that is too late."""
    assert compare_deliveries(seed=1, count=3_000) >= 120


@pytest.mark.nightly
def test_a_hundred_thousand_logs_deliver_as_every_pair_of_messages_says() -> None:
    """As above, with other seeds."""
    assert compare_deliveries(seed=2, count=100_000) >= 4000


PAYMENT = EventLog((0, 1, 1), (7, -1, -1), (-1, 7, 7), 2, places=("a", "b"))


def test_a_balanced_payment_is_conserved_and_its_second_receipt_ignored() -> None:
    assert check_cuts(Amounts(PAYMENT, (-3, 3, 0), (3, 0, 0))).outcome is Outcome.HOLDS


def test_a_payment_booked_twice_names_both_receipts() -> None:
    verdict = check_cuts(Amounts(PAYMENT, (-3, 3, 3), (3, 0, 0)))
    assert verdict.summary == "e2 at b holds 3 more, but received and sent nothing"
    assert verdict.because[-1] == "m7 was received before, by e1 at b: its worth is spent"
    assert verdict.culprits == ("e1", "e2")


def test_a_payment_to_two_is_seen_on_a_cut_with_either_alone() -> None:
    log = EventLog((0, 1, 2), (7, -1, -1), (-1, 7, 7), 3, places=("a", "b", "c"))
    verdict = check_cuts(Amounts(log, (-3, 3, 0), (3, 0, 0)))
    assert verdict.summary == (
        "m7, worth 3, was received by e1 at b and by e2 at c, and neither knew of the other"
    )


def test_what_is_minted_on_purpose_is_balanced() -> None:
    log = EventLog((0,), (-1,), (-1,), 1)
    assert check_cuts(Amounts(log, (5,), (0,), minted=(5,))).outcome is Outcome.HOLDS
    assert check_cuts(Amounts(log, (5,), (0,))).is_broken


def test_a_spent_amount_shows_as_a_double_entry() -> None:
    log = EventLog((0,), (4,), (-1,), 1, places=("a",))
    verdict = check_cuts(Amounts(log, (-1,), (3,)))
    assert verdict.summary == "e0 at a holds 1 less, but sent 3"
    assert verdict.because == (
        "in: received 0, minted 0",
        "out: sent 3, held -1",
        "out less in: +2",
    )


def test_amounts_that_never_move_prove_nothing() -> None:
    assert check_cuts(Amounts(PAYMENT, (0, 0, 0), (0, 0, 0))).outcome is Outcome.UNDECIDED


def conserved_on_all_cuts(amounts: Amounts) -> bool:
    """Enumerate the consistent cuts, and add up what is held and in flight on each."""
    log, past = amounts.log, pasts(amounts.log)
    events = range(len(log.process))
    minted = amounts.minted or (0,) * len(events)
    for size in range(len(events) + 1):
        for chosen in combinations(events, size):
            cut = set(chosen)
            if any(not past[event] <= cut for event in cut):
                continue
            received = {log.received[event] for event in cut}
            in_flight = sum(amounts.carried[e] for e in cut if log.sent[e] not in received)
            held = sum(amounts.change[event] - minted[event] for event in cut)
            if held + in_flight != 0:
                return False
    return True


def random_amounts(random: Random) -> Amounts:
    """Amounts that are mostly balanced, second receipts mostly ignored."""
    log = random_log(random, random.randrange(1, 8), random.randrange(1, 4), duplicates=0.3)
    carried = tuple(random.choice((0, 1, 2)) if m != NONE else 0 for m in log.sent)
    minted = tuple(random.choice((0, 0, 0, 1, -1)) for _ in log.process)
    change = []
    booked: set[int] = set()
    for index, message in enumerate(log.received):
        worth = 0
        if message != NONE and (message not in booked or random.random() < 0.2):
            worth = carried[log.sent.index(message)]
            booked.add(message)
        error = random.choice((1, -1)) if random.random() < 0.05 else 0
        change.append(worth - carried[index] + minted[index] + error)
    return Amounts(log, tuple(change), carried, minted)


def compare_ledgers(seed: int, count: int) -> int:
    random = Random(seed)
    broken = 0
    for _ in range(count):
        amounts = random_amounts(random)
        verdict = check_cuts(amounts)
        assert verdict.is_broken is not conserved_on_all_cuts(amounts), amounts
        broken += verdict.is_broken
    return broken


@pytest.mark.slow
def test_thousands_of_ledgers_are_conserved_exactly_when_every_cut_says_so() -> None:
    """Balance event by event, and sums over every consistent cut, agree."""
    assert 300 <= compare_ledgers(seed=1, count=3_000) <= 2700


@pytest.mark.nightly
def test_a_hundred_thousand_ledgers_are_conserved_exactly_when_every_cut_says_so() -> None:
    """As above, with other seeds."""
    assert compare_ledgers(seed=2, count=100_000) >= 10_000
