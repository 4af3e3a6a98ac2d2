"""`explore --memory` stops there, `fuzz --memory` keeps within it; both say so where they cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness import memory
from counterpoint.harness.cli import main

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


FUZZ = ("fuzz", "register", "--runs", "20", "--seed", "4")


@pytest.mark.slow
def test_fuzz_within_memory_makes_the_same_runs() -> None:
    whole, within = (CliRunner().invoke(main, [*FUZZ, *m]) for m in ((), ("--memory", "64")))
    assert whole.exit_code == within.exit_code == 0
    assert whole.output.partition("[")[0] == within.output.partition("[")[0]


def test_less_memory_than_is_in_use_is_refused() -> None:
    done = CliRunner().invoke(main, [*FUZZ, "--memory", "0.001"])
    assert "--memory is 0.001 GB, and 0." in done.output
    assert "GB are in use before the search begins; allow more" in done.output
    assert done.exit_code == 2


@pytest.mark.usefixtures("without_proc")
def test_fuzz_has_no_limit_where_nobody_can_measure_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert memory.full_at_share() is None
    assert CliRunner().invoke(main, list(FUZZ)).exit_code == 0
    done = CliRunner().invoke(main, [*FUZZ, "--memory", "1"])
    assert "does not tell how much memory" in done.output
    assert done.exit_code == 2


def test_a_container_has_what_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    allowed, boundless = tmp_path / "memory.max", tmp_path / "max"
    allowed.write_text("1048576\n", encoding="ascii")
    boundless.write_text("max\n", encoding="ascii")
    monkeypatch.setattr(memory, "LIMITS", (boundless, tmp_path / "none"))
    machine = memory.machine_bytes()
    assert machine is None or machine > 2**20
    monkeypatch.setattr(memory, "LIMITS", (boundless, allowed))
    assert memory.machine_bytes() == 2**20
    is_full = memory.full_at_share()
    assert is_full is not None
    assert is_full(), "a quarter of a megabyte is in use"
