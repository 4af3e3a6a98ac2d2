"""`replay --expect-fixed`: green once mended, red before, clear where nothing can be said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.cli import main

IMPORTS = "import counterpoint as cp\nfrom counterpoint.harness.starting.adder import *\n"
WRONG = "CASE = SCENARIO.replace(system=HASTY)"
RENUMBERED = '''
@cp.value
class Addition:
    """The message of before, with one field more."""
    request: int
    amount: int
    client: str

def told(node, state, given):
    match given:
        case cp.Receive(client, Addition(request, amount)):
            given = cp.Receive(client, before(request, amount))
    step = adder(state, given) if node == "server" else asker(state, given)
    return None if step is None else cp.Step(step.state, *(
        cp.Send(e.to, Addition(e.body.request, e.body.amount, node))
        if isinstance(e, cp.Send) and isinstance(e.body, before) else e for e in step.effects))

NODES = {"server": (told, Adder()), "c1": (told, Asker()), "c2": (told, Asker())}
CASE: cp.Scenario = SCENARIO.replace(system=cp.system(NODES))
'''


RENAMED = RENUMBERED.replace("Addition", "Summand")


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


Replayed = Callable[[str], Result]


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """Keep the run that breaks a protocol, and replay it in what the module contains then."""
    monkeypatch.chdir(tmp_path)
    name = "case_of_" + tmp_path.name

    def write(text: str) -> None:
        (tmp_path / f"{name}.py").write_text(IMPORTS + text)
        sys.modules.pop(name, None)

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(WRONG)
    found = call("fuzz", f"{name}:CASE", "--runs", "200", "--json")
    file = json.loads(found.stdout)["trace"]

    def replay(text: str) -> Result:
        write(text)
        return call("replay", file, "--expect-fixed", "--json")

    return replay


@pytest.mark.slow
@pytest.mark.parametrize(
    ("now", "outcome", "reason", "code"),
    [
        pytest.param(WRONG, "broken", "linearizability: add(", 1, id="not mended"),
        pytest.param(
            "CASE: cp.Scenario = SCENARIO", "fixed", "linearizability holds", 0, id="mended"
        ),
        pytest.param(
            f"before = Addition\n{RENUMBERED}",
            "fixed",
            "linearizability holds",
            0,
            id="a new field",
        ),
        pytest.param(
            "CASE: cp.Scenario = SCENARIO.replace(calls=cp.workload("
            "lambda random: [('add', 1)], clients=2, calls=2))",
            "undecided",
            "its calls were fixed when it was written; now the scenario draws them",
            3,
            id="calls are drawn now",
        ),
        pytest.param(
            "CASE: cp.Scenario = SCENARIO.replace(calls={}, min_calls_per_run=0)",
            "undecided",
            "none of its choices is possible any more",
            3,
            id="no calls any more",
        ),
        pytest.param(
            "CASE: cp.Scenario = SCENARIO.replace(system=HASTY, limits={})",
            "undecided",
            "the run needs what the scenario has no more: duplicate",
            3,
            id="no fault any more",
        ),
        pytest.param(
            "CASE: cp.Scenario = SCENARIO.replace(properties=[cp.answers()])",
            "undecided",
            "has no property 'linearizability' any more",
            3,
            id="no such property",
        ),
    ],
)
def test_a_kept_run_in_the_code_of_today(
    replayed: Replayed, now: str, outcome: str, reason: str, code: int
) -> None:
    result = replayed(now)
    told = json.loads(result.stdout)
    assert (told["outcome"], result.exit_code) == (outcome, code)
    assert reason in told["reason"]


def test_a_step_that_is_gone_is_told(replayed: Replayed) -> None:
    result = replayed(f"before = Addition\n{RENAMED}")
    told = json.loads(result.stdout)
    assert told["outcome"] == "fixed"
    assert len(told["missed"]) >= 1
    text = call("replay", told["file"], "--expect-fixed").output
    assert text.startswith("fixed: linearizability holds (")
    assert "first not; then without faults)" in text
    refused = call("replay", told["file"], "--expect-fixed", "--step", "1")
    assert "goes with no other way to replay" in refused.output


def test_a_run_that_broke_nothing_has_nothing_to_be_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "by_hand.script").write_text("close\n")
    call("play", "token_manager", "--script", "by_hand.script", "--out", "held.trace.jsonl")
    result = call("replay", "held.trace.jsonl", "--expect-fixed")
    assert "breaks no property, so nothing can be fixed" in result.stderr
    assert result.exit_code == 2
