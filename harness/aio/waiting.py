"""Where the tasks of a program wait: the author's function and line, and the exception to blame."""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Collection
from itertools import count
from types import TracebackType
from typing import Any

from counterpoint.model.mistakes import is_around, short_file


def programs_error(error: BaseException) -> BaseException:
    """Return an exception whose traceback begins where the author's code does."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and is_around(trace.tb_frame.f_globals) and trace.tb_next is not None:
        trace = trace.tb_next
    if isinstance(error, Exception):
        return error.with_traceback(trace)
    return RuntimeError(f"{type(error).__name__}: {error}").with_traceback(trace)


def place_of_task(task: Any) -> str | None:
    """Return where a task waits, "store.py:12, in read": the innermost line of who wrote the program.

    Where it is in a library alone, that is the innermost line there; None if it waits nowhere.
    """
    frames = [f for f in _frames(task.get_coro()) if not is_around(f.f_globals)]
    own = [f for f in frames if not is_library(f.f_code.co_filename)]
    for frame in reversed(own or frames):
        code = frame.f_code
        return f"{short_file(code.co_filename)}:{frame.f_lineno}, in {code.co_name}"
    return None


def is_library(file: str) -> bool:
    """Tell whether a file is of the standard library, or of what was installed."""
    return file.startswith(_LIBRARIES)


_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


def place_of_origin(origin: tuple[tuple[str, int, str], ...]) -> str:
    """Return where a coroutine was made, from what the interpreter keeps of it."""
    file, line, function = origin[0]
    return f"{short_file(file)}:{line}, in {function}"


def _frames(coroutine: Any) -> list[Any]:
    """Return the frames of a coroutine and of what it awaits, the outermost first."""
    found = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            break
        found.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found


def line_of_longest(loop: Any) -> str:
    """Say where a program that never waits is."""
    for task in loop.tasks.values():
        place = place_of_task(task)
        if not task.done() and place is not None:
            return f"{task.get_name()} goes on and on ({place})"
    return "nothing waits for anything from outside"


def waiting_tasks(process: Any) -> dict[str, str]:
    """Return where each task of a program waits, "store.py:12, in read", by the name of its function."""
    found: dict[str, str] = {}
    for task in process.loop.tasks.values():
        place = None if task.done() else place_of_task(task)
        if place is not None:
            found[_name_among(found, function_of(task))] = place
    return found


def function_of(task: Any) -> str:
    """Return the name of the function that a task runs."""
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__name__", type(coroutine).__name__))


def locked_out(process: Any) -> dict[str, str]:
    """Return where tasks wait for a lock, by their names, in a node that hears of nobody any more.

    Who has the lock is a task of the same node, and nothing that happens elsewhere lets it go on.
    """
    if not all(end.has_heard_all for end in process.ends.values()):
        return {}
    found: dict[str, str] = {}
    for task in process.loop.tasks.values():
        if not task.done() and any(f.f_code is _ACQUIRE for f in _frames(task.get_coro())):
            found[_name_among(found, function_of(task))] = (
                place_of_task(task) or "nobody knows where"
            )
    return found


_ACQUIRE = asyncio.Lock.acquire.__code__


def _name_among(names: Collection[str], name: str) -> str:
    """Return a name with a number where others have it already.

    >>> _name_among({"serve"}, "serve"), _name_among((), "main")
    ('serve 2', 'main')
    """
    numbered = (name if k == 1 else f"{name} {k}" for k in count(1))
    return next(each for each in numbered if each not in names)


def places_of_node(process: Any) -> str:
    """Say where the tasks of a program wait."""
    return "; ".join(dict.fromkeys(waiting_tasks(process).values()))


def stuck(process: Any) -> str | None:
    """Say where tasks wait for each other alone, so that nothing from outside can go on with them."""
    waits = waiting_tasks(process)
    return "; ".join(f"{name} {place}" for name, place in waits.items()) if waits else None
