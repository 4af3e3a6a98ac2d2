"""What authors require with `require` is explained as our own properties are: steps, calls, nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.report.causal_slice import basis, named_steps
from counterpoint.harness.report.terminal import report
from counterpoint.harness.viewer.data import PageContext, view_data
from counterpoint.model.search.walks.campaign import Budgets, Campaign


def register(state: int, given: cp.Input) -> cp.Step[int] | None:
    match given:
        case cp.Receive(client, ("write", int(value))):
            return cp.Step(value, cp.Send(client, "ok"))
        case cp.Receive(client, "read"):
            return cp.Step(state, cp.Send(client, ("value", state)))
    return None


def client(state: str, given: cp.Input) -> cp.Step[str] | None:
    match given:
        case cp.Invoke(("write", value)):
            return cp.Step(state, cp.Send("register", ("write", value)))
        case cp.Invoke("read"):
            return cp.Step(state, cp.Send("register", "read"))
        case cp.Receive(_, "ok"):
            return cp.Step(state, cp.Return("written"))
        case cp.Receive(_, ("value", value)):
            return cp.Step(state, cp.Return(value))
    return None


def nothing_is_read(trace: cp.Trace) -> None:
    """Claim that nobody ever reads what was written: wrong, and so to be explained."""
    written = None
    for event in trace.events:
        if event.kind == "return" and event.value == "written":
            written = event
        elif event.kind == "return":
            cp.require(
                event.value == 0,
                f"{event.operation} read {event.value}",
                because=[("it was written", written or event), event],
            )


def scenario(*claims: Any) -> cp.Scenario:
    return cp.Scenario(
        "one register",
        cp.system(register=(register, 0), w=(client, ""), r=(client, "")),
        calls={"w": [("write", 5)], "r": ["read"]},
        properties=claims,
    )


RUN = [
    cp.Call("w", ("write", 5)),
    cp.Deliver("w", "register", ("write", 5)),
    cp.Deliver("register", "w", "ok"),
    cp.Call("r", "read"),
    cp.Deliver("r", "register", "read"),
    cp.Deliver("register", "r", ("value", 5)),
]
READS = cp.Property("nothing is read", nothing_is_read, reads="operations")


def judged(claim: Any) -> tuple[cp.Trace, cp.Verdict]:
    trace = cp.run(scenario(claim), RUN)
    (verdict,) = cp.judge(trace)
    return trace, verdict


def test_a_requirement_that_is_not_met_names_its_steps_and_calls() -> None:
    trace, verdict = judged(READS)
    assert verdict.is_broken
    assert verdict.summary == "o2 read 5"
    assert verdict.because == ("it was written (step 2)", "step 5: o2 of r returned 5")
    assert verdict.culprits == ("o1", "o2")
    assert named_steps(verdict) == {2, 5}
    assert named_steps(verdict) <= basis(TraceExplanation(trace), verdict)


def test_the_report_and_the_viewer_link_them() -> None:
    trace, verdict = judged(READS)
    text = report(trace, [verdict])
    assert "✗ nothing is read: o2 read 5" in text
    assert "it was written (step 2)" in text
    assert "o2 = read → 5 of r" in text
    assert "o2 returns 5 ✗" in text
    told: Any = view_data(trace, [verdict], None, None, PageContext())
    assert told["verdict"]["named"] == [2, 5]


def test_steps_may_be_numbers_sentences_and_reasons() -> None:
    because = [0, 4, "so it goes", cp.at_step(3), ("the end", 5)]

    def check(_trace: cp.Trace) -> None:
        cp.require(False, "as it must be", because=because)  # type: ignore[arg-type]

    _, verdict = judged(cp.Property("p", check, reads="trace"))
    assert verdict.because == (
        "step 0: call(w, (write, 5))",
        "step 4: deliver(r, register, read)",
        "so it goes",
        "step 3",
        "the end (step 5)",
    )
    assert [reason.steps for reason in verdict.reasons] == [(0,), (4,), (), (3,), (5,)]
    assert verdict.culprits == ("o1", "o2")


def test_nodes_are_what_it_is_about_where_they_are_named() -> None:
    def check(trace: cp.Trace) -> None:
        value = trace.final.node_state("register").state
        cp.require(value == 0, f"the register has {value}", because=[1], nodes=["register"])

    _, verdict = judged(cp.Property("empty", check, reads="trace"))
    assert verdict.culprits == ("register",)
    assert verdict.because == ("step 1: deliver(w, register, (write, 5))",)


def test_what_is_met_holds_and_says_nothing() -> None:
    def check(trace: cp.Trace) -> None:
        cp.require(len(trace.events) > 0, "never said", because=[99])

    assert judged(cp.Property("p", check, reads="trace"))[1].outcome is cp.Outcome.HOLDS


def test_an_invariant_may_require_as_well() -> None:
    def violation(states: Mapping[str, Any]) -> None:
        cp.require(states["register"] == 0, "it was written to", nodes=["register", "w"])

    _, verdict = judged(cp.Invariant("untouched", violation))
    assert verdict.summary == "it was written to"
    assert set(verdict.culprits) == {"register", "w"}

    def named(states: Mapping[str, Any]) -> bool:
        cp.require(states["register"] == 0, "register was written to")
        return True

    _, verdict = judged(cp.always("untouched", named))
    assert (verdict.summary, verdict.culprits) == ("register was written to", ("register",))


def test_a_search_minimises_it_and_tells_the_steps_of_the_short_run() -> None:
    campaign = Campaign(scenario(READS), seed=1)
    for _ in campaign.search(Budgets(200)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert len(example.trace.choices) == 5
    returned = [e.step for e in example.trace.events if e.kind == "return"]
    assert named_steps(example.verdict) <= set(returned)


def test_a_generator_and_a_reason_that_is_none_are_refused() -> None:
    with pytest.raises(cp.BadScenario, match=r"the condition is .* which is always true"):
        cp.require((x > 0 for x in (1, 2)), "no")
    claim = cp.Property("p", lambda _: cp.require(False, "no", because=[1.5]), reads="trace")  # type: ignore[list-item]
    with pytest.raises(cp.BadScenario, match=r"because has 1\.5; a step is a number, an event"):
        judged(claim)
