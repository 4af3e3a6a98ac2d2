"""The same runs have the same digests under every hash seed, and on every Python that is there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.commands.test_audit import other_pythons
from tests.docs.pages import ROOT

TELL = """
import hashlib
import counterpoint as cp
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.campaign import run_random
from counterpoint.model.search.walks.walk import walk
from tests.aio.searching import digests
from tests.aio.store import register

scenario = register(limits=cp.budgets(crash=1, delay=2, reset=1, split=1))
compiled, told = Compiled(scenario), hashlib.sha256()
for number in range(12):
    walked = walk(compiled, run_random(1, number), "mixed")
    if walked.failure is not None:
        told.update(walked.failure.encode())
    else:
        told.update("".join(digests(cp.run(scenario, tuple(walked.run.choices)))).encode())
print(told.hexdigest())
"""


def told(python: str, hash_seed: int) -> str | None:
    """Return the digest of some runs with all faults in a process of its own; None if it cannot run."""
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        [python, "-c", TELL], env=environment, capture_output=True, text=True, check=False
    )
    if "ModuleNotFoundError" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.nightly
def test_no_hash_seed_changes_a_run() -> None:
    assert len({told(sys.executable, hash_seed) for hash_seed in range(4)}) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("python", other_pythons())
def test_no_version_of_python_changes_a_run(python: str) -> None:
    there = told(python, 0)
    if there is None:
        pytest.skip(f"{python} lacks what the package needs")
    assert there == told(sys.executable, 0)
