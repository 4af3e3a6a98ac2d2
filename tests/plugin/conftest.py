"""A repository of the user's own: one protocol, right and wrong, and whatever tests a test puts in."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import counterpoint

PROTOCOL = Path(__file__).resolve().parents[1] / "support" / "abd.py"
SOURCES = Path(__file__).resolve().parents[2] / "src"
HAS_ENTRY_POINT = any(e.name == "counterpoint" for e in entry_points(group="pytest11"))

Pytest = Callable[..., pytest.RunResult]

# A run in this process forgets the modules that it has imported, and `counterpoint` is one that was
# there before: what it has handed out must stay as well, or a class would be there twice.
for exported in counterpoint.__all__:
    getattr(counterpoint, exported)


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the protocol in `abd.py`, outside of this repository and of its settings."""
    for name in ("CI", "GITHUB_ACTIONS", "HYPOTHESIS_STORAGE_DIRECTORY", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    paths = [str(SOURCES), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("COLUMNS", "100")
    pytester.makepyfile(abd=PROTOCOL.read_text())
    return pytester


@pytest.fixture
def run(repository: pytest.Pytester) -> Pytest:
    """Run pytest in the repository, warnings being errors.

    It runs in this process, which is fast, unless `apart` asks for one of its own: what changes
    Hypothesis or looks at what is imported must not touch this one. Hypothesis's default database is
    that of this process, wherever it runs.
    """
    plugin = () if HAS_ENTRY_POINT else ("-p", "counterpoint.harness.pytest_plugin")
    strict = ("-W", "error", "--strict-markers", "--strict-config")

    def run_pytest(*arguments: str, apart: bool = False) -> pytest.RunResult:
        run_it = repository.runpytest_subprocess if apart else repository.runpytest_inprocess
        return run_it(*strict, *plugin, *arguments)

    return run_pytest
