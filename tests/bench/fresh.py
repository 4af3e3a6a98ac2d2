"""A measurement in an environment that is thrown away: what it compares with is no part of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]


def in_fresh_environment(python: str, packages: Sequence[str], arguments: Sequence[str]) -> int:
    """Run a module of this checkout where these packages are installed; return its exit code.

    Needs an index of packages; the environment is gone afterwards.
    """
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    with TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        there = str(Path(folder) / "bin" / "python")
        install = [there, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *needed, *packages], check=True, stdout=sys.stderr)
        paths = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        return subprocess.run([there, *arguments], env=paths, check=False).returncode
