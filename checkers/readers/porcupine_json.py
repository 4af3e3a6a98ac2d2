"""Operations of porcupine in JSON, as etcd's robustness tests and others write them: one a line.

    {"ClientId": 1, "Input": {...}, "Call": 10, "Output": {...}, "Return": 20}

The input and output are those of a model. Known are etcd's (a request by its type: range, txn,
leaseGrant, leaseRevoke, defragment, compact) and key-value stores ({"Op", "Key", "Value"}, the op a
name or 0 for get, 1 for put, 2 for append; the output a value, or an object with one). Names count in
any case. An output of null, or one with an error, is a call whose end nobody knows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from counterpoint.checkers.events import UnreadableHistory, ranked
from counterpoint.checkers.history import OPEN, UNKNOWN, Operation, Status
from counterpoint.checkers.readers.case import Case, Cases, client_name, frozen
from counterpoint.checkers.readers.etcd_requests import etcd_answer, etcd_request
from counterpoint.checkers.readers.json_text import read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt, text_of

OPS: Mapping[object, str] = {0: "get", 1: "put", 2: "append", "read": "read", "write": "write"}
RIGHT = 'right would be {"ClientId": 1, "Input": {...}, "Call": 10, "Output": {...}, "Return": 20}'


def read_porcupine_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read operations of one system.

    Raises:
        UnreadableHistory: not JSON, or operations of a model that is not known.
    """
    text = text_of(data, source=source, limits=limits)
    operations = list(_operations(text, source, limits))
    if not operations:
        raise UnreadableHistory(source, 0, "there is no operation in it")
    return (Case(source, "", ranked(operations, source=source), len(operations)),)


def _operations(text: str, source: str, limits: ReadingLimits) -> Iterator[Operation]:
    for number, (line, value) in enumerate(read_elements(text, source=source, limits=limits), 1):
        if not isinstance(value, dict):
            raise UnreadableHistory(source, line, f"{excerpt(value)} is no operation; {RIGHT}")
        fields = _lowered(value)
        client, call, end = (fields.get(name) for name in ("clientid", "call", "return"))
        if not (_is_whole(client) and _is_whole(call) and (end is None or _is_whole(end))):
            raise UnreadableHistory(source, line, f"{excerpt(value)} is no operation; {RIGHT}")
        assert isinstance(client, int)
        assert isinstance(call, int)
        told = _told(fields.get("input"), fields.get("output"))
        if told is None:
            what = f"{excerpt(fields.get('input'))} is no input of a model that is known"
            raise UnreadableHistory(source, line, f"{what}: etcd's, or Op, Key and Value")
        f, key, argument, result, status = told
        is_open = status == "info" or not isinstance(end, int)
        yield Operation(
            f"o{number}",
            client_name(client),
            f,
            key,
            argument,
            UNKNOWN if is_open else result,
            call,
            OPEN if is_open or not isinstance(end, int) else end,
            "info" if is_open else status,
        )


PorcupineLine = tuple[str, Hashable, Hashable, Hashable, Status]


def _told(given: object, answer: object) -> PorcupineLine | None:
    """Return function, key, argument, result and status."""
    asked = _lowered(given)
    if "type" in asked:
        request = etcd_request(given)
        if request is None:
            return None
        ended, result = etcd_answer(request, answer)
        return request[0], None, request[1], result, ended
    f = _function(asked.get("op"))
    if f is None:
        return None
    key, value = frozen(asked.get("key")), frozen(asked.get("value"))
    said = _lowered(answer).get("value") if isinstance(answer, dict) else answer
    status: Status = "info" if answer is None and f not in ("put", "append", "write") else "ok"
    if isinstance(answer, dict) and _lowered(answer).get("unknown") is True:
        status = "info"
    is_read = f in ("get", "read")
    return f, key, None if is_read else value, frozen(said) if is_read else None, status


def _function(op: object) -> str | None:
    if isinstance(op, bool) or not isinstance(op, int | str):
        return None
    return OPS.get(op, op.lower() if isinstance(op, str) and op else None)


def _lowered(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        return {}
    return {str(name).lower(): inner for name, inner in value.items()}


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
