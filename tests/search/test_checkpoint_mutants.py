"""Checkpoints that were saved anew with other content: refused clearly, or right."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="checkpoints need numpy")

from counterpoint.model.search.columnar.checkpoint import (  # noqa: E402 - needs numpy
    BadCheckpoint,
    load,
)
from counterpoint.model.search.columnar.explorer import VectorExplorer  # noqa: E402
from counterpoint.model.search.exploration.explore import Limits  # noqa: E402
from tests.search.small_systems import right  # noqa: E402

MUTANTS = 300


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a search that a limit ended."""
    path = tmp_path_factory.mktemp("checkpoints") / "small"
    explorer = VectorExplorer(right("1", "1"), limits=Limits(depth=8))
    for _ in explorer.explore():
        pass
    explorer.save(path)
    return path


def changed(arrays: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return the arrays with one of them changed: a number, its kind, its length, its name."""
    mutant = dict(arrays)
    name = random.choice(sorted(mutant))
    array = mutant[name].copy()
    match random.randrange(8):
        case 0 | 1 | 2 if array.size:
            array.flat[random.randrange(array.size)] ^= random.choice((1, 7, 100))
            mutant[name] = array
        case 3 if array.size:
            mutant[name] = array[: random.randrange(len(array))]
        case 4:
            mutant[name] = np.concatenate([array, array])
        case 5:
            mutant[name] = array.astype(random.choice((np.float64, np.int8, np.uint32, np.bool_)))
        case 6:
            mutant["word9"] = mutant.pop(name)
        case _:
            mutant[name] = np.random.default_rng(random.randrange(99)).permutation(array)
    return mutant


class Resumer:
    """Goes on from mutants, and says what each led to. A refusal leaves an explorer as it was."""

    def __init__(self, saved: Path) -> None:
        self._right = self._levels(saved)
        self._untouched = VectorExplorer(right("1", "1"))

    def is_refused(self, path: Path) -> bool:
        """Tell whether a file is refused; if not, it must mean what was saved."""
        try:
            load(path, self._untouched.about)
        except BadCheckpoint as refused:
            return "checkpoint" in str(refused) and len(str(refused)) < 400
        if self._levels(path) != self._right:
            raise AssertionError("accepted, and another count")
        return False

    @staticmethod
    def _levels(path: Path) -> tuple[int, ...]:
        explorer = VectorExplorer(right("1", "1"))
        explorer.resume(path)
        return tuple(explorer.progress.levels)


@pytest.mark.slow
def test_a_checkpoint_saved_anew_is_refused(saved: Path, tmp_path: Path) -> None:
    with np.load(saved) as stored:
        arrays = {name: stored[name] for name in stored.files}
    random, path, resumer = Random(1), tmp_path / "mutant", Resumer(saved)
    assert not resumer.is_refused(saved)
    for _ in range(MUTANTS):
        mutant = changed(arrays, random)
        with path.open("wb") as file:
            np.savez(file, **mutant)
        is_same = mutant.keys() == arrays.keys() and all(
            np.array_equal(mutant[name], arrays[name]) for name in arrays
        )
        assert resumer.is_refused(path) or is_same


@pytest.mark.slow
def test_a_checkpoint_with_other_bytes_is_refused_or_right(saved: Path, tmp_path: Path) -> None:
    content, random, path, resumer = (
        saved.read_bytes(),
        Random(2),
        tmp_path / "mutant",
        Resumer(saved),
    )
    refused = 0
    for _ in range(MUTANTS):
        at = random.randrange(len(content))
        path.write_bytes(content[:at] + random.randbytes(random.randrange(3)) + content[at + 1 :])
        refused += resumer.is_refused(path)
    assert refused > MUTANTS * 0.9  # the rest: fields of the container that nobody reads


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello", b"\x93NUMPY\x01\x00", b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "none"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="is no checkpoint, or a damaged one"):
        VectorExplorer(right("1", "1")).resume(path)
