"""What every command shares: exit codes, JSON results, errors, progress, settings."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import click

from counterpoint.harness.explanation.plain import in_encoding
from counterpoint.harness.streams import NOT_KEPT, CannotPrint
from counterpoint.model.inert import json_inert, plain_lines

if TYPE_CHECKING:  # what a command does not need it does not wait for
    from counterpoint.harness.keeping import KeptTrace

HOLDS, BROKEN, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
EXIT_CODES: Mapping[str, int] = {
    "holds": HOLDS,
    "reproduced": HOLDS,
    "fixed": HOLDS,
    "broken": BROKEN,
    "different": BROKEN,
    "diverged": UNDECIDED,
    "undecided": UNDECIDED,
    "error": BAD_INPUT,
}
EXIT_HELP = (
    "Exit codes: 0 holds, 1 broken, 2 usage or bad input, 3 undecided, 4 a result could not be "
    "written where it belongs, 130 interrupted (143 by SIGTERM, 129 by SIGHUP)."
)

LINE_MAX = 2_000
"""No line of text that a command prints is longer; what it quotes is shorter still."""


def emit(result: Mapping[str, object]) -> None:
    """Print one result as one line of JSON, which does nothing to a terminal that it ends up on."""
    text = json_inert(json.dumps(result, ensure_ascii=False))
    show(text if _printable(text) == text else json.dumps(result))


def tell(text: str, *, err: bool = False) -> None:
    """Print text, made inert line by line, whatever it quotes."""
    show(_printable(plain_lines(text, LINE_MAX), err=err), err=err)


def show(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text that is inert already, as reports are and what other tools read.

    Raises:
        CannotPrint: the standard output takes nothing any more.
    """
    try:
        click.echo(text, err=err, nl=nl)
    except OSError as error:
        if not err:  # with nobody to hear that something is wrong, the exit code still says it
            raise CannotPrint(error) from error


def _printable(text: str, *, err: bool = False) -> str:
    """Return a text in characters that the encoding of where it goes has."""
    return in_encoding(text, getattr(sys.stderr if err else sys.stdout, "encoding", None))


def columns(most: int) -> int:
    """Return how wide the standard output is: as COLUMNS says, or else as its terminal is.

    It is no wider than `most`, and just so wide where nothing tells, as in a pipe.
    """
    if not os.environ.get("COLUMNS") and not sys.stdout.isatty():
        return most
    return min(shutil.get_terminal_size((most, 24)).columns, most)


def is_coloured() -> bool:
    """Tell whether the standard output is a terminal that shows colours, and its user wants them."""
    is_dumb = os.environ.get("TERM") in ("dumb", "unknown")
    return sys.stdout.isatty() and not is_dumb and "NO_COLOR" not in os.environ


def finish(outcome: str, *kept: KeptTrace | None, stopped: int = 0, problem: str = "") -> NoReturn:
    """End the command, and say which traces are not where they should be.

    `stopped` is the exit code that a signal asked for, 0 for none: it goes before all others, and a
    trace that is not in its place, or another `problem` of keeping, before the outcome.
    """
    problems = [one.problem for one in kept if one is not None and one.problem]
    problems += [problem] if problem else []
    for text in problems:
        tell(f"counterpoint: {text}", err=True)
    sys.exit(stopped or (NOT_KEPT if problems else EXIT_CODES[outcome]))


def refuse(message: str, *, as_json: bool = False) -> NoReturn:
    """End the command over bad input: what was wrong, where, and what would be right."""
    if as_json:
        emit({"outcome": "error", "error": plain_lines(message, LINE_MAX)})
    tell(f"counterpoint: {message}", err=True)
    sys.exit(BAD_INPUT)


@contextmanager
def clear_errors(*, as_json: bool = False) -> Iterator[None]:
    """Turn the errors that bad input raises into `refuse`; any other is a defect and shows itself."""
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        refuse(f"{place}{error.strerror or error}", as_json=as_json)
    except Exception as error:
        if not _is_bad_input(error):
            raise
        refuse(str(error), as_json=as_json)


def _is_bad_input(error: Exception) -> bool:
    """Tell whether an error is one of what was given to us: a name, a setting, a file."""
    if isinstance(error, ValueError):
        return True
    from counterpoint.model.tracefile import BadTraceFile  # not before something is wrong

    return isinstance(error, BadTraceFile)


def require_folder(out: Path) -> None:
    """Refuse, before a search and not after it, a folder that cannot be written to.

    Raises:
        ValueError: it is a file, or below one, or in a folder that is closed to us.
    """
    existing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        what = "cannot be written to" if existing.is_dir() else "is no folder"
        raise ValueError(f"--out {out}: {existing} {what}")


def settings_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """Parse the `--set key=value` options.

    >>> settings_of(("servers=3",))
    {'servers': '3'}
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is no key=value", param_hint="--set")
        settings[key] = value
    return settings


class ProgressLine:
    """One line that is written over, on a terminal; nothing elsewhere."""

    def __init__(self, stream: IO[str] | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = not quiet and self._stream.isatty()
        self._width = 0

    def show(self, text: str) -> None:
        """Show a line in place of the last one."""
        if self._is_shown:
            self._stream.write("\r" + text.ljust(self._width))
            self._stream.flush()
            self._width = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0
