"""A claim of symmetry that a search finds to be wrong is told by nodes and step, not by a traceback."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from click.testing import CliRunner

import counterpoint as cp
from counterpoint.harness.cli import main
from counterpoint.harness.exploration.rounds import EngineName, ExploreOptions, explorer
from counterpoint.model.search.exploration.spot_check import spot_check
from counterpoint.model.search.exploration.symmetry import NotInterchangeable
from tests.oracles import two_phase_commit
from tests.oracles.table import has_numpy
from tests.search.exploring import finished

CLIENTS = ("p1", "p2", "p3")
needs_numpy = pytest.mark.skipif(not has_numpy(), reason="the numpy engine is optional")
ENGINES: list[Any] = ["plain", pytest.param("numpy", marks=needs_numpy)]


@cp.value
class Heard:
    """What the server has heard: who asked first, and how many asked."""

    first: str = ""
    asked: int = 0


def server(favours: str, how: Literal["a win", "silence", "a failure"]) -> Any:
    """Let the first win who asks; one more is served otherwise, where it is not the first."""

    def handle(heard: Heard, given: cp.Input) -> cp.Step[Any] | None:
        match given:
            case cp.Receive(source, "ask"):
                is_other = source == favours and heard.first != ""
                if is_other and how == "a failure":
                    raise RuntimeError("this one is not served")
                now = Heard(heard.first or source, heard.asked + 1)
                if is_other and how == "silence":
                    return cp.Step(now)
                won = not heard.first or is_other
                return cp.Step(now, cp.Send(source, "won" if won else "lost"))
        return None

    return handle


def client(_: str, given: cp.Input) -> cp.Step[Any] | None:
    match given:
        case cp.Invoke(_):
            return cp.Step("waits", cp.Send("server", "ask"))
        case cp.Receive(_, str(word)):
            return cp.Step(word, cp.Return(word))
    return None


def election(favours: str, how: Literal["a win", "silence", "a failure"] = "a win") -> cp.Scenario:
    clients: dict[str, Any] = dict.fromkeys(CLIENTS, (client, "idle"))
    return cp.Scenario(
        "election",
        cp.system(server=(server(favours, how), Heard()), **clients),
        calls={name: ["go"] for name in CLIENTS},
        invariants=[
            cp.at_most_one(lambda state: state == "won"),
            cp.Invariant("somebody waits", all_answered),
        ],
        symmetric=(CLIENTS,),
    )


def all_answered(states: dict[str, Any]) -> str | None:
    """Break where a run is over, so that a search looks for one that leads there."""
    is_over = all(states[name] in ("won", "lost") for name in CLIENTS)
    return "nobody waits" if is_over else None


def judged(scenario: cp.Scenario, engine: EngineName) -> str:
    """Return how an exploration by symmetry ends: an outcome, or what it says of the claim."""
    try:
        found = finished(explorer(scenario, ExploreOptions(symmetry=True, engine=engine)))
    except NotInterchangeable as error:
        return str(error)
    return "broken" if found.violation is not None else str(found.stop)


REFUTED: list[Any] = [
    pytest.param("plain", "silence", "p2"),
    pytest.param("plain", "silence", "p3"),
    *(
        pytest.param("numpy", how, favours, marks=needs_numpy)
        for how, favours in [
            ("a win", "p1"),
            ("a win", "p3"),
            ("silence", "p1"),
            ("a failure", "p1"),
            ("a failure", "p3"),
        ]
    ),
]


@pytest.mark.parametrize(("engine", "how", "favours"), REFUTED)
def test_nodes_that_are_not_alike_are_named_with_the_step_that_only_one_of_them_can_make(
    engine: EngineName, how: Literal["a win", "silence", "a failure"], favours: str
) -> None:
    claim, _, rest = judged(election(favours, how), engine).partition(" are not interchangeable: ")
    assert favours in claim.split(" and ")
    assert re.match(r"step \d, Deliver\(src='p\d', dst='server', body='ask'\), has no", rest)
    assert rest.endswith("correct Scenario.symmetric, or explore without symmetry")


@pytest.mark.parametrize("engine", ENGINES)
def test_nodes_that_are_alike_are_never_refuted(engine: EngineName) -> None:
    assert judged(election(favours=""), engine) == "broken"


def test_the_command_refuses_a_wrong_claim_in_one_line() -> None:
    asked = ["explore", f"{__name__}:unlike", "--symmetry", "--engine", "plain"]
    ended = CliRunner().invoke(main, asked)
    assert ended.exit_code == 2, ended.output
    (line,) = ended.stderr.splitlines()
    assert re.match(r"counterpoint: p\d and p\d are not interchangeable: step \d, Deliver", line)


def unlike() -> cp.Scenario:
    return election("p2", "silence")


def checked(scenario: cp.Scenario, seed: int = 1) -> None:
    spot_check(scenario, no_op="keep", is_lossy=False, history=False, seed=seed)


@pytest.mark.parametrize("favours", CLIENTS)
@pytest.mark.parametrize("how", ["a win", "silence", "a failure"])
def test_some_runs_by_other_names_refute_what_a_search_by_orbits_may_miss(
    how: Literal["a win", "silence", "a failure"], favours: str
) -> None:
    with pytest.raises(NotInterchangeable, match=rf"{favours}.* are not interchangeable"):
        checked(election(favours, how))


def test_an_invariant_that_singles_out_a_node_is_told() -> None:
    second = cp.Invariant("p2 loses", lambda states: "p2" if states["p2"] == "won" else None)
    scenario = election("").replace(invariants=(second,))
    with pytest.raises(NotInterchangeable, match="whether 'p2 loses' holds after step"):
        checked(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_some_runs_by_other_names_refute_no_right_claim(seed: int) -> None:
    checked(election(favours=""), seed)
    checked(two_phase_commit.system("3"), seed)


def test_a_goal_that_names_a_node_is_told() -> None:
    clients: dict[str, Any] = dict.fromkeys(CLIENTS, (client, "idle"))
    scenario = cp.Scenario(
        "named",
        cp.system(server=(server("", "a win"), Heard()), **clients),
        calls={name: ["go"] for name in CLIENTS},
        goals=[cp.Goal("p3 waits", lambda states: states["p3"] == "waits")],
        symmetric=(CLIENTS,),
    )
    with pytest.raises(NotInterchangeable, match="whether 'p3 waits' is met after step"):
        spot_check(scenario, no_op=None, is_lossy=False, history=False)
