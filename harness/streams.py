"""The standard streams: always there, with an answer for every character, and an end without noise."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

SIGPIPE_CODE = 141
"""The exit code of a program that writes into a pipe that is closed: nobody wanted the rest."""

NOT_KEPT = 4
"""The exit code of a command whose result could not be written where it belongs."""

OWN_MISTAKE = 70
"""The exit code of a command that ended by a mistake of ours (EX_SOFTWARE of sysexits.h)."""


class CannotPrint(Exception):
    """The standard output takes nothing any more: closed, or on a disk that is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the standard output cannot be written: {error.strerror}")
        self.is_closed = isinstance(error, BrokenPipeError)
        self.exit_code = SIGPIPE_CODE if self.is_closed else NOT_KEPT


def see_to_streams() -> None:
    """Put something in the place of a stream that is not there, and escape what it cannot encode."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for good
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)


def flushed(code: int) -> int:
    """Return the exit code, another one if what was printed did not arrive."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return unprintable(CannotPrint(error))
    return code


def unprintable(error: CannotPrint) -> int:
    """Say that the output did not arrive, give up on it, and return the exit code."""
    # The interpreter would try again at its end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not error.is_closed:
        complain(str(error))
    return error.exit_code


def complain(text: str) -> None:
    """Print a line on the standard error, if anything can be printed there."""
    with suppress(OSError):
        print(f"counterpoint: {text}", file=sys.stderr, flush=True)
