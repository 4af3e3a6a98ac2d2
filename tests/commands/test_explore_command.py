"""`counterpoint explore` as a process: what it prints, what a kill and an interruption leave behind."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.exploration.figures import figures_of, lines_of, progress_line
from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds
from counterpoint.model.search.exploration.explore import Limits
from tests.oracles.table import has_numpy
from tests.search.small_systems import right

needs_numpy = pytest.mark.skipif(not has_numpy(), reason="checkpoints need numpy")

SMALL = ["explore", "register", "--scenario", "small", "--json"]
COUNTS = ("unique", "generated", "depth", "levels", "terminal", "terminal_pending", "slots")


def started(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    program = "from counterpoint.harness.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(
        [*command, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def once_there(path: Path, process: subprocess.Popen[str], *, bytes_min: int = 1) -> None:
    """Return when the file is there, and so large; the process must still be running."""
    while not path.exists() or path.stat().st_size < bytes_min:
        assert process.poll() is None, process.communicate()


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 3, errors  # liveness is claimed, and was not asked for
    found: dict[str, Any] = json.loads(told)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an exploration that nobody disturbs has found."""
    return result(started(SMALL, tmp_path_factory.mktemp("whole")))


@pytest.mark.slow
@needs_numpy
def test_a_killed_exploration_goes_on_and_ends_with_the_same_counts(
    tmp_path: Path, whole: dict[str, Any]
) -> None:
    path = tmp_path / "small"
    how = ["--checkpoint", str(path), "--checkpoint-seconds", "0"]
    killed = started([*SMALL, *how], tmp_path)
    once_there(tmp_path / "small.0", killed, bytes_min=300_000)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "small.0").exists()
    how[-1] = "30"
    resumed = result(started([*SMALL, *how], tmp_path))
    assert {key: resumed[key] for key in COUNTS} == {key: whole[key] for key in COUNTS}
    assert resumed["outcome"] == whole["outcome"] == "undecided"
    assert resumed["not_explored"] == ["liveness"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("small")] == []


@pytest.mark.slow
@needs_numpy
def test_an_interrupted_exploration_says_how_far_it_came(tmp_path: Path) -> None:
    how = ["--checkpoint", str(tmp_path / "small"), "--checkpoint-seconds", "0"]
    process = started([*SMALL, *how], tmp_path)
    once_there(tmp_path / "small.0", process)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    found = json.loads(told)
    assert (found["outcome"], found["stopped"]) == ("undecided", "interrupted")
    assert found["unique"] == sum(found["levels"]) >= 1
    assert found["whole_levels"] == len(found["levels"])
    assert (tmp_path / "small.0").exists()


