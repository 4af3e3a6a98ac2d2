"""Convergence: the same applied writes, the same state."""

from __future__ import annotations

from counterpoint.checkers.convergence import ReplicaState, check_convergence
from counterpoint.model.verdict import Outcome


def seen(replica: str, applied: str, state: object, step: int = -1) -> ReplicaState:
    """An observation of writes named by letters."""
    assert state.__hash__ is not None
    return ReplicaState(replica, frozenset(applied), state, step)


def test_equal_states_converge_in_whatever_order_writes_came() -> None:
    verdict = check_convergence([seen("s1", "ab", 1), seen("s2", "ba", 1), seen("s3", "a", 5)])
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.examined == 1


def test_different_states_after_the_same_writes_are_told_key_by_key() -> None:
    one = (("x", 1), ("y", 2), ("z", 3))
    two = (("x", 1), ("y", 7), ("w", 4))
    verdict = check_convergence([seen("s1", "ab", one, 7), seen("s2", "ab", two, 9)])
    assert verdict.summary == (
        "s1 (step 7) and s2 (step 9) applied the same 2 writes, but y is 2 at s1 and 7 at s2"
    )
    assert verdict.because == (
        "both applied a, b",
        "y is 2 at s1 and 7 at s2",
        "z is 3 at s1 and missing at s2",
        "w is missing at s1 and 4 at s2",
    )
    assert verdict.culprits == ("s1", "s2")


def test_a_state_without_keys_is_told_whole() -> None:
    verdict = check_convergence([seen("s1", "a", "left"), seen("s2", "a", "right")])
    assert verdict.summary == (
        "s1 and s2 applied the same 1 write, but the state is 'left' at s1 and 'right' at s2"
    )


def test_one_replica_may_not_change_its_state_without_a_write() -> None:
    verdict = check_convergence([seen("s1", "a", (("x", 1),), 3), seen("s1", "a", (("x", 2),), 4)])
    assert verdict.summary.endswith("but x is 1 at s1 before and 2 at s1 after")


def test_observations_that_cannot_be_compared_are_undecided() -> None:
    verdict = check_convergence([seen("s1", "a", 1), seen("s2", "ab", 1)])
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.summary == "no two observations have the same applied writes"


def test_many_writes_are_listed_shortly() -> None:
    verdict = check_convergence([seen("s1", "abcdefghij", 1), seen("s2", "abcdefghij", 2)])
    assert verdict.because[0] == "both applied a, b, c, d, e, f, g, h and 2 more"
