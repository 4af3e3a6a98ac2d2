"""What every command shares: exit codes, JSON results, errors, progress, settings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import IO, NoReturn

import click

from counterpoint.model.inert import json_inert, plain_lines
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import BadTraceFile, write_trace
from counterpoint.model.values import Json
from counterpoint.model.verdict import Verdict

HOLDS, BROKEN, BAD_INPUT, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES: Mapping[str, int] = {
    "holds": HOLDS,
    "reproduced": HOLDS,
    "broken": BROKEN,
    "different": BROKEN,
    "diverged": UNDECIDED,
    "undecided": UNDECIDED,
}
EXIT_HELP = "Exit codes: 0 holds, 1 broken, 2 usage or bad input, 3 undecided, 130 interrupted."


LINE_MAX = 2_000
"""No line of text that a command prints is longer; what it quotes is shorter still."""


def tool() -> dict[str, Json]:
    """Return what wrote a result."""
    try:
        return {"name": "counterpoint", "version": version("counterpoint")}
    except PackageNotFoundError:
        return {"name": "counterpoint", "version": "unknown"}


def emit(result: Mapping[str, object]) -> None:
    """Print one result as one line of JSON, which does nothing to a terminal that it ends up on."""
    click.echo(json_inert(json.dumps(result, ensure_ascii=False)))


def tell(text: str, *, err: bool = False) -> None:
    """Print text, made inert line by line, whatever it quotes."""
    click.echo(plain_lines(text, LINE_MAX), err=err)


def refuse(message: str, *, as_json: bool = False) -> NoReturn:
    """End the command over bad input: what was wrong, where, and what would be right."""
    if as_json:
        emit({"outcome": "error", "error": plain_lines(message, LINE_MAX)})
    tell(f"counterpoint: {message}", err=True)
    sys.exit(BAD_INPUT)


@contextmanager
def clear_errors(*, as_json: bool = False) -> Iterator[None]:
    """Turn the errors that bad input raises into `refuse`; any other is a defect and shows itself."""
    from counterpoint.harness.entry import UnknownName

    try:
        yield
    except (UnknownName, BadTraceFile, ValueError, OSError) as error:
        refuse(str(error), as_json=as_json)


def require_folder(out: Path) -> None:
    """Refuse, before a search and not after it, a folder that cannot be written to.

    Raises:
        ValueError: it is a file, or below one, or in a folder that is closed to us.
    """
    existing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        what = "cannot be written to" if existing.is_dir() else "is no folder"
        raise ValueError(f"--out {out}: {existing} {what}")


def trace_path(scenario: Scenario, out: Path, *what: str) -> Path:
    """Return where a trace of a scenario goes: system, mutant, and what it is a trace of.

    >>> from types import SimpleNamespace
    >>> fair = SimpleNamespace(name="fair", origin={"system": "my.locks:fair"})
    >>> trace_path(fair, Path("out"), "no new/old inversion", "7").name
    'my.locks-fair-no-new-old-inversion-7.trace.jsonl'
    """
    origin = scenario.origin
    parts = (origin.get("system", scenario.name).replace(":", "-"), origin.get("mutant", ""), *what)
    name = "-".join(part.replace(" ", "-").replace("/", "-") for part in parts if part)
    return out / f"{name}.trace.jsonl"


def keep_trace(
    trace: Trace,
    verdicts: tuple[Verdict, ...],
    out: Path,
    *what: str,
    about: Mapping[str, Json] = MappingProxyType({}),
) -> Path:
    """Write a trace that was found to its place, and return where that is."""
    path = trace_path(trace.scenario, out, *what)
    write_trace(path, trace, verdicts, about={"tool": tool(), **about})
    return path


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


class Progress:
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
