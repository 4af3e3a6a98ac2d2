# ruff: noqa: ARG005 - what is wrong on purpose takes what it is given
"""Every kind of finding can be shown, viewed, replayed, stepped through and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.checkers.liveness import check_liveness
from counterpoint.harness.cli import main
from counterpoint.harness.exports.formats import EXPORTS
from counterpoint.model.node import Step
from counterpoint.model.scenario import Goal, Invariant, Property, Scenario
from counterpoint.model.trace import Trace
from tests.misuse.systems import Echo, asking


def returns(trace: Trace) -> int:
    return sum(event.kind == "return" for event in trace.events)


def of_property() -> Scenario:
    return asking(Echo(), properties=(Property("no answers", lambda t: not returns(t)),))


def of_raising() -> Scenario:
    return asking(Echo(), properties=(Property("sound", lambda trace: trace.nothing),))


def of_invariant() -> Scenario:
    return asking(
        Echo(), invariants=(Invariant("few", lambda states: states["s"] > 1 and "s has counted 2"),)
    )


def of_handler() -> Scenario:
    return asking(Echo(lambda state, body: None))


def of_liveness() -> Scenario:
    liveness = Property("liveness", check_liveness, reads="end")
    return asking(Echo(lambda state, body: Step(state)), properties=(liveness,))


def of_rest() -> Scenario:
    rest = Property(
        "none answered", lambda trace: trace.final.node_state("s").state == 0, reads="end"
    )
    return asking(Echo(), properties=(rest,))


def of_goal() -> Scenario:
    return asking(Echo(), goals=(Goal("an answer", lambda states, messages: states["s"] == 1),))


FOUND_BY = {
    "of_property": ["fuzz", "--runs", "20"],
    "of_raising": ["fuzz", "--runs", "20"],
    "of_invariant": ["fuzz", "--runs", "20"],
    "of_handler": ["fuzz", "--runs", "20"],
    "of_liveness": ["fuzz", "--runs", "20"],
    "of_rest": ["fuzz", "--runs", "20"],
    "of_goal": ["explore"],
}


@pytest.fixture(params=FOUND_BY)
def found(request: Any, tmp_path: Path) -> tuple[str, Path]:
    """The name of a scenario, and the trace that a search has left of it."""
    how, *options = FOUND_BY[request.param]
    done = run(how, f"{__name__}:{request.param}", *options, "--out", str(tmp_path))
    assert done.exit_code == (0 if request.param == "of_goal" else 1), done.output
    (trace,) = tmp_path.glob("*.trace.jsonl")
    return request.param, trace


def run(*words: str) -> Any:
    done = CliRunner().invoke(main, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.slow
def test_every_command_reads_it(found: tuple[str, Path], tmp_path: Path) -> None:
    name, trace = found
    assert run("replay", str(trace)).exit_code == 0
    shown = run("show", str(trace))
    assert shown.exit_code == 0
    assert "✗" in shown.output or name == "of_goal"
    assert run("view", str(trace), "--out", str(tmp_path / "it.html")).exit_code == 0
    assert (tmp_path / "it.html").stat().st_size > 10_000
    for options in (["--step", "1"], ["--edit", "0=skip"]):
        done = run("replay", str(trace), *options)
        assert done.exit_code in (0, 1, 3), (
            done.output
        )  # undecided, where what decides it was left out
    for form in EXPORTS:
        assert run("export", str(trace), "--to", form, "--stdout").exit_code == 0, form
