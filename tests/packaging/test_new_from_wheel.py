"""`counterpoint new demo && pytest` in an empty folder, with the wheel alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Installed

PYTEST = ("python", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider")
CAREFUL = "if client in answers and request <= answers[client].request:"


@pytest.mark.slow
def test_a_new_protocol_is_green_and_red_once_either_is_wrong(
    installed: Installed, tmp_path: Path
) -> None:
    written = installed.run("counterpoint", "new", "demo", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    done = installed.run(*PYTEST, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "demo: a server adds up" in installed.run("counterpoint", "list", cwd=tmp_path).stdout

    protocol = tmp_path / "demo.py"
    right = protocol.read_text()
    assert CAREFUL in right
    protocol.write_text(right.replace(CAREFUL, "if False:"))
    broken = installed.run(*PYTEST, "--counterpoint-seed", "1", cwd=tmp_path)
    assert broken.returncode == 1
    assert "FAILED test_demo.py::test_it_holds - counterpoint.PropertyBroken" in broken.stdout

    protocol.write_text(right.replace("server=(hasty, Adder())", "server=(adder, Adder())"))
    unnoticed = installed.run(*PYTEST, "--counterpoint-runs", "50", cwd=tmp_path)
    assert unnoticed.returncode == 1
    assert "FAILED test_demo.py::test_hasty_dies - counterpoint.NothingBroke" in unnoticed.stdout
