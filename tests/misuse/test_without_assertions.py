"""Under `python -O` no assertion is made: no verdict may rest on one."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
from counterpoint.model.scenario import Property
from counterpoint.model.search.judgements import why_undecided
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.misuse.systems import Echo, asking

def asserting(trace):
    assert False, "never seen"

campaign = Campaign(asking(Echo(), properties=(Property("p", asserting),)))
for _ in campaign.search(Budgets(runs=5)):
    pass
print(campaign.counterexample(), why_undecided(campaign.judgements))
"""

CASES = [
    ("fuzz", "register", "--mutant", "B1", "--seed", "18", "--runs", "20"),
    ("fuzz", "register", "--runs", "20"),
    ("explore", "tests.oracles.cells:senders", "--reduction", "dpor"),
    ("explore", "tests.misuse.test_findings:of_invariant"),
    ("fuzz", "tests.misuse.test_determinism:fickle", "--runs", "5"),
]

COMMANDS = """
import json, sys
from click.testing import CliRunner
from counterpoint.harness.cli import main

ended = [CliRunner().invoke(main, words) for words in json.loads(sys.argv[1])]
print(json.dumps([(one.exit_code, one.stdout) for one in ended]))
"""


def without_assertions(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-O", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.slow
def test_a_check_that_asserts_is_undecided_and_never_holds() -> None:
    done = without_assertions("-c", SCRIPT)
    assert done.stdout.startswith("None p was decided in none of 5 runs: under python -O"), (
        done.stderr
    )


@pytest.mark.slow
def test_verdicts_are_the_same_with_and_without(tmp_path: Path) -> None:
    asked = [[*words, "--json", "--out", str(tmp_path)] for words in CASES]
    without = without_assertions("-c", COMMANDS, json.dumps(asked))
    assert without.returncode == 0, without.stderr
    for words, (code, told) in zip(asked, json.loads(without.stdout), strict=True):
        usual = CliRunner().invoke(main, words)
        one, other = json.loads(usual.stdout), json.loads(told)
        assert usual.exit_code == code, words
        assert [one.get(k) for k in TOLD] == [other.get(k) for k in TOLD], words


TOLD = ("outcome", "property", "summary", "steps", "steps_minimised", "judged", "unique")


@pytest.mark.parametrize("source", sorted((ROOT / "checkers").rglob("*.py")), ids=lambda p: p.name)
def test_evidence_is_borne_out_by_no_assertion(source: Path) -> None:
    asserted = [n for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.Assert)]
    names = {
        name.id
        for each in asserted
        for name in ast.walk(each.test)
        if isinstance(name, ast.Name) and (name.id == "fault" or name.id.endswith("is_broken"))
    }
    assert not names, "raise OwnDefect: under python -O nobody would notice"
