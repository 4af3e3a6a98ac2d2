"""Pauses: a program is given nothing until it goes on; the trace tells of it, if it mattered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterpoint.harness.keeping import keep_trace
from counterpoint.harness.maelstrom.external_programs import Inputs
from counterpoint.harness.maelstrom.external_system import (
    GO_ON,
    PAUSE,
    TIME,
    ExternalSystem,
    ProgramState,
)
from counterpoint.harness.maelstrom.json_body import body_of, line_of
from counterpoint.harness.maelstrom.program_process import ProgramOutput
from counterpoint.harness.maelstrom.program_scenario import program_scenario
from counterpoint.model.claims import Property
from counterpoint.model.node import CancelTimer, Receive, Send, SetTimer, Timeout
from counterpoint.model.search.replay_file import replay
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import read_trace
from counterpoint.model.verdict import Verdict, broken, holds
from tests.maelstrom.conftest import program

HELLO, BYE = (body_of({"type": "echo", "echo": word, "msg_id": 1}) for word in ("hello", "bye"))


class Parrot:
    """Stands in for the processes: writes what it was given last, and then waits for time to pass."""

    def written(self, node: str, incarnation: int, inputs: Inputs) -> ProgramOutput:
        del node, incarnation
        said = inputs[-1].replace('"dest":"n1"', '"dest":"c1"')
        return ProgramOutput((said,) if said else (), bool(said))


def system() -> ExternalSystem:
    scenario = program_scenario("echo", program("echo.py"), nodes=1)
    assert isinstance(scenario.system, ExternalSystem)
    anything: Any = Parrot()
    return replace(scenario.system, programs=anything)


def test_what_comes_to_a_paused_program_is_given_to_it_in_order_when_it_goes_on() -> None:
    echo, armed = system(), ProgramState(1, ("before",), waits=True)
    state = echo.handle("n1", armed, Timeout(PAUSE)).state
    for given in (Receive("c1", HELLO), Timeout(TIME), Receive("c1", BYE)):
        step = echo.handle("n1", state, given)
        assert (step.effects, step.state.inputs) == ((), ("before",))
        state = step.state
    assert "paused, 3 more wait" in str(state)
    step = echo.handle("n1", state, Timeout(GO_ON))
    kept = (line_of("c1", "n1", HELLO), "", line_of("c1", "n1", BYE))
    assert step.state == ProgramState(1, ("before", *kept), waits=True)
    sent = [effect for effect in step.effects if isinstance(effect, Send)]
    assert sent == [Send("c1", HELLO), Send("c1", BYE)]
    told = [type(effect) for effect in step.effects if not isinstance(effect, Send)]
    assert told == [SetTimer, CancelTimer, SetTimer]


def searched(workload: str, name: str, nemesis: tuple[str, ...], **changes: Any) -> Campaign:
    scenario = program_scenario(workload, program(name), nemesis=nemesis, nodes=1, clients=2)
    campaign = Campaign(scenario.replace(**changes), seed=1)
    for _ in campaign.search(Budgets(40, None)):
        pass
    return campaign


def never_two_answers_in_one_step(trace: Trace) -> Verdict:
    """Hold unless a program answers two at once, which takes a pause."""
    steps = [event.step for event in trace.events if event.kind == "send" and event.node == "n1"]
    if len(set(steps)) < len(steps):
        return broken("one at a time", "two answers in one step", examined=len(steps))
    return holds("one at a time", examined=len(steps) or 1)


@pytest.mark.slow
def test_a_pause_that_matters_is_kept_in_the_trace_and_replays(tmp_path: Path) -> None:
    claim = Property("one at a time", never_two_answers_in_one_step, reads="trace")
    example = (
        found := searched("echo", "echo.py", ("pause",), properties=(claim,))
    ).counterexample()
    assert example is not None
    kinds = [choice.kind for choice in example.trace.choices]
    assert (kinds.count("pause"), kinds.count("go-on"), len(kinds)) == (1, 1, 6)
    path = keep_trace(example.trace, example.verdicts, tmp_path, "paused").path
    assert path is not None
    assert replay(read_trace(path), found.scenario).choices == example.trace.choices


@pytest.mark.slow
@pytest.mark.nightly
def test_a_pause_that_does_not_matter_is_left_out() -> None:
    example = searched("unique-ids", "unique_ids_wrong.py", ("kill", "pause")).counterexample()
    assert example is not None
    assert not {"pause", "go-on"} & {choice.kind for choice in example.trace.choices}


@pytest.mark.slow
def test_whoever_is_paused_when_the_faults_stop_goes_on_and_answers() -> None:
    campaign = searched("echo", "echo.py", ("pause",))
    assert campaign.counterexample() is None
    assert campaign.judgements["liveness"].held == 40
    assert dict(campaign.progress.faults)["pause"] >= 20
