"""`explore --memory` stops wherever it runs, and says so where it cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.exploration import memory

SMALL = ("explore", "register", "--set", "writes=1", "--set", "reads=1", "--faults", "1")


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system that has no /proc."""
    monkeypatch.setattr(memory, "STATM", tmp_path / "statm")


def test_what_is_in_use_is_told_within_what_was_in_use_at_most(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    now = memory.resident_bytes()
    monkeypatch.setattr(memory, "STATM", tmp_path / "statm")
    most = memory.resident_bytes()
    assert now is not None
    assert most is not None
    assert 2**20 < now <= 1.1 * most  # pages are counted in batches
    assert most >= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("engine", ["plain", "numpy"])
def test_memory_stops_an_exploration(engine: str) -> None:
    if engine == "numpy":
        pytest.importorskip("numpy")
    done = CliRunner().invoke(main, [*SMALL, "--memory", "0.001", "--engine", engine])
    assert "stopped: memory" in done.output
    assert done.exit_code == 3


@pytest.mark.usefixtures("without_proc")
def test_memory_stops_an_exploration_where_there_is_no_proc() -> None:
    pytest.importorskip("resource")
    done = CliRunner().invoke(main, [*SMALL, "--memory", "0.001"])
    assert "stopped: memory" in done.output
    assert done.exit_code == 3


@pytest.mark.usefixtures("without_proc")
def test_a_limit_that_nobody_can_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert memory.resident_bytes() is None
    done = CliRunner().invoke(main, [*SMALL, "--memory", "1"])
    assert "does not tell how much memory" in done.output
    assert done.exit_code == 2
