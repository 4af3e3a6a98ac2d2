"""`counterpoint check` imports what one file and one property need, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import json, sys
from counterpoint.harness.cli import main
sys.argv = ["counterpoint", "check", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
LINEARIZABLE = (
    "{:process 0, :type :invoke, :f :write, :value 1}\n"
    "{:process 0, :type :ok, :f :write, :value 1}\n"
)
SESSIONS = "w 0 1\n=====\nr 0 1\n"
NEVER = {"hypothesis", "networkx", "numpy", "pytest", "yaml", "counterpoint.model.scenario"}
OF_EDN, OF_ANOTHER = "counterpoint.checkers.readers.edn_lines", "counterpoint.checkers.readers.rows"


def _imported(path: Path, *options: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), *options], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.slow
def test_a_register_needs_neither_transactions_nor_graphs_nor_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "a.edn"
    path.write_text(LINEARIZABLE)
    modules = _imported(path, "--json")
    assert OF_EDN in modules
    others = {"counterpoint.checkers.transactions.check", "counterpoint.checkers.causal.check"}
    assert not modules & (NEVER | others | {OF_ANOTHER, "rich.console"})
    ours = [name for name in modules if name.startswith("counterpoint.")]
    assert len(ours) < 100, ours


@pytest.mark.slow
def test_sessions_need_no_linearizability(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(SESSIONS)
    modules = _imported(path, "--json", "--property", "read-committed")
    assert "counterpoint.checkers.transactions.check" in modules
    assert not modules & (NEVER | {OF_EDN, "counterpoint.harness.checking.specifications"})
