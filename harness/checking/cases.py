"""Check one history: what it is of, what is asked of it, and the verdict."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from counterpoint.checkers.events import OBSERVING
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.readers import (
    Case,
)
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.harness.checking.first_in_time import first_in_time
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.hints import look_alikes, unseen_answers
from counterpoint.harness.checking.initial_values import values_that_hold, with_values
from counterpoint.harness.checking.judges import Task
from counterpoint.harness.checking.keyed import BY_KEY, HINT, looks_of, split_tuples
from counterpoint.harness.checking.keyed import MODELS as KEYED_MODELS
from counterpoint.harness.checking.models import (
    Model,
    as_the_model_has_it,
    model_of,
)
from counterpoint.harness.checking.own_models import own_model
from counterpoint.harness.checking.preparing import renamed
from counterpoint.harness.checking.properties import PROPERTIES, NamedProperty
from counterpoint.harness.checking.wanted import (
    LEFT_TO_THE_FILE,
    Checked,
    FromTheFormat,
    Nil,
    Wanted,
)
from counterpoint.harness.deadline import TimeIsOver, by_force, deadline
from counterpoint.model.inert import quoted
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Verdict, undecided


def check_case(case: Case, wanted: Wanted = LEFT_TO_THE_FILE) -> Checked:
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
        if verdict.is_broken and case.has_real_time and not chosen.tells_first:
            verdict = first_in_time(task.history, verdict, _within(begun, task, chosen))
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
            is_defect=isinstance(error, OwnDefect) or ":" not in (wanted.model or ""),
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
    # Elsewhere than in those formats nil is told from an answer that nobody saw.
    if wanted.nil == "unknown" or (wanted.nil == "value" and case.form in NIL_IS_UNSEEN):
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


def _property(model: Model, name: str | None, case: Case) -> NamedProperty:
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
    task: Task, chosen: NamedProperty, judged: Callable[[Task], Verdict]
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
    if isinstance(initial, FromTheFormat):
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
        in_short=wanted.in_short,
    )


def _within(begun: float, task: Task, chosen: NamedProperty) -> Callable[[History], Verdict]:
    """Judge other histories as that of a task was, in the time that is left of its own."""

    def judge(history: History) -> Verdict:
        left = task.timeout_seconds
        if left is not None:
            left = max(left - (time.perf_counter() - begun), 1e-3)
        return _judged(chosen, replace(task, history=history, timeout_seconds=left), seconds=left)

    return judge


def _judged(chosen: NamedProperty, task: Task, *, seconds: float | None) -> Verdict:
    try:
        with deadline(by_force(seconds)):
            return chosen.judge(task)
    except TimeIsOver:
        return undecided(chosen.name, f"no verdict within {seconds:g} seconds")
    except RecursionError:
        return undecided(chosen.name, "the history is nested too deeply for this check")
    except MemoryError:
        return undecided(chosen.name, "the memory did not suffice for this check")
