"""Jepsen histories in EDN: Knossos, Elle, elle-cli, and porcupine's key-value logs.

A vector or list of maps, maps one after another, vectors [process type f value], or the map of a
whole test with its :history. The answer nil of a read or get means that nobody saw it; inside
transactions nil is the initial value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.edn import Form, read_edn
from counterpoint.checkers.readers.edn_lines import read_edn_lines
from counterpoint.checkers.readers.edn_records import record_of
from counterpoint.checkers.readers.jepsen_events import jepsen_case
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, text_of

HISTORIES = (":history", ":ops")
"""Where the events are in the map of a whole test, or of a history that was printed as a record."""


def read_jepsen_edn(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read a history of events in EDN.

    Raises:
        UnreadableHistory: not EDN, or not events.
    """
    text = text_of(data, source=source, limits=limits)
    quick = read_edn_lines(text, source=source, limits=limits)
    return (exact_case(text, source=source, limits=limits) if quick is None else quick,)


def exact_case(text: str, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Case:
    """Read a text value by value: any EDN, and the line of whatever is wrong."""
    forms = _opened(read_edn(text, source=source, limits=limits))
    records = (record_of(form.value, form.line, source) for form in forms)
    return jepsen_case(records, source=source)


def _opened(forms: Iterable[Form]) -> Iterator[Form]:
    """Walk the events of whole tests, too; each then has the line of the test's map."""
    for form in forms:
        inside = _history_in(form.value)
        if inside is None:
            yield form
        else:
            yield from (Form(form.line, value) for value in inside)


def _history_in(value: object) -> tuple[object, ...] | None:
    if not isinstance(value, dict) or ":type" in value:
        return None
    found = next((value[name] for name in HISTORIES if name in value), None)
    if isinstance(found, dict):
        return _history_in(found)
    return found if isinstance(found, tuple) else None
