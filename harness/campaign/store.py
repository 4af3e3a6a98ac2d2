"""Where a campaign is kept: one file of SQLite, to which one process appends, whatever ends it.

Each transaction is whole or not there at all, so the file is good at any moment; a finding is in it
before anything else is done about it. Readers need not wait for the writer, nor it for them (WAL).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from counterpoint.harness.campaign import kept_coverage
from counterpoint.harness.campaign.assignment import MinimisedRun, Minimising, NamedSearch
from counterpoint.harness.campaign.kept_coverage import KeptCoverage
from counterpoint.harness.campaign.shape import Shape, contains
from counterpoint.model.search.walks.block import RunBlock

FILE = "campaign.sqlite"
VERSION = 3

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE blocks (
  code TEXT NOT NULL, number INTEGER NOT NULL, target TEXT NOT NULL, search TEXT NOT NULL,
  runs INTEGER NOT NULL, steps INTEGER NOT NULL, calls INTEGER NOT NULL, faults INTEGER NOT NULL,
  undecided TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (code, number));
CREATE TABLE findings (
  id INTEGER PRIMARY KEY, code TEXT NOT NULL, target TEXT NOT NULL, search TEXT NOT NULL,
  run INTEGER NOT NULL, property TEXT NOT NULL, at REAL NOT NULL, failure INTEGER,
  UNIQUE (code, search, run));
CREATE TABLE failures (
  id INTEGER PRIMARY KEY, target TEXT NOT NULL, property TEXT NOT NULL, shape TEXT NOT NULL,
  summary TEXT NOT NULL, steps INTEGER NOT NULL, steps_found INTEGER NOT NULL,
  faults INTEGER NOT NULL, file TEXT NOT NULL, lines TEXT NOT NULL, first_seen REAL NOT NULL,
  confirmed TEXT NOT NULL DEFAULT '', now TEXT NOT NULL DEFAULT '');
"""


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A run that broke something, as the store knows it; `failure` is None until it is minimised."""

    id: int
    target: str
    search: NamedSearch
    run: int
    property_name: str
    at: float
    failure: int | None

    @property
    def minimising(self) -> Minimising:
        """What a worker is to do about it."""
        return Minimising(self.search, self.run, self.property_name)


@dataclass(frozen=True, slots=True)
class KeptFailure:
    """What several findings have in common: property and shape; `count` says how many they are.

    `confirmed` is what a replay in a fresh process came to, "" before it, and `now` what it comes to in
    today's code: "broken", "fixed", or "" where nobody has asked.
    """

    id: int
    target: str
    property_name: str
    shape: Shape
    summary: str
    steps: int
    steps_found: int
    faults: int
    file: str
    lines: str
    first_seen: float
    confirmed: str
    now: str
    count: int


@dataclass(frozen=True, slots=True)
class KeptTarget:
    """What was done about a target: its blocks, runs, steps, completed calls, faults."""

    target: str
    blocks: int
    runs: int
    steps: int
    calls: int
    faults: int


class NoCampaign(ValueError):
    """A folder in which no campaign is kept."""


class NotKept(OSError):
    """Something could not be written down; what was written before is kept."""


class CampaignStore:
    """The file of a campaign, opened; `with` closes it."""

    def __init__(self, folder: Path, *, is_new: bool = False) -> None:
        self.folder = folder
        path = folder / FILE
        if not is_new and not path.exists():
            raise NoCampaign(f"{folder} holds no campaign: there is no {FILE} in it")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise NoCampaign(f"{path} is no campaign that could be used: {error}") from None

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")  # else a loss of power takes the last
        with self.transaction():
            version = self._one("PRAGMA user_version")[0]
            if version == 0:
                for statement in filter(str.strip, (TABLES + kept_coverage.TABLES).split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise NoCampaign(
                    f"{self.folder / FILE} is of version {version}, and this one knows {VERSION}; "
                    "take another folder, or the version of Counterpoint that wrote it"
                )

    @property
    def coverage(self) -> KeptCoverage:
        """What was seen, and how that grew."""
        return KeptCoverage(self._database)

    def __enter__(self) -> CampaignStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in it is there afterwards, or nothing of it.

        Raises:
            NotKept: the disk is full, or closed to us.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException as error:
            if self._database.in_transaction:  # which some errors have ended already
                self._database.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise NotKept(f"{self.folder / FILE}: {error}") from None
            raise

    def _one(self, statement: str, *values: object) -> Any:
        return self._database.execute(statement, values).fetchone()

    def _all(self, statement: str, *values: object) -> list[Any]:
        return self._database.execute(statement, values).fetchall()

    # ---- what it is of ----

    def meta(self, key: str) -> str | None:
        """Return what was noted under a key."""
        found = self._one("SELECT value FROM meta WHERE key = ?", key)
        return None if found is None else str(found[0])

    def note(self, key: str, value: str) -> None:
        """Note something under a key, in place of what was there."""
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # ---- blocks ----

    def numbers(self, code: str) -> set[int]:
        """Return the numbers of the assignments that were made of this code."""
        return {row[0] for row in self._all("SELECT number FROM blocks WHERE code = ?", code)}

    def add_block(
        self, code: str, number: int, target: str, search: NamedSearch, block: RunBlock, at: float
    ) -> list[KeptFinding]:
        """Keep a block and its findings, and return those that were not known.

        A block that is known already is left as it is.
        """
        tally, text = block.tally, search_text(search)
        undecided = {
            ruling.property: times
            for rulings, times in tally.rulings.items()
            for ruling in rulings
            if ruling.outcome == "undecided"
        }
        row = (
            *(code, number, target, text, tally.runs, tally.steps),
            *(tally.completed_calls, sum(tally.faults.values()), json.dumps(undecided), at),
        )
        done = self._database.execute(
            f"INSERT OR IGNORE INTO blocks VALUES ({', '.join('?' * len(row))})", row
        )
        if not done.rowcount:
            return []
        fresh: list[KeptFinding] = []
        for run, name in block.findings:
            done = self._database.execute(
                "INSERT OR IGNORE INTO findings (code, target, search, run, property, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (code, target, text, run, name, at),
            )
            if done.rowcount and done.lastrowid is not None:
                fresh.append(KeptFinding(done.lastrowid, target, search, run, name, at, None))
        return fresh

    def targets(self) -> list[KeptTarget]:
        """Return what was done about each target."""
        rows = self._all(
            "SELECT target, COUNT(*), SUM(runs), SUM(steps), SUM(calls), SUM(faults)"
            " FROM blocks GROUP BY target ORDER BY MIN(rowid)"
        )
        return [KeptTarget(*row) for row in rows]

    def undecided(self, target: str) -> dict[str, int]:
        """Return in how many runs of a target each property was left undecided."""
        total: dict[str, int] = {}
        for (text,) in self._all("SELECT undecided FROM blocks WHERE target = ?", target):
            for name, times in json.loads(text).items():
                total[name] = total.get(name, 0) + times
        return total

    # ---- findings and failures ----

    def findings(self, code: str) -> list[KeptFinding]:
        """Return the findings in this code, in the order in which they were found."""
        rows = self._all(
            "SELECT id, target, search, run, property, at, failure FROM findings WHERE code = ?"
            " ORDER BY at, id",
            code,
        )
        return [
            KeptFinding(id, target, search_of(search), *rest) for id, target, search, *rest in rows
        ]

    def failures(self) -> list[KeptFailure]:
        """Return all failures, with the number of findings of each, in the order of their ids."""
        rows = self._all(
            "SELECT id, target, property, shape, summary, steps, steps_found, faults, file, lines,"
            " first_seen, confirmed, now,"
            " (SELECT COUNT(*) FROM findings WHERE findings.failure = failures.id)"
            " FROM failures ORDER BY id"
        )
        return [
            KeptFailure(id, target, name, _shape(shape), *rest)
            for id, target, name, shape, *rest in rows
        ]

    def add_failure(
        self, target: str, name: str, found: MinimisedRun, first_seen: float
    ) -> tuple[int, bool]:
        """Keep a minimised run; return the failure that it is of, and whether its trace is new."""
        for known in self.failures():
            if (known.target, known.property_name) != (target, name):
                continue
            is_back = known.now == "fixed" and contains(found.shape, known.shape)
            if not is_back and contains(found.shape, known.shape):
                return known.id, False
            if is_back or contains(known.shape, found.shape):
                self._rewrite(known.id, found)
                return known.id, True
        row = (
            *(target, name, json.dumps(found.shape), found.summary, found.steps),
            *(found.steps_found, found.faults, "", "\n".join(found.lines), first_seen),
        )
        done = self._database.execute(
            "INSERT INTO failures (target, property, shape, summary, steps, steps_found, faults,"
            f" file, lines, first_seen) VALUES ({', '.join('?' * len(row))})",
            row,
        )
        assert done.lastrowid is not None
        self.name_file(done.lastrowid, f"{done.lastrowid}-{found.name}")
        return done.lastrowid, True

    def insert_failure(self, failure: KeptFailure) -> int:
        """Keep a failure of another store; return its id here."""
        done = self._database.execute(
            "INSERT INTO failures (target, property, shape, summary, steps, steps_found, faults,"
            " file, lines, first_seen, confirmed, now) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(
                    failure.target,
                    failure.property_name,
                    json.dumps(failure.shape),
                    failure.summary,
                ),
                *(failure.steps, failure.steps_found, failure.faults, "", failure.lines),
                *(failure.first_seen, failure.confirmed, failure.now),
            ),
        )
        assert done.lastrowid is not None
        self.name_file(done.lastrowid, f"{done.lastrowid}-{failure.file.partition('-')[2]}")
        return done.lastrowid

    def replace_failure(self, known: int, failure: KeptFailure) -> None:
        """Let a shorter run of another store stand for a failure."""
        self._database.execute(
            "UPDATE failures SET shape = ?, summary = ?, steps = ?, steps_found = ?, faults = ?,"
            " lines = ?, confirmed = ?, now = ? WHERE id = ?",
            (
                *(json.dumps(failure.shape), failure.summary, failure.steps, failure.steps_found),
                *(failure.faults, failure.lines, failure.confirmed, failure.now, known),
            ),
        )

    def seen_at(self, failure: int, moment: float) -> None:
        """Say that a failure was seen at some time, which may be before it was known here."""
        self._database.execute(
            "UPDATE failures SET first_seen = MIN(first_seen, ?) WHERE id = ?", (moment, failure)
        )

    def _rewrite(self, failure: int, found: MinimisedRun) -> None:
        """Let a shorter run stand for a failure; it is not confirmed yet."""
        self._database.execute(
            "UPDATE failures SET shape = ?, summary = ?, steps = ?, steps_found = ?, faults = ?,"
            " lines = ?, confirmed = '', now = '' WHERE id = ?",
            (
                *(json.dumps(found.shape), found.summary, found.steps, found.steps_found),
                *(found.faults, "\n".join(found.lines), failure),
            ),
        )

    def name_file(self, failure: int, file: str) -> None:
        """Say which file in the folder holds the trace of a failure."""
        self._database.execute("UPDATE failures SET file = ? WHERE id = ?", (file, failure))

    def settle(self, finding: int, failure: int) -> None:
        """Say which failure a finding is of."""
        self._database.execute("UPDATE findings SET failure = ? WHERE id = ?", (failure, finding))

    def confirm(self, failure: int, outcome: str) -> None:
        """Say what the replay of a failure in a fresh process came to."""
        self._database.execute("UPDATE failures SET confirmed = ? WHERE id = ?", (outcome, failure))

    def judge_again(self, failure: int, outcome: str) -> None:
        """Say what the run of a failure comes to in today's code."""
        self._database.execute("UPDATE failures SET now = ? WHERE id = ?", (outcome, failure))

    # ---- several campaigns ----

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of a table by column, for another store to take over."""
        found = self._database.execute(f"SELECT * FROM {table} ORDER BY rowid")
        names = [column[0] for column in found.description]
        for row in found:
            yield dict(zip(names, row, strict=True))

    def take_row(self, table: str, row: Mapping[str, Any]) -> int | None:
        """Take over a row unless it is known; return its id, None if it was known."""
        columns, values = ", ".join(row), ", ".join("?" * len(row))
        done = self._database.execute(
            f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})", tuple(row.values())
        )
        return done.lastrowid if done.rowcount else None


def search_text(search: NamedSearch) -> str:
    """Return a search as text, the same for equal ones."""
    form = {f.name: getattr(search, f.name) for f in fields(search)}  # asdict copies all there is
    return json.dumps(form, sort_keys=True)


def search_of(text: str) -> NamedSearch:
    """Return the search that was written as text."""
    form = json.loads(text)
    pairs = {name: tuple(map(tuple, form[name])) for name in ("origin", "weights")}
    return NamedSearch(**{**form, **pairs})


def _shape(text: str) -> Shape:
    return tuple((word, count) for word, count in json.loads(text))
