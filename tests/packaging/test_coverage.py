"""What `make coverage` counts: each file once, under its own name, in every process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import subprocess, sys
from pathlib import Path
command = Path(sys.executable).with_name("counterpoint")
subprocess.run([command, "list"], cwd=sys.argv[1], stdout=subprocess.DEVNULL, check=True)
"""


def coverage(*arguments: str | Path) -> None:
    """Run coverage with the configuration of the project."""
    command = [sys.executable, "-m", "coverage", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_command_that_a_test_starts_elsewhere_counts_and_so_do_files_that_nobody_imports(
    tmp_path: Path,
) -> None:
    (tmp_path / "starts.py").write_text(SCRIPT)
    data, report = tmp_path / "data", tmp_path / "report.json"
    coverage("run", "--data-file", data, tmp_path / "starts.py", tmp_path)
    coverage("combine", "--data-file", data, tmp_path)
    only = "*/start.py,*/dpor.py"  # to read all files takes long
    coverage("json", "--data-file", data, "--include", only, "-o", report, "--fail-under=0")
    said = json.loads(report.read_text())
    lines = {name: file["summary"]["covered_lines"] for name, file in said["files"].items()}
    assert said["meta"]["branch_coverage"] is True
    assert set(lines) == {"harness/start.py", "model/search/exploration/dpor.py"}
    assert lines["harness/start.py"] > 0
    assert lines["model/search/exploration/dpor.py"] == 0
