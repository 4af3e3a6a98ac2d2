"""What a campaign keeps of its coverage: each hash with the runs after which it was first seen.

From these the coverage at any earlier moment can be told again, and so the curve of several campaigns
together, which no sum of their counts would give: what two of them have seen counts once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple, TypeAlias

from counterpoint.model.search.walks.coverage import Coverage, DistinctCount

WHAT = ("node_states", "transitions")

CURVE_POINTS = 32
"""So many points the curve of several campaigns has."""

TABLES = """
CREATE TABLE seen (
  target TEXT NOT NULL, what TEXT NOT NULL, hash TEXT NOT NULL, runs INTEGER NOT NULL,
  PRIMARY KEY (target, what, hash));
CREATE TABLE curve (
  target TEXT NOT NULL, runs INTEGER NOT NULL, node_states INTEGER NOT NULL,
  transitions INTEGER NOT NULL);
"""


class SeenHash(NamedTuple):
    """A hash of a target's node states or transitions."""

    target: str
    what: str
    hash: int


FirstShares: TypeAlias = Mapping[SeenHash, float]
"""After which share of all runs of its target something was first seen, from 0 to 1."""


class KeptCoverage:
    """The tables of coverage in the file of a campaign."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def of(self, target: str) -> Coverage:
        """Return what was seen of a target."""
        return covered(seen for seen, _ in self._rows("WHERE target = ?", target))

    def add(self, target: str, new: Coverage, known: Coverage, runs: int) -> None:
        """Keep what is new in a coverage, and a point of its curve after so many runs."""
        for what in WHAT:
            fresh = set(getattr(new, what).smallest) - set(getattr(known, what).smallest)
            self._keep((SeenHash(target, what, one), runs) for one in fresh)
        self._add_point(target, new, runs)

    def curve(self, target: str) -> list[tuple[int, int, int]]:
        """Return points of (runs, node states, transitions), by the number of runs."""
        return self._database.execute(
            "SELECT runs, node_states, transitions FROM curve WHERE target = ? ORDER BY runs",
            (target,),
        ).fetchall()

    def first_shares(self, runs: Mapping[str, int]) -> FirstShares:
        """Return when each thing was first seen, given how many runs each target has."""
        return {seen: min(at / max(runs.get(seen.target, 0), 1), 1.0) for seen, at in self._rows()}

    def rewrite(self, campaigns: Sequence[FirstShares], runs: Mapping[str, int]) -> None:
        """Let the coverage be that of several campaigns together, of so many runs of each target.

        They are taken to have gone on side by side, so that each had made half of its runs when all
        together had made half of theirs.
        """
        shares: dict[SeenHash, float] = {}
        for campaign in campaigns:
            for seen, share in campaign.items():
                shares[seen] = min(share, shares.get(seen, 1.0))
        self._database.execute("DELETE FROM seen")
        self._database.execute("DELETE FROM curve")
        self._keep((seen, ceil(share * runs.get(seen.target, 0))) for seen, share in shares.items())
        for target, rows in groupby(sorted(self._rows()), key=lambda row: row[0].target):
            self._draw(target, list(rows), runs.get(target, 0))

    def _draw(self, target: str, rows: Sequence[tuple[SeenHash, int]], runs: int) -> None:
        """Write the curve of a target anew: what was seen after each part of its runs."""
        for at in sorted({ceil(runs * k / CURVE_POINTS) for k in range(1, CURVE_POINTS + 1)}):
            self._add_point(target, covered(seen for seen, first in rows if first <= at), at)

    def _rows(self, which: str = "", *values: str) -> Iterator[tuple[SeenHash, int]]:
        found = self._database.execute(f"SELECT target, what, hash, runs FROM seen {which}", values)
        for target, what, text, runs in found:
            yield SeenHash(target, what, int(text, 16)), runs

    def _keep(self, rows: Iterable[tuple[SeenHash, int]]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)",
            [(seen.target, seen.what, f"{seen.hash:016x}", runs) for seen, runs in rows],
        )

    def _add_point(self, target: str, coverage: Coverage, runs: int) -> None:
        counts = (coverage.node_states.count, coverage.transitions.count)
        self._database.execute("INSERT INTO curve VALUES (?, ?, ?, ?)", (target, runs, *counts))


def covered(things: Iterable[SeenHash]) -> Coverage:
    """Return the coverage of what was seen of a target."""
    found: dict[str, list[int]] = {what: [] for what in WHAT}
    for seen in things:
        found[seen.what].append(seen.hash)
    return Coverage(**{what: DistinctCount().plus(hashes) for what, hashes in found.items()})
