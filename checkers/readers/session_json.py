"""Sessions without times in JSON: named cases with a list of sessions under "sessions".

A session is a list of operations [kind, key, value], or of transactions
{"events": [[kind, key, value], ...], "committed": true}. The kind is "r" or "w"; 0 is the initial
value. No order is recorded between clients, so the ranks of operations say nothing across them.
"""

from __future__ import annotations

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.readers.case import Case, Cases, frozen
from counterpoint.checkers.readers.dbcop import dbcop_sessions
from counterpoint.checkers.readers.json_text import JsonPath, read_bodies
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits


def read_session_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read named cases of sessions.

    Raises:
        UnreadableHistory: not JSON, or not such sessions.
    """
    return tuple(
        _case(name, body, place)
        for name, body, place in read_bodies(data, body="sessions", source=source, limits=limits)
    )


def _case(name: str, body: list[object], place: JsonPath) -> Case:
    if any(
        isinstance(one, dict) for session in body if isinstance(session, list) for one in session
    ):
        transactions = dbcop_sessions(body, place=place)
        count = transactions.access_count
        case = Case(place.source, name, transactions, count, initial=0, has_real_time=False)
    else:
        history = _history(body, place)
        case = Case(place.source, name, history, len(history), initial=0, has_real_time=False)
    if not case.event_count:
        raise place.wrong(body, "list of sessions with at least one operation")
    return case


def _history(body: list[object], place: JsonPath) -> History:
    operations: list[Operation] = []
    for number, session in enumerate(body):
        here = place.inside(number)
        if not isinstance(session, list):
            raise here.wrong(session, "session, a list of operations")
        for index, item in enumerate(session):
            operation = _operation(item, number, index, len(operations))
            if operation is None:
                right = 'operation; right would be ["w", "x", 1]: kind, key, value'
                raise here.inside(index).wrong(item, right)
            operations.append(operation)
    return tuple(sorted(operations, key=lambda op: op.called))


def _operation(item: object, session: int, index: int, number: int) -> Operation | None:
    if not (isinstance(item, list) and len(item) == 3 and item[0] in ("r", "w")):
        return None
    kind, key, value = item[0], frozen(item[1]), frozen(item[2])
    is_read = kind == "r"
    return Operation(
        f"o{number + 1}",
        f"s{session + 1}",
        "read" if is_read else "write",
        key,
        None if is_read else value,
        value if is_read else None,
        2 * index,
        2 * index + 1,
    )
