"""Check recorded histories: files in, one result a history out, nothing printed."""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from counterpoint.checkers.readers import (
    DEFAULT_LIMITS,
    HEAD_BYTES,
    Case,
    Cases,
    ReadingLimits,
    UnreadableHistory,
    guess_format,
    read_cases,
)
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.wanted import (
    FROM_THE_FORMAT,
    NO_RENAMES,
    NO_VALUES,
    Checked,
    FromTheFormat,
    Nil,
    PartitionMode,
    Wanted,
)
from counterpoint.harness.deadline import TimeIsOver, by_force, deadline
from counterpoint.model.verdict import undecided


def check_files(
    paths: Iterable[str | Path],
    *,
    format: str | None = None,
    model: str | None = None,
    property: str | None = None,
    initial: Hashable | FromTheFormat = FROM_THE_FORMAT,
    partition: PartitionMode = "auto",
    timeout_seconds: float | None = None,
    total: int | None = None,
    allow_negative: bool = False,
    limits: ReadingLimits = DEFAULT_LIMITS,
    renames: Mapping[str, str] = NO_RENAMES,
    initial_of: Mapping[Hashable, Hashable] = NO_VALUES,
    is_initial_unknown: bool = False,
    nil: Nil | None = None,
) -> Iterator[Checked]:
    """Check every history of every file, in order; a file that cannot be read is one result.

    A path may end in "#case", which chooses one history of a file that holds several. What is None
    is found out: the format from the file, the model from the operations, the property from the
    model. `partition` judges each key alone ("key"), all as one object ("none"), or takes values
    (key, value) apart first ("tuple"); "auto" does that where they look so. `nil` tells what a read
    of nil says: "value", or "unknown", nothing. `renames` calls functions by other names,
    `initial_of` and `is_initial_unknown` are about what registers hold at first; a model may be
    "module:Class", a sequential specification of your own. `total` and `allow_negative` are about
    banks. Results come as they are found, so whoever stops listening keeps the ones before.
    """
    wanted = Wanted(
        format,
        model,
        property,
        initial,
        partition,
        timeout_seconds,
        total,
        allow_negative,
        limits,
        renames,
        initial_of,
        is_initial_unknown,
        nil,
    )
    return check_each(paths, wanted)


def check_each(paths: Iterable[str | Path], wanted: Wanted) -> Iterator[Checked]:
    """Check every history of every file, as `check_files` does."""
    for path in paths:
        yield from _check_file(str(path), wanted)


def _check_file(path: str, wanted: Wanted) -> Iterator[Checked]:
    for case in checked_cases(path, wanted):
        yield case if isinstance(case, Checked) else check_case(case, wanted)


def checked_cases(path: str, wanted: Wanted) -> Iterator[Case | Checked]:
    """Walk the histories that "file" or "file#case" names, or why there are none: one result."""
    file, name = _place(path)
    try:
        form, cases = _read(file, wanted)
        yield from (replace(case, form=form) for case in _chosen(cases, name))
        return
    except (UnreadableHistory, CannotCheck) as error:
        yield Checked(file, name, error=str(error))
    except OSError as error:
        yield Checked(file, name, error=f"{file}: {error.strerror or error}")
    except (TimeIsOver, MemoryError) as error:
        why = (
            f"not read within {wanted.timeout_seconds:g} seconds"
            if isinstance(error, TimeIsOver)
            else "the memory did not suffice for reading it"
        )
        yield Checked(file, name, verdict=undecided("reading", why), property="reading")


def _place(path: str) -> tuple[str, str]:
    """Take "file#case" apart, unless a file has that very name."""
    if "#" not in path or Path(path).exists():
        return path, ""
    file, _, name = path.partition("#")
    return file, name


def _read(file: str, wanted: Wanted) -> tuple[str, Cases]:
    """Read the histories of a file.

    Raises:
        UnreadableHistory, CannotCheck, OSError: it cannot be read.
        TimeIsOver: not within the time for a history.
    """
    path = Path(file)
    if path.exists() and not path.is_file():
        raise CannotCheck(f"{file} is no file; name the files in it")
    limit = wanted.limits.bytes_max
    with deadline(by_force(wanted.timeout_seconds)), without_collecting():
        with path.open("rb") as opened:
            data = opened.read(limit + 1)
        form = wanted.form or guess_format(file, data[:HEAD_BYTES])
        return form, read_cases(data, source=file, form=form, limits=wanted.limits)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Build many values that all stay, without a collector that looks at them again and again.

    Afterwards it leaves out of its walks what was built; a history has no cycles to collect.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _chosen(cases: Cases, name: str) -> Cases:
    if not name:
        return cases
    chosen = tuple(case for case in cases if case.name == name)
    if not chosen:
        known = ", ".join(case.name for case in cases if case.name) or "there is only one, unnamed"
        raise CannotCheck(f"{cases[0].source} has no case {name!r}; its cases: {known}")
    return chosen
