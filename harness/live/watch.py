"""Watching a cluster: its logs are read while they grow, and judged again and again, besides."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from counterpoint.harness.live.live_history import (
    LiveHistory,
    LoggedEvent,
    LogReader,
    history_of,
    judged,
)
from counterpoint.model.scenario import Scenario
from counterpoint.model.verdict import Verdict

GROWTH = 1.5
"""A history is judged again when it has grown by so much: all judging together stays bounded."""

LOOK_SECONDS = 2.0
FIRST_LINES = 100


@dataclass(frozen=True, slots=True)
class WatchedVerdicts:
    """What is known so far: how many calls were answered, and the verdicts on them."""

    answered: int
    verdicts: tuple[Verdict, ...]

    @property
    def is_broken(self) -> bool:
        """Tell whether some property does not hold."""
        return any(verdict.is_broken for verdict in self.verdicts)


class LiveWatch:
    """Judges in a thread of its own, so that whoever watches can do other things meanwhile."""

    def __init__(self, scenario: Scenario, readers: Iterable[LogReader]) -> None:
        self.scenario = scenario
        self._readers = tuple(readers)
        self._told: list[LoggedEvent] = []
        self._judged_count = 0
        self._next_look = 0.0
        self._under_way: Future[WatchedVerdicts] | None = None
        self._thread = ThreadPoolExecutor(1)

    def look(self) -> WatchedVerdicts | None:
        """Return what was found since this was last asked, if anything was; it takes no time.

        Raises:
            BadLog: a log has a line that no node has written.
        """
        found = None
        if self._under_way is not None and self._under_way.done():
            found, self._under_way = self._under_way.result(), None
        if self._under_way is None and time.monotonic() >= self._next_look:
            self._begin()
        return found

    def finish(self) -> tuple[LiveHistory, tuple[Verdict, ...]]:
        """Return the whole history, and the verdicts on it."""
        self._thread.shutdown()
        self._read()
        history = history_of(self._told)
        return history, judged(self.scenario, history)

    def _begin(self) -> None:
        self._next_look = time.monotonic() + LOOK_SECONDS
        told = self._read_so_far()
        if len(told) >= self._judged_count * GROWTH + FIRST_LINES:
            self._judged_count = len(told)
            self._under_way = self._thread.submit(self._judge, told)

    def _judge(self, told: list[LoggedEvent]) -> WatchedVerdicts:
        began = time.monotonic()
        history = history_of(told)
        verdicts = judged(self.scenario, history)
        # Judging takes at most a third of the time, whatever a checker needs.
        self._next_look = time.monotonic() + 2 * (time.monotonic() - began)
        return WatchedVerdicts(len(history.completed), verdicts)

    def _read(self) -> None:
        for reader in self._readers:
            self._told += reader.new()

    def _read_so_far(self) -> list[LoggedEvent]:
        """Return a part of what is told that holds the cause of everything in it.

        A node logs what it does before anybody can know of it. So the causes of what a first reading
        has found are there for a second one; what that finds besides is later, and left out.
        """
        self._read()
        last = max((line.at for line in self._told), default=0)
        self._read()
        return [line for line in self._told if line.at <= last]
