# ruff: noqa: ARG001, ARG005 - what is wrong on purpose takes what it is given
"""What can be done wrong with the public names: each mistake is told in one line, with its place.

The same mistakes as in tests/misuse, by functions as roles, ready claims and lists.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import counterpoint as cp
from counterpoint.harness.cli import main

Reply = Callable[[Any, Any], Any]


@cp.value
class Pair:
    one: object
    other: object = None


def client(state: Any, given: cp.Input) -> Any:
    match given:
        case cp.Invoke(operation):
            return cp.Step(state, cp.Send("s", operation))
        case cp.Receive("s", body):
            return cp.Step(state, cp.Return(body))
    return None


def server(reply: Reply) -> Callable[[Any, cp.Input], Any]:
    def handle(state: Any, given: cp.Input) -> Any:
        if isinstance(given, cp.Receive):
            return reply(state, given.body)
        return None

    return handle


def right(state: Any, body: Any) -> Any:
    return cp.Step(state, cp.Send("c", body))


def answered(trace: cp.Trace) -> bool:
    return any(event.kind == "return" for event in trace.events)


def asking(reply: Reply = right, *, state: Any = 0, **changes: Any) -> cp.Scenario:
    given: dict[str, Any] = {
        "calls": {"c": ["ping", "pong"]},
        "properties": [cp.Property("answered", answered)],
        **changes,
    }
    roles = {"c": (client, 0), "s": (server(reply), state)}
    return cp.Scenario("asking", cp.system(roles), **given)


def told(scenario: cp.Scenario) -> str:
    """Return what a test of a scenario fails with, "" if it passes."""
    try:
        cp.verify(scenario, runs=60, examples=0, seed=3)()
    except (cp.PropertyBroken, cp.BadScenario, cp.ExaminedNothing) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_what_is_right_passes() -> None:
    assert told(asking()) == ""


WRONG: Any = "reply"


def as_set(effect: cp.Effect) -> Any:
    """Return what is no sequence of effects."""
    return {effect}


HANDLERS: list[tuple[str, Reply, str]] = [
    (
        "a list in a value",
        lambda s, b: cp.Step(Pair([1])),
        "Pair.one is [1], in which [1] is a list",
    ),
    ("a list", lambda s, b: cp.Step([b]), "in which ['ping'] is a list"),
    ("a dict", lambda s, b: cp.Step({b: 1}), "in which {'ping': 1} can be changed"),
    ("a float", lambda s, b: cp.Step(s, cp.Send("c", 0.5)), "0.5 is a float"),
    ("it raises", lambda s, b: b.missing, "s raised AttributeError: 'str' object has no attribute"),
    ("a tuple", lambda s, b: (s, ()), "write Step(state, effects)"),
    ("no effect", lambda s, b: cp.Step(s, WRONG), "'reply' among the effects; effects are: Send"),
    ("no node", lambda s, b: cp.Step(s, cp.Send("d", b)), "sent ping to 'd', which is no node"),
    ("a return", lambda s, b: cp.Step(s, cp.Return(b)), "returned ping while nothing is pending"),
    ("a set", lambda s, b: cp.Step(s, as_set(cp.Send("c", b))), "a set has no order"),
]


@pytest.mark.parametrize(
    ("reply", "words"), [row[1:] for row in HANDLERS], ids=[r[0] for r in HANDLERS]
)
def test_a_handler_is_told_its_mistake_with_its_line(reply: Reply, words: str) -> None:
    text = told(asking(reply))
    assert text.startswith("PropertyBroken: handlers")
    assert words in text
    assert "test_misuse.py:" in text


DICE = random.Random(1)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lambda s, b: cp.Step(s, cp.Send("c", DICE.random() > 0.5)), id="random"),
        pytest.param(lambda s, b: cp.Step(s, cp.Send("c", time.monotonic_ns())), id="time"),
    ],
)
def test_a_handler_that_answers_in_two_ways_is_no_handler(reply: Reply) -> None:
    text = told(asking(reply))
    assert text.startswith("NotDeterministic: not deterministic: at step")
    assert "test_misuse.py:" in text


def _counting() -> Reply:
    seen = []

    def reply(state: Any, body: Any) -> Any:
        seen.append(body)
        return cp.Step(state, cp.Send("c", len(seen)))

    return reply


def test_a_first_state_that_is_no_value_is_refused() -> None:
    assert "initial('s') returned a state in which [] is a list" in told(asking(state=[]))


def test_what_is_kept_outside_the_state_is_noticed() -> None:
    assert told(asking(_counting())).startswith("NotDeterministic")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"calls": {"c": "ping"}}, "gives c the calls 'ping'; they are a tuple"),
        ({"calls": {"client": ["ping"]}}, "gives calls to 'client', which is no node"),
        ({"properties": cp.Property("p", answered)}, "they are a tuple, such as (Property(…),)"),
        ({"properties": [answered]}, "among its properties; a Property is wanted"),
        ({"limits": cp.faults(crashes=1)}, "limits 'crashes', which is no kind of action"),
        ({"partitions": [["zz"]], "limits": cp.faults(cut=1)}, "zz"),
    ],
)
def test_a_scenario_that_cannot_be_meant_is_refused_when_it_is_made(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(cp.BadScenario) as refused:
        told(asking(**changes))
    assert words in str(refused.value)


def _asserts(trace: cp.Trace) -> None:
    assert not answered(trace), "somebody was answered"


PROPERTIES: list[tuple[str, Any, str]] = [
    ("false", lambda trace: not answered(trace), "PropertyBroken: p: its check returned False"),
    ("asserts", _asserts, "PropertyBroken: p: somebody was answered (test_misuse.py:"),
    ("raises", lambda trace: trace.nothing, "PropertyBroken: p: its check raised AttributeError"),
    ("other", lambda trace: 3, "BadScenario: property 'p' returned 3"),
    ("unjudged", lambda trace: cp.holds("p", examined=0), "ExaminedNothing: "),
    ("name", lambda trace: cp.broken("q", "bad", examined=1), "PropertyBroken: p: bad"),
]


@pytest.mark.parametrize(
    ("check", "words"), [r[1:] for r in PROPERTIES], ids=[r[0] for r in PROPERTIES]
)
def test_a_property_says_what_it_says_or_what_is_wrong_with_it(check: Any, words: str) -> None:
    assert told(asking(properties=[cp.Property("p", check)])).startswith(words)


def test_what_judges_nothing_is_not_green() -> None:
    assert told(asking(properties=[])).startswith("ExaminedNothing: ")
    of_nothing = cp.Property("p", lambda trace: True)
    assert told(asking(calls={}, properties=[of_nothing])).startswith("ExaminedNothing: ")
    with pytest.raises(cp.BadScenario, match="asked for 0 runs, which judge nothing"):
        cp.verify(asking(), runs=0)
    with pytest.raises(cp.BadScenario, match="it is no decorator, and takes a scenario"):
        cp.verify(asking)  # type: ignore[arg-type]


def test_a_fault_that_can_never_happen_is_told_of() -> None:
    test = cp.verify(asking(limits=cp.faults(crash=1)), runs=60, examples=0)
    warnings = test.counterpoint.check().warnings  # type: ignore[attr-defined]
    assert any("no crash was possible in any run" in warning for warning in warnings)


def test_a_claim_about_rest_is_judged_at_rest() -> None:
    right_end = cp.eventually("both are done", lambda states: states["c"] == 0)
    wrong_end = cp.eventually("the server has heard", lambda states: states["s"] == 2)
    assert told(asking(properties=[right_end])) == ""
    assert "the server has heard has not come about" in told(asking(properties=[wrong_end]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "slip",
    [
        pytest.param(lambda states: (state > 9 for state in states.values()), id="no all"),
        pytest.param(lambda states: ["wrong"], id="a list"),
        pytest.param(lambda states: lambda: False, id="a function"),
    ],
)
def test_an_answer_that_is_merely_true_is_a_slip(slip: Callable[..., Any]) -> None:
    for claim in (
        cp.always("slip", slip),
        cp.eventually("slip", slip),
        cp.leads_to("slip", lambda states: True, slip),
        cp.sometimes("slip", slip),
    ):
        always = cp.Property("p", lambda trace: True)
        assert "it is to be True or False" in told(asking(properties=[always, claim]))


def test_a_text_is_what_is_wrong_and_never_a_goal() -> None:
    assert "not yet" in told(asking(properties=[cp.always("a", lambda states: "not yet")]))
    of_text = cp.sometimes("g", lambda states: "not yet")
    always = cp.Property("p", lambda trace: True)
    assert "was answered 'not yet'" in told(asking(properties=[always, of_text]))


@pytest.mark.slow
def test_a_claim_about_rest_that_raises_is_a_finding() -> None:
    raising = cp.Property("p", lambda trace: trace.nothing, reads="end")
    assert told(asking(properties=[raising])).startswith("PropertyBroken: p: its check raised")
    of_states = cp.eventually("e", lambda states: states["nobody"])
    assert told(asking(properties=[of_states])).startswith("PropertyBroken: e: its check raised")


def test_what_is_never_decided_is_not_green() -> None:
    shrugs = cp.Property("p", lambda trace: cp.undecided("p", "who knows"))
    assert "decided in none of" in told(asking(properties=[shrugs]))
    with pytest.raises(cp.BadScenario, match="property 'p' reads 'everything'; there are"):
        cp.Property("p", answered, reads="everything")  # type: ignore[arg-type]
    with pytest.raises(cp.BadScenario, match="in which 's' stands twice"):
        asking(limits=cp.faults(cut=1), partitions=[["s", "s"]])


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lambda s, b: cp.Step(s, [cp.Send("c", b)]), id="a list of effects"),
        pytest.param(lambda s, b: cp.Step(s, None, cp.Send("c", b)), id="none among them"),
        pytest.param(lambda s, b: cp.Step(s, (cp.Send("c", b),)), id="a tuple of effects"),
    ],
)
def test_what_is_clearly_meant_is_accepted(reply: Reply) -> None:
    assert told(asking(reply)) == ""


def spoiling(state: Any, body: Any) -> Any:
    state.append(body)
    return cp.Step(state, cp.Send("c", body))


def test_a_state_that_can_be_changed_is_refused_before_it_is() -> None:
    assert "in which [] is a list" in told(asking(spoiling, state=[]))


def circling(*, grows: bool) -> cp.Scenario:
    """Return a system of two servers that go on asking each other, and never answer the client."""

    def asks(state: Any, given: cp.Input) -> Any:
        match given:
            case cp.Invoke():
                return cp.Step(state, cp.Send("a", 0))
        return None

    def passes(other: str) -> Callable[[Any, cp.Input], Any]:
        def handle(state: Any, given: cp.Input) -> Any:
            match given:
                case cp.Receive(_, int(number)):
                    number = number + 1 if grows else 1 - number
                    return cp.Step(number, cp.Send(other, number))
            return None

        return handle

    nodes = {"c": (asks, 0), "a": (passes("b"), 0), "b": (passes("a"), 0)}
    return cp.Scenario(
        "circle",
        cp.system(nodes),
        {"c": ["go"]},
        [cp.answers()],
        walk_steps=(2, 6),
        min_calls_per_run=0,
    )


@pytest.mark.slow
@pytest.mark.parametrize("grows", [False, True])
def test_a_run_that_never_ends_is_found_and_shrunk(grows: bool) -> None:
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(circling(grows=grows), runs=20, examples=0, seed=1)()
    assert found.value.verdict.property == "liveness"
    if not grows:
        assert len(found.value.trace.choices) < 12
        assert found.value.trace.repeats is not None


def _forgetful(state: Any, given: cp.Input) -> Any:
    match given:
        case cp.Receive("c", body):
            return cp.Step(body, cp.Send("c", body), cp.Persist(body))  # in the wrong order
        case cp.Recover(durable):
            return cp.Step(durable or 0)
    return None


@pytest.mark.slow
def test_a_step_may_break_off_between_two_effects() -> None:
    def kept(trace: cp.Trace) -> bool:
        answers = [event.value for event in trace.events if event.kind == "return"]
        return not answers or trace.final.node_state("s").state == answers[-1]

    scenario = cp.Scenario(
        "torn",
        cp.system({"c": (client, 0), "s": (_forgetful, 0)}),
        {"c": [7]},
        [cp.Property("what was answered is kept", kept, reads="end")],
        limits=cp.faults(tear=1),
        tolerates=lambda failed, roles: set(failed) <= {"s"},
        walk_steps=(2, 6),
    )
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(scenario, runs=300, examples=0, seed=1)()
    assert [choice.kind for choice in found.value.trace.choices].count("tear") == 1
    whole = scenario.replace(limits=cp.faults(crash=1))
    cp.verify(whole, runs=100, examples=0, seed=1)()


@pytest.mark.parametrize("command", ["show", "view", "replay"])
def test_a_broken_invariant_is_shown_viewed_and_replayed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"counting_to_be_{command}"
    (tmp_path / f"{name}.py").write_text(
        "import counterpoint as cp\n"
        "def count(state, given):\n"
        "    match given:\n"
        "        case cp.Invoke(): return cp.Step(state + 1, cp.Return('ok'))\n"
        "FEW: cp.Scenario = cp.Scenario('few', cp.system(a=(count, 0)), {'a': ['up'] * 3},\n"
        "    [cp.always('few', lambda states: states['a'] < 2)])\n"
    )
    found = CliRunner().invoke(main, ["fuzz", f"{name}:FEW", "--runs", "20", "--out", "."])
    assert found.exit_code == 1, found.output
    (trace,) = tmp_path.glob("*.trace.jsonl")
    done = CliRunner().invoke(main, [command, trace.name])
    assert "Traceback" not in done.output
    assert done.exit_code == 0, done.output
