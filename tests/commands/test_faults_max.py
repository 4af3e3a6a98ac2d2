"""`counterpoint explore --faults K` where the scenario allows fewer faults in a run than K."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main

GREETED = """
import counterpoint as cp

def client(state, given):
    match given:
        case cp.Start():
            return cp.Step(state, cp.Send("s", "hi"))

def server(count, given):
    match given:
        case cp.Receive(_, "hi"):
            return cp.Step(count + 1)

FEW = cp.Invariant("few", lambda states: "too many" if states["s"] > 2 else None)
S = cp.Scenario(
    "greeted", cp.system(c=(client, None), s=(server, 0)), calls={}, invariants=[FEW],
    limits=cp.faults(duplicate=2), faults_max=1, min_calls_per_run=0,
)
"""


@pytest.mark.parametrize("how", [["--engine", "plain"], ["--reduction", "dpor"]])
def test_no_more_faults_are_explored_than_the_scenario_allows(
    how: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greeted_twice.py").write_text(GREETED)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["explore", "greeted_twice:S", "--faults", "2", *how, "--out", str(tmp_path)]
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 0, ended.output
    assert "holds" in ended.output
    assert "--faults 2: explored up to faults_max=1 of the scenario" in ended.output
