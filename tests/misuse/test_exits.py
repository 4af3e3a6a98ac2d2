"""What an author's code ends, it does not end for the search: `sys.exit` is an error like others."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Goal, Invariant, Property, Scenario
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.misuse.systems import Echo, asking


def leaves(*_: object) -> Any:
    """End the program, where an answer was asked for."""
    sys.exit(0)


def searched(scenario: Scenario) -> Campaign:
    campaign = Campaign(scenario)
    for _ in campaign.search(Budgets(runs=5)):
        pass
    return campaign


def test_a_handler_that_exits_breaks_the_run() -> None:
    found = searched(
        asking(Echo(leaves), properties=(Property("p", lambda _: True),))
    ).counterexample()
    assert found is not None
    assert found.verdict.property == "handlers finish"
    assert "s raised SystemExit: 0" in found.verdict.summary


@pytest.mark.slow
def test_a_check_or_an_invariant_that_exits_is_broken_and_a_goal_is_refused() -> None:
    checked = searched(asking(Echo(), properties=(Property("p", leaves),))).counterexample()
    assert checked is not None
    assert "SystemExit" in checked.verdict.summary
    seen = searched(asking(Echo(), invariants=(Invariant("i", leaves),))).counterexample()
    assert seen is not None
    assert "SystemExit" in seen.verdict.summary
    with pytest.raises(BadScenario, match="goal 'g' raised SystemExit"):
        searched(asking(Echo(), goals=(Goal("g", leaves),)))


def test_a_module_that_exits_when_it_is_imported_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaves_at_once.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["fuzz", "leaves_at_once:scenario", "--json"])
    assert told.exit_code == 2
    error = json.loads(told.stdout)["error"]
    assert "importing module 'leaves_at_once' ends the program with 0" in str(error)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = (", "wrong_inside.py:1: SyntaxError: '(' was never closed"),
        (
            "def f():\n    return {}[3]\nf()",
            "importing module 'wrong_inside' raised KeyError: 3 (wrong_inside.py:2, in f)",
        ),
        ("import os\nos.nothing", "'wrong_inside' raised AttributeError: module 'os' has no"),
        ("", "module 'wrong_inside' has no 'scenario'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_bad_input_and_told_by_its_line(
    source: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrong_inside.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "wrong_inside", raising=False)
    importlib.invalidate_caches()
    told = CliRunner().invoke(main, ["fuzz", "wrong_inside:scenario", "--json"])
    assert told.exit_code == 2
    assert complaint in json.loads(told.stdout)["error"]
