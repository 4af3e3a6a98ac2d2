"""The history logs of Chaos and TiPocket: one JSON object a line, requests and responses by process.

    {"action": "call", "proc": 1, "data": {"Op": 1, "Value": 15}}
    {"action": "return", "proc": 1, "data": {"Value": 15, "Ok": true, "Unknown": false}}

What is in `data` is the test's own; known are registers ({"Op": 0 or 1, "Value"}), registers with
compare and set ({"Op": 0, 1 or 2, "Arg1", "Arg2"}), banks ({"Op", "From", "To", "Amount"}) and
transactions as Elle has them ({"value": [["r", 1, null], ...]}). Names count in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Cases
from counterpoint.checkers.readers.jepsen_events import JepsenRecord, jepsen_case
from counterpoint.checkers.readers.json_text import read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt, text_of

CALLS = frozenset({"call", "invoke"})
RETURNS = frozenset({"return", "ret"})
IGNORED = frozenset({"dump"})
"""The state of the database at the end, which is no operation."""

READ, WRITE, SWAP = 0, 1, 2
RIGHT = 'right would be {"action": "call", "proc": 1, "data": {"Op": 1, "Value": 15}}'
Fields = dict[str, object]


def read_chaos_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read a log of requests and responses.

    Raises:
        UnreadableHistory: not JSON, or data of a test that is not known.
    """
    text = text_of(data, source=source, limits=limits)
    records = _records(text, source, limits)
    return (jepsen_case(records, source=source, nil_is_unseen=False),)


def _records(text: str, source: str, limits: ReadingLimits) -> Iterator[JepsenRecord]:
    asked: dict[int, Fields] = {}
    for line, value in read_elements(text, source=source, limits=limits):
        action = value.get("action") if isinstance(value, dict) else None
        process = value.get("proc") if isinstance(value, dict) else None
        if not isinstance(action, str) or not _is_number(process):
            raise UnreadableHistory(source, line, f"{excerpt(value)} is no record; {RIGHT}")
        assert isinstance(value, dict)
        assert isinstance(process, int)
        if action in IGNORED:
            continue
        content = _lowered(value.get("data"))
        if action in CALLS:
            fields = _called(content)
            if fields is None:
                what = f"{excerpt(value.get('data'))} is no request of a test that is known"
                raise UnreadableHistory(source, line, f"{what}; {RIGHT}")
            asked[process] = content
            yield JepsenRecord(line, {"process": process, "type": "invoke", **fields})
        elif action in RETURNS:
            request = asked.get(process, {})
            yield JepsenRecord(line, {"process": process, **_answered(request, content)})
        else:
            yield JepsenRecord(line, {"process": ":nemesis", "f": action})


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _lowered(value: object) -> Fields:
    """Return the fields of an object by their names in small letters; those inside `result`, too."""
    if not isinstance(value, dict):
        return {}
    fields = {str(name).lower(): inner for name, inner in value.items()}
    inner = fields.get("result")
    return fields | _lowered(inner) if isinstance(inner, dict) else fields


def _called(request: Mapping[str, object]) -> Fields | None:
    """Return function and value of a request, None for one of an unknown test."""
    operation = request.get("op")
    if "op" not in request and isinstance(request.get("value"), list):
        return {"f": "txn", "value": request["value"]}
    if isinstance(operation, bool):
        operation = int(operation)
    if operation == READ:
        return {"f": "read"}
    if operation == WRITE and {"from", "to", "amount"} <= request.keys():
        return {"f": "transfer", "value": [request["from"], request["to"], request["amount"]]}
    if operation == WRITE and "arg1" in request:
        return {"f": "write", "value": request["arg1"]}
    if operation == WRITE and "value" in request:
        return {"f": "write", "value": request["value"]}
    if operation == SWAP and {"arg1", "arg2"} <= request.keys():
        return {"f": "cas", "value": [request["arg1"], request["arg2"]]}
    return None


def _answered(request: Mapping[str, object], response: Mapping[str, object]) -> Fields:
    """Return type, function and value of a response."""
    called = _called(request) or {"f": "read"}
    f = called["f"]
    failed = response.get("ok") is False
    kind = response.get("type")
    if (
        not response
        or response.get("unknown") is True
        or response.get("err")
        or kind in ("info", "unknown")
    ):
        return {"type": "info", "f": f}
    if kind == "fail" or (f == "transfer" and failed):
        return {"type": "fail", "f": f}
    if f == "cas":
        return {"type": "ok", "f": f, "value": not failed}
    if f == "txn":
        return {"type": "ok", "f": f, "value": response.get("value")}
    if f != "read":
        return {"type": "ok", "f": f}
    if isinstance(response.get("balances"), list):
        if failed:
            return {"type": "fail", "f": f}
        balances = response["balances"]
        assert isinstance(balances, list)
        return {"type": "ok", "f": f, "value": [list(pair) for pair in enumerate(balances)]}
    is_there = response.get("exists", True) is not False
    return {"type": "ok", "f": f, "value": response.get("value") if is_there else None}
