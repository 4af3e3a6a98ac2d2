"""The import contracts of pyproject.toml: kept by the code, broken by what they are to stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOWER = ("model", "impl", "checkers")
IMPURE = ("asyncio", "random", "time", "os", "uuid", "secrets", "hypothesis")
FORBIDDEN = [
    ("model", "counterpoint.checkers.history"),
    ("model", "counterpoint.impl"),
    ("impl", "counterpoint.checkers.history"),
    ("impl", "counterpoint.harness.entry"),
    ("checkers", "counterpoint.impl"),
    ("checkers", "counterpoint.harness.entry"),
    *((layer, module) for layer in LOWER for module in (*IMPURE, "click", "rich", "yaml")),
    *((layer, "networkx") for layer in ("model", "impl", "harness")),
    ("harness", "yaml"),
    ("harness", "numpy"),
    ("checkers", "numpy"),
    ("impl", "msgspec"),
    ("harness", "msgspec"),
]
ALLOWED = [
    ("model.search.stateful.machine", "hypothesis"),
    ("model.search.walks.walk", "random"),
    ("model.search.walks.walk", "time"),
    ("model.search.columnar.sets", "numpy"),
    ("checkers.columns.sessions", "numpy"),
    ("impl.register.access", "yaml"),
    ("impl.transport.running_node", "asyncio"),
    ("impl.transport.running_node", "time"),
    ("impl.host.codec", "msgspec"),
    ("checkers.happens_before.graph", "networkx"),
    ("harness.report.terminal", "rich"),
    ("harness.cli", "click"),
    ("harness.pytest_plugin", "pytest"),
]


def lint_imports(source: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of this project on a source folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    config = ROOT / "pyproject.toml"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", config, "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a copy of the package with every forbidden and allowed import."""
    here = tmp_path_factory.mktemp("contracts")
    package = here / "src" / "counterpoint"
    shutil.copytree(ROOT / "src" / "counterpoint", package)
    for number, (layer, module) in enumerate(FORBIDDEN):
        (package / layer / f"wrong_{number}.py").write_text(f"import {module}\n")
    for home, module in ALLOWED:
        place = (package / home.replace(".", "/")).with_suffix(".py")
        place.parent.mkdir(exist_ok=True)
        (place.parent / "__init__.py").touch()
        with place.open("a") as source:
            source.write(f"\nimport {module}\n")
    done = lint_imports(here / "src", here)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_the_code_keeps_every_contract(tmp_path: Path) -> None:
    done = lint_imports(ROOT / "src", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "module"), FORBIDDEN)
def test_a_forbidden_import_is_reported(layer: str, module: str, report: str) -> None:
    number = FORBIDDEN.index((layer, module))
    assert f"counterpoint.{layer}.wrong_{number} -> {module} (l.1)" in report


@pytest.mark.parametrize(("home", "module"), ALLOWED)
def test_an_import_in_its_one_home_is_not_reported(home: str, module: str, report: str) -> None:
    assert f"counterpoint.{home} -> {module} " not in report
