"""Jepsen histories in EDN: Knossos, Elle, elle-cli, and porcupine's key-value logs.

A vector or list of maps, maps one after another, or vectors [process type f value]. The answer nil
of a read or get means that nobody saw it; inside transactions nil is the initial value.
"""

from __future__ import annotations

from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Cases
from counterpoint.checkers.readers.edn import Form, read_edn
from counterpoint.checkers.readers.jepsen_events import Record, jepsen_case
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, excerpt, text_of

FIELDS = ("process", "type", "f", "value")


def read_jepsen_edn(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read a history of events in EDN.

    Raises:
        UnreadableHistory: not EDN, or not events.
    """
    text = text_of(data, source=source, limits=limits)
    forms = read_edn(text, source=source, limits=limits)
    return (jepsen_case(_records(forms, source), source=source),)


def _records(forms: Iterator[Form], source: str) -> Iterator[Record]:
    for form in forms:
        value = form.value
        if isinstance(value, dict):
            yield Record(
                form.line,
                {name[1:]: inner for name, inner in value.items() if type(name) is str},
            )
        elif isinstance(value, tuple) and len(value) == len(FIELDS):
            yield Record(form.line, dict(zip(FIELDS, value, strict=True)))
        else:
            raise UnreadableHistory(
                source,
                form.line,
                f"{excerpt(repr(value))} is no event; "
                "right would be {:process 0, :type :invoke, :f :read, :value nil}",
            )
