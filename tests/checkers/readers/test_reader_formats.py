"""Each format by example: what a good file means, and what is wrong with its bad twins."""

from __future__ import annotations

import struct

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History
from counterpoint.checkers.readers import FORMATS, Case, UnreadableHistory, read_cases
from counterpoint.checkers.transactions.history import TransactionHistory
from tests.checkers.readers.reader_samples import (
    DBCOP_BINCODE,
    SAMPLES,
    bincode_history,
    bincode_text,
)


def only(form: str, data: str | bytes | None = None) -> Case:
    """Read the one case of a file; the sample of the format where no other is given."""
    (case,) = FORMATS[form].read(SAMPLES[form] if data is None else data, source="made")
    return case


def told(case: Case) -> list[tuple[object, ...]]:
    """Show operations as client, function, key, argument, result, status."""
    assert isinstance(case.history, tuple)
    return [(op.client, op.f, op.key, op.argument, op.result, op.status) for op in case.history]


def written(history: History | TransactionHistory) -> list[list[tuple[bool, list[str]]]]:
    """Show transactions as committed or not, and accesses such as "r0=1"."""
    assert isinstance(history, TransactionHistory)
    return [
        [(t.is_committed, [f"{a.kind[0]}{a.key}={a.value}" for a in t.accesses]) for t in session]
        for session in history.sessions
    ]


def test_jepsen_log() -> None:
    case = only("jepsen-log")
    assert told(case) == [
        ("p0", "write", None, 4, None, "ok"),
        ("p1", "cas", None, (4, 5), False, "ok"),
        ("p2", "read", None, None, UNKNOWN, "info"),
    ]
    assert case.event_count == 7
    assert isinstance(case.history, tuple)
    assert [(op.call_step, op.return_step) for op in case.history] == [(0, 3), (1, 4), (5, -1)]


def test_jepsen_log_of_a_read_that_failed() -> None:
    text = "jepsen.util - 1 :invoke :read nil\njepsen.util - 1 :fail :read :timed-out\n"
    assert told(only("jepsen-log", text)) == [("p1", "read", None, None, UNKNOWN, "fail")]


def test_edn() -> None:
    case = only("edn")
    assert told(case) == [
        ("p0", "write", None, 1, None, "ok"),
        ("p1", "read", None, None, 1, "ok"),
    ]
    assert case.event_count == 5


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value 2}",
            id="maps one after another",
        ),
        pytest.param("([1 :invoke :read nil] [1 :ok :read 2])", id="tuples in a list"),
        pytest.param("[1 :invoke :read nil] [1 :ok :read 2]", id="tuples one after another"),
    ],
)
def test_edn_in_its_other_shapes(text: str) -> None:
    assert told(only("edn", text)) == [("p1", "read", None, None, 2, "ok")]


def test_edn_of_a_key_value_store() -> None:
    text = """{:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}
              {:process 1, :type :invoke, :f :get, :key "9", :value nil}
              {:process 9, :type :ok, :f :append, :key "0", :value "x 9 0 y"}
              {:process 1, :type :ok, :f :get, :key "9", :value ""}"""
    assert told(only("edn", text)) == [
        ("p9", "append", "0", "x 9 0 y", None, "ok"),
        ("p1", "get", "9", None, "", "ok"),
    ]


def test_edn_of_transactions() -> None:
    text = """{:process 0 :type :invoke :value [[:append 255 8] [:r 253 nil]]}
              {:process 0 :type :ok :value [[:append 255 8] [:r 253 [1 3]]]}"""
    (op,) = told(only("edn", text))
    assert op[1:5] == (
        "txn",
        None,
        (("append", 255, 8), ("r", 253, None)),
        (("append", 255, 8), ("r", 253, (1, 3))),
    )


def test_edn_of_a_bank() -> None:
    text = """{:process 0 :type :invoke :f :transfer :value {:from 6 :to 1 :amount 2}}
              {:process 0 :type :ok :f :transfer :value {:from 6 :to 1 :amount 2}}
              {:process 0 :type :invoke :f :read}
              {:process 0 :type :ok :f :read :value {1 20, 0 10}}"""
    transfer, read = told(only("edn", text))
    assert transfer[3:5] == (((":amount", 2), (":from", 6), (":to", 1)), None)
    assert read[3:5] == (None, ((0, 10), (1, 20)))


