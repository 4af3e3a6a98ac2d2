"""What a node gave to executors: functions, each of which gets its turn by an action of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from counterpoint.model.mistakes import AUTHORS_ERRORS


class HandedJob(NamedTuple):
    """A function that was given to an executor, and the future of what it returns."""

    future: asyncio.Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]


class Executor:
    """The executors of one node, whichever the program names: `jobs` have not had their turn yet."""

    def __init__(self, node: str) -> None:
        self.jobs: dict[str, HandedJob] = {}
        self._node, self._count = node, 0

    def put(
        self, future: asyncio.Future[Any], function: Callable[..., Any], args: tuple[Any, ...]
    ) -> tuple[str, str]:
        """Take a function; return the lane of its turn, and its name."""
        self._count += 1
        lane = f"job {self._node} {self._count}"
        self.jobs[lane] = HandedJob(future, function, args)
        return lane, name_of(function, args)

    def work(self, lane: str) -> None:
        """Call a function, unless nobody waits for it any more."""
        given = self.jobs.pop(lane, None)
        if given is None or given.future.done():
            return
        try:
            result = given.function(*given.args)
        except AUTHORS_ERRORS as error:
            given.future.set_exception(error)
        else:
            given.future.set_result(result)


def name_of(function: Any, args: tuple[Any, ...]) -> str:
    """Return the name of what an executor is to do; of what `to_thread` gives it, the author's."""
    keywords = getattr(function, "args", ())
    inner = keywords[0] if keywords else (args[0] if args and callable(args[0]) else function)
    inner = inner if callable(inner) else function
    return str(getattr(inner, "__qualname__", type(inner).__name__))