@needs_numpy
def test_a_checkpoint_that_was_cut_off_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from counterpoint.model.search.columnar.explorer import VectorExplorer

    path = tmp_path / "small"
    explorer = VectorExplorer(right("1", "1"), limits=Limits(depth=8))
    explorer.save(path)
    before = path.read_bytes()
    *_, last = explorer.explore()

    def cut_off(file: Any, **arrays: Any) -> None:
        assert arrays
        file.write(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", cut_off)
    with pytest.raises(KeyboardInterrupt):
        explorer.save(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    explorer.save(path)
    again = VectorExplorer(right("1", "1"))
    again.resume(path)
    assert again.progress.levels == last.levels


def test_the_result_has_every_figure() -> None:
    arguments = ["explore", "register", "--scenario", "small", "--engine", "plain", "--json"]
    ended = CliRunner().invoke(main, [*arguments, "--states", "9000"])
    assert ended.exit_code == 3
    found = json.loads(ended.stdout)
    assert found["stopped"] == "states"
    assert found["unique"] >= 9000
    assert found["frontier"] > 0
    assert found["whole_levels"] == len(found["levels"]) == found["depth"] > 5
    assert sum(found["levels"]) <= found["unique"] < found["generated"]
    assert found["left_perhaps"] >= found["left_at_least"] > 0
    assert found["states_per_second"] > 0
    assert found["memory_bytes"] > 2**20
    assert len(found["slots"]) == 6
    assert found["rounds"][0]["unique"] == found["unique"]


def test_a_complete_exploration_has_nothing_left() -> None:
    arguments = ["explore", "register", "--scenario", "small", "--set", "reads=0", "--json"]
    found = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert (found["outcome"], found["unique"], found["depth"]) == ("undecided", 34, 9)
    assert (found["stopped"], found["not_explored"]) == ("complete", ["liveness"])
    assert (found["left_at_least"], found["left_perhaps"], found["frontier"]) == (None, None, 0)
    assert sum(found["levels"]) == 34


def test_progress_and_the_end_say_how_far_and_how_fast() -> None:
    rounds = FaultRounds(
        right("1", "1"), ExploreOptions(Limits(states=3_000), engine="plain"), faults_max=0
    )
    for current in rounds.explore(every_seconds=0):
        line = progress_line(current)
    for word in (
        "states",
        "transitions",
        "depth",
        "frontier",
        "states/s",
        "MB",
        "slots",
        "to come",
    ):
        assert word in line
    first, last = lines_of(rounds)
    assert "stopped: states" in first
    depth = rounds.last.explored.depth
    assert last.startswith(f"every run of up to {depth - 1} choices was explored; frontier ")
    assert figures_of(rounds.last.explored)["left_perhaps"] is not None


def test_an_interrupted_search_of_endings_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint.harness.exploration import rounds as exploring

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(exploring, "endings_of", interrupted)
    settings = ["--scenario", "small", "--set", "reads=0", "--liveness", "--json"]
    ended = CliRunner().invoke(main, ["explore", "register", *settings])
    assert ended.exit_code == 130
    assert json.loads(ended.stdout)["outcome"] == "undecided"


# On disk.

DISK = ["--memory", "0.3", "--disk"]


def once_beyond(folder: Path, level: int, process: subprocess.Popen[str]) -> None:
    """Return when an exploration on disk has begun to write a level; it must still be running."""
    while not (folder / "faults-0" / f"level-{level:04}.word0").exists():
        assert process.poll() is None, process.communicate()


@pytest.mark.slow
@needs_numpy
def test_an_exploration_on_disk_that_is_killed_ends_with_the_same_counts(
    tmp_path: Path, whole: dict[str, Any]
) -> None:
    folder = tmp_path / "states"
    killed = started([*SMALL, *DISK, str(folder)], tmp_path)
    once_beyond(folder, 18, killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    resumed = result(started([*SMALL, *DISK, str(folder)], tmp_path))
    assert {key: resumed[key] for key in COUNTS} == {key: whole[key] for key in COUNTS}
    assert (resumed["outcome"], whole["disk_bytes"]) == (whole["outcome"], None)
    assert resumed["disk_bytes"] > 5 * resumed["unique"]
    assert not folder.exists()


@pytest.mark.slow
@needs_numpy
def test_rounds_on_disk_go_on_where_they_were(tmp_path: Path) -> None:
    """A limit leaves the folder; whoever comes again explores no round twice, and removes it."""
    scenario = ["explore", "tests.oracles.abd:system", "--set", "servers=2", "--set", "clients=1"]
    how = [*scenario, "--out", str(tmp_path), "--disk", str(tmp_path / "states")]
    stopped = CliRunner().invoke(main, [*how, "--depth", "9"])
    assert "stopped: depth" in stopped.output
    assert f"--disk {tmp_path / 'states'} goes on from there" in stopped.output
    assert (tmp_path / "states" / "faults-0" / "exploration.json").exists()
    whole = CliRunner().invoke(main, [*how, "--json"])
    assert (json.loads(whole.stdout)["unique"], whole.exit_code) == (13, 0)
    assert not (tmp_path / "states").exists()


@needs_numpy
@pytest.mark.parametrize(
    ("how", "says"),
    [
        pytest.param(["--engine", "plain"], "--disk needs the numpy engine", id="plain"),
        pytest.param(["--checkpoint", "there"], "needs no --checkpoint", id="checkpoint"),
        pytest.param(["--reduction", "dpor"], "keeps no states; leave --disk out", id="dpor"),
        pytest.param(["--memory", "0.001"], "are in use before the search begins", id="memory"),
    ],
)
def test_what_a_disk_does_not_go_with_is_refused(how: list[str], says: str, tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, [*SMALL[:-1], "--disk", str(tmp_path / "states"), *how])
    assert ended.exit_code == 2
    assert says in ended.output


@needs_numpy
def test_a_folder_that_is_in_use_or_of_others_is_refused(tmp_path: Path) -> None:
    from counterpoint.harness.exploration.disk_space import DiskSpace

    how = [*SMALL[:-1], "--disk", str(tmp_path / "states")]
    with DiskSpace.of(tmp_path / "states", None).taken():
        ended = CliRunner().invoke(main, how)
    assert (ended.exit_code, "is in use by another exploration" in ended.output) == (2, True)
    (tmp_path / "states" / "mine.txt").write_text("")
    ended = CliRunner().invoke(main, how)
    assert (ended.exit_code, "holds what is not of an exploration" in ended.output) == (2, True)


@needs_numpy
def test_a_full_disk_leaves_what_was_established(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from counterpoint.model.search.columnar.stored_set import SetWriter

    write, writes = SetWriter.write, itertools.count()

    def full(writer: SetWriter, words: Any) -> None:
        if next(writes) >= 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(writer, words)

    monkeypatch.setattr(SetWriter, "write", full)
    ended = CliRunner().invoke(main, [*SMALL[:-1], "--disk", str(tmp_path / "states")])
    assert ended.exit_code == 3
    assert "stopped: disk" in ended.output
    assert "No space left on device" in ended.output
    assert (tmp_path / "states" / "faults-0" / "exploration.json").exists()
