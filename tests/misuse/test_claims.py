# ruff: noqa: ARG001, ARG005 - what is wrong on purpose takes what it is given
"""What properties and invariants return or raise becomes a verdict, or is refused, in every search."""

from __future__ import annotations

from typing import Any

import pytest

from counterpoint.checkers.history import Operation
from counterpoint.checkers.linearizability import check as linearizability
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Invariant, Property, Scenario, budgets
from counterpoint.model.search.properties import Raised, answer_of, verdict_of
from counterpoint.model.search.replay import run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Outcome, broken, holds
from tests.misuse.searches import FAST, SEARCHES, in_searches
from tests.misuse.systems import Echo, asking

# ---- properties ----------------------------------------------------------------------------------


def returned(trace: Trace) -> list[object]:
    return [event.value for event in trace.events if event.kind == "return"]


def raising(trace: Trace) -> Any:
    if returned(trace):
        raise ValueError("a mistake of mine")
    return True


def asserting(trace: Trace) -> None:
    assert not returned(trace), "nobody is answered"


def asserting_in_silence(trace: Trace) -> None:
    assert not returned(trace)


def judging(name: str) -> Any:
    def check(trace: Trace) -> Any:
        if returned(trace):
            return broken(name, "c was answered", examined=1)
        return holds(name, examined=1)

    return check


BREAKING = [
    pytest.param(lambda trace: not returned(trace), "its check returned False (", id="bool"),
    pytest.param(asserting, "nobody is answered (test_claims.py:", id="assert"),
    pytest.param(asserting_in_silence, "assert", id="assert without text"),
    pytest.param(
        raising, "its check raised ValueError: a mistake of mine (test_claims", id="raises"
    ),
    pytest.param(judging("p"), "c was answered", id="verdict"),
    pytest.param(judging("q"), "c was answered", id="a verdict of another name"),
]


@pytest.mark.parametrize(("check", "words", "search"), in_searches(BREAKING))
def test_what_a_check_does_is_a_verdict_with_a_short_run(
    check: Any, words: str, search: str
) -> None:
    found = SEARCHES[search](asking(Echo(), properties=(Property("p", check),)))
    assert found is not None
    trace, verdict = found
    assert verdict.property == "p"
    assert words in verdict.summary
    assert search == "dpor" or len(trace.choices) == 3


WELL = [
    pytest.param(lambda trace: True, id="true"),
    pytest.param(lambda trace: None, id="nothing"),
    pytest.param(lambda trace: holds("another name", examined=1), id="a verdict of another name"),
]


@pytest.mark.parametrize(("check", "search"), in_searches(WELL))
def test_a_check_that_is_content_holds(check: Any, search: str) -> None:
    assert SEARCHES[search](asking(Echo(), properties=(Property("p", check),))) is None


JUDGING_NOTHING = (1, "all is well", ())


@pytest.mark.parametrize(("value", "search"), in_searches([*map(pytest.param, JUDGING_NOTHING)]))
def test_what_is_no_judgement_is_refused(value: object, search: str) -> None:
    scenario = asking(Echo(), properties=(Property("p", lambda trace: value),))  # type: ignore[arg-type,return-value]
    with pytest.raises(
        BadScenario, match=r"property 'p' returned .* \(test_claims.py:\d+, in <lambda"
    ):
        SEARCHES[search](scenario)


def test_what_a_check_read_is_what_was_examined() -> None:
    trace = run(asking(Echo()), ())
    verdict = answer_of(Property("p", lambda trace: True), trace)
    assert verdict.examined == len(trace.events)
    nothing = Trace(trace.scenario, (), (), ())
    assert answer_of(Property("p", lambda trace: True), nothing).outcome is Outcome.UNDECIDED


def test_a_failed_assertion_of_ours_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(trace: Trace) -> Any:
        return holds("p", examined=len(trace.events_of_step("no number")))  # type: ignore[arg-type]

    ours: dict[str, Any] = {"__name__": "counterpoint.checkers.mine"}
    exec(compile("def fails(trace, step):\n    assert step == 1", "mine.py", "exec"), ours)
    monkeypatch.setattr(Trace, "events_of_step", ours["fails"])
    with pytest.raises(AssertionError):
        answer_of(Property("p", check), run(asking(Echo()), ()))


def test_a_checker_of_ours_that_is_used_wrongly_is_a_finding_with_the_authors_line() -> None:
    def check(trace: Trace) -> Any:
        return linearizability.check_linearizability((Operation("o1", "c", "f", "k"),), None)  # type: ignore[arg-type,call-arg]

    verdict = answer_of(Property("p", check), run(asking(Echo()), ()))
    assert verdict.is_broken
    assert "(test_claims.py:" in verdict.summary
    assert verdict.find(Raised) == Raised("TypeError")


