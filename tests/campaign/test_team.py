"""Workers: the same search as by one process, whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from counterpoint.harness.campaign import worker
from counterpoint.harness.campaign.assignment import Assignment, NamedSearch
from counterpoint.harness.campaign.team import DEATHS_MAX, Team
from counterpoint.harness.campaign.together import blocks_of
from counterpoint.harness.campaign.worker import Failed, Workbench, serve
from counterpoint.harness.catalog import build
from counterpoint.harness.cli import main
from counterpoint.model.mistakes import BadScenario, OwnDefect
from counterpoint.model.search.walks.block import RunBlock
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.support.nights import by_day

ADDER = "counterpoint.harness.starting.adder:SUITE"


SEED = 7
"""With this one both a whole search and a shard of it find the mutant soon."""


def search_of(mutant: str | None = None, seed: int = 3) -> NamedSearch:
    return NamedSearch.of(build(ADDER, mutant=mutant), "mixed", seed)


def never() -> bool:
    return False


def made_here(search: NamedSearch, runs: int, shard: tuple[int, int] = (0, 1)) -> list[RunBlock]:
    bench = Workbench()
    blocks = [bench.answer(given, never) for given in blocks_of(search, shard, runs)]
    assert all(isinstance(block, RunBlock) for block in blocks)
    return [block for block in blocks if isinstance(block, RunBlock)]


def findings(campaign: Campaign) -> list[tuple[int, tuple[object, ...]]]:
    return [(finding.run, finding.choices) for finding in campaign.findings]


@pytest.mark.slow
@pytest.mark.parametrize("shard", [(0, 1), (1, 3)])
@pytest.mark.parametrize("mutant", [None, "hasty"])
def test_blocks_add_up_to_the_search_that_one_process_makes(
    mutant: str | None, shard: tuple[int, int]
) -> None:
    """The plain loop over all runs is the twin of the blocks."""
    search = search_of(mutant, SEED)
    plain = Campaign(search.scenario(), seed=SEED, shard=shard)
    together = Campaign(search.scenario(), seed=SEED, shard=shard)
    list(plain.search(Budgets(runs=50)))
    list(together.gather(made_here(search, 50, shard)))
    assert findings(together) == findings(plain)
    assert bool(plain.findings) == (mutant is not None)
    if mutant is None:  # else the last block has some runs more than the search
        assert together.judgements == plain.judgements
        assert together.progress.steps == plain.progress.steps
        assert together.progress.calls == plain.progress.calls
    one, other = plain.typical_passing(), together.typical_passing()
    assert one is not None
    assert other is not None
    assert other.choices == one.choices


@pytest.mark.slow
@pytest.mark.parametrize("system", [ADDER, "register"])
@pytest.mark.parametrize("turns", by_day(2, 4))
def test_searches_that_share_tables_make_the_runs_that_each_makes_alone(
    system: str, turns: int
) -> None:
    """Fresh tables for every way of choosing are the twin of shared ones."""
    scenario = build(system)
    fewer = scenario.with_weights(dict.fromkeys(scenario.limits, 0.0))
    ways = [
        NamedSearch.of(scenario, "swarm", 3),
        NamedSearch.of(fewer, "pos", 3),
        NamedSearch.of(scenario, "swarm", 3),
    ]
    shared = Workbench()
    for turn in range(turns):
        for way in ways:
            given = Assignment(way, range(4 * turn, 4 * turn + 4))
            together, alone = shared.answer(given, never), Workbench().answer(given, never)
            assert isinstance(together, RunBlock)
            assert isinstance(alone, RunBlock)
            assert together.tally.cases.actions == alone.tally.cases.actions
            assert together.tally.rulings == alone.tally.rulings
            assert (together.tally.steps, together.findings) == (alone.tally.steps, alone.findings)
            assert way != ways[1] or not together.tally.faults
    assert len(shared._campaigns) == 1


def test_numbers_of_runs_are_those_of_the_shard_and_no_more() -> None:
    numbers = [n for given in blocks_of(search_of(), (1, 3), runs=37) for n in given.numbers]
    assert numbers == list(range(1, 1 + 3 * 37, 3))


@pytest.mark.slow
def test_a_worker_keeps_few_searches_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CAMPAIGNS_MAX", 3)
    bench = Workbench()
    for seed in range(5):
        block = bench.answer(Assignment(search_of(seed=seed), range(1)), never)
        assert isinstance(block, RunBlock)
        assert block.tally.runs == 1
    assert len(bench._campaigns) == 3
    bench._is_full = lambda: True
    bench.answer(Assignment(search_of(seed=9), range(1)), never)
    bench.answer(Assignment(search_of(seed=9), range(1)), never)
    assert len(bench._campaigns) < 3


def test_who_is_asked_to_stop_makes_no_further_run() -> None:
    block = Workbench().answer(Assignment(search_of(), range(9)), lambda: True)
    assert isinstance(block, RunBlock)
    assert block.tally.runs == 0


def test_a_name_that_there_is_not_is_told_as_it_is_here() -> None:
    said = Workbench().answer(Assignment(NamedSearch((("system", "nothing"),)), range(1)), never)
    assert isinstance(said, Failed)
    assert "'nothing' is no system" in said.text


def test_a_worker_ends_when_nobody_is_at_the_other_end() -> None:
    ours, theirs = Pipe()
    worker = Thread(target=serve, args=(theirs, SimpleNamespace(value=0)))
    worker.start()
    ours.send(Assignment(search_of(), range(2)))
    assert ours.recv().tally.runs == 2
    ours.close()
    worker.join(60)
    assert not worker.is_alive()


@pytest.mark.slow
def test_what_a_worker_had_that_was_killed_goes_to_another() -> None:
    search = search_of()
    with Team(2) as team:
        blocks = team.blocks(blocks_of(search, runs=160))
        taken = [next(blocks)]
        victim = max(team.workers, key=lambda worker: len(worker.assigned)).process
        os.kill(victim.pid, signal.SIGKILL)
        taken += blocks
        assert victim not in [worker.process for worker in team.workers]
    assert [block.tally.steps for block in taken] == [
        block.tally.steps for block in made_here(search, 160)
    ]


@pytest.mark.slow
def test_over_what_kills_every_worker_the_search_ends_with_an_error() -> None:
    def deadly() -> Iterator[Assignment]:
        yield Assignment(NamedSearch((("system", "tests.campaign.deadly:SCENARIO"),)), range(1))

    with Team(1) as team, pytest.raises(OwnDefect, match=f"{DEATHS_MAX} workers died"):
        list(team.blocks(deadly()))


@pytest.mark.slow
def test_a_wrong_scenario_is_refused_as_without_workers() -> None:
    wrong = Assignment(NamedSearch((("system", "tests.campaign.wrong:SCENARIO"),)), range(5))
    with Team(1) as team, pytest.raises(BadScenario, match="no run can begin"):
        list(team.blocks([wrong]))


def fuzz(out: Path, *arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(main, ["fuzz", ADDER, "--json", "--out", str(out), *arguments])
    told: dict[str, object] = json.loads(result.stdout)
    return told


@pytest.mark.slow
def test_two_workers_find_to_the_letter_what_one_finds(tmp_path: Path) -> None:
    wanted = ("--mutant", "hasty", "--runs", "300", "--seed", "2")
    one = fuzz(tmp_path / "one", *wanted)
    two = fuzz(tmp_path / "two", *wanted, "--workers", "2")
    assert one["outcome"] == two["outcome"] == "broken"
    first, second = Path(str(one["trace"])), Path(str(two["trace"]))
    assert first.name == second.name
    assert first.read_text() == second.read_text()


@pytest.mark.slow
def test_a_search_of_some_seconds_ends_and_counts_what_was_done(tmp_path: Path) -> None:
    told = fuzz(tmp_path, "--seconds", "0.2", "--workers", "2")
    assert told["outcome"] == "holds"
    assert isinstance(told["runs"], int)
    assert told["runs"] > 0


def test_tapes_are_read_by_one_process(tmp_path: Path) -> None:
    arguments = ["fuzz", ADDER, "--strategy", "hypothesis", "--workers", "2"]
    result = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "--strategy hypothesis is of one process" in result.stderr


ORPHANS = """
import os, sys
from counterpoint.harness.campaign.team import Team
if __name__ == "__main__":
    with Team(2) as team:
        print(*(worker.process.pid for worker in team.workers), flush=True)
        os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
def test_workers_end_with_a_lead_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "lead.py"
    program.write_text(ORPHANS)
    lead = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert lead.returncode == -signal.SIGKILL
    # The standard output of the workers is that of their lead: `run` has returned, so that it is
    # closed, and all that had it have ended or are about to.
    for pid in map(int, lead.stdout.split()):
        assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
