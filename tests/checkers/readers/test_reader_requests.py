"""Logs of requests and responses: Chaos, TiPocket, porcupine and etcd, by example."""

from __future__ import annotations

import json

import pytest

from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.readers import Case, UnreadableHistory, read_cases
from counterpoint.harness.checking.cases import check_case
from tests.checkers.readers.reader_samples import PORCUPINE_JSON, SAMPLES


def read(*records: dict[str, object]) -> Case:
    (case,) = read_cases("\n".join(map(json.dumps, records)) + "\n", source="made")
    return case


def told(case: Case) -> list[tuple[object, ...]]:
    assert isinstance(case.history, tuple)
    return [(op.client, op.f, op.argument, op.result, op.status) for op in case.history]


def call(proc: int, data: object) -> dict[str, object]:
    return {"action": "call", "proc": proc, "data": data}


def answer(proc: int, data: object) -> dict[str, object]:
    return {"action": "return", "proc": proc, "data": data}


def test_a_register_of_chaos() -> None:
    (case,) = read_cases(SAMPLES["chaos-json"], source="made")
    assert told(case) == [("p0", "write", 15, None, "ok"), ("p1", "read", None, 15, "ok")]
    assert [one.what for one in case.interferences] == ["invoke_nemesis"]
    assert check_case(case).outcome == "holds"


@pytest.mark.parametrize(
    ("request_", "response", "operation"),
    [
        ({"Op": 2, "Arg1": 1, "Arg2": 2}, {"Ok": True}, ("cas", (1, 2), True, "ok")),
        ({"Op": 2, "Arg1": 1, "Arg2": 2}, {"Ok": False}, ("cas", (1, 2), False, "ok")),
        ({"Op": 1, "Arg1": 4}, {"Unknown": True}, ("write", 4, UNKNOWN, "info")),
        ({"op": 0}, {"exists": False, "value": 0}, ("read", None, None, "ok")),
        ({"Op": False}, {"Value": 3}, ("read", None, 3, "ok")),
        (
            {"Op": 1, "From": 0, "To": 1, "Amount": 5},
            {"Ok": False},
            ("transfer", (0, 1, 5), UNKNOWN, "fail"),
        ),
        ({"Op": 0}, {"Ok": True, "Balances": [7, 3]}, ("read", None, ((0, 7), (1, 3)), "ok")),
        (
            {"type": "invoke", "value": [["append", 1, 2], ["r", 1, None]]},
            {"Result": {"type": "ok", "value": [["append", 1, 2], ["r", 1, [2]]]}},
            (
                "txn",
                (("append", 1, 2), ("r", 1, None)),
                (("append", 1, 2), ("r", 1, (2,))),
                "ok",
            ),
        ),
    ],
)
def test_requests_of_chaos(
    request_: object, response: object, operation: tuple[object, ...]
) -> None:
    assert told(read(call(3, request_), answer(3, response))) == [("p3", *operation)]


def test_a_request_of_an_unknown_test_is_refused_with_its_line() -> None:
    with pytest.raises(UnreadableHistory, match=r"^made:2: .*no request of a test that is known"):
        read(call(1, {"Op": 0}), call(2, {"Kind": "group"}))


def test_requests_of_etcd_are_judged_with_their_revisions() -> None:
    (good,) = read_cases(PORCUPINE_JSON, source="made")
    (stale,) = read_cases(PORCUPINE_JSON.replace('"Count":1', '"Count":0'), source="made")
    late = PORCUPINE_JSON.replace('"Revision":2},"Return":400', '"Revision":3},"Return":400')
    (other,) = read_cases(late, source="made")
    assert check_case(good).model == "etcd"
    assert [check_case(case).outcome for case in (good, stale, other)] == [
        "holds",
        "broken",
        "broken",
    ]


def request(
    kind: str, body: object, answered: object, time: int, client: int = 1
) -> dict[str, object]:
    name = kind[0].upper() + kind[1:]
    return {"ClientId": client, "Input": {"Type": kind, name: body}, "Call": time,
            "Output": answered, "Return": time + 5}  # fmt: skip


PUT = {"Type": "put", "Key": "k", "Value": {"Value": "1"}, "LeaseID": 7}


def test_a_lease_takes_its_keys_with_it() -> None:
    put = {"Conditions": [{"Key": "k", "ExpectedRevision": 0}], "OperationsOnSuccess": [PUT]}
    done = {"Revision": 2, "Txn": {"Failure": False, "Results": [{}]}}
    again = {"Revision": 2, "Txn": {"Failure": True, "Results": []}}
    nothing = {"Revision": 3, "Range": {"KVs": [], "Count": 0}}
    steps = [
        request("leaseGrant", {"LeaseID": 7}, {"Revision": 1, "LeaseGrant": {}}, 0),
        request("txn", put, done, 10),
        request("txn", put, again, 20),
        request("leaseRevoke", {"LeaseID": 7}, {"Revision": 3, "LeaseRevoke": {}}, 30),
        request("range", {"Start": "a", "End": "z"}, nothing, 40),
    ]
    assert check_case(read(*steps)).outcome == "holds"
    assert check_case(read(*steps[:3], *steps[4:])).outcome == "broken"


def test_an_error_leaves_it_open_whether_a_request_was_served() -> None:
    put = {"OperationsOnSuccess": [PUT | {"LeaseID": 0}]}
    lost = request("txn", put, {"Error": "timeout"}, 0)
    seen = {"Revision": 2, "Range": {"KVs": [{"Key": "k", "Value": {"Value": "1"}}], "Count": 1}}
    unseen = {"Revision": 1, "Range": {"KVs": [], "Count": 0}}
    for result in (seen, unseen):
        case = read(lost, request("range", {"Start": "k"}, result, 10, client=2))
        assert told(case)[0][4] == "info"
        assert check_case(case).outcome == ("holds" if result is unseen else "broken")


@pytest.mark.parametrize("op", [0, "get", "Get"])
def test_a_key_value_store_of_porcupine(op: object) -> None:
    put = {
        "ClientId": 0,
        "Input": {"Op": 1, "Key": "x", "Value": "y"},
        "Call": 0,
        "Output": None,
        "Return": 1,
    }
    get = {"ClientId": 1, "Input": {"Op": op, "Key": "x"}, "Output": {"Value": "y"}}
    get |= {"Call": 2, "Return": 3}
    case = read(put, {name: get[name] for name in put})
    assert told(case) == [("p0", "put", "y", None, "ok"), ("p1", "get", None, "y", "ok")]
    assert check_case(case).outcome == "holds"


def test_an_input_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnreadableHistory, match="no input of a model that is known"):
        read({"ClientId": 0, "Input": {"Kind": 1}, "Call": 0, "Output": {}, "Return": 1})
