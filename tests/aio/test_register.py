"""A replicated register in plain asyncio: the right one holds, a wrong one is found and shrunk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.model.legality import lane_of
from counterpoint.model.search.replay_file import replay
from counterpoint.model.tracefile import read_trace, write_trace
from tests.aio.searching import digests, found, searched
from tests.aio.store import register


@pytest.mark.slow
def test_a_right_register_holds_without_noise() -> None:
    campaign = searched(register(), 60)
    assert not campaign.findings
    assert campaign.progress.completed_calls == 60 * 6
    assert all(judged.held == 60 for judged in campaign.judgements.values())


@pytest.fixture(scope="module")
def example() -> Any:
    """Return the shortest run that shows why a read must write back."""
    return found(register(writes_back=False), 2_000)


@pytest.mark.slow
def test_a_read_without_write_back_is_found_and_shrunk(example: Any) -> None:
    assert example.verdict.property == "linearizability"
    assert len(example.trace.choices) <= 15
    assert "had already read" in example.verdict.summary


@pytest.mark.slow
def test_a_run_is_made_again_from_its_file(tmp_path: Path, example: Any) -> None:
    write_trace(tmp_path / "run.trace.jsonl", example.trace, example.verdicts)
    file = read_trace(tmp_path / "run.trace.jsonl")
    again = replay(file, register(writes_back=False))
    assert digests(again) == digests(example.trace)


def test_actions_are_named_by_connection_number_and_payload() -> None:
    world = cp.run(register(), ()).final
    shown = [cp.show(option) for option in cp.enabled(world)]
    assert "deliver(c0, s0, c0>s0#1 opens, port 7000)" in shown


def test_inside_a_lane_nothing_overtakes() -> None:
    world = cp.run(register(), ()).final
    lanes = [
        lane_of("lanes", option.content)
        for option in cp.enabled(world)
        if isinstance(option, cp.Deliver)
    ]
    assert len(lanes) == len(set(lanes)) == 9
