"""The ledger: payments and snapshots in one order, against a twin that tries every order."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.checkers.history import (
    OPEN,
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    Status,
)
from counterpoint.checkers.ledger.chains import NOT_OWNER, OK, Move
from counterpoint.checkers.ledger.check import TokenLedger, check_ledger
from counterpoint.checkers.objects.specifications import ILLEGAL
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.random_ledgers import Shape, random_history, small_ledger

LEDGER = TokenLedger({0: 1, 1: 2}, (1, 2, 3))
"""Token 0 belongs to owner 1, token 1 to owner 2; 3 has none."""


def pay(
    name: str, move: tuple[int, int, int], called: float, returned: float, answer: object = OK
) -> Operation:
    """Return a payment (payer, token, payee)."""
    status: Status = "info" if returned == OPEN else "ok"
    return Operation(
        name, f"c{move[0]}", "pay", None, Move(*move), answer, called, returned, status
    )


def look(
    name: str, client: str, owner: int, result: object, when: tuple[float, float]
) -> Operation:
    return Operation(name, client, "get_tokens", None, owner, result, *when)


def judged(*history: Operation) -> Verdict:
    return check_ledger(history, LEDGER)


# ---- twins ---------------------------------------------------------------------------------------


GAVE = pay("o1", (1, 0, 3), 0, 1)
UNDER_WAY = pay("o1", (1, 0, 3), 0, 9)
OTHER_UNDER_WAY = pay("o2", (2, 1, 3), 0, 9)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        pytest.param(
            [GAVE, look("o2", "c4", 3, ((0, 2),), (2, 3))],
            [GAVE, look("o2", "c4", 3, (), (2, 3))],
            id="a snapshot after a payment shows it",
        ),
        pytest.param(
            [GAVE, look("o2", "c4", 1, (), (2, 3))],
            [GAVE, look("o2", "c4", 1, ((0, 1),), (2, 3))],
            id="and not with the payer any more",
        ),
        pytest.param(
            [GAVE, pay("o2", (3, 0, 2), 2, 3)],
            [GAVE, pay("o2", (3, 0, 2), 2, 3, NOT_OWNER)],
            id="the payee can pay it on",
        ),
        pytest.param(
            [GAVE, pay("o2", (1, 0, 2), 2, 3, NOT_OWNER)],
            [GAVE, pay("o2", (1, 0, 2), 2, 3)],
            id="the payer cannot pay it twice",
        ),
        pytest.param(
            [
                UNDER_WAY,
                look("o3", "c4", 3, ((0, 2),), (1, 2)),
                look("o4", "c5", 3, ((0, 2),), (3, 4)),
            ],
            [UNDER_WAY, look("o3", "c4", 3, ((0, 2),), (1, 2)), look("o4", "c5", 3, (), (3, 4))],
            id="what was seen stays seen",
        ),
        pytest.param(
            [
                UNDER_WAY,
                OTHER_UNDER_WAY,
                look("o3", "c4", 3, ((0, 2),), (1, 5)),
                look("o4", "c5", 3, ((0, 2), (1, 2)), (1, 5)),
            ],
            [
                UNDER_WAY,
                OTHER_UNDER_WAY,
                look("o3", "c4", 3, ((0, 2),), (1, 5)),
                look("o4", "c5", 3, ((1, 2),), (1, 5)),
            ],
            id="two snapshots can be compared",
        ),
        pytest.param(
            [pay("o1", (1, 5, 2), 0, 1, "no such token")],
            [pay("o1", (1, 5, 2), 0, 1)],
            id="a token that does not exist",
        ),
        pytest.param(
            [pay("o1", (1, 0, 9), 0, 1, "unknown payee")],
            [pay("o1", (1, 0, 9), 0, 1, NOT_OWNER)],
            id="a payee who does not exist",
        ),
        pytest.param(
            [pay("o1", (1, 0, 3), 0, OPEN, UNKNOWN), look("o2", "c4", 3, ((0, 2),), (2, 3))],
            [pay("o1", (1, 0, 3), 4, OPEN, UNKNOWN), look("o2", "c4", 3, ((0, 2),), (2, 3))],
            id="a payment without an answer may have happened, but not before it was asked for",
        ),
        pytest.param(
            [look("o1", "c4", 2, ((1, 1),), (0, 1))],
            [look("o1", "c4", 2, ((1, 2),), (0, 1))],
            id="a version that nobody made",
        ),
    ],
)
def test_good_and_bad_twins(good: list[Operation], bad: list[Operation]) -> None:
    verdict = judged(*good)
    assert verdict.outcome is Outcome.HOLDS
    assert is_explained(LEDGER, tuple(good), verdict.witness)
    verdict = judged(*bad)
    assert verdict.is_broken
    assert verdict.summary
    assert set(verdict.culprits) <= {op.id for op in bad}


def test_two_incomparable_snapshots_are_named() -> None:
    verdict = judged(
        UNDER_WAY,
        OTHER_UNDER_WAY,
        look("o3", "c4", 3, ((0, 2),), (1, 5)),
        look("o4", "c5", 3, ((1, 2),), (1, 5)),
    )
    assert "o3 and o4 are two incomparable snapshots" in verdict.summary
    assert len(verdict.edges) == 4, "each snapshot has one payment before it and one after it"


def test_one_owner_is_one_client() -> None:
    other = Operation("o2", "c7", "pay", None, Move(1, 0, 2), OK, 2, 3)
    with pytest.raises(MalformedHistory, match="o2: c7 pays for owner 1, as c1 did before"):
        judged(GAVE, other)


def test_an_empty_history_is_undecided() -> None:
    assert judged().outcome is Outcome.UNDECIDED


# ---- the stupid twin -----------------------------------------------------------------------------


def precedes(one: Operation, other: Operation) -> bool:
    return one.returned < other.called


def is_answered(op: Operation) -> bool:
    return op.status == "ok" and op.result is not UNKNOWN


def has_order(ledger: TokenLedger, history: History) -> bool:
    """Tell whether some order explains a history, by trying every one."""

    def search(state: object, left: frozenset[int]) -> bool:
        if not any(is_answered(history[k]) for k in left):
            return True
        for k in left:
            if any(precedes(history[j], history[k]) for j in left if is_answered(history[j])):
                continue
            op = history[k]
            after = ledger.step(state, op.f, op.argument, op.result)
            if after is not ILLEGAL and search(after, left - {k}):
                return True
        return False

    return search(ledger.initial, frozenset(range(len(history))))


def is_explained(ledger: TokenLedger, history: History, witness: tuple[str, ...]) -> bool:
    """Tell whether this order of operations explains the history."""
    by_id = {op.id: op for op in history}
    order = [by_id[name] for name in witness]
    if not {op.id for op in history if is_answered(op)} <= set(witness):
        return False
    if any(precedes(later, op) for k, op in enumerate(order) for later in order[k + 1 :]):
        return False
    state: object = ledger.initial
    for op in order:
        state = ledger.step(state, op.f, op.argument, op.result)
        if state is ILLEGAL:
            return False
    return True


def agree(seed: int, runs: int, shape: Shape) -> dict[bool, int]:
    """Compare both on so many random histories; return how many had an order, and how many not."""
    random, ledger, counts = Random(seed), small_ledger(shape), {True: 0, False: 0}
    for number in range(runs):
        history = random_history(random, ledger, shape)
        verdict = check_ledger(history, ledger)
        if not any(map(is_answered, history)):
            assert not verdict.is_broken
            continue
        expected = has_order(ledger, history)
        counts[expected] += 1
        assert verdict.is_broken != expected, (number, history)
        if expected:
            assert is_explained(ledger, history, verdict.witness), (number, history)
        else:
            core = tuple(op for op in history if op.id in verdict.culprits)
            assert core, (number, history)
    return counts


SHAPES = [
    Shape(),
    Shape(clients=2, tokens=1, operations=8),
    Shape(clients=4, tokens=3, operations=6, crash_rate=0.3),
]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=["usual", "one token", "many crashes"])
def test_the_check_agrees_with_trying_every_order(shape: Shape) -> None:
    """For all small histories: an order is found exactly where there is one, and it is one."""
    counts = agree(3, 700, shape)
    assert min(counts.values()) > 70, counts


@pytest.mark.nightly
@pytest.mark.parametrize("shape", SHAPES, ids=["usual", "one token", "many crashes"])
def test_the_check_agrees_with_trying_every_order_often(shape: Shape) -> None:
    counts = agree(4, 40_000, shape)
    assert min(counts.values()) > 4_000, counts
