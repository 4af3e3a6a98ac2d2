"""How far an exploration on disk is: as numbers that its folder notes, and back again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from counterpoint.model.search.columnar.checkpoint import Questions
from counterpoint.model.search.columnar.established import Counts, Established
from counterpoint.model.search.columnar.folder import ExplorationFolder
from counterpoint.model.search.columnar.level import UnderWay
from counterpoint.model.search.columnar.packing import FieldLayout
from counterpoint.model.search.columnar.stored import PendingOnDisk, StoredStates
from counterpoint.model.search.columnar.stored_set import opened
from counterpoint.model.values import Json


@dataclass(frozen=True, slots=True)
class HowFar:
    """Whole levels, what is on disk of the next one, and the time it took."""

    established: Established
    under_way: UnderWay | None
    seconds: float
    is_complete: bool = False


def note(folder: ExplorationFolder, how_far: HowFar, journal: Questions) -> None:
    """Let the folder note how far an exploration is, with the questions that it rests on.

    Raises:
        DiskFailed: it cannot be written.
    """
    known, under_way = how_far.established.known, how_far.under_way
    assert isinstance(known, StoredStates), "only what is on disk can be noted"
    sets = {"levels": known.levels, "runs": known.runs, "spills": ()}
    state: dict[str, Json] = {
        "widths": list(known.layout.widths),
        "counts": _counts_form(how_far.established.counts),
        "milliseconds": int(how_far.seconds * 1000),
        "is_complete": how_far.is_complete,
        "under_way": None,
    }
    if under_way is not None:
        assert isinstance(under_way.pending, PendingOnDisk)
        sets["spills"] = under_way.pending.spilled
        state["under_way"] = {"row": under_way.row, "counts": _counts_form(under_way.counts)}
    folder.note(journal, state, sets)


def restored(folder: ExplorationFolder, noted: dict[str, Any]) -> HowFar:
    """Return how far an exploration was when its folder noted it.

    Raises:
        BadCheckpoint: a file is not what was written.
        OSError: a file cannot be read.
    """
    state, forms = noted["state"], noted["sets"]
    by_name = {form["name"]: opened(folder.path, form) for kind in forms.values() for form in kind}
    levels, runs, spills = (
        tuple(by_name[form["name"]] for form in forms[kind])
        for kind in ("levels", "runs", "spills")
    )
    known = StoredStates(folder, FieldLayout(tuple(state["widths"])), levels, runs)
    under_way = None
    if state["under_way"] is not None:
        row, counts = state["under_way"]["row"], state["under_way"]["counts"]
        under_way = UnderWay(row, _counts(counts), known.pending(spills))
    return HowFar(
        Established(known, _counts(state["counts"])),
        under_way,
        state["milliseconds"] / 1000,
        state["is_complete"],
    )


def _counts_form(counts: Counts) -> dict[str, Json]:
    end = counts.open_end
    return {
        "generated": counts.generated,
        "terminal": counts.terminal,
        "terminal_pending": counts.terminal_pending,
        "open_end": None if end is None else [end[0], *(int(column[0]) for column in end[1])],
    }


def _counts(form: dict[str, Any]) -> Counts:
    end = form["open_end"]
    fields = None if end is None else (end[0], [np.array([f], np.int64) for f in end[1:]])
    return Counts(form["generated"], form["terminal"], form["terminal_pending"], fields)
