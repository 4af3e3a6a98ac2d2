"""Worker processes, and the one that leads them: assignments out, blocks back in the same order.

A worker that dies loses nothing: what it was assigned goes to another. Workers end with their lead,
however that ends, since a pipe without its other end says so.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from time import monotonic
from types import TracebackType
from typing import Any, Self

from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.harness.campaign.worker import Failed, Flag, serve
from counterpoint.harness.memory import share_bytes
from counterpoint.model.mistakes import BadScenario, OwnDefect
from counterpoint.model.search.walks.block import RunBlock

AHEAD = 2
"""So many assignments a worker has at a time, so that it never waits for the next."""

PATIENCE_MAX = 3600.0
"""So many seconds are waited for at a time: a system takes no more than 24 days of them at once."""

DEATHS_MAX = 3
"""An assignment over which so many workers died is not given to another."""

KEYBOARD = tuple(getattr(signal, n) for n in ("SIGINT", "SIGHUP") if hasattr(signal, n))
"""What a terminal sends to all processes that it has started, where one of them is to see to it."""


@dataclass(eq=False, slots=True)
class _Worker:
    process: Any
    connection: Connection
    assigned: deque[int] = field(default_factory=deque)


class Team:
    """So many worker processes, from `with` to its end.

    Each forgets its tables where it uses `bytes_max`, or its share of what one process may use.
    """

    def __init__(self, count: int, *, bytes_max: int | None = None) -> None:
        self._count = count
        self._bytes_max = share_bytes(count) if bytes_max is None else bytes_max
        self._context = multiprocessing.get_context("spawn")
        self._stop: Flag = self._context.RawValue("b", 0)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        with _signals_held_back():
            self._workers = [self._hire() for _ in range(self._count)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.value = 1
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(theirs, self._stop, self._bytes_max), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def blocks(
        self, assignments: Iterable[Assignment], *, seconds: float | None = None
    ) -> Iterator[RunBlock]:
        """Give out assignments, and return their blocks in the same order; else as `answers`."""
        early: dict[int, RunBlock] = {}
        following = 0
        for index, answer in self.answers(assignments, seconds=seconds):
            assert isinstance(answer, RunBlock), answer
            early[index] = answer
            while following in early:
                yield early.pop(following)
                following += 1

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        """Give out what is to be done, and return what comes back as it comes, with its index.

        When the seconds are over no more are given out, and what is under way is cut short. They
        begin with the first block: to start a process takes longer than many a search.

        Raises:
            BadScenario: the scenario is wrong, as a worker found.
            OwnDefect: a worker failed, or several died over one assignment.
        """
        self._stop.value = 0
        return _Errand(self, given, seconds).answers()

    def replace(self, worker: _Worker) -> None:
        """Let another worker take the place of one that died."""
        worker.connection.close()
        worker.process.join()
        with _signals_held_back():
            self._workers[self._workers.index(worker)] = self._hire()

    @property
    def workers(self) -> list[_Worker]:
        """Those that live, as far as is known."""
        return self._workers

    def ask_to_stop(self) -> None:
        """Have every worker end its block after the run that it makes."""
        self._stop.value = 1


class _Errand:
    """One list of assignments on its way through a team."""

    def __init__(
        self, team: Team, given: Iterable[Assignment | Minimising], seconds: float | None
    ) -> None:
        self._team = team
        self._coming = enumerate(given)
        self._seconds = seconds
        self._deadline: float | None = None
        self._out: dict[int, Assignment | Minimising] = {}
        self._back: deque[tuple[int, RunBlock | MinimisedRun]] = deque()
        self._again: deque[int] = deque()
        self._deaths: dict[int, int] = {}
        self._is_over = False

    def answers(self) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        while True:
            self._give_out()
            if not self._out:
                return
            self._take_in()
            while self._back:
                yield self._back.popleft()

    def _give_out(self) -> None:
        """Give every worker enough to do, those that have the least first."""
        for depth in range(AHEAD):
            for worker in self._team.workers:
                if len(worker.assigned) == depth and not self._give(worker):
                    return

    def _give(self, worker: _Worker) -> bool:
        number = self._next()
        if number is None:
            return False
        worker.assigned.append(number)
        with suppress(OSError):  # it died, which is noticed where answers are taken in
            worker.connection.send(self._out[number])
        return True

    def _next(self) -> int | None:
        if self._again:
            return self._again.popleft()
        found = None if self._is_over else next(self._coming, None)
        if found is None:
            self._is_over = True
            return None
        self._out[found[0]] = found[1]
        return found[0]

    def _take_in(self) -> None:
        by_connection = {worker.connection: worker for worker in self._team.workers}
        ready = wait(list(by_connection), self._patience())
        if not ready and self._deadline is not None and monotonic() >= self._deadline:
            self._is_over = True
            self._deadline = None
            self._team.ask_to_stop()
        for connection in ready:
            assert isinstance(connection, Connection)
            self._hear(by_connection[connection])

    def _patience(self) -> float | None:
        if self._deadline is None:
            return None
        return min(max(self._deadline - monotonic(), 0.0), PATIENCE_MAX)

    def _hear(self, worker: _Worker) -> None:
        try:
            said: RunBlock | MinimisedRun | Failed = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if self._seconds is not None:
            self._deadline, self._seconds = monotonic() + self._seconds, None
        number = worker.assigned.popleft()
        answer = unless_failed(said)
        del self._out[number]
        self._back.append((number, answer))

    def _bury(self, worker: _Worker) -> None:
        if worker.assigned:
            first = worker.assigned[0]
            self._deaths[first] = self._deaths.get(first, 0) + 1
            if self._deaths[first] >= DEATHS_MAX:
                raise OwnDefect(
                    f"{DEATHS_MAX} workers died over the same runs, the last with exit code "
                    f"{worker.process.exitcode}: {self._out[first]}"
                )
        self._again.extend(worker.assigned)
        self._team.replace(worker)


def unless_failed(said: RunBlock | MinimisedRun | Failed) -> RunBlock | MinimisedRun:
    """Return what a worker said, unless that is that it failed.

    Raises:
        BadScenario: the scenario is wrong, or is another one at the worker.
        OwnDefect: something else is.
    """
    if isinstance(said, Failed):
        raise OwnDefect(said.text) if said.is_ours else BadScenario(said.text)
    return said


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Keep signals from processes that are started: who leads them ends them.

    A new process inherits what is blocked, and never unblocks it; what comes meanwhile comes after.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, KEYBOARD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
