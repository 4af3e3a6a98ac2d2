"""Where the tasks of a program wait: the author's function and line, and the exception to blame."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from counterpoint.model.mistakes import AROUND


def programs_error(error: BaseException) -> BaseException:
    """Return an exception whose traceback begins where the author's code does."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and _is_around(trace.tb_frame.f_globals) and trace.tb_next is not None:
        trace = trace.tb_next
    if isinstance(error, Exception):
        return error.with_traceback(trace)
    return RuntimeError(f"{type(error).__name__}: {error}").with_traceback(trace)


def _is_around(names: dict[str, Any]) -> bool:
    return str(names.get("__name__")).startswith(AROUND)


def place_of_task(task: Any) -> str | None:
    """Return where a task waits, "store.py:12, in read", the author's innermost line."""
    found = None
    for frame in _frames(task.get_coro()):
        if not _is_around(frame.f_globals) or found is None:
            code = frame.f_code
            found = f"{short_file(code.co_filename)}:{frame.f_lineno}, in {code.co_name}"
    return found


def place_of_origin(origin: tuple[tuple[str, int, str], ...]) -> str:
    """Return where a coroutine was made, from what the interpreter keeps of it."""
    file, line, function = origin[0]
    return f"{short_file(file)}:{line}, in {function}"


def short_file(file: str) -> str:
    """Return the name of a file without its folders: a report is the same on every machine."""
    return file.replace("\\", "/").rpartition("/")[2]


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


def places_of_node(process: Any) -> str:
    """Say where the tasks of a program wait that have a place in the author's code."""
    places = [place_of_task(task) for task in process.loop.tasks.values() if not task.done()]
    return "; ".join(dict.fromkeys(place for place in places if place is not None))