def test_events_without_a_process_are_matched_by_content() -> None:
    """Elle's small examples leave the process out; each call then gets a client of its own."""
    text = """[{:type :invoke, :f :read, :value [[:r 0 nil] [:r 1 nil]]}
               {:type :invoke, :f :read, :value [[:r 1 nil] [:r 0 nil]]}
               {:type :ok, :f :read, :value [[:r 1 5] [:r 0 nil]]}]"""
    first, second = told(only("edn", text))
    assert (first[0], first[5]) == ("call0", "info")
    assert second == ("call1", "read", None, None, (("r", 1, 5), ("r", 0, None)), "ok")


def test_jepsen_json() -> None:
    (op,) = told(only("jepsen-json"))
    assert op[:2] == ("p0", "txn")
    assert op[4] == (("append", "x", 1), ("r", "y", (3,)))


def test_jepsen_json_one_after_another_and_with_the_nemesis() -> None:
    text = """{"process": "nemesis", "type": "info", "f": "kill"}
              {"process": 3, "type": "invoke", "f": "read", "value": null, "index": 70}"""
    case = only("jepsen-json", text)
    assert told(case) == [("p3", "read", None, None, UNKNOWN, "info")]
    assert isinstance(case.history, tuple)
    assert (case.event_count, case.history[0].call_step) == (2, 70)


def test_awdit_text() -> None:
    case = only("awdit-text")
    assert written(case.history) == [
        [(True, ["w0=0"])],
        [(True, ["r0=0", "w0=1"]), (True, ["r0=1"])],
    ]
    assert (case.event_count, case.has_real_time) == (4, False)


def test_plume_text() -> None:
    case = only("plume-text")
    assert written(case.history) == [
        [(True, ["w1=7"]), (False, ["w2=8"])],
        [(True, ["r1=7", "r2=None"])],
    ]


def test_a_zero_that_was_written_is_no_initial_value() -> None:
    assert written(only("plume-text", "w(1,0,0,1)\nr(1,0,1,2)\nr(2,0,1,2)\n").history) == [
        [(True, ["w1=0"])],
        [(True, ["r1=0", "r2=None"])],
    ]


def test_dbcop_json() -> None:
    assert written(only("dbcop-json").history) == [
        [(True, ["w0=1"])],
        [(False, ["r0=1", "r1=None"])],
    ]


def test_dbcop_json_without_its_envelope() -> None:
    text = '[[{"events": [["w", "x", 1]]}], []]'
    assert written(only("dbcop-json", text).history) == [[(True, ["wx=1"])], []]


def test_dbcop_hist() -> None:
    assert written(only("dbcop-hist").history) == [
        [(True, ["wx=1", "wy=2"]), (False, ["rx=1"])],
        [(True, ["ry=2", "rz=None"])],
    ]


@pytest.mark.parametrize("dashes", ["-", "---", "--------"])
def test_dbcop_hist_separators(dashes: str) -> None:
    text = f"// one\n[x:=1][x==1]\n\n{dashes}\n// two\n[x==0]\n"
    assert written(only("dbcop-hist", text).history) == [
        [(True, ["wx=1"]), (True, ["rx=1"])],
        [(True, ["rx=None"])],
    ]


def test_dbcop_yaml() -> None:
    case = only("dbcop-yaml")
    assert written(case.history) == [
        [(True, ["w0=1"]), (True, [])],
        [(False, ["w1=5"])],
    ]
    assert case.event_count == 3


def test_dbcop_bincode() -> None:
    """A write that failed inside a committed transaction becomes one that was not committed."""
    case = only("dbcop-bincode")
    assert written(case.history) == [
        [(True, ["w0=1"]), (False, ["w0=2"])],
        [(True, ["r0=1", "r1=None"])],
    ]
    assert case.event_count == 4


def test_interval_json() -> None:
    good, still_open = FORMATS["interval-json"].read(SAMPLES["interval-json"], source="made")
    assert told(good) == [
        ("a", "write", None, 1, None, "ok"),
        ("b", "read", None, None, 1, "ok"),
    ]
    assert told(still_open) == [
        ("p3", "write", None, 1, UNKNOWN, "info"),
        ("p4", "read", None, None, UNKNOWN, "ok"),
    ]
    assert (good.initial, good.title) == (0, "made#good")
    assert isinstance(good.history, tuple)
    assert isinstance(still_open.history, tuple)
    assert good.history[0].returned == good.history[1].called
    assert still_open.history[0].returned == OPEN


