"""Explorations on disk: whatever fits into memory and happens on the way, the counts are equal."""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint import faults  # noqa: E402
from counterpoint.model.scenario import Scenario  # noqa: E402  numpy must be there first
from counterpoint.model.search.columnar import folder as folders  # noqa: E402
from counterpoint.model.search.columnar.checkpoint import BadCheckpoint  # noqa: E402
from counterpoint.model.search.columnar.explorer import VectorExplorer  # noqa: E402
from counterpoint.model.search.columnar.folder import ExplorationFolder, Portions  # noqa: E402
from counterpoint.model.search.columnar.packing import FieldLayout, Words  # noqa: E402
from counterpoint.model.search.columnar.parallel import Crew  # noqa: E402
from counterpoint.model.search.columnar.sets import unique  # noqa: E402
from counterpoint.model.search.columnar.stored import StoredStates  # noqa: E402
from counterpoint.model.search.columnar.stored_set import (  # noqa: E402
    SetWriter,
    StoredSet,
    opened,
    splitters_of,
)
from counterpoint.model.search.exploration.explore import Explorer, Limits  # noqa: E402
from tests.oracles import abd as oracle_abd  # noqa: E402
from tests.search.exploring import counts, finished  # noqa: E402
from tests.search.test_workers import CHUNK_STATES, sound, wrong  # noqa: E402

SMALL = Portions(pending_bytes=1_000, block_rows=8, range_rows=40, piece_blocks=2)
"""Some ten spills in the widest levels of the small systems."""

TINY = Portions(pending_bytes=1, block_rows=2, range_rows=4, piece_blocks=1)
"""A spill after every chunk."""


def on_disk(
    scenario: Scenario, folder: Path, portions: Portions = SMALL, **options: Any
) -> VectorExplorer:
    explorer = VectorExplorer(scenario, chunk_states=CHUNK_STATES, **options)
    explorer.move_to(folder, portions)
    return explorer


def server_and_client() -> Scenario:
    return oracle_abd.system("3", "1", observer=True)


# Equal counts.


QUICK = ("abd 2 2", "paxos", "abd", "a property, ordered", "a property, with faults", "a handler")


