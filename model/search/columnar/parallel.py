"""Threads that share the work of an exploration.

Threads are enough, since numpy lets go of the interpreter while it sorts, gathers and compares: what
they share needs no copy, nothing outlives the process, and the results come in a fixed order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Item = TypeVar("Item")
ResultT = TypeVar("ResultT")

AHEAD = 4
"""So many tasks a worker are begun before the result that is waited for is there."""


class Crew:
    """Some workers; one alone is the caller itself. Use it as a context, which ends its threads."""

    def __init__(self, workers: int) -> None:
        assert workers >= 1, f"{workers} workers"
        self.workers = workers
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.workers > 1:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="explore")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def results(self, work: Callable[[Item], ResultT], items: Iterable[Item]) -> Iterator[ResultT]:
        """Do the work for each item, several at a time; yield the results in the items' order.

        An exception of the work is raised where its result is due.
        """
        if self._pool is None:
            yield from map(work, items)
            return
        waiting: deque[Future[ResultT]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) > AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
