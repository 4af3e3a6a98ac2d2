"""What was kept of another search is not gone on with: a fingerprint sees what the two differ in."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import counterpoint as cp
from counterpoint.harness.code_fingerprint import code_fingerprint

SOURCES = {
    "kept_lp/__init__.py": "def after(state):\n    return state + 1\n",
    "kept_lp/sub.py": "X = 1\n",
    "kept_rules.py": "def after(state):\n    return state + 1\n",
    "kept_unused.py": "X = 1\n",
    "kept_here.py": """
import counterpoint as cp
import kept_lp.sub

def node(state, given):
    match given:
        case cp.Start():
            return cp.Step(state, cp.SetTimer("t"))
        case cp.Timeout("t"):
            from kept_rules import after
            return cp.Step(min(after(kept_lp.after(state)), 30), cp.SetTimer("t"))

S = cp.Scenario("kept", cp.system(a=(node, 0)), calls={}, limits=cp.faults(drop=1),
    invariants=[cp.always("small", lambda states: states["a"] < 90)])
""",
}


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cp.Scenario:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("kept_")]:
        monkeypatch.delitem(sys.modules, name)
    found: cp.Scenario = importlib.import_module("kept_here").S
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_each_module_that_may_run_counts(scenario: cp.Scenario, name: str, tmp_path: Path) -> None:
    before = code_fingerprint(scenario)
    assert code_fingerprint(scenario) == before
    (tmp_path / name).write_text(SOURCES[name] + "# changed\n")
    assert (code_fingerprint(scenario) != before) == (name != "kept_unused.py")


@pytest.mark.parametrize(
    "change",
    [
        {"limits": cp.faults(duplicate=1)},
        {"limits": cp.faults(drop=2)},
        {"calls": {"a": ["go"]}},
        {"network": "ordered"},
        {"partitions": (("a",),)},
    ],
)
def test_what_a_scenario_says_counts(scenario: cp.Scenario, change: dict[str, object]) -> None:
    assert code_fingerprint(scenario.replace(**change)) != code_fingerprint(scenario)
    assert code_fingerprint(scenario.replace(faults_max=3)) == code_fingerprint(scenario)
