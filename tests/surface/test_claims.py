"""Claims that are ready: each holds of a right system, and says what is wrong with a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import counterpoint as cp

Handler = Callable[[Any, cp.Input], "cp.Step[Any] | None"]


@cp.value
class Put:
    value: int


@cp.value
class Replica:
    """A number that is told to the others; the greatest wins, or the last where `wins` is false."""

    value: int = 0


def replica(others: tuple[str, ...], *, greatest_wins: bool) -> Handler:
    def handle(state: Replica, given: cp.Input) -> cp.Step[Replica] | None:
        match given:
            case cp.Invoke(("put", int(value))):
                sent = [cp.Send(other, Put(value)) for other in others]
                return cp.Step(_after(state, value), sent, cp.Return("ok"))
            case cp.Invoke("get"):
                return cp.Step(state, cp.Return(state.value))
            case cp.Receive(_, Put(value)):
                return cp.Step(_after(state, value))
        return None

    def _after(state: Replica, value: int) -> Replica:
        return Replica(max(state.value, value) if greatest_wins else value)

    return handle


def replicas(*claims: Any, greatest_wins: bool = True, calls: Any = None) -> cp.Scenario:
    names = ("a", "b")
    roles = {
        name: (
            replica(tuple(n for n in names if n != name), greatest_wins=greatest_wins),
            Replica(),
        )
        for name in names
    }
    calls = calls or {"a": [("put", 1), "get"], "b": [("put", 2), "get"]}
    return cp.Scenario("replicas", cp.system(roles), calls=calls, properties=list(claims))


def found(scenario: cp.Scenario, runs: int = 300) -> cp.PropertyBroken | None:
    try:
        cp.verify(scenario, runs=runs, examples=0, seed=1)()
    except cp.PropertyBroken as broken:
        return broken
    return None


def value(state: Replica) -> int:
    return state.value


@pytest.mark.slow
def test_replicas_that_keep_the_greatest_converge_and_others_do_not() -> None:
    claim = cp.converges(value)
    assert found(replicas(claim)) is None
    wrong = found(replicas(claim, greatest_wins=False))
    assert wrong is not None
    assert wrong.verdict.summary in ("a has 2 and b has 1", "a has 1 and b has 2")


def test_who_stays_silent_for_good_needs_not_converge_and_is_told_of() -> None:
    """The network is well; what is missing at rest is what the silent node would have had."""
    lost = []

    def all_have_two(states: Any, silent: tuple[str, ...]) -> str | None:
        lost.append(silent)
        well = {node: state for node, state in states.items() if node not in silent}
        return None if silent or {s.value for s in well.values()} == {2} else "one has less"

    scenario = replicas(cp.converges(value), cp.eventually("all have two", all_have_two))
    tolerant = scenario.replace(
        limits=cp.faults(crash=0), tolerates=lambda failed, _: failed in ((), ("b",))
    )
    assert found(tolerant) is None
    assert {(), ("b",)} <= set(lost)


MAP = {"a": [("put", "x", 1), ("get", "x")], "b": [("put", "x", 2), ("get", "x")]}


@pytest.mark.slow
def test_what_two_clients_see_is_linearizable_sequential_or_neither() -> None:
    """Each answers out of its own memory, so that its reads may be old."""
    words = {"put": "write", "get": "read"}
    calls = {"a": [("put", 1), "get"], "b": ["get", "get"]}
    linear = cp.linearizable(cp.Register(0), words=words)
    sequential = cp.sequentially_consistent(cp.Register(0), words=words)
    assert found(replicas(sequential, calls=calls)) is None
    stale = found(replicas(linear, calls=calls))
    assert stale is not None
    assert stale.verdict.property == "linearizability"
    both = {"a": [("put", 1), "get", "get"], "b": [("put", 2), "get", "get"]}
    torn = found(replicas(sequential, greatest_wins=False, calls=both))
    assert torn is not None
    assert "cannot have had its answer" in torn.verdict.summary


@pytest.mark.slow
def test_sessions_and_causal_order_are_claims_about_keys() -> None:
    def keyed(state: Any, given: cp.Input) -> cp.Step[Any] | None:
        match given:
            case cp.Invoke(("write", _, int(value))):
                return cp.Step(value, cp.Return("ok"))
            case cp.Invoke(("read", _)):
                return cp.Step(state, cp.Return(state))
        return None

    def forgetful(state: Any, given: cp.Input) -> cp.Step[Any] | None:
        if isinstance(given, cp.Invoke) and given.operation == ("read", "x"):
            return cp.Step(state, cp.Return(0))
        return keyed(state, given)

    for handler, is_right in ((keyed, True), (forgetful, False)):
        for claim in (cp.sessions("RYW"), cp.sessions(), cp.causally_consistent()):
            scenario = cp.Scenario(
                "keyed",
                cp.system(a=(handler, 0)),
                calls={"a": [("write", "x", 1), ("read", "x")]},
                properties=[claim],
            )
            assert (found(scenario, runs=5) is None) == is_right, claim.name


def token(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Gives one token of its own to b, and loses one in three."""
    match given:
        case cp.Invoke("give"):
            return cp.Step(state - 1, cp.Send("b", 1), cp.Return("given"))
        case cp.Receive(_, int(count)):
            return cp.Step(state + count)
    return None