def small(systems: Iterable[str]) -> list[Any]:
    """Return the names of systems; those that take longer are for the whole suite."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in systems]


@pytest.mark.slow
@pytest.mark.parametrize("name", small(sound()))
def test_on_disk_as_much_is_found_as_state_by_state(name: str, tmp_path: Path) -> None:
    scenario, workers = sound()[name], 1 + len(name) % 2
    plain = finished(Explorer(scenario))
    stored = finished(on_disk(scenario, tmp_path / "states", workers=workers))
    assert counts(stored) == counts(plain)
    assert (stored.open_end is None) == (plain.open_end is None)


@pytest.mark.parametrize("name", small(name for name in wrong() if name != "a property"))
def test_on_disk_the_same_counterexample_is_found(name: str, tmp_path: Path) -> None:
    scenario = wrong()[name]
    held = finished(VectorExplorer(scenario, chunk_states=CHUNK_STATES))
    stored = finished(on_disk(scenario, tmp_path / "states"))
    assert stored.violation == held.violation is not None
    assert counts(stored) == counts(held)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["abd", "paxos"])
def test_a_spill_after_every_chunk_changes_no_count(name: str, tmp_path: Path) -> None:
    scenario = sound()[name]
    stored = finished(on_disk(scenario, tmp_path / "states", TINY))
    assert counts(stored) == counts(finished(Explorer(scenario)))


@pytest.mark.slow
def test_levels_and_ways_back_are_those_of_memory(tmp_path: Path) -> None:
    """Goals are looked for in levels: they are the same, in the same order, and so are the runs."""
    held = VectorExplorer(server_and_client(), chunk_states=CHUNK_STATES)
    stored = on_disk(server_and_client(), tmp_path / "states")
    assert finished(stored).levels == finished(held).levels
    for steps in range(held.level_count):
        states = list(held.level(steps))
        assert list(stored.level(steps)) == states
        assert stored.run_to(steps, states[-1]) == held.run_to(steps, states[-1])


@pytest.mark.slow
def test_what_is_on_disk_is_told(tmp_path: Path) -> None:
    explored = finished(on_disk(server_and_client(), tmp_path / "states"))
    files = sum(file.stat().st_size for file in (tmp_path / "states").glob("*.word*"))
    assert explored.stored_bytes == files > explored.states
    assert finished(VectorExplorer(server_and_client())).stored_bytes is None


# Going on.


@pytest.mark.slow
@pytest.mark.parametrize("reports", [1, 30])
def test_an_exploration_that_is_left_again_and_again_ends_with_the_same_counts(
    reports: int, tmp_path: Path
) -> None:
    """Also within a level: what was spilled of it is not expanded again."""
    scenario, rows = server_and_client(), list[int]()
    for attempts in itertools.count(1):
        explorer = on_disk(scenario, tmp_path / "states", workers=1 + attempts % 2)
        manifest = tmp_path / "states" / "exploration.json"
        noted = json.loads(manifest.read_text()) if manifest.exists() else {"state": {}}
        rows.append((noted["state"].get("under_way") or {"row": 0})["row"])
        ways = explorer.explore(every_seconds=0)
        last = list(itertools.islice(ways, reports))[-1]
        assert isinstance(ways, Generator)
        ways.close()
        if last.stop == "complete":
            break
        # Who gets nowhere in so few reports would begin the same level for ever.
        reports += 1
    assert attempts > 2
    assert counts(last) == counts(finished(Explorer(scenario)))
    assert any(rows)


@pytest.mark.slow
def test_a_complete_exploration_is_not_repeated(tmp_path: Path) -> None:
    whole = counts(finished(on_disk(server_and_client(), tmp_path / "states")))
    again = on_disk(server_and_client(), tmp_path / "states", limits=Limits(states=1))
    assert again.progress.stop == "complete"
    assert counts(finished(again)) == whole


@pytest.mark.slow
def test_the_first_end_with_an_open_call_is_remembered(tmp_path: Path) -> None:
    scenario = sound()["paxos"]
    whole = finished(on_disk(scenario, tmp_path / "whole"))
    finished(on_disk(scenario, tmp_path / "states", limits=Limits(depth=whole.depth - 1)))
    again = finished(on_disk(scenario, tmp_path / "states"))
    assert again.open_end == whole.open_end is not None


@pytest.mark.slow
@pytest.mark.parametrize("writes", [1, 12, 50])
def test_a_full_disk_ends_an_exploration_that_goes_on_later(
    writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, count = SetWriter.write, itertools.count()

    def full(writer: SetWriter, words: Words) -> None:
        if next(count) >= writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(writer, words)

    explorer = on_disk(server_and_client(), tmp_path / "states")
    monkeypatch.setattr(SetWriter, "write", full)
    stopped = finished(explorer)
    assert stopped.stop == "disk"
    assert explorer.problem == f"{tmp_path / 'states'}: No space left on device"
    monkeypatch.undo()
    whole = finished(on_disk(server_and_client(), tmp_path / "states"))
    assert whole.states > stopped.states
    assert counts(whole) == counts(finished(Explorer(server_and_client())))


@pytest.mark.slow
def test_what_could_not_be_noted_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The questions were written and the note of them was not: they are asked, and written, again."""
    explorer = on_disk(server_and_client(), tmp_path / "states")

    def full(_: Path) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    for failing in (False, True):
        if failing:
            monkeypatch.setattr(folders, "replacing", full)
        explorer.limits = Limits(depth=explorer.progress.depth + 5)
        explorer._stop = None
        last = finished(explorer)
    assert last.stop == "disk"
    monkeypatch.undo()
    whole = finished(on_disk(server_and_client(), tmp_path / "states"))
    assert counts(whole) == counts(finished(Explorer(server_and_client())))