@pytest.mark.parametrize("search", ["walks", "machine", "plain", "dpor"])
def test_a_check_that_reads_more_than_it_says_is_told_what_to_say(search: str) -> None:
    def last_world(trace: Trace) -> bool:
        return trace.final.node_state("s").state != 100

    scenario = asking(Echo(), properties=(Property("p", last_world),))
    if search == "dpor":  # it has whole runs, and judges those
        assert SEARCHES[search](scenario) is None
        return
    with pytest.raises(BadScenario, match=r"reads more than 'operations' gives it.*IndexError"):
        SEARCHES[search](scenario)


# ---- the end of a run ----------------------------------------------------------------------------


def with_end(check: Any) -> Scenario:
    return asking(Echo(), properties=(Property("at rest", check, reads="end"),))


@pytest.mark.slow
@pytest.mark.parametrize("search", ["walks", "verify", "machine"])
def test_the_end_is_judged_in_every_run_and_not_only_where_a_call_is_open(search: str) -> None:
    found = SEARCHES[search](with_end(lambda trace: trace.final.node_state("s").state != 2))
    assert found is not None
    trace, verdict = found
    assert verdict.property == "at rest"
    assert trace.final.conditions.settled is not None
    assert trace.final.flights == ()


@pytest.mark.parametrize("search", ["walks"])
def test_an_end_that_raises_is_a_finding(search: str) -> None:
    found = SEARCHES[search](with_end(lambda trace: trace.final.node_state("server")))
    assert found is not None
    assert "its check raised KeyError: 'server' (test_claims.py:" in found[1].summary


def test_an_end_sees_what_a_history_sees_and_the_last_world() -> None:
    told: list[tuple[Any, ...]] = []

    def look(trace: Trace) -> bool:
        told.append((tuple(e.operation for e in trace.events), trace.final.node_state("s").state))
        return True

    assert SEARCHES["walks"](with_end(look)) is None
    assert told
    assert all(names == ("o1", "o1", "o2", "o2") and count == 2 for names, count in told)


def test_the_end_of_a_run_that_is_not_settled_is_undecided() -> None:
    scenario = with_end(lambda trace: False)
    verdict = verdict_of(scenario.properties[0], run(scenario, ()))
    assert verdict.outcome is Outcome.UNDECIDED
    assert "the faults did not stop" in verdict.summary


# ---- invariants ----------------------------------------------------------------------------------


def counted(states: Any) -> Any:
    return states["s"] >= 1 and f"s has counted {states['s']}"


def misspelt(states: Any) -> Any:
    return "too many" if states["s"] and states["client"] else None


BROKEN = [
    pytest.param(counted, "s has counted 1", id="false where all is well"),
    pytest.param(misspelt, "its function raised KeyError: 'client' (test_claims.py:", id="raises"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("violation", "words", "search"), in_searches(BROKEN))
def test_an_invariant_breaks_alike_in_every_search(violation: Any, words: str, search: str) -> None:
    found = SEARCHES[search](asking(Echo(), invariants=(Invariant("few", violation),)))
    assert found is not None
    trace, verdict = found
    assert (verdict.property, len(trace.choices)) == ("few", 2)
    assert words in verdict.summary


@pytest.mark.parametrize("search", FAST)
def test_an_invariant_that_says_false_holds(search: str) -> None:
    invariant = Invariant("few", lambda states: states["s"] > 5 and "too many")
    assert SEARCHES[search](asking(Echo(), invariants=(invariant,))) is None


SAYING_NOTHING = (True, 0, "", (), 1.5)


@pytest.mark.parametrize(("value", "search"), in_searches([*map(pytest.param, SAYING_NOTHING)]))
def test_an_invariant_that_says_anything_else_is_refused_by_name(
    value: object, search: str
) -> None:
    invariant = Invariant("few", lambda states: value)  # type: ignore[arg-type,return-value]
    with pytest.raises(BadScenario, match=r"invariant 'few' returned .* \(test_claims.py:\d+"):
        SEARCHES[search](asking(Echo(), invariants=(invariant,)))


@pytest.mark.slow
@pytest.mark.parametrize("search", ["walks", "plain", "numpy", "dpor"])
def test_who_is_down_can_be_told(search: str) -> None:
    def both_down_and_new(states: Any, down: tuple[str, ...]) -> str | None:
        assert all(states[node] == 0 for node in down), "a node that is down is as it was initially"
        return "s is down, c waits" if down == ("s",) and states["c"] == 0 else None

    scenario = asking(
        Echo(),
        invariants=(Invariant("up", both_down_and_new),),
        limits=budgets(crash=1),
        tolerates=lambda failed, roles: set(failed) <= {"s"},
    )
    found = SEARCHES[search](scenario)
    assert found is not None
    assert found[1].summary == "s is down, c waits"
    assert search == "dpor" or [choice.kind for choice in found[0].choices] == ["crash"]
