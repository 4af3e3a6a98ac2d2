"""What real files have beside the operations, and what is made of it: nothing, and that is said."""

from __future__ import annotations

import pytest

from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.readers import FORMATS, Case, UnreadableHistory, guess_format, read_cases


def read(text: str) -> Case:
    """Read the one history of a text in the format that it seems to have."""
    (case,) = read_cases(text, source="made")
    return case


def told(case: Case) -> list[tuple[object, ...]]:
    assert isinstance(case.history, tuple)
    return [(op.client, op.f, op.argument, op.result, op.status) for op in case.history]


STYLES = {
    "0.0": "INFO  jepsen.util - {}",
    "0.1": "INFO [2019-04-01 11:25:23,722] jepsen worker 3 - jepsen.util {}",
    "0.2": "2025-01-01 10:00:00,001{{GMT}}\tINFO\t[jepsen worker 0] jepsen.util: {}",
    "history.txt": "{}",
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_every_style_of_line_says_the_same(style: str) -> None:
    lines = [
        "0\t:invoke\t:compare-and-set!\t[3 0]",
        ':nemesis\t:info\t:start-partition-halves\t{:grudge {"n1" #{"n2"}}, :skew ##NaN}',
        "0\t:ok\t:compare-and-set!\t[3 0]",
        '1\t:invoke\t:write\t"a b"',
        '1\t:info\t:write\t"a b"\t[:crash "java.net.SocketException: \\tclosed"]',
        "2\t:invoke\t:read\tnil",
        "2\t:ok\t:read\tnil",
        "2\t:invoke\t:txn\t[[:append 1 2] [:r 3 nil]]",
        "2\t:ok\t:txn\t[[:append 1 2] [:r 3 [4]]]",
    ]
    text = "\n".join(style.format(line) for line in lines)
    case = read(text + "\n")
    assert told(case) == [
        ("p0", "compare-and-set!", (3, 0), (3, 0), "ok"),
        ("p1", "write", "a b", UNKNOWN, "info"),
        ("p2", "read", None, None, "ok"),
        (
            "p2",
            "txn",
            (("append", 1, 2), ("r", 3, None)),
            (("append", 1, 2), ("r", 3, (4,))),
            "ok",
        ),
    ]
    assert case.event_count == len(lines)


def test_lines_of_a_log_that_only_mention_the_mark_are_ignored() -> None:
    text = "INFO  jepsen.util - 1 :invoke :read nil\nWARN jepsen.util - Retrying at 12 :ok\n"
    assert len(told(read(text))) == 1


@pytest.mark.parametrize(
    ("ending", "result"),
    [
        ("[1 2]", ("cas", (1, 2), False, "ok")),
        ("[1 2]\t:connection-refused", ("cas", (1, 2), UNKNOWN, "fail")),
        (":timed-out", ("cas", (1, 2), UNKNOWN, "fail")),
    ],
)
def test_a_comparison_that_ran_differs_from_a_refused_call(
    ending: str, result: tuple[object, ...]
) -> None:
    text = f"0\t:invoke\t:cas\t[1 2]\n0\t:fail\t:cas\t{ending}\n"
    assert told(read(text)) == [("p0", *result)]


CALL = "{:process 0, :type :invoke, :f :write, :value 1}"
DONE = "{:process 0, :type :ok, :f :write, :value 1, :error %s}"
IGNORED = [
    "##NaN",
    '#"a[b]*\\"c"',
    "#<ConnectException java.net.ConnectException: refused>",
    '#object[java.lang.Exception 0x3f "no"]',
    '#error {:cause "x" :via [{:type a.b.C :at [a.b$fn__1 invoke "a.clj" 3]}] :trace []}',
    '#jepsen.history.Unheard{:a #clj_time/date-time "2020"}',
    "[##Inf {##-Inf #{##NaN}}]",
]


@pytest.mark.parametrize("value", IGNORED)
def test_any_edn_may_stand_in_a_field_that_is_not_looked_at(value: str) -> None:
    assert told(read(CALL + "\n" + DONE % value)) == [("p0", "write", 1, None, "ok")]


@pytest.mark.parametrize("value", ["##NaN", "[1 ##Inf]", "{:a #{##NaN}}"])
def test_what_cannot_be_compared_is_no_value(value: str) -> None:
    text = f"\n{{:process 0, :type :invoke, :f :write, :value {value}}}"
    with pytest.raises(UnreadableHistory, match=r"^made:2: ##\w+ in :value cannot be compared"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        '{:name "etcd", :nodes ["n1"], :history [%s]}',
        "#jepsen.history.DenseHistory [%s]",
        "#jepsen.history.DenseHistory{:ops [%s]}",
        '{:name "etcd", :history #jepsen.history.DenseHistory{:ops [%s], :by-index nil}}',
        "; whole\n(%s)",
    ],
)
def test_the_history_is_found_in_what_is_around_it(text: str) -> None:
    done = DONE % "nil"
    whole = text % f"{CALL} #jepsen.history.Op{done}"
    assert guess_format("test", whole) == "edn"
    assert told(read(whole)) == [("p0", "write", 1, None, "ok")]


