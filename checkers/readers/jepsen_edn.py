"""Jepsen histories in EDN: Knossos, Elle, elle-cli, and porcupine's key-value logs.

A vector or list of maps, maps one after another, vectors [process type f value], or the map of a
whole test with its :history. The answer nil of a read or get means that nobody saw it; inside
transactions nil is the initial value.
"""

from collections.abc import Iterable, Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import ATOMS, Case
from counterpoint.checkers.readers.edn import Form, Incomparable, read_edn
from counterpoint.checkers.readers.jepsen_events import JepsenRecord, jepsen_case
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt

HISTORIES = (":history", ":ops")
"""Where the events are in the map of a whole test, or of a history that was printed as a record."""


def exact_case(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Case:
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


FIELDS = ("process", "type", "f", "value")
LOOKED_AT = (*FIELDS, "key", "index")


def record_of(value: object, line: int, source: str) -> JepsenRecord:
    """Return the fields of an event: those of a map, or of a vector [process type f value].

    Raises:
        UnreadableHistory: it is neither, or a field that is looked at cannot be compared.
    """
    if isinstance(value, dict):
        fields = {name[1:]: inner for name, inner in value.items() if type(name) is str}
    elif isinstance(value, tuple) and len(value) == len(FIELDS):
        fields = dict(zip(FIELDS, value, strict=True))
    else:
        raise UnreadableHistory(
            source,
            line,
            f"{excerpt(value)} is no event; "
            "right would be {:process 0, :type :invoke, :f :read, :value nil}",
        )
    process = fields.get("process")
    if not isinstance(process, str) or not process.startswith(":"):
        for name in LOOKED_AT:
            word = _incomparable(fields.get(name))
            if word:
                raise UnreadableHistory(
                    source,
                    line,
                    f"{word} in :{name} cannot be compared with anything; leave it out",
                )
    return JepsenRecord(line, fields)


def _incomparable(value: object) -> str:
    """Return the first number in a value that equals nothing, or "" if there is none."""
    if type(value) in ATOMS:
        return ""
    if isinstance(value, Incomparable):
        return value.word
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = (*value.keys(), *value.values())
    elif isinstance(value, tuple | frozenset):
        inner = value
    return next((word for word in map(_incomparable, inner) if word), "")