# What is refused.


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(BadCheckpoint, match=r"holds what is not of an exploration \(a.txt\)"):
        on_disk(server_and_client(), tmp_path)
    with pytest.raises(BadCheckpoint, match="is no folder"):
        on_disk(server_and_client(), tmp_path / "a.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_of_another_exploration_is_refused(tmp_path: Path) -> None:
    finished(on_disk(server_and_client(), tmp_path, limits=Limits(depth=4)))
    with pytest.raises(BadCheckpoint, match=r"another exploration: its network is 'unordered'"):
        on_disk(oracle_abd.system("3", "1", network="ordered", observer=True), tmp_path)
    other_source = wrong()["a handler"].replace(name=server_and_client().name)
    with pytest.raises(BadCheckpoint, match=r"its (origin|source) is"):
        on_disk(other_source, tmp_path)


def test_a_folder_of_other_budgets_of_faults_is_refused(tmp_path: Path) -> None:
    lossy = server_and_client().replace(limits=faults(drop=1), faults_max=0)
    finished(on_disk(lossy, tmp_path, limits=Limits(depth=2)))
    with pytest.raises(BadCheckpoint, match=r"another exploration: its limits is"):
        on_disk(lossy.replace(limits=faults(duplicate=1)), tmp_path)


def test_a_folder_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(on_disk(server_and_client(), tmp_path, limits=Limits(depth=4)))
    monkeypatch.setattr(folders, "VERSION", 2)
    with pytest.raises(BadCheckpoint, match="has version 1, not 2"):
        on_disk(server_and_client(), tmp_path)


def read_and_explored(folder: Path) -> None:
    explorer = on_disk(server_and_client(), folder, limits=Limits(depth=8))
    for steps in range(explorer.level_count):
        list(explorer.level(steps))
    explorer.limits = Limits(depth=9)
    finished(explorer)


@pytest.mark.slow
def test_a_byte_that_changed_on_disk_is_noticed(tmp_path: Path) -> None:
    """In whatever file: when it is opened, or at the latest when it is read."""
    finished(on_disk(server_and_client(), tmp_path, limits=Limits(depth=8)))
    files = sorted(file for file in tmp_path.iterdir() if file.stat().st_size)
    noticed = 0
    for file in files:
        content = file.read_bytes()
        for damaged in (
            bytes([content[0] ^ 1]) + content[1:],
            content[:-1],
            content[:-1] + bytes([content[-1] ^ 32]),
        ):
            file.write_bytes(damaged)
            with pytest.raises(BadCheckpoint, match=r"damaged|version"):
                read_and_explored(tmp_path)
            noticed += 1
        file.write_bytes(content)
    assert noticed > 40
    assert finished(on_disk(server_and_client(), tmp_path)).stop == "complete"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    finished(on_disk(server_and_client(), tmp_path, limits=Limits(depth=10)))
    (tmp_path / "level-0009.index").unlink()
    with pytest.raises(FileNotFoundError):
        on_disk(server_and_client(), tmp_path)


# Sets in files agree with Python's sets of tuples.


def drawn(seed: int, count: int, layout: FieldLayout, values: int) -> Words:
    random = np.random.default_rng(seed)
    return unique(layout.pack([random.integers(0, values, count) for _ in layout.widths]))


def written(folder: Path, name: str, words: Words, layout: FieldLayout, rows: int) -> StoredSet:
    with SetWriter(folder, name, layout, rows) as writer:
        for start in range(0, len(words[0]), 7):
            writer.write(tuple(word[start : start + 7] for word in words))
        return writer.finished()


def tuples(words: Words) -> list[tuple[int, ...]]:
    return list(zip(*(word.tolist() for word in words), strict=True))


LAYOUTS = [(20, 20, 20), (40, 40, 30), (60, 3), (60, 60, 60), (9, 7)]


@pytest.mark.parametrize("values", [2, 8])
@pytest.mark.parametrize("block_rows", [1, 4, 1000])
@pytest.mark.parametrize("widths", LAYOUTS)
def test_sets_in_files_are_exact(
    widths: tuple[int, ...], block_rows: int, values: int, tmp_path: Path
) -> None:
    """Few values: many states have their first word in common, over the bounds of blocks."""
    layout = FieldLayout(widths)
    wider = FieldLayout(tuple(width + 2 for width in widths))
    ours, theirs = (drawn(seed, 150, layout, values) for seed in (1, 2))
    stored = written(tmp_path, "ours", ours, layout, block_rows)
    stored = opened(tmp_path, json.loads(json.dumps(stored.form)))
    left, right = (tuples(layout.convert(words, wider)) for words in (ours, theirs))
    assert tuples(stored.read(0, 10_000, wider)) == left
    assert tuples(stored.read(3, 11, wider)) == left[3:11]
    missing = stored.missing(layout.convert(theirs, wider), wider, 2)
    assert tuples(missing) == sorted(set(right) - set(left))
    other = written(tmp_path, "theirs", theirs, layout, block_rows)
    splitters = splitters_of([stored, other], wider, 5)
    ranges = list(stored.in_ranges(splitters, wider))
    assert [row for words in ranges for row in tuples(words)] == left
    for words, low, high in zip(ranges[1:-1], splitters, splitters[1:], strict=False):
        assert all(low <= row[0] < high for row in tuples(words))


@pytest.mark.slow
@pytest.mark.parametrize("widths", LAYOUTS)
def test_known_states_on_disk_are_few_sorted_runs(widths: tuple[int, ...], tmp_path: Path) -> None:
    layout = FieldLayout(widths)
    known = StoredStates(ExplorationFolder(tmp_path, {}, SMALL), layout)
    expected = set[tuple[int, ...]]()
    for seed in range(12):
        words = drawn(seed, 60 + 10 * seed, layout, 100)
        fresh = sorted(set(tuples(words)) - expected)
        pending = known.pending()
        pending.add(layout, words)
        known = pending.finished(layout, Crew(1))
        assert tuples(known.rows(len(known.levels) - 1, 0, 10_000)) == fresh
        expected |= set(fresh)
        assert sum(run.rows for run in known.runs) == len(expected)
        assert len(known.runs) <= 4
    kept = {row for run in known.runs for row in tuples(run.read(0, 10_000, layout))}
    assert kept == expected
