"""Operations with their times in JSON: [kind, client, value, call, return].

Named cases of such lists under "ops", as conver's and porcupine's unit tests were written down. The
kind is "r" or "w", there is one register and it starts as 0. A return of null is an open call; a
read of null was not seen. Equal times are concurrent.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from counterpoint.checkers.events import UnreadableHistory, ranked
from counterpoint.checkers.history import OPEN, UNKNOWN, Operation
from counterpoint.checkers.readers.case import Case, Cases, client_name, frozen
from counterpoint.checkers.readers.json_text import JsonPath, read_bodies
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits

RIGHT = 'operation; right would be ["w", "a", 1, 0, 5]: kind, client, value, call, return'
FUNCTIONS = {"r": "read", "w": "write"}


def read_interval_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read named cases of operations on one register.

    Raises:
        UnreadableHistory: not JSON, not such operations, or a client that does two things at once.
    """
    return tuple(
        _case(name, body, place)
        for name, body, place in read_bodies(data, body="ops", source=source, limits=limits)
    )


def _case(name: str, body: list[object], place: JsonPath) -> Case:
    operations = tuple(_operations(body, place))
    if not operations:
        raise place.wrong(body, "list of at least one operation")
    try:
        history = ranked(operations, source=f"{place.source}#{name}")
    except UnreadableHistory as error:
        raise place.wrong(name, f"well-formed history: {error.reason}") from None
    return Case(place.source, name, history, len(history), initial=0)


def _operations(body: list[object], place: JsonPath) -> Iterator[Operation]:
    for number, item in enumerate(body):
        operation = _operation(item, number)
        if operation is None:
            raise place.inside(number).wrong(item, RIGHT)
        yield operation


def _operation(item: object, number: int) -> Operation | None:
    if not (isinstance(item, list) and len(item) == 5):
        return None
    kind, client, value, called, returned = item
    f = FUNCTIONS.get(kind) if isinstance(kind, str) else None
    if f is None or not _is_client(client) or not _is_time(called):
        return None
    if returned is not None and not _is_time(returned):
        return None
    argument, result = _meaning(f, frozen(value), is_open=returned is None)
    return Operation(
        f"o{number + 1}",
        client_name(client),
        f,
        None,
        argument,
        result,
        called,
        OPEN if returned is None else returned,
        "info" if returned is None else "ok",
    )


def _meaning(f: str, value: Hashable, *, is_open: bool) -> tuple[Hashable, Hashable]:
    if f == "write":
        return value, UNKNOWN if is_open else None
    return None, UNKNOWN if is_open or value is None else value


def _is_client(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
