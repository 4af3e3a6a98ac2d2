"""DBCop's histories in JSON and in its compact text form.

In JSON: sessions of {"events": [...], "committed": true}. An event is
{"Write": {"variable": 0, "version": 1}}, {"Read": {...}} or the short ["w", 0, 1]. The sessions
stand alone or under "data" beside the parameters of the run. Version null, and 0 where nobody wrote
it, is the initial value.

As text:

    // a comment
    [x:=1 y==2 z==?] [x==1]!     two transactions; the second was not committed
    ---                          the next session

`:=` writes, `==` reads, `==?` reads the initial value, and so does 0 where nobody wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases, frozen
from counterpoint.checkers.readers.json_text import JsonPath, read_json
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    lines_of,
    text_of,
)
from counterpoint.checkers.readers.sessions import Draft, transaction_history
from counterpoint.checkers.transactions.history import KINDS, Access, TransactionHistory

TAGS = {"Read": "r", "Write": "w"}


def read_dbcop_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: not JSON, or not such sessions.
    """
    text = text_of(data, source=source, limits=limits)
    value = read_json(text, source=source, limits=limits)
    place = JsonPath(text, source)
    if isinstance(value, dict) and "data" in value:
        value, place = value["data"], place.inside("data")
    history = dbcop_sessions(value, place=place)
    if not history.access_count:
        raise UnreadableHistory(source, 0, "there is no event in it")
    return (Case(source, "", history, history.access_count, initial=0, has_real_time=False),)


def dbcop_sessions(value: object, *, place: JsonPath) -> TransactionHistory:
    """Turn parsed sessions into a history."""
    if not isinstance(value, list):
        raise place.wrong(value, "list of sessions, such as [[{...}], [{...}]]")
    sessions = []
    for number, session in enumerate(value):
        here = place.inside(number)
        if not isinstance(session, list):
            raise here.wrong(session, "session, a list of transactions")
        sessions.append([_draft(one, here.inside(i)) for i, one in enumerate(session)])
    return transaction_history(sessions, initial=0)


def _draft(value: object, place: JsonPath) -> Draft:
    if not (isinstance(value, dict) and isinstance(value.get("events"), list)):
        raise place.wrong(value, 'transaction; right would be {"events": [...], "committed": true}')
    committed = value.get("committed", True)
    if not isinstance(committed, bool):
        raise place.wrong(committed, "truth value of committed")
    events = value["events"]
    return Draft(
        tuple(_access(event, place, number) for number, event in enumerate(events)), committed
    )


def _access(value: object, place: JsonPath, number: int) -> Access:
    kind, variable, version = _parts(value)
    if kind is None or (kind == "w" and version is None):
        raise place.inside("events", number).wrong(
            value, 'event; right would be {"Write": {"variable": 0, "version": 1}} or ["w", 0, 1]'
        )
    return Access(KINDS[kind], variable, 0 if version is None else version)


def _parts(value: object) -> tuple[str | None, Hashable, Hashable]:
    if isinstance(value, dict) and len(value) == 1:
        tag, body = next(iter(value.items()))
        if isinstance(body, dict) and {"variable", "version"} <= body.keys():
            return TAGS.get(tag), frozen(body["variable"]), frozen(body["version"])
    if isinstance(value, list) and len(value) == 3 and value[0] in ("r", "w"):
        return value[0], frozen(value[1]), frozen(value[2])
    return None, None, None


TRANSACTION = re.compile(r"\s*+\[([^\[\]]*+)\](!?)\s*+")
EVENT = re.compile(r"([A-Za-z_]\w{0,200})(?::=(\d{1,20})|==(\d{1,20}|\?))", re.ASCII)
SEPARATOR = re.compile(r"-+")


def read_dbcop_hist(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: a line of any other form, or no event at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    sessions: list[list[Draft]] = [[]]
    for number, line in enumerate(lines, 1):
        text = line.split("//", 1)[0].strip()
        if SEPARATOR.fullmatch(text):
            sessions.append([])
        else:
            sessions[-1].extend(_transactions(text, number, source))
    history = transaction_history([session for session in sessions if session], initial=0)
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no transaction in it, such as "[x:=1 y==?]"')
    return (Case(source, "", history, history.access_count, initial=0, has_real_time=False),)


def _transactions(text: str, line: int, source: str) -> Iterator[Draft]:
    position = 0
    while position < len(text):
        found = TRANSACTION.match(text, position)
        if found is None or not found[1].strip():
            raise UnreadableHistory(
                source,
                line,
                f'{excerpt(text[position:])} is no transaction; right would be "[x:=1 y==?]"',
            )
        accesses = tuple(_text_access(word, line, source) for word in found[1].split())
        yield Draft(accesses, is_committed=not found[2])
        position = found.end()


def _text_access(word: str, line: int, source: str) -> Access:
    found = EVENT.fullmatch(word)
    if found is None:
        raise UnreadableHistory(
            source, line, f"{excerpt(word)} is no event; right would be x:=1, x==1 or x==?"
        )
    key, written, read = found.groups()
    if written is not None:
        return Access("write", key, int(written))
    return Access("read", key, 0 if read == "?" else int(read))
