"""Check recorded histories: files in, one result a history out, nothing printed."""

from __future__ import annotations

import builtins
import gc
import time
import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from counterpoint.checkers.events import OBSERVING
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.readers import (
    DEFAULT_LIMITS,
    HEAD_BYTES,
    Case,
    Cases,
    Limits,
    UnreadableHistory,
    guess_format,
    read_cases,
)
from counterpoint.checkers.readers.case import Interference
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.hints import look_alikes, unseen_answers
from counterpoint.harness.checking.initial_values import values_that_hold, with_values
from counterpoint.harness.checking.keyed import BY_KEY, HINT, looks_of, split_tuples
from counterpoint.harness.checking.keyed import MODELS as KEYED_MODELS
from counterpoint.harness.checking.models import (
    Model,
    as_the_model_has_it,
    model_of,
)
from counterpoint.harness.checking.own_models import own_model
from counterpoint.harness.checking.preparing import renamed
from counterpoint.harness.checking.properties import PROPERTIES, Property, Task
from counterpoint.harness.deadline import TimeIsOver, deadline
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, undecided

Partition = Literal["auto", "key", "none", "tuple"]
Nil = Literal["value", "unknown"]
Outcome = Literal["holds", "broken", "undecided", "error"]

GRACE = 1.1
GRACE_SECONDS = 0.25
"""How much later than asked a check is stopped by force: its own budget can say more."""


class _FromTheFormat:
    """The initial value that the format of a file tells, or None."""

    def __repr__(self) -> str:
        return "FROM_THE_FORMAT"


FROM_THE_FORMAT = _FromTheFormat()


