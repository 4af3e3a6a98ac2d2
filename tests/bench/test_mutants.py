"""The table of strategies: what a hunt tells, and what a mix of strategies comes to."""

from __future__ import annotations

from itertools import islice

import pytest

from counterpoint.harness.catalog import build
from counterpoint.model.search.walks.strategy import MIX
from tests.bench.mutants import (
    CANDIDATES,
    COLUMNS,
    PAGE,
    RESULTS,
    MutantHunt,
    hunt,
    hunt_by_machine,
    loaded,
    mix_seconds,
    mixes,
    mutants,
    rows,
    written,
)


def told(strategy: str, runs: int, seconds: float, *, is_found: bool = True) -> MutantHunt:
    return MutantHunt("a:1", strategy, 0, is_found, runs, seconds)


def test_a_mutant_is_hunted_until_it_is_found_and_no_longer_than_allowed() -> None:
    wrong = build("register", mutant="B10")
    found = hunt("register:B10", wrong, 1, strategy="pos", runs_max=50, seconds_max=60)
    assert found.is_found
    assert 0 < found.runs <= 50
    right = hunt("register", build("register"), 1, strategy="pos", runs_max=3, seconds_max=60)
    assert (right.is_found, right.runs) == (False, 3)


def test_a_mix_ends_with_the_first_that_finds_and_pays_for_the_turns_of_all() -> None:
    case = {"pos": told("pos", 10, 1.0), "swarm": told("swarm", 100, 5.0)}
    assert mix_seconds(case, ["pos"]) == 1.0
    assert mix_seconds(case, ["pos", "swarm"]) == 1.0 + 10 * 5.0 / 100
    lost = {name: told(name, 10, 2.0, is_found=False) for name in case}
    assert mix_seconds(lost, ["pos", "swarm"]) == 4.0


def test_tables_have_a_line_for_each_mutant_and_each_mix() -> None:
    hunts = [told("pos", 10, 1.0), told("swarm", 20, 2.0, is_found=False)]
    (*_, line) = rows(hunts, ["pos", "swarm"])
    assert line == "| a:1 | 10 / 10, 1.00 / 1.00 s | 20 / 20, 2.00 / 2.00 s, 1 lost |"
    (mixed,) = mixes(hunts, [("pos", "swarm")])
    assert "lost 0 of 1" in mixed


@pytest.mark.slow
def test_every_wrong_variant_has_a_name_and_can_be_built() -> None:
    names = [name for name, _ in mutants()]
    assert len(names) == len(set(names)) > 33
    assert {name.partition(":")[0] for name in names} >= {"register", "token_manager", "raft"}
    for name, make in islice(mutants(), 0, None, 9):
        assert make().properties or make().invariants, name


def test_the_default_is_one_of_the_mixes_that_are_compared() -> None:
    assert MIX in CANDIDATES


@pytest.mark.slow
def test_a_state_machine_is_a_column_that_ends_with_the_first_failure() -> None:
    wrong = build("register", mutant="B10")
    found = hunt_by_machine("register:B10", wrong, 1, runs_max=50, seconds_max=60)
    assert found.is_found
    assert 0 < found.runs <= 50
    right = hunt_by_machine("register", build("register"), 1, runs_max=3, seconds_max=60)
    assert (right.is_found, right.runs) == (False, 3)


def test_the_page_tells_the_results_that_are_kept() -> None:
    page = PAGE.read_text()
    assert written(page, loaded(RESULTS.read_text())) == page


def test_every_wrong_variant_was_hunted_in_every_column() -> None:
    hunted = {(one.mutant, one.strategy) for one in loaded(RESULTS.read_text())}
    assert hunted == {(name, column) for name, _ in mutants() for column in COLUMNS}
