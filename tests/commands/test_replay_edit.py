"""`replay --edit`: a run in which nothing breaks holds only where everything was decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.starting.adder import SCENARIO as ADDER
from counterpoint.model.search.replay import judge
from counterpoint.model.tracefile import write_trace
from tests.support.runs import random_trace

SCENARIO = ADDER.replace(origin={"system": f"{__name__}:SCENARIO"})
WHOLE = random_trace(SCENARIO, 0)
LAST = len(WHOLE.choices) - 1


@pytest.mark.parametrize(
    ("edit", "code", "outcome"),
    [("0=call(c2", 0, "holds"), (f"{LAST}=skip", 3, "undecided")],
    ids=["as it was", "cut before the faults stop"],
)
def test_an_edited_run_holds_only_if_every_claim_is_decided(
    edit: str, code: int, outcome: str, tmp_path: Path
) -> None:
    file = tmp_path / "whole.trace.jsonl"
    write_trace(file, WHOLE, judge(WHOLE))
    done = CliRunner().invoke(main, ["replay", str(file), "--edit", edit, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (code, outcome)
