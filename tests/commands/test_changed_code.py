"""Kept states belong to the code that they were found with, whatever module it is written in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")

PROGRAM = "from counterpoint.harness.start import main; main()"
SCENARIO = """
import counterpoint as cp
from nodes_of_mine import client, server
from rules_of_mine import is_bad

def total(states):
    return "bad" if is_bad(states["server"]) else None

M = cp.Scenario("adds", cp.system(server=(server, 0), c1=(client, 0), c2=(client, 0)),
    calls={"c1": ["a"], "c2": ["b"]}, invariants=[cp.Invariant("total", total)])
"""
NODES = """
import counterpoint as cp

def server(total, given):
    match given:
        case cp.Receive(source, "add"):
            return cp.Step(total + 1, cp.Send(source, "done"))

def client(state, given):
    match given:
        case cp.Invoke(_):
            return cp.Step(state, cp.Send("server", "add"))
        case cp.Receive(_, "done"):
            return cp.Step(state, cp.Return("ok"))
"""
RULES, OTHER_RULES = (f"def is_bad(total): return total == {bad}\n" for bad in (9, 1))


def explored(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-c", PROGRAM, "explore", "scenario_of_mine:M", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["--disk", "--checkpoint"])
def test_states_of_other_code_are_refused_where_an_imported_module_changed(
    kept: str, tmp_path: Path
) -> None:
    (tmp_path / "scenario_of_mine.py").write_text(SCENARIO)
    (tmp_path / "nodes_of_mine.py").write_text(NODES)
    (tmp_path / "rules_of_mine.py").write_text(RULES)
    first = explored(tmp_path, kept, "kept", "--depth", "6")
    assert first.returncode == 3, first.stderr
    (tmp_path / "rules_of_mine.py").write_text(OTHER_RULES)
    refused = explored(tmp_path, kept, "kept")
    assert refused.returncode == 2, refused.stdout
    assert "is of another exploration: its source is" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    (tmp_path / "rules_of_mine.py").write_text(RULES)
    assert explored(tmp_path, kept, "kept").returncode == 0