def test_session_json() -> None:
    plain, transactions = FORMATS["session-json"].read(SAMPLES["session-json"], source="made")
    assert told(plain) == [
        ("s1", "write", "x", 1, None, "ok"),
        ("s2", "read", "x", None, 1, "ok"),
        ("s1", "read", "y", None, 0, "ok"),
    ]
    assert (plain.initial, plain.has_real_time) == (0, False)
    assert written(transactions.history) == [[(True, ["wx=1"])]]


def test_csv_of_events() -> None:
    case = only("csv")
    assert told(case) == [
        ("alice", "write", "x", (1, "a"), None, "ok"),
        ("bob", "read", "x", None, 5, "ok"),
    ]
    assert isinstance(case.history, tuple)
    assert [(op.called, op.returned) for op in case.history] == [(0, 2), (1, 2)]


def test_csv_of_operations() -> None:
    text = """client,f,key,argument,result,called,returned,status
1,write,x,5,,0,3,
2,read,x,,null,1,2,ok
2,read,x,,,4,6,
3,write,x,six,,2,,info
4,write,x,7,,3,4,fail
"""
    case = only("csv", text)
    assert told(case) == [
        ("1", "write", "x", 5, None, "ok"),
        ("2", "read", "x", None, None, "ok"),
        ("3", "write", "x", "six", UNKNOWN, "info"),
        ("4", "write", "x", 7, UNKNOWN, "fail"),
        ("2", "read", "x", None, UNKNOWN, "ok"),
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("5", 5),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ('"""5"""', "5"),
        ('"[1, [2]]"', (1, (2,))),
        ("007", "007"),
        ("a b", "a b"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_cells_of_values(cell: str, value: object) -> None:
    text = f"client,f,argument,called,returned\na,write,{cell},0,1\n"
    ((*_, argument, _, _),) = told(only("csv", text))
    assert argument == value
    assert type(argument) is type(value)


def test_json_lines_of_operations() -> None:
    assert told(only("jsonl")) == [
        ("alice", "write", "x", 1, None, "ok"),
        ("7", "read", "x", None, 1, "ok"),
        ("bob", "cas", "x", (1, 2), UNKNOWN, "info"),
    ]


def test_json_lines_of_events() -> None:
    text = """{"client": "a", "type": "invoke", "f": "cas", "value": [1, 2]}
              {"client": "b", "type": "invoke", "f": "read"}
              {"client": "b", "type": "ok", "f": "read", "value": null}
              {"client": "a", "type": "ok", "f": "cas", "value": false}"""
    assert told(only("jsonl", text)) == [
        ("a", "cas", None, (1, 2), False, "ok"),
        ("b", "read", None, None, None, "ok"),
    ]


INVOKE = "{:process 0 :type :invoke :f :read}\n"
EVENTS = "client,type,f,key,value,time\n"
CALLS = "client,f,called,returned,status,value\n"

BAD_TWINS = [
    ("jepsen-log", "nothing here\n", 0, "no line has"),
    (
        "jepsen-log",
        "\njepsen.util - 3 :invoke :write\n",
        2,
        "no value after the function 'write'",
    ),
    ("jepsen-log", "jepsen.util - 3 :begin :write 5\n", 1, "right would be: 3 :invoke :write 5"),
    ("jepsen-log", "jepsen.util - 3 :invoke :write [5\n", 1, "is opened here and never closed"),
    ("jepsen-log", "\njepsen.util - 3 :invoke :write }\n", 2, "'}' closes nothing"),
    ("jepsen-log", "jepsen.util - 3 :ok :write 5\n", 1, "has no open call"),
    ("edn", "", 0, "there is no event in it"),
    ("edn", "[]", 0, "there is no event in it"),
    ("edn", INVOKE + "{:process 0 :type :ok", 2, "is opened here and never closed: truncated?"),
    ("edn", INVOKE + "]", 2, "']' closes nothing"),
    ("edn", "[" + INVOKE + ")", 2, "')' closes the '[' of line 1"),
    ("edn", "[" + INVOKE + "] 5", 2, "something follows"),
    ("edn", INVOKE + '{:process 0 :f "read', 2, "is a string that never ends"),
    ("edn", INVOKE + "{:process 0 :type}", 2, "one too few"),
    ("edn", INVOKE + "{:process 0 :type :ok :type :fail}", 2, "has a key twice"),
    ("edn", INVOKE + "{:process 12x :type :ok}", 2, "'12x' is no number"),
    ("edn", INVOKE + "{:process 0 :value ##NaN}", 2, "##NaN in :value cannot be compared"),
    ("edn", INVOKE + '{:process 0 :value "\\q"}', 2, "\\q is no escape"),
    ("edn", INVOKE + "{:process 0 :value \\nonsense}", 2, "is no character"),
    ("edn", INVOKE + "{:process 0 :value #_}", 2, "has no value after it"),
    ("edn", INVOKE + "{:process 0 :value #:a [1]}", 2, "stands before a map"),
    ("edn", INVOKE + "42", 2, "42 is no event"),
    ("edn", INVOKE + "{:process 0 :type :begin :f :read}", 2, "the type ':begin'"),
    ("edn", INVOKE + "{:process 0 :type :ok}", 2, "the function missing"),
    ("edn", INVOKE + "{:process 1.5 :type :ok :f :read}", 2, "neither a number nor a name"),
    ("edn", INVOKE + "{:type :ok :f :read}", 2, "without a process"),
    ("edn", INVOKE + INVOKE, 2, "while its read of line 1 is open"),
    ("edn", INVOKE + "{:process 1 :type :ok :f :read}", 2, "has no open call"),
    ("edn", "{:type :ok :f :read}", 1, "no open call of read fits"),
    ("edn", "{:process 0 :type :invoke :f :txn :value [1 2]}", 1, "a transaction with the value"),
    ("jepsen-json", "", 0, "there is no event in it"),
    ("jepsen-json", '[{"process": 0,\n "type": "invoke"', 2, "not JSON: "),
    (
        "jepsen-json",
        '[{"process": 0, "type": "invoke", "f": "read"}',
        1,
        "never closed: truncated?",
    ),
    ("jepsen-json", '[{"process": 0, "type": "info", "f": "a"}\n{}]', 2, "need a comma"),
    ("jepsen-json", "[1]", 1, "1 is no event"),
    ("jepsen-json", '[\n{"process": 0, "value": NaN}]', 2, "NaN is no JSON"),
    ("jepsen-json", '[\n{"process": 0, "value": 1e999}]', 2, "beyond the range"),
    ("jepsen-json", '[\n{"process": 0, "value": ' + "9" * 5000 + "}]", 2, "not JSON: "),
    ("jepsen-json", '[\n{"process": [], "type": "ok"}]', 2, "neither a number nor a name"),
    ("jepsen-json", "[] []", 1, "something follows the array"),
    ("awdit-text", "", 0, "there is no read or write in it"),
    ("awdit-text", "w 0 1\nr 0\n", 2, "'r 0' is neither an access"),
    ("awdit-text", "w 0 1\nx 0 1\n", 2, "'x 0 1' is neither"),
    ("awdit-text", "w 0 1\n-=-\n", 2, "'-=-' is neither"),
    ("plume-text", "\n", 0, "there is no access in it"),
    ("plume-text", "w(0,1,0,1)\nw(0,1,0\n", 2, "'w(0,1,0' is no access"),
    ("plume-text", "w(0,1,0,1)\nd(0,1,0,1)\n", 2, "right would be"),
    ("dbcop-json", "[]", 0, "there is no event in it"),
    ("dbcop-json", "{}", 1, "is no list of sessions"),
    ("dbcop-json", '{"data":\n 5}', 2, "5 is no list of sessions"),
    ("dbcop-json", "[[],\n 5]", 2, "5 is no session"),
    ("dbcop-json", '[[],\n [{"events": 1}]]', 2, "is no transaction"),
    ("dbcop-json", '[[{"events": [], "committed": 1}]]', 1, "is no truth value"),
    ("dbcop-json", '[[{"events": [["w", 0, 1],\n ["x", 0, 1]]}]]', 2, "is no event"),
    ("dbcop-json", '[[{"events": [\n{"Write": {"variable": 0}}]}]]', 2, "is no event"),
    ("dbcop-json", '[[{"events": [\n["w", 0, null]]}]]', 2, "is no event"),
    ("dbcop-json", '[[{"events": [\n["w", 0', 2, "not JSON: "),
    ("dbcop-hist", "// nothing\n", 0, "there is no transaction in it"),
    ("dbcop-hist", "[x:=1]\n[x:=1\n", 2, "'[x:=1' is no transaction"),
    ("dbcop-hist", "[x:=1]\n[]\n", 2, "'[]' is no transaction"),
    ("dbcop-hist", "[x:=1]\n[x=1]\n", 2, "'x=1' is no event"),
    ("dbcop-hist", "[x:=1]\n[x:=?]\n", 2, "'x:=?' is no event"),
    ("dbcop-hist", "[x:=1] oops\n", 1, "'oops' is no transaction"),
    ("dbcop-yaml", "---\n", 0, "there is no event in it"),
    ("dbcop-yaml", "- - events:\n    - write: true\n", 2, "this event has no 'success'"),
    ("dbcop-yaml", "- - events:\n    - write: maybe\n", 2, "'- write: maybe' has no place here"),
    ("dbcop-yaml", "  - events:\n", 1, "has no place here"),
    ("dbcop-yaml", "- - events:\n    - write: true\n      write: true\n", 3, "has no place here"),
    ("dbcop-yaml", "- - events:\n    variable: 1\n", 2, "has no place here"),
    ("dbcop-yaml", "- &a [*a]\n", 1, "has no place here"),
    ("interval-json", "{}", 1, "is no list of cases"),
    ("interval-json", "[]", 0, "there is no case in it"),
    ("interval-json", '[{"name": "a"}]', 1, "is no case such as"),
    ("interval-json", '[{"ops": []}]', 1, "at least one operation"),
    ("interval-json", '[{"ops": [\n["x", "a", 1, 0, 5]]}]', 2, "is no operation; right would be"),
    ("interval-json", '[{"ops": [\n["w", "a", 1, 0]]}]', 2, "is no operation"),
    ("interval-json", '[{"ops": [\n["w", "a", 1, "0", 5]]}]', 2, "is no operation"),
    ("interval-json", '[{"ops": [\n["w", null, 1, 0, 5]]}]', 2, "is no operation"),
    ("interval-json", '[{"name": "a",\n"ops": [["w", "a", 1, 5, 0]]}]', 2, "before its call"),
    (
        "interval-json",
        '[{"ops": [["w", "a", 1, 0, 5], ["r", "a", 1, 3, 9]]}]',
        1,
        "one client makes one call at a time",
    ),
    (
        "interval-json",
        '[{"name": "a", "ops": [["w", "a", 1, 0, 5]]},\n{"name": "a", "ops": []}]',
        2,
        "each case needs its own",
    ),
    ("session-json", '[{"sessions": [[]]}]', 1, "at least one operation"),
    ("session-json", '[{"sessions": [\n5]}]', 2, "is no session"),
    ("session-json", '[{"sessions": [[\n["w", "x"]]]}]', 2, "is no operation"),
    ("session-json", '[{"sessions": [[\n{"events": [["w"]]}]]}]', 2, "is no event"),
    ("csv", "", 1, "the header must name the columns"),
    ("csv", "a,b\n1,2\n", 1, "it has no 'client'"),
    ("csv", "client,client,f\n", 1, "it has 'client' twice"),
    ("csv", EVENTS, 0, "there is no row in it"),
    ("csv", EVENTS + "a,invoke\n", 2, "2 cells under a header of 6: truncated?"),
    ("csv", EVENTS + 'a,invoke,write,x,"5\n', 2, "not a table"),
    ("csv", EVENTS + "a,invoke,write,x,NaN,\n", 2, "NaN cannot be compared"),
    ("csv", EVENTS + 'a,invoke,write,x,"[1",\n', 2, "value '[1': not JSON"),
    ("csv", EVENTS + "a,begin,write,x,5,\n", 2, "the type 'begin' must be invoke"),
    ("csv", EVENTS + ",invoke,write,x,5,\n", 2, "no 'client' in this row"),
    ("csv", EVENTS + "a,invoke,,x,5,\n", 2, "no 'f' in this row"),
    ("csv", EVENTS + "a,invoke,write,x,5,soon\n", 2, "the time 'soon' must be a number"),
    ("csv", EVENTS + "a,invoke,write,x,5,0\na,ok,write,x,5,\n", 3, "no time in this row"),
    ("csv", EVENTS + "a,invoke,write,x,5,3\na,ok,write,x,5,1\n", 0, "before its call"),
    ("csv", EVENTS + "a,ok,write,x,5,\n", 2, "has no open call"),
    ("csv", "client,f,called,returned,status\na,read,,1,\n", 2, "no 'called' in this row"),
    ("csv", "client,f,called,returned,status\na,read,0,1,done\n", 2, "must be ok, fail or info"),
    ("csv", "client,f,called,returned,status\na,read,0,1,info\n", 2, "the status is not info"),
    ("csv", "client,f,called,returned,status\na,read,0,,ok\n", 2, "no 'returned' in this row"),
    ("jsonl", "", 0, "there is no row in it"),
    ("jsonl", "[5]", 1, "5 is no row"),
    ("jsonl", '{"client": "a", "f": "read", "called": true}', 1, "must be a finite number"),
    ("jsonl", '{"client": "", "f": "read", "called": 1}', 1, "the client '' must be a name"),
    ("jsonl", '{"client": "a", "f": "read", "called": 1, "call_step": "x"}', 1, "a whole number"),
    ("jsonl", '{"client": "a", "f": "read", "called": 1}\n{"client": ', 2, "not JSON: "),
]


@pytest.mark.parametrize(("form", "text", "line", "words"), BAD_TWINS)
def test_bad_twins(form: str, text: str, line: int, words: str) -> None:
    with pytest.raises(UnreadableHistory) as caught:
        FORMATS[form].read(text, source="made")
    assert words in caught.value.reason
    assert (caught.value.source, caught.value.line) == ("made", line)


HEAD = struct.pack("<5Q", 7, 2, 2, 2, 2)
TEXTS = b"".join(map(bincode_text, ("info", "start", "end")))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"\0" * 20, "ends within the five parameters", id="no parameters"),
        pytest.param(HEAD + b"\5", "ends within the number of characters", id="no length"),
        pytest.param(HEAD + b"\xff" * 8, "do not fit into the 0 bytes left", id="a huge length"),
        pytest.param(HEAD + struct.pack("<Q", 1) + b"\xff", "is not UTF-8 text", id="no text"),
        pytest.param(HEAD + TEXTS + struct.pack("<Q", 2**60), "2**60 sessions", id="sessions"),
        pytest.param(DBCOP_BINCODE[:-1], "truncated?", id="cut short"),
        pytest.param(DBCOP_BINCODE + b"x", "1 bytes follow the last session", id="too long"),
        pytest.param(bincode_history([[([(2, 0, 1, 1)], 1)]]), "2 where 0 or 1", id="write"),
        pytest.param(bincode_history([[([(1, 0, 1, 1)], 7)]]), "7 where 0 or 1", id="success"),
        pytest.param(bincode_history([[]]), "no event in it", id="empty"),
    ],
)
def test_bad_twins_of_bincode(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableHistory) as caught:
        FORMATS["dbcop-bincode"].read(data, source="made")
    assert words.replace("2**60", str(2**60)) in caught.value.reason


def test_bytes_that_are_no_text_name_their_line() -> None:
    with pytest.raises(UnreadableHistory, match=r"^made:2: byte 7 is not UTF-8"):
        FORMATS["awdit-text"].read(b"w 0 1\nw\xff 0 1\n", source="made")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert only("awdit-text", b"\xef\xbb\xbfw 0 1\n").event_count == 1
    assert only("awdit-text", "\ufeffw 0 1\r\n").event_count == 1


def test_an_unknown_format_is_refused_with_the_list_of_those_known() -> None:
    with pytest.raises(
        UnreadableHistory, match="'parquet' is no format; name one of awdit-text, chaos-json, csv"
    ):
        read_cases("w 0 1\n", source="made", form="parquet")


def test_a_file_that_fits_no_format_is_refused_with_the_list_of_those_known() -> None:
    with pytest.raises(
        UnreadableHistory, match=r"begins with 'Dear Sir.*awdit-text, chaos-json, csv"
    ):
        read_cases("Dear Sir or Madam,\n", source="letter.txt")
