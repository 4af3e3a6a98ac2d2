"""What `counterpoint check` says of histories in which values are not what they seem."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from counterpoint.checkers.judging import BrokenKeys, Pattern
from counterpoint.checkers.readers import UnreadableHistory, read_cases
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Checked, Nil, PartitionMode, Wanted

HISTORIES = Path(__file__).parent / "histories"

Settings = dict[str, object]


def _checked(text: str | bytes, form: str, wanted: Wanted) -> Checked:
    (case, *_) = read_cases(text, source="given", form=form)
    return check_case(case, replace(wanted, form=form))


def _told(checked: Checked) -> str:
    assert checked.verdict is not None, checked.error
    return "; ".join((checked.verdict.summary, *checked.verdict.because, *checked.notes))


# ---- nil -------------------------------------------------------------------------------------

NIL_READ = """
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value nil}
"""
KEYED_NIL_READ = NIL_READ.replace(":value 1", ":value [7 1]").replace(
    ":value nil", ":value [7 nil]"
)


@pytest.mark.parametrize("text", [NIL_READ, KEYED_NIL_READ])
@pytest.mark.parametrize("partition", ["auto", "tuple", "none", "key"])
def test_nil_is_treated_alike_with_keys_and_without(text: str, partition: PartitionMode) -> None:
    if (partition == "tuple") is not (text == KEYED_NIL_READ) and partition in ("tuple", "key"):
        return
    unseen = _checked(text, "edn", Wanted(partition=partition))
    assert unseen.outcome == "holds"
    assert (
        "1 read of nil taken as unknown, 1 of them after an acknowledged write" in unseen.notes[-1]
    )
    value = _checked(text, "edn", Wanted(partition=partition, nil="value"))
    assert value.outcome == "broken"
    assert not any("taken as unknown" in note for note in value.notes)


@pytest.mark.parametrize(("nil", "outcome"), [(None, "broken"), ("unknown", "holds")])
def test_null_is_a_value_in_our_own_formats_unless_told_otherwise(
    nil: Nil | None, outcome: str
) -> None:
    table = "client,type,f,key,value\na,invoke,write,x,1\na,ok,write,x,1\n"
    table += "b,invoke,read,x,\nb,ok,read,x,null\n"
    assert _checked(table, "csv", Wanted(nil=nil)).outcome == outcome


@pytest.mark.parametrize("chosen", ["strict-serializability", "serializability", "read-committed"])
def test_nil_inside_transactions_is_unknown_where_it_is_not_the_initial_value(chosen: str) -> None:
    text = """
    {:process 0, :type :invoke, :f :txn, :value [[:w :x 1]]}
    {:process 0, :type :ok, :f :txn, :value [[:w :x 1]]}
    {:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:r :y nil]]}
    {:process 0, :type :ok, :f :txn, :value [[:r :x nil] [:r :y 0]]}
    """
    checked = _checked(text, "edn", Wanted(property=chosen, initial=0))
    assert checked.outcome == "holds"
    assert checked.notes[0].startswith("1 read of nil taken as unknown")
    value = _checked(text, "edn", Wanted(property=chosen, initial=0, nil="value"))
    assert value.outcome == "broken"


# ---- keys in values --------------------------------------------------------------------------


def _events(*events: tuple[int, str, str, str]) -> str:
    return "\n".join(
        f"{{:process {process}, :type :{kind}, :f :{f}, :value {value}}}"
        for process, f, asked, said in events
        for kind, value in (("invoke", asked), ("ok", said))
    )


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        pytest.param(
            _events(
                (0, "write", "[1 1]", "[1 1]"),
                (0, "cas", "[1 [1 2]]", "[1 [1 2]]"),
                (0, "write", "[2 9]", "[2 9]"),
                (1, "read", "[1 nil]", "[1 2]"),
            ),
            _events(
                (0, "write", "[1 1]", "[1 1]"),
                (0, "cas", "[1 [1 2]]", "[1 [1 2]]"),
                (0, "write", "[2 9]", "[2 9]"),
                (1, "read", "[1 nil]", "[1 1]"),
            ),
            id="cas as a pair",
        ),
        pytest.param(
            _events(
                (0, "cas", '["k" nil "v"]', '["k" nil "v"]'), (1, "read", '["k" nil]', '["k" "v"]')
            ),
            _events(
                (0, "cas", '["k" nil "v"]', '["k" nil "v"]'), (1, "read", '["k" nil]', '["k" "u"]')
            ),
            id="cas as a triple",
        ),
        pytest.param(
            _events(
                (0, "add", "[1 5]", "[1 5]"),
                (0, "add", "[2 6]", "[2 6]"),
                (1, "read", "[1 nil]", "[1 [5]]"),
            ),
            _events(
                (0, "add", "[1 5]", "[1 5]"),
                (0, "add", "[2 6]", "[2 6]"),
                (1, "read", "[1 nil]", "[1 [6]]"),
            ),
            id="sets",
        ),
    ],
)
@pytest.mark.parametrize("partition", ["auto", "none"])
def test_keys_with_values_are_recognised(good: str, bad: str, partition: PartitionMode) -> None:
    chosen = "linearizability"
    assert _checked(good, "edn", Wanted(partition=partition, property=chosen)).outcome == "holds"
    assert _checked(bad, "edn", Wanted(partition=partition, property=chosen)).outcome == "broken"


PAIRS = "\n".join(
    json.dumps(event)
    for client, f, value in (
        ("a", "write", [10, 1]),
        ("b", "write", [11, 5]),
        ("c", "read", [10, 1]),
    )
    for event in (
        {"client": client, "type": "invoke", "f": f, "value": value if f == "write" else None},
        {"client": client, "type": "ok", "f": f, "value": value},
    )
)


def test_pairs_that_may_be_keys_are_refused_with_the_switch_that_helps() -> None:
    checked = _checked(PAIRS, "jsonl", Wanted())
    assert checked.outcome == "error"
    assert "--partition tuple" in checked.error
    assert "--partition key" in checked.error
    assert _checked(PAIRS, "jsonl", Wanted(partition="tuple")).outcome == "holds"
    assert _checked(PAIRS, "jsonl", Wanted(partition="key")).outcome == "broken"


@pytest.mark.parametrize("chosen", ["linearizability", "strict-serializability"])
def test_one_map_of_all_keys_is_right_if_each_key_is(chosen: str) -> None:
    head = "client,type,f,key,value\na,invoke,write,x,1\na,ok,write,x,1\n"
    good = head + "a,invoke,read,y,\na,ok,read,y,null\nb,invoke,read,x,\nb,ok,read,x,1\n"
    bad = head + "a,invoke,read,y,\na,ok,read,y,null\nb,invoke,read,x,\nb,ok,read,x,null\n"
    assert _checked(good, "csv", Wanted(partition="none", property=chosen)).outcome == "holds"
    assert _checked(bad, "csv", Wanted(partition="none", property=chosen)).outcome == "broken"


@pytest.mark.parametrize("chosen", ["linearizability", "regular", "weak-regular"])
def test_all_broken_keys_are_named(chosen: str) -> None:
    rows = ["client,type,f,key,value"]
    for key, read in (("x", 1), ("y", 7), ("z", 8)):
        rows += [f"a,invoke,write,{key},1", f"a,ok,write,{key},1"]
        rows += [f"b,invoke,read,{key},", f"b,ok,read,{key},{read}"]
    checked = _checked("\n".join(rows), "csv", Wanted(property=chosen))
    assert checked.verdict is not None
    assert checked.verdict.find(BrokenKeys) == BrokenKeys(("y", "z"))
    assert "also broken: " in checked.verdict.summary
    assert "z" in checked.verdict.summary


# ---- the rest --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read", "hint"),
    [
        ("83", '"83"', 'the number 83 was written and the string "83" read'),
        ('"83"', "83", 'the string "83" was written and the number 83 read'),
        ("1", "true", "the number 1 was written and the boolean true read"),
        ("1", "1.0", "the number 1 was written and the number 1.0 read"),
        ('"true"', "true", 'the string "true" was written and the boolean true read'),
        (":a", '"a"', 'the keyword ":a" was written and the string "a" read'),
    ],
)
def test_a_value_that_looks_like_what_was_written_gets_a_hint(
    written: str, read: str, hint: str
) -> None:
    text = _events((0, "write", written, written), (1, "read", "nil", read))
    checked = _checked(text, "edn", Wanted())
    assert checked.outcome == "broken"
    assert checked.notes == (f"{hint}: values are equal only if their types are",)
    right = _checked(_events((0, "write", read, read), (1, "read", "nil", read)), "edn", Wanted())
    assert (right.outcome, right.notes) == ("holds", ())


def test_a_bank_with_a_balance_of_nil_is_a_bank_whose_read_is_wrong() -> None:
    good = _events((0, "read", "nil", "{0 10, 1 5}"), (1, "read", "nil", "{0 5, 1 10}"))
    bad = _events((0, "read", "nil", "{0 10, 1 5}"), (1, "read", "nil", "{0 nil, 1 10}"))
    assert _checked(good, "edn", Wanted()).outcome == "holds"
    checked = _checked(bad, "edn", Wanted())
    assert (checked.model, checked.outcome) == ("bank", "broken")
    assert "which is no amount" in _told(checked)


def test_a_set_that_shows_an_element_twice_is_broken_and_its_twin_holds() -> None:
    add = (0, "add", "0", "0")
    assert _checked(_events(add, (1, "read", "nil", "[0]")), "edn", Wanted()).outcome == "holds"
    twice = _checked(_events(add, (1, "read", "nil", "[0 0]")), "edn", Wanted())
    assert "o2 shows 0 twice" in _told(twice)


def test_a_broken_weaker_level_decides_strict_serializability_and_tells_why() -> None:
    text = _events(
        (0, "txn", "[[:w :x 1] [:w :y 1]]", "[[:w :x 1] [:w :y 1]]"),
        (0, "txn", "[[:w :x 2] [:w :y 2]]", "[[:w :x 2] [:w :y 2]]"),
        (1, "txn", "[[:r :y nil] [:r :x nil]]", "[[:r :y 2] [:r :x 1]]"),
    )
    checked = _checked(text, "edn", Wanted(property="strict-serializability"))
    assert checked.verdict is not None
    assert checked.verdict.find(Pattern) == Pattern("CyclicCF")
    assert "o3 read" in checked.verdict.summary


@pytest.mark.slow
def test_two_hundred_and_fifty_serial_transactions_are_serializable_at_once() -> None:
    """Each by a client of its own, on ten keys with few values: only real time tells their order."""
    events, state = [], dict.fromkeys(range(10), 0)
    for number in range(250):
        read, written = number % 10, (number * 7) % 10
        asked = f"[[:r {read} nil] [:w {written} {number % 3}]]"
        events.append(
            (number, "txn", asked, f"[[:r {read} {state[read]}] [:w {written} {number % 3}]]")
        )
        state[written] = number % 3
    for chosen in ("serializability", "snapshot-isolation", "strict-serializability"):
        checked = _checked(_events(*events), "edn", Wanted(property=chosen, initial=0))
        assert checked.outcome == "holds", (chosen, _told(checked))


@pytest.mark.parametrize("chosen", [None, "linearizability"])
@pytest.mark.parametrize("shown", ["#{1 1.0 true}", "[1 true 1.0]"])
def test_elements_that_look_alike_are_different_ones(shown: str, chosen: str | None) -> None:
    for read, outcome in (
        (shown, "holds"),
        (shown.replace("true", ""), "broken"),
        (shown.replace("1.0", ""), "broken"),
        (shown.replace("true", '"true"'), "broken"),
    ):
        adds = [(0, "add", value, value) for value in ("1", "true", "1.0")]
        text = _events(*adds, (1, "read", "nil", read))
        assert _checked(text, "edn", Wanted(property=chosen)).outcome == outcome, read


def test_keys_of_a_map_that_look_alike_are_different_ones() -> None:
    written = '{1 2, 1.0 3, true 4, "1" 5}'
    for read, outcome in (
        ('{true 4, 1.0 3, "1" 5, 1 2}', "holds"),
        ('{true 4, 1.0 2, "1" 5, 1 3}', "broken"),
    ):
        text = _events((0, "write", written, written), (1, "read", "nil", read))
        assert _checked(text, "edn", Wanted()).outcome == outcome, read
    with pytest.raises(UnreadableHistory, match="key twice"):
        read_cases(_events((0, "write", "{1 2, 1 3}", "nil")), source="given", form="edn")


@pytest.mark.parametrize("model", ["rw-register", None])
@pytest.mark.parametrize(("seen", "outcome"), [("1", "holds"), ("nil", "broken")])
def test_two_micro_operations_are_no_key_with_its_value(
    seen: str, outcome: str, model: str | None
) -> None:
    written = "[[:w :x 1] [:w :y 1]]"
    text = _events(
        (0, "write", written, written),
        (1, "read", "[[:r :x nil] [:r :y nil]]", f"[[:r :x 1] [:r :y {seen}]]"),
    )
    checked = _checked(text, "edn", Wanted(model=model, initial=0, nil="value"))
    assert (checked.model, checked.outcome) == ("rw-register", outcome)


@pytest.mark.parametrize(("read", "outcome"), [("1", "holds"), ("2", "broken")])
def test_values_of_a_renamed_function_mean_what_they_do_under_its_name(
    read: str, outcome: str
) -> None:
    """The completion of a compare-and-set repeats its pair, that of a write its value."""
    text = _events((0, "set!", "0", "0"), (0, "swap", "[0 1]", "[0 1]"), (1, "look", "nil", read))
    names = {"set!": "write", "swap": "cas", "look": "read"}
    assert _checked(text, "edn", Wanted(renames=names)).outcome == outcome
