"""Objects that people ask about: each with a good and a bad twin, from the words of a file on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from counterpoint.checkers.events import EventType, RecordedEvent, operations
from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.objects.specifications import Bag, Register
from counterpoint.checkers.objects.verify import legal_order
from counterpoint.checkers.readers import Case, read_cases
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.preparing import drained
from counterpoint.harness.checking.wanted import FROM_THE_FORMAT, Checked, Wanted


def judged(
    events: str, *, model: str | None = None, initial: object = FROM_THE_FORMAT, **wanted: object
) -> Checked:
    """Judge lines "client type function value", each value in EDN."""
    lines = (line.split(maxsplit=3) for line in events.strip().splitlines())
    text = "".join(
        f"{{:process {client} :type :{kind} :f :{f} :value {value[0] if value else 'nil'}}}\n"
        for client, kind, f, *value in lines
    )
    (case,) = read_cases(text, source="made", form="edn")
    options = {"model": model, "initial": initial, **wanted}
    checked = check_case(case, Wanted(**options))  # type: ignore[arg-type]
    assert not checked.error, checked.error
    return checked


def done(*calls: str) -> str:
    """Write calls that end before the next begins: "client function value -> answer"."""
    lines = []
    for call in calls:
        asked, _, answer = call.partition(" -> ")
        client, f, *value = asked.split(maxsplit=2)
        said = answer or (value[0] if value else "nil")
        lines += [f"{client} invoke {f} {value[0] if value else 'nil'}", f"{client} ok {f} {said}"]
    return "\n".join(lines)


TWINS = [
    pytest.param(
        "owned-mutex",
        done("0 acquire", "0 release", "1 acquire", "1 release"),
        done("0 acquire", "1 release"),
        id="who holds it releases it",
    ),
    pytest.param(
        "owned-mutex",
        done("0 acquire", "0 release"),
        done("0 acquire", "0 acquire"),
        id="it is held once",
    ),
    pytest.param(
        "reentrant-mutex",
        done("0 acquire", "0 acquire", "0 release", "0 release", "1 acquire"),
        done("0 acquire", "0 acquire", "0 release", "1 acquire"),
        id="it is free when released as often",
    ),
    pytest.param(
        "fenced-mutex",
        done("0 acquire -> 1", "0 release", "1 acquire -> 3"),
        done("0 acquire -> 3", "0 release", "1 acquire -> 3"),
        id="fences grow",
    ),
    pytest.param(
        "fenced-mutex",
        done("0 acquire -> {:client 0 :fence 1}", "0 release", "1 acquire -> {:fence 2}"),
        done("0 acquire -> {:client 0 :fence 2}", "0 release", "1 acquire -> {:fence 1}"),
        id="fences with a name",
    ),
    pytest.param(
        "reentrant-fenced-mutex",
        done("0 acquire -> 5", "0 acquire -> 5", "0 release", "0 release", "1 acquire -> 6"),
        done("0 acquire -> 5", "0 acquire -> 6"),
        id="one fence while it is held",
    ),
    pytest.param(
        "versioned-register",
        done("0 write [nil 7] -> [1 7]", "1 read [nil nil] -> [1 7]", "0 cas [nil [7 8]] -> [2 [7 8]]"),
        done("0 write [nil 7] -> [1 7]", "1 read [nil nil] -> [2 7]"),
        id="a read shows the version",
    ),
    pytest.param(
        "versioned-register",
        done("0 write 7", "1 write [nil 8] -> [2 8]", "1 read -> [nil 8]"),
        done("0 write 7", "1 write [nil 8] -> [3 8]"),
        id="a write makes one version",
    ),
    pytest.param(
        "unordered-queue",
        done("0 enqueue 1", "0 enqueue 2", "1 dequeue -> 2", "1 drain -> [1]"),
        done("0 enqueue 1", "0 enqueue 2", "1 dequeue -> 2", "1 drain -> [1 2]"),
        id="what is taken is gone",
    ),
    pytest.param(
        "unordered-queue",
        "0 invoke enqueue 1\n1 invoke drain\n1 ok drain [1 2]\n2 invoke enqueue 2\n0 info enqueue 1"
        .replace("1 invoke drain", "2 invoke enqueue 2\n1 invoke drain").replace(
            "\n2 invoke enqueue 2\n0 info", "\n0 info"),
        "0 invoke enqueue 1\n1 invoke drain\n1 ok drain [1 2]\n2 invoke enqueue 2\n0 info enqueue 1",
        id="what is drained was there",
    ),
    pytest.param(
        None,
        done("0 generate -> 1", "1 generate -> 2", '0 generate -> "1"'),
        done("0 generate -> 1", "1 generate -> 2", "0 generate -> 1"),
        id="identifiers differ",
    ),
    pytest.param(
        None,
        done("0 broadcast 1", "1 read -> [1]", "0 broadcast 2", "1 read -> [1 2]"),
        done("0 broadcast 1", "1 read -> [1]", "0 broadcast 2", "1 read -> [2]"),
        id="what was broadcast stays",
    ),
    pytest.param(
        "g-counter",
        done("0 add 1", "1 read -> 0", "0 add 2", "1 read -> 3", "0 read -> 3"),
        done("0 add 1", "1 read -> 0", "0 add 2", "1 read -> 3", "0 read -> 1"),
        id="in the end all is counted",
    ),
    pytest.param(
        "pn-counter",
        "0 invoke add -5\n0 info add -5\n" + done("1 add 2", "1 read -> -3", "2 read -> 2"),
        "0 invoke add -5\n0 info add -5\n" + done("1 add 2", "1 read -> -3", "2 read -> 0"),
        id="an unknown addition counts or not",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("model", "good", "bad"), TWINS)
def test_an_object_and_its_bad_twin(model: str | None, good: str, bad: str) -> None:
    assert judged(good, model=model).outcome == "holds"
    assert judged(bad, model=model).outcome == "broken"


@pytest.mark.parametrize(("permits", "outcome"), [(2, "holds"), (1, "broken")])
def test_a_semaphore_has_so_many_permits(permits: int, outcome: str) -> None:
    events = done("0 acquire", "1 acquire", "0 release", "2 acquire", "1 release", "2 release")
    assert judged(events, model="semaphore", initial=permits).outcome == outcome


def test_a_permit_is_released_by_who_has_it() -> None:
    assert judged(done("0 acquire", "1 release"), model="semaphore", initial=2).outcome == "broken"


def sends(key: str, value: int, offset: int) -> str:
    return f"send [[:send {key} {value}]] -> [[:send {key} [{offset} {value}]]]"


def polls(*messages: str) -> str:
    return f"poll [[:poll]] -> [[:poll {{:a [{' '.join(messages)}]}}]]"


SENT = [f"0 {sends(':a', 10 + offset, offset)}" for offset in range(4)]
LOGS = [
    pytest.param([f"1 {polls('[0 10]', '[1 11]')}", f"1 {polls('[2 12]')}"], "", id="polled on"),
    pytest.param([f"1 {polls('[0 10]', '[1 99]')}"], "is both", id="two values"),
    pytest.param([f"1 {polls('[0 10]', '[4 11]')}"], "at offsets 1 and 4", id="twice"),
    pytest.param([f"1 {polls('[1 11]')}", f"1 {polls('[0 10]')}"], "after 1", id="went back"),
    pytest.param([f"1 {polls('[0 10]', '[2 12]')}"], "left out 11", id="left out"),
    pytest.param(
        [f"1 {polls('[0 10]')}", "1 assign [:a]", f"1 {polls('[2 12]', '[3 13]')}",
         f"2 {polls('[0 10]', '[1 11]', '[2 12]')}"], "", id="assigned anew",
    ),
    pytest.param([f"1 {polls('[2 12]')}"], "10 at offset 0 of ':a' was never polled", id="lost"),
    pytest.param([f"0 {sends(':a', 20, 1)}"], "is both", id="sent to a taken offset"),
    pytest.param([f"0 {sends(':b', 30, 5)}", f"0 {sends(':b', 31, 4)}"], "to offset 4", id="sent back"),
]  # fmt: skip


@pytest.mark.parametrize(("calls", "words"), LOGS)
def test_a_log_is_one_order_of_which_nothing_is_left_out(calls: list[str], words: str) -> None:
    checked = judged(done(*SENT, *calls))
    assert (checked.model, checked.property) == ("log", "log-delivery")
    assert checked.verdict is not None
    assert checked.outcome == ("broken" if words else "holds")
    assert words in checked.verdict.summary


def test_a_failed_send_is_not_polled() -> None:
    failed = "0 invoke send [[:send :a 1]]\n0 fail send [[:send :a 1]]\n"
    checked = judged(failed + done(f"1 {polls('[0 1]')}"))
    assert checked.verdict is not None
    assert "whose send failed" in checked.verdict.summary


def test_a_log_of_transactions_is_known_as_one() -> None:
    text = done("0 txn [[:send :a 1] [:poll]] -> [[:send :a [0 1]] [:poll {:a [[0 1]]}]]")
    assert judged(text).model == "log"


OWN = '''
from counterpoint.checkers.objects.specifications import ILLEGAL

class Account:
    """A balance that is never below zero."""

    def __init__(self, initial=0):
        self.initial = initial

    def step(self, state, f, argument, result):
        if f == "deposit":
            return state + argument
        return state - argument if state >= argument else ILLEGAL
'''


@pytest.mark.parametrize(("initial", "outcome"), [(FROM_THE_FORMAT, "broken"), (9, "holds")])
def test_a_specification_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, initial: object, outcome: str
) -> None:
    (tmp_path / "my_objects.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    events = done("0 deposit 5", "1 withdraw 7")
    assert judged(events, model="my_objects:Account", initial=initial).outcome == outcome


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere_at_all:X", "no module 'nowhere_at_all'"),
        ("json:nothing", "has no 'nothing'"),
        ("json:JSONDecoder", "is no sequential specification"),
    ],
)
def test_what_is_no_specification_is_refused(name: str, words: str) -> None:
    (case,) = read_cases("client,type,f\na,invoke,x\n", source="made")
    assert words in check_case(case, Wanted(model=name)).error


def test_functions_can_be_renamed() -> None:
    events = done("0 set 1", "1 fetch -> 1")
    names = {"set": "write", "fetch": "read"}
    assert judged(events, renames=names).model == "register"
    assert judged(done("0 set 1", "1 fetch -> 2"), renames=names).outcome == "broken"


def test_renaming_what_is_not_there_lists_what_is() -> None:
    (case,) = read_cases("client,type,f\na,invoke,get\n", source="made")
    assert "there are: get" in check_case(case, Wanted(renames={"set": "write"})).error


def rows(*lines: str) -> str:
    return "client,type,f,key,value\n" + "".join(f"{line}\n" for line in lines)


READS = rows("a,invoke,read,x,", "a,ok,read,x,5", "a,invoke,read,y,", "a,ok,read,y,6")
STALE = rows("a,invoke,read,x,", "a,ok,read,x,5", "b,invoke,write,x,5", "b,ok,write,x,5",
             "b,invoke,write,x,6", "b,ok,write,x,6", "a,invoke,read,x,", "a,ok,read,x,5")  # fmt: skip


@pytest.mark.parametrize("name", [None, "sequential-consistency", "causal-consistency"])
@pytest.mark.parametrize(
    ("values", "outcome"), [({"x": 5, "y": 6}, "holds"), ({"x": 5}, "broken"), ({}, "broken")]
)
def test_keys_have_initial_values_of_their_own(
    name: str | None, values: dict[str, int], outcome: str
) -> None:
    (case,) = read_cases(READS, source="made")
    wanted = Wanted(initial_of=values, property=name)  # type: ignore[arg-type]
    assert check_case(case, wanted).outcome == outcome


@pytest.mark.parametrize(("text", "outcome"), [(READS, "holds"), (STALE, "broken")])
def test_an_unknown_initial_value_is_any_one_value(text: str, outcome: str) -> None:
    (case,) = read_cases(text, source="made")
    assert check_case(case, Wanted(is_initial_unknown=True)).outcome == outcome


def test_an_unknown_initial_value_may_be_one_that_is_written_later() -> None:
    text = rows("a,invoke,read,x,", "a,ok,read,x,5", "b,invoke,write,x,5", "b,ok,write,x,5")
    (case,) = read_cases(text, source="made")
    assert check_case(case, Wanted()).outcome == "broken"
    assert check_case(case, Wanted(is_initial_unknown=True)).outcome == "holds"


def concurrent_calls(random: Random, functions: Sequence[str]) -> History:
    """Draw a few calls of three clients that overlap, some of them never answered."""
    events: list[RecordedEvent] = []
    pending: dict[str, RecordedEvent] = {}
    for step in range(random.randrange(2, 12)):
        client = random.choice("abc")
        call = pending.pop(client, None)
        if call is None:
            f = random.choice(functions)
            value = random.choice((1, 2, 3)) if f in ("enqueue", "write") else None
            pending[client] = RecordedEvent(client, "invoke", f, None, value, 0, step)
            events.append(pending[client])
            continue
        said = call.value if call.value is not None else random.choice((1, 2, 3, None))
        if call.f == "drain":
            said = tuple(random.choices((1, 2, 3), k=random.randrange(3)))
        kind: EventType = "info" if random.random() < 0.15 else "ok"
        events.append(RecordedEvent(client, kind, call.f, None, said, 0, step))
    return operations(events, source="made")


@pytest.mark.slow
def test_elements_judged_alone_are_a_bag_judged_whole() -> None:
    outcomes = []
    for seed in range(300):
        history = concurrent_calls(Random(seed), ("enqueue", "enqueue", "dequeue", "drain"))
        plain = [op for op in history if op.f != "drain" or op.status == "ok"]
        taken = tuple(one for op in plain for one in drained(op))
        order = legal_order([op for op in taken if op.status != "fail"], Bag())
        checked = check_case(Case("made", "", history, 1), Wanted(model="unordered-queue"))
        if checked.outcome != "undecided":
            outcomes.append(checked.outcome)
            assert (checked.outcome == "holds") == (order is not None), history
    assert min(outcomes.count("holds"), outcomes.count("broken")) > 50


def test_an_unknown_initial_value_is_found_if_there_is_one() -> None:
    """Compared with every value that it may have been."""
    outcomes = []
    for seed in range(300):
        history = concurrent_calls(Random(seed), ("write", "read", "read"))
        seen = tuple(op for op in history if not (op.f == "read" and op.result in (None, UNKNOWN)))
        if not seen:
            continue
        fits = any(legal_order(seen, Register(value)) is not None for value in (0, 1, 2, 3))
        checked = check_case(Case("made", "", seen, 1), Wanted(is_initial_unknown=True))
        outcomes.append(checked.outcome)
        assert (checked.outcome == "holds") == fits, seen
    assert min(outcomes.count("holds"), outcomes.count("broken")) > 20


@pytest.mark.parametrize(
    ("name", "seen", "outcome"),
    [
        ("read-your-writes", "[1 2]", "holds"),
        ("read-your-writes", "[1]", "broken"),
        ("monotonic-reads", "[1 2]", "holds"),
        ("monotonic-reads", "[1]", "broken"),
        ("read-atomic", "[1]", "broken"),
        ("repeatable-read", "[1]", "holds"),
        ("causal-consistency", "[1]", "broken"),
        ("strong-session-serializability", "[1]", "broken"),
        ("strong-session-serializability", "[1 2]", "holds"),
    ],
)
def test_lists_have_the_weak_levels_too(name: str, seen: str, outcome: str) -> None:
    events = done(
        "0 txn [[:append :x 1]]",
        "1 txn [[:append :x 2]]",
        "1 txn [[:r :x nil]] -> [[:r :x [1 2]]]",
        f"1 txn [[:r :x nil]] -> [[:r :x {seen}]]",
    )
    checked = judged(events, property=name)
    assert (checked.model, checked.outcome) == ("list-append", outcome)


@pytest.mark.parametrize(
    ("name", "seen", "outcome"),
    [
        ("writes-follow-reads", "[1]", "holds"),
        ("writes-follow-reads", "nil", "broken"),
        ("monotonic-writes", "nil", "holds"),
    ],
)
def test_who_sees_an_append_sees_what_was_read_before_it(
    name: str, seen: str, outcome: str
) -> None:
    events = done(
        "0 txn [[:append :x 1]]",
        "1 txn [[:r :x nil]] -> [[:r :x [1]]]",
        "1 txn [[:append :y 2]]",
        f"2 txn [[:r :y nil] [:r :x nil]] -> [[:r :y [2]] [:r :x {seen}]]",
    )
    assert judged(events, property=name).outcome == outcome


def test_who_sees_an_append_sees_what_its_session_appended_before() -> None:
    events = done(
        "0 txn [[:append :x 1]]",
        "0 txn [[:append :y 2]]",
        "2 txn [[:r :y nil] [:r :x nil]] -> [[:r :y [2]] [:r :x nil]]",
    )
    assert judged(events, property="monotonic-writes").outcome == "broken"
    assert judged(events, property="writes-follow-reads").outcome == "holds"
