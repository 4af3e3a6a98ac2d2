"""Calls that never return: which of them were owed an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from counterpoint.checkers.liveness import check_liveness
from counterpoint.model.actions import Call, Deliver, Fire, Settle
from counterpoint.model.faults import Crash, Drop, Mend, Omit, Restart
from counterpoint.model.node import (
    Input,
    Invoke,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.scenario import Scenario, budgets, minority_of
from counterpoint.model.search.replay import run
from counterpoint.model.values import Value
from counterpoint.model.verdict import Outcome, Verdict
from counterpoint.model.world import Action, World


@dataclass(frozen=True)
class Echo:
    """A client asks two helpers once, and returns with the first answer."""

    nodes: tuple[str, ...] = ("c", "a", "b")

    def initial(self, node: str) -> str:
        return f"{node} is idle"

    def handle(self, node: str, state: str, given: Input) -> Step[str]:
        match given:
            case Invoke():
                return Step("asking", (Send("a", "ask"), Send("b", "ask")))
            case Receive(source, "ask"):
                return Step(state, (Send(source, "answer"),))
            case Receive(_, "answer") if state == "asking":
                return Step("idle", (Return("done"),))
            case Receive() | Start() | Recover():
                return Step(state)
            case _:
                raise AssertionError(f"{node} was given {given!r}")


def tolerates(failed: tuple[str, ...], roles: Mapping[str, str]) -> bool:
    """One helper of two may fail."""
    del roles
    return set(failed) <= {"a", "b"} and len(failed) < 2


def scenario() -> Scenario:
    """One call, with every fault that these tests need."""
    return Scenario(
        "echo",
        Echo(),
        {"c": ("hello",)},
        (),
        limits=budgets(omit=4, crash=4, drop=2),
        tolerates=tolerates,
    )


CALL = Call("c", "hello")
TO_A, TO_B = Deliver("c", "a", "ask"), Deliver("c", "b", "ask")
FROM_A, FROM_B = Deliver("a", "c", "answer"), Deliver("b", "c", "answer")
A_LOSES, B_LOSES = Omit("c", "a", "ask", "a"), Omit("c", "b", "ask", "b")


def judged(choices: Iterable[Action], *, sends_again: bool = True) -> Verdict:
    """The verdict on a run of these choices."""
    return check_liveness(run(scenario(), choices), sends_again=sends_again)


def test_an_answered_call() -> None:
    verdict = judged((CALL, TO_A, FROM_A, TO_B, FROM_B, Settle()))
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 1)


def test_a_run_that_has_not_settled_is_undecided() -> None:
    verdict = judged((CALL, TO_A, FROM_A, TO_B, FROM_B))
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.summary == "the faults did not stop before the end of the run"


def test_a_run_that_is_not_at_rest_is_undecided() -> None:
    verdict = judged((CALL, TO_A, Settle()))
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.summary.startswith("not at rest: deliver(a, c, answer) was still")


def test_a_call_that_has_not_begun_keeps_a_run_from_rest() -> None:
    assert judged((Settle(),)).outcome is Outcome.UNDECIDED


def test_one_silent_helper_is_no_excuse() -> None:
    unanswered = (CALL, A_LOSES, Settle(("a",)), TO_B, FROM_B)
    assert judged(unanswered).outcome is Outcome.HOLDS


def test_both_helpers_lost_the_question_one_after_the_other() -> None:
    choices = (CALL, A_LOSES, Mend("a"), B_LOSES, Settle())
    verdict = judged(choices)
    assert verdict.is_broken
    assert verdict.summary == "c's hello never returned"
    assert verdict.culprits == ("o1",)
    assert verdict.because == (
        "o1 was called (step 0); failed since the call: a, b",
        "the faults stopped (step 4); since step 4 nothing can happen any more",
    )


def test_who_does_not_send_again_is_excused_where_too_many_failed_since_the_call() -> None:
    choices = (CALL, A_LOSES, Mend("a"), B_LOSES, Settle())
    verdict = judged(choices, sends_again=False)
    assert (verdict.outcome, verdict.examined) == (Outcome.UNDECIDED, 0)


def test_a_failure_that_was_over_before_the_call_excuses_nothing() -> None:
    choices = (Crash("a"), Restart("a"), CALL, B_LOSES, Settle(), TO_A)
    world = run(scenario(), choices).final
    assert [flight.content for flight in world.flights] == [("a", "c", "answer")]
    lost = (*choices[:3], Drop("c", "a", "ask"), B_LOSES, Settle())
    assert judged(lost).is_broken
    assert not judged(lost, sends_again=False).is_broken, "the network lost a message"


def test_what_still_fails_at_the_call_counts_as_failed_since() -> None:
    choices = (Crash("a"), CALL, Drop("c", "a", "ask"), Restart("a"), B_LOSES, Settle())
    assert judged(choices).is_broken
    assert not judged(choices, sends_again=False).is_broken


def needs_b(client: str, operation: Value) -> tuple[str, ...]:
    """An answer needs the helper b, too."""
    del operation
    return (client, "b")


def test_a_call_whose_nodes_failed_is_owed_nothing() -> None:
    choices = (CALL, A_LOSES, Mend("a"), B_LOSES, Settle())
    assert check_liveness(run(scenario(), choices)).is_broken
    assert not check_liveness(run(scenario().replace(depends_on=needs_b), choices)).is_broken


def test_a_call_cut_by_a_crash_of_its_client_is_owed_nothing() -> None:
    crashing = scenario().replace(tolerates=minority_of("c", "a", "b"))
    choices = (CALL, Crash("c"), Restart("c"), TO_A, TO_B, FROM_A, FROM_B, Settle())
    assert check_liveness(run(crashing, choices)).outcome is Outcome.UNDECIDED


@dataclass(frozen=True)
class Mute:
    """A client that sets its timer again and again, and does nothing else."""

    nodes: tuple[str, ...] = ("c", "a", "b")

    def initial(self, node: str) -> str:
        return node

    def handle(self, node: str, state: str, given: Input) -> Step[str]:
        del node
        return Step(state, (SetTimer("again"),) if isinstance(given, Invoke | Timeout) else ())


def reason(world: World, client: str, operation: Value) -> str:
    """Say who waits."""
    return f"{client} of {len(world.node_states)} nodes waits since its {operation!r}"


def test_a_run_that_goes_round_in_a_circle_is_judged() -> None:
    trace = run(scenario().replace(system=Mute()), (CALL, Settle(), Fire("c", "again")))
    assert trace.repeats == 2
    verdict = check_liveness(trace, waits_for=reason)
    assert verdict.is_broken
    assert verdict.summary == "c's hello never returned: c of 3 nodes waits since its 'hello'"
    assert verdict.because[1] == (
        "the faults stopped (step 1); after step 2 all is again as it was before step 2"
    )


def test_a_timer_that_has_not_gone_off_keeps_a_run_from_rest() -> None:
    trace = run(scenario().replace(system=Mute()), (CALL, Settle()))
    assert check_liveness(trace).outcome is Outcome.UNDECIDED