def test_transactions_without_calls_have_an_order_and_no_times() -> None:
    text = """[{:process 1, :type :ok, :f :txn, :value [[:append :a 1] [:r :b nil]]}
               {:process 1, :type :fail, :f :txn, :value [[:append :b 7]]}
               {:type :ok, :process 2, :value [[:r :a [1]]]}]"""
    case = read(text)
    assert [(client, f, status) for client, f, _, _, status in told(case)] == [
        ("p1", "txn", "ok"),
        ("p1", "txn", "fail"),
        ("p2", "txn", "ok"),
    ]
    assert (case.has_real_time, len(case.notes)) == (False, 1)


def test_transactions_without_calls_and_clients_are_each_alone() -> None:
    case = read("{:type :ok, :value [[:r 1 nil]]} {:type :ok, :value [[:r 1 nil]]}")
    assert len({client for client, *_ in told(case)}) == 2


def test_completions_without_calls_of_anything_else_are_an_error() -> None:
    with pytest.raises(UnreadableHistory, match="has no open call"):
        read("{:process 0, :type :ok, :f :write, :value 1}")


@pytest.mark.parametrize(
    ("f", "micros", "name"),
    [
        ("read", "[:r 1 nil] [:r 3 4]", "read"),
        ("write", "[:w 1 2]", "write"),
        ("write", "[:w 1 2] [:r 3 4]", "txn"),
        ("read", "[:append 1 2]", "txn"),
    ],
)
def test_micro_operations_stand_under_any_of_their_functions(
    f: str, micros: str, name: str
) -> None:
    text = f"""{{:process 0, :type :invoke, :f :{f}, :value [{micros.replace("4", "nil")}]}}
               {{:process 0, :type :ok, :f :{f}, :value [{micros}]}}"""
    ((_, called, argument, result, status),) = told(read(text))
    assert (called, status) == (name, "ok")
    value = result if name != "write" else argument
    assert value == tuple(
        (kind, int(key), None if said == "nil" else int(said))
        for kind, key, said in (m.strip("[]:").split() for m in micros.split("] "))
    )


@pytest.mark.parametrize("second", [1, 0])
def test_an_index_that_contradicts_the_order_of_the_file_names_its_line(second: int) -> None:
    text = f"""{{:index 1, :process 0, :type :invoke, :f :write, :value 1}}
               {{:index {second}, :process 0, :type :ok, :f :write, :value 1}}"""
    with pytest.raises(UnreadableHistory, match=rf"^made:2: the index {second} comes after 1"):
        read(text)


def test_indices_may_leave_gaps() -> None:
    text = """{:index 1, :process 0, :type :invoke, :f :write, :value 1}
              {:index 9, :process 0, :type :ok, :f :write, :value 1}"""
    assert len(told(read(text))) == 1


def test_further_columns_of_our_schema_are_counted_and_said() -> None:
    table = read("client,f,called,returned,node,region\na,read,0,1,n1,\na,read,2,3,n2,eu\n")
    lines = read('{"client": "a", "type": "invoke", "f": "read", "node": "n1", "vlaue": [1]}')
    assert table.notes == ("further columns left out: node (2 filled), region (1 filled)",)
    assert lines.notes == ("further columns left out: node (1 filled), vlaue (1 filled)",)
    assert len(told(table)) == 2


def test_errors_quote_no_more_than_a_line_of_foreign_text_and_none_of_its_controls() -> None:
    noise = "\x1b[31m\u202e" + "x" * 5000
    for form, text in [
        ("edn", f'{{:process 0, :type "{noise}", :f :read}}'),
        ("jsonl", f'{{"client": "a", "type": "{noise}"}}'.replace("\x1b", "")),
        ("csv", f"client,type,f\na,{noise},read\n"),
        ("jepsen-history", noise),
        ("plume-text", noise),
        ("jepsen-json", f'["{noise}"]'.replace("\x1b", "")),
    ]:
        with pytest.raises(UnreadableHistory) as caught:
            FORMATS[form].read(text, source="made")
        assert len(str(caught.value)) < 300, form
        assert str(caught.value).isprintable(), form


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b\x08\x00", b"PK\x03\x04\x14", b"BZh91AY", b"\xfd7zXZ\x00"]
)
def test_a_compressed_file_is_refused_as_what_it_is(data: bytes) -> None:
    with pytest.raises(UnreadableHistory, match=r"compressed \(\w+\); unpack it first"):
        guess_format("history.edn", data)