NO_RENAMES: Mapping[str, str] = MappingProxyType({})
NO_VALUES: Mapping[Hashable, Hashable] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check and how; None leaves it to the file.

    `renames` calls functions by other names, `initial_of` says what single keys held at first, and
    `is_initial_unknown` that nobody knows it.
    """

    form: str | None = None
    model: str | None = None
    property: str | None = None
    initial: Hashable | _FromTheFormat = FROM_THE_FORMAT
    partition: Partition = "auto"
    timeout_seconds: float | None = None
    total: int | None = None
    allow_negative: bool = False
    limits: Limits = DEFAULT_LIMITS
    renames: Mapping[str, str] = field(default_factory=lambda: NO_RENAMES)
    initial_of: Mapping[Hashable, Hashable] = field(default_factory=lambda: NO_VALUES)
    is_initial_unknown: bool = False
    nil: Nil | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """One history and the verdict on it, or why there is none.

    `case` is empty unless the file holds several. `error` is empty if there is a verdict;
    `traceback` is empty unless the checker itself failed. `notes` say what reading left out or took
    for granted, `interferences` what was done to the system meanwhile.
    """

    file: str
    case: str = ""
    form: str = ""
    model: str = ""
    property: str = ""
    initial: Hashable = None
    history: History | TransactionHistory = ()
    verdict: Verdict | None = None
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    interferences: tuple[Interference, ...] = ()

    @builtins.property  # the field of that name hides the decorator
    def title(self) -> str:
        """The file, and after a hash the case."""
        return f"{self.file}#{self.case}" if self.case else self.file

    @builtins.property  # the field of that name hides the decorator
    def outcome(self) -> Outcome:
        """The outcome of the verdict, or "error"."""
        return "error" if self.verdict is None else self.verdict.outcome.value


def check_files(
    paths: Iterable[str | Path],
    *,
    format: str | None = None,
    model: str | None = None,
    property: str | None = None,
    initial: Hashable | _FromTheFormat = FROM_THE_FORMAT,
    partition: Partition = "auto",
    timeout_seconds: float | None = None,
    total: int | None = None,
    allow_negative: bool = False,
    limits: Limits = DEFAULT_LIMITS,
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
    with deadline(_force(wanted.timeout_seconds)), without_collecting():
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


def check_case(case: Case, wanted: Wanted = Wanted()) -> Checked:
    """Check one history."""
    begun = time.perf_counter()
    case = replace(case, form=case.form or wanted.form or "")  # its format has rules of its own
    checked = Checked(
        case.source,
        case.name,
        case.form,
        history=case.history,
        notes=case.notes,
        interferences=case.interferences,
    )
    try:
        if wanted.renames:
            case = _renamed(case, wanted.renames)
        case, perhaps_keyed = _prepared(case, wanted)
        own = wanted.model is not None and ":" in wanted.model
        model = own_model(wanted.model or "") if own else model_of(case, wanted.model)
        checked = replace(checked, model=model.name)
        chosen = _property(model, wanted.property, case)
        task = _task(case, model, wanted)
        judged = partial(_judged, chosen, seconds=wanted.timeout_seconds)
        if wanted.is_initial_unknown:
            task, verdict = _with_unknown_values(task, chosen, judged)
        else:
            verdict = judged(task)
        if perhaps_keyed and verdict.is_broken:
            _refuse_keyed(task, judged)
        checked = replace(
            checked,
            property=chosen.name,
            initial=task.initial,
            history=task.history,
            verdict=verdict,
            notes=(*case.notes, *_notes(task, verdict, _nil_is_unseen(case, wanted))),
        )
    except (CannotCheck, ValueError) as error:  # what a checker says of a history that is no such
        checked = replace(checked, error=f"{case.title}: {error}")
    except Exception as error:
        # One history that a checker cannot take must not cost the verdicts on all the others.
        what = f"{type(error).__name__}: {error}"
        checked = replace(
            checked,
            error=f"{case.title}: a defect of the checker: {what}",
            traceback=traceback.format_exc(),
        )
    return replace(checked, seconds=time.perf_counter() - begun)


NIL_IS_UNSEEN = frozenset({"edn", "jepsen-json"})
"""Formats in which a read of nil is one whose answer nobody saw."""

OF_JEPSEN = frozenset({"edn", "jepsen-json", "jepsen-log", "jepsen-history"})
"""Formats in which pairs for values are taken for keys with their values."""


def _nil_is_unseen(case: Case, wanted: Wanted) -> bool:
    return wanted.nil == "unknown" or (wanted.nil is None and case.form in NIL_IS_UNSEEN)


def _prepared(case: Case, wanted: Wanted) -> tuple[Case, bool]:
    """Take nil as wanted, and values apart that are keys with their values.

    Tell also whether values look like that, and were not taken apart.
    """
    history = case.history
    if isinstance(history, TransactionHistory):
        return case, False
    if wanted.nil is not None:
        history = tuple(_with_nil(op, wanted.nil) for op in history)
    may_be_keyed = wanted.partition in ("auto", "none") and wanted.model in KEYED_MODELS
    looks = looks_of(history) if may_be_keyed else "plain"
    is_keyed = looks == "keyed" or (looks == "perhaps" and case.form in OF_JEPSEN)
    if is_keyed or wanted.partition == "tuple":
        history = split_tuples(history, nil_is_unseen=_nil_is_unseen(case, wanted))
    notes = (*case.notes, BY_KEY) if is_keyed and wanted.partition == "auto" else case.notes
    return replace(case, history=history, notes=notes), looks == "perhaps" and not is_keyed


def _with_nil(op: Operation, nil: Nil) -> Operation:
    if op.f not in OBSERVING or op.status != "ok" or op.result not in (None, UNKNOWN):
        return op
    return replace(op, result=None if nil == "value" else UNKNOWN)


def _refuse_keyed(task: Task, judged: Callable[[Task], Verdict]) -> None:
    """See whether a history of pairs that is broken would hold key by key: then ask.

    Raises:
        CannotCheck: it would.
    """
    by_key = replace(task, history=split_tuples(task.operations))
    if not judged(by_key).is_broken:
        raise CannotCheck(HINT)


def _notes(task: Task, verdict: Verdict, nil_is_unseen: bool) -> tuple[str, ...]:
    if isinstance(task.history, TransactionHistory):
        return ()
    unseen = unseen_answers(task.history, nil_is_unseen=nil_is_unseen)
    return (*unseen, *(look_alikes(task.history) if verdict.is_broken else ()))


def _property(model: Model, name: str | None, case: Case) -> Property:
    """Return the property of that name, or the model's own.

    Raises:
        CannotCheck: no such property, or one that needs the times that the format leaves out.
    """
    chosen = PROPERTIES.get(name or model.property)
    if chosen is None:
        raise CannotCheck(f"{quoted(name)} is no property; name one of {', '.join(PROPERTIES)}")
    if chosen.needs_real_time and not case.has_real_time:
        if name is None:
            return PROPERTIES[model.property_without_times]
        raise CannotCheck(
            f"{name} is about real time, which the format does not record; "
            "sequential-consistency and the causal ones are not"
        )
    return chosen


def _renamed(case: Case, names: Mapping[str, str]) -> Case:
    if isinstance(case.history, TransactionHistory):
        raise CannotCheck("sessions of transactions have no functions to rename")
    return replace(case, history=renamed(case.history, names))


def _with_unknown_values(
    task: Task, chosen: Property, judged: Callable[[Task], Verdict]
) -> tuple[Task, Verdict]:
    """Judge with initial values that nobody told: those with which the history holds, if any.

    Where keys are judged alone, each candidate is tried. Elsewhere the likeliest is, and a history
    that then breaks is undecided if there were others.
    """

    def holds(part: History) -> bool:
        return judged(replace(task, history=part)).outcome.value == "holds"

    is_local = chosen.name == "linearizability" and not task.is_one_object
    values, is_choice = values_that_hold(task.operations, holds if is_local else None)
    whole = replace(task, history=with_values(task.operations, values))
    verdict = judged(whole)
    if verdict.is_broken and is_choice:
        why = "broken with the likeliest initial values, and others were not tried (--initial-of)"
        verdict = undecided(verdict.property, why, examined=verdict.examined)
    return whole, verdict


def _task(case: Case, model: Model, wanted: Wanted) -> Task:
    initial = wanted.initial
    if isinstance(initial, _FromTheFormat):
        initial = case.initial
    history = case.history
    if not isinstance(history, TransactionHistory):
        is_value = wanted.nil == "value"
        history = as_the_model_has_it(history, model, initial, nil_is_value=is_value)
        history = with_values(history, wanted.initial_of)
    elif wanted.initial_of or wanted.is_initial_unknown:
        raise CannotCheck("initial values by key are for operations; here are transactions alone")
    return Task(
        history,
        model,
        initial,
        is_one_object=wanted.partition == "none",
        timeout_seconds=wanted.timeout_seconds,
        total=wanted.total,
        allow_negative=wanted.allow_negative,
    )


def _force(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * GRACE + GRACE_SECONDS


def _judged(chosen: Property, task: Task, *, seconds: float | None) -> Verdict:
    try:
        with deadline(_force(seconds)):
            return chosen.judge(task)
    except TimeIsOver:
        return undecided(chosen.name, f"no verdict within {seconds:g} seconds")
    except RecursionError:
        return undecided(chosen.name, "the history is nested too deeply for this check")
    except MemoryError:
        return undecided(chosen.name, "the memory did not suffice for this check")