def tokens(*claims: Any, drop: int = 0, gives: int = 2) -> cp.Scenario:
    return cp.Scenario(
        "tokens",
        cp.system(a=(token, 3), b=(token, 0)),
        calls={"a": ["give"] * gives},
        properties=list(claims),
        limits=cp.faults(drop=drop),
    )


CASES = [
    pytest.param(tokens(cp.conserved(int)), None, id="conserved"),
    pytest.param(tokens(cp.conserved(int), drop=1), "a 1 + b 1 is not 3, as it was", id="lost"),
    pytest.param(tokens(cp.never_over(int, 3)), None, id="never over"),
    pytest.param(tokens(cp.never_over(int, 2)), "a 3 is more than 2", id="over"),
    pytest.param(tokens(cp.at_most_one(lambda n: n > 1)), None, id="one"),
    pytest.param(tokens(cp.at_most_one(lambda n: n >= 1)), "a and b are one at once", id="two"),
    pytest.param(tokens(cp.always("none owes", lambda s: min(s.values()) >= 0)), None, id="always"),
    pytest.param(
        tokens(cp.always("a has all", lambda s: s["a"] == 3)), "a has all does not hold", id="not"
    ),
    pytest.param(tokens(cp.eventually("b has two", lambda s: s["b"] == 2)), None, id="eventually"),
    pytest.param(
        tokens(cp.eventually("b has two", lambda s: s["b"] == 2), drop=1),
        "b has two has not come about",
        id="never",
    ),
    pytest.param(
        tokens(cp.leads_to("given, had", lambda s: s["a"] < 3, lambda s: s["b"] > 0)),
        None,
        id="leads",
    ),
    pytest.param(
        tokens(
            cp.leads_to("given, had", lambda s: s["a"] < 3, lambda s: s["b"] > 0), drop=1, gives=1
        ),
        "what is the case after 1 steps leads to nothing",
        id="leads to nothing",
    ),
    pytest.param(tokens(cp.answers()), None, id="answers"),
    pytest.param(
        tokens(cp.always("a has all", lambda s: len(s) == 2), cp.answers()), None, id="mixed"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "sentence"), CASES)
def test_a_claim_holds_or_says_what_is_wrong(scenario: cp.Scenario, sentence: str | None) -> None:
    broken = found(scenario)
    assert (None if broken is None else broken.verdict.summary) == sentence


def test_a_goal_that_no_run_meets_is_not_green() -> None:
    met, unmet = (cp.sometimes(f"b has {n}", lambda s, n=n: s["b"] == n) for n in (2, 9))  # type: ignore[misc]
    always = cp.always("none owes", lambda states: min(states.values()) >= 0)
    assert found(tokens(always, met)) is None
    with pytest.raises(
        cp.ExaminedNothing, match="b has 9 was decided in none of 50 runs: no run came to it"
    ):
        cp.verify(tokens(always, unmet), runs=50, examples=0)()


def test_a_specification_that_is_none_is_refused() -> None:
    with pytest.raises(cp.BadScenario, match="is no specification; it has an `initial` state"):
        cp.linearizable("register")  # type: ignore[arg-type]
