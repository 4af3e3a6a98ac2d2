"""A trace file names its scenario; it must not be able to name anything else to be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.entry import UnknownName
from tests.support.gossip import gossip


def test_a_file_cannot_make_a_function_run_that_builds_no_scenario(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    with pytest.raises(UnknownName, match="annotated as returning a Scenario"):
        rebuild({"system": "subprocess:getoutput", "set.cmd": f"touch {proof}"})
    assert not proof.exists()


def test_a_function_that_builds_a_scenario_is_called() -> None:
    assert rebuild({"system": "tests.support.gossip:gossip"}).name == gossip().name
