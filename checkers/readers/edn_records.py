"""Events out of EDN values: the fields by name, and nothing in them that cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.edn import Incomparable
from counterpoint.checkers.readers.frozen import ATOMS
from counterpoint.checkers.readers.jepsen_events import Record
from counterpoint.checkers.readers.limits import excerpt

FIELDS = ("process", "type", "f", "value")
LOOKED_AT = (*FIELDS, "key", "index")


def record_of(value: object, line: int, source: str) -> Record:
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
    return Record(line, fields)


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
