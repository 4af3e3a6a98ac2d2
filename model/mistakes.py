"""What stops a search because nothing can be judged: a mistake in a scenario, and where it is.

It is the author's to mend, so that no run shows it: it ends a command with exit code 2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any


class BadScenario(ValueError):
    """A system, a scenario or what it asks for is not what it must be.

    The text is one line: what was found, where, and what would be right.
    """


BadScenario.__module__ = "counterpoint"  # where users import it from


class OwnDefect(Exception):
    """A mistake of ours: evidence that does not bear its verdict, or two engines that disagree.

    It is never a verdict on the system under test, and it is raised under `python -O`, too.
    """


AUTHORS_ERRORS = (Exception, SystemExit)
"""What an author's code may raise where it is called: `sys.exit` in it must not end the search."""

OURS = "counterpoint."
"""What the names of our modules begin with: what else raises or asserts was written by an author."""

MODEL = f"{OURS}model."
AROUND = (MODEL, f"{OURS}harness.aio.", f"{OURS}harness.user_scenarios", "asyncio.", "importlib")
"""What the names of the modules begin with that call what an author wrote."""


def is_ours(thing: object) -> bool:
    """Tell whether the class of an object is one of ours, and not an author's.

    >>> is_ours(OwnDefect("")), is_ours([])
    (True, False)
    """
    return type(thing).__module__.startswith(OURS)


def is_around(names: dict[str, Any]) -> bool:
    """Tell whether the globals of a frame are of what calls an author's code, not of an author."""
    return str(names.get("__name__")).startswith(AROUND)


def place_of(error: BaseException) -> str:
    """Return the author's line at which an exception came to be: "locks.py:12, in handle".

    The first frames are of the model. The author's file is that of the next one; of its frames the
    last is named, not that of a library which it called.
    """
    frame = error.__traceback__
    while frame is not None and is_around(frame.tb_frame.f_globals):
        frame = frame.tb_next
    if frame is None:
        return "where it was called"
    file, last = frame.tb_frame.f_code.co_filename, frame
    for each in _frames(frame):
        if each.tb_frame.f_code.co_filename == file:
            last = each
    return f"{short_file(file)}:{last.tb_lineno}, in {last.tb_frame.f_code.co_name}"


def definition_of(function: Callable[..., object]) -> str:
    """Return where a function is defined, "locks.py:12, in handle"; its class where nothing tells.

    >>> definition_of(len)
    'builtin_function_or_method'
    """
    function = without_arguments(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return type(function).__name__
    return f"{short_file(code.co_filename)}:{code.co_firstlineno}, in {code.co_name}"


def without_arguments(function: Callable[..., object]) -> Callable[..., object]:
    """Return the function that was given some of its arguments by `functools.partial`."""
    while isinstance(function, partial):
        function = function.func
    return function


def handler_of(system: Any, node: str) -> Callable[..., object]:
    """Return the function that its author wrote for a node: of a system of functions, the node's own."""
    find = getattr(system, "handler_of", None)
    found: Callable[..., object] = (
        getattr(system, "__wrapped__", system.handle) if find is None else find(node)
    )
    return found


def told(error: BaseException) -> str:
    """Return the class of an exception and what it says, of several lines the first.

    >>> told(KeyError("client")), told(ValueError())
    ("KeyError: 'client'", 'ValueError')
    """
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def brief(value: object, *, length: int = 80) -> str:
    """Return how a value is written, cut off where it is long.

    >>> brief("x" * 9, length=6)
    "'xxxx…"
    """
    text = repr(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def _frames(frame: TracebackType | None) -> list[TracebackType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.tb_next
    return frames


def short_file(file: str) -> str:
    """Return the name of a file without its folders: a report is the same on every machine."""
    return file.replace("\\", "/").rpartition("/")[2]
