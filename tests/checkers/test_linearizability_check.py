"""Linearizability of any object: agreement with exhaustive search, certificates, words, budgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, History, MalformedHistory, Operation
from counterpoint.checkers.judging import CoreStanding, FirstBad, Prefix
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.objects import specifications as objects
from counterpoint.checkers.objects.locks import told_of_lock
from counterpoint.checkers.objects.p_compositionality import judged, whole
from counterpoint.checkers.objects.sequential import Role, Specification, UnknownOperation, hints_of
from counterpoint.checkers.objects.specifications import CasRegister, Mutex, Queue, Register, Text
from counterpoint.checkers.objects.verify import (
    legal_order,
    real_time_fault,
    weak_core_fault,
    witness_fault,
)
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.objects_at_random import OBJECTS, Drawn
from tests.checkers.random_histories import Shape, call, happened, random_history, read, write
from tests.support.nights import by_day

SHAPES = (
    Shape(),
    Shape(8, 12, 7),
    Shape(instants=5),
    Shape(8, 16, 9, open_rate=0.3),
    Shape(6, 8, 3, spoil_rate=0.9),
)


def _histories(drawn: Drawn, count: int, *, seed: int) -> Iterator[History]:
    random = Random(seed)
    for index in range(count):
        shape = SHAPES[index % len(SHAPES)]
        yield random_history(random, drawn.draw, drawn.specification, drawn.answer, shape)


def _agree_on(drawn: Drawn, count: int, *, seed: int) -> Counter[Outcome]:
    """Check many histories against exhaustive search, with their certificates."""
    seen: Counter[Outcome] = Counter()
    for history in _histories(drawn, count, seed=seed):
        verdict = check_linearizability(history, drawn.specification)
        ops = judged(history, drawn.specification)
        seen[verdict.outcome] += 1
        is_legal = legal_order(happened(history), drawn.specification) is not None
        if verdict.outcome is Outcome.HOLDS:
            assert is_legal, history
            assert not witness_fault(ops, verdict.witness, drawn.specification), history
        elif verdict.outcome is Outcome.BROKEN:
            assert not is_legal, history
            _check_evidence(verdict, ops, drawn.specification)
            short = check_linearizability(history, drawn.specification, in_short=True)
            assert (short.summary, short.culprits) == (verdict.summary, verdict.culprits)
        else:
            assert not ops, history
    return seen


def _check_evidence(verdict: Verdict, ops: History, specification: Specification) -> None:
    assert verdict.summary
    assert 1 <= len(verdict.because) <= 4
    names = set(verdict.culprits)
    standing = verdict.find(CoreStanding)
    if standing is not None:  # a register whose writes differ is tested on its own
        fault = weak_core_fault(ops, names, specification, configurations_max=10**6)
        if standing.core != "perhaps not minimal":
            assert not fault, (fault, verdict, ops)
        else:
            assert fault != "the operations can be ordered", (verdict, ops)
    first = verdict.find(FirstBad)
    if first is None:  # it was not found out for sure
        return
    deciding = next(op for op in ops if op.id == first.first_bad)
    assert deciding.id in names, (verdict, ops)
    with_it = [op.returned <= deciding.returned for op in ops]
    assert legal_order(_known(ops, with_it, specification), specification) is None
    # What returned at the same instant may have come later, so nothing is known of it, either.
    before_it = [op.returned < deciding.returned for op in ops]
    assert legal_order(_known(ops, before_it, specification), specification) is not None


def _known(ops: History, is_known: list[bool], specification: Specification) -> list[Operation]:
    """The operations, those of which the answer is not known yet open."""
    unanswered = [replace(op, returned=OPEN, result=UNKNOWN) for op in ops]
    kept = [
        op if known else open_ for op, open_, known in zip(ops, unanswered, is_known, strict=True)
    ]
    role = hints_of(specification).role
    return [
        op for op in kept if not (op.is_open and role(op.f, op.argument, op.result) is Role.READS)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(300, 1_000))
@pytest.mark.parametrize("name", OBJECTS)
def test_verdicts_agree_with_exhaustive_search(name: str, count: int) -> None:
    """Same verdict; the order explains all; the core is minimal; its last is the first bad one."""
    seen = _agree_on(OBJECTS[name], count, seed=1)
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > count // 20, seen


def test_in_short_a_core_is_not_checked_again() -> None:
    puts = [call(f"o{i}", "c1", "enqueue", i, None, 2 * i, 2 * i + 1) for i in (1, 2)]
    history = [*puts, call("o3", "c2", "dequeue", None, 2, 6, 7)]
    in_full = check_linearizability(history, Queue())
    in_short = check_linearizability(history, Queue(), in_short=True)
    assert in_short.summary == in_full.summary
    assert in_full.find(CoreStanding) == CoreStanding("minimal and re-checked")
    assert in_short.find(CoreStanding) is None


@pytest.mark.nightly
@pytest.mark.parametrize("name", OBJECTS)
def test_verdicts_agree_with_exhaustive_search_on_many_histories(name: str) -> None:
    """The same law on ten times as many."""
    seen = _agree_on(OBJECTS[name], 10_000, seed=2)
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > 500, seen


@pytest.mark.parametrize(
    ("specification", "put", "take"),
    [(objects.Stack(), "push", "pop"), (Queue(), "enqueue", "dequeue")],
)
@pytest.mark.parametrize("in_short", [False, True])
def test_who_does_not_tell_what_was_taken_may_have_taken_what_nobody_surely_put(
    specification: Specification, put: str, take: str, in_short: bool
) -> None:
    """Two were taken, and one call to put the other was never answered: it happened."""
    first, second = (5, 3) if put == "push" else (3, 5)
    history = [
        call("o1", "c1", put, "told", None, first, first + 4),
        call("o2", "c2", put, "untold", None, second, OPEN),
        call("o3", "c3", take, None, UNKNOWN, 13, 13),
        call("o4", "c3", take, None, "told", 14, 19),
    ]
    verdict = check_linearizability(history, specification, in_short=in_short)
    assert verdict.outcome is Outcome.HOLDS
    assert check_linearizability(history[:1] + history[2:], specification).is_broken


PUT_AND_READ = (
    call("o4", "c2", "append", 2, None, 3, 4),
    call("o5", "c2", "put", (1,), None, 6, 9),
    call("o6", "c1", "read", None, (1, 2), 6, 8),
)


@pytest.mark.parametrize(
    ("before", "culprits"),
    [
        pytest.param(
            [
                call("o1", "c2", "put", (3,), None, 0, 1),
                call("o2", "c2", "append", 1, None, 2, 3),
            ],
            ("o1", "o6"),
            id="another write had ended",
        ),
        pytest.param(
            [
                call("o1", "c1", "append", 3, None, 0, 2),
                call("o2", "c3", "append", 1, None, 0, 12),
                call("o3", "c1", "read", None, (3,), 3, 3),
            ],
            ("o3", "o6"),
            id="another append was seen to be first",
        ),
    ],
)
def test_what_is_said_to_begin_with_a_put_tells_why_no_append_began_it(
    before: list[Operation], culprits: tuple[str, ...]
) -> None:
    """By itself the read has an order: append(1), then append(2)."""
    verdict = check_linearizability([*before, *PUT_AND_READ], objects.AppendList())
    assert verdict.is_broken
    assert verdict.culprits == culprits
    assert verdict.find(CoreStanding) == CoreStanding("minimal and re-checked")


# ---- several objects -----------------------------------------------------------------------


def _of_key(history: History, key: int) -> list[Operation]:
    """The history of one key, its operations and clients named after it."""
    return [
        replace(op, id=f"{key}.{op.id}", key=key, client=f"{key}.{op.client}") for op in history
    ]


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(900, 3_000))
def test_several_keys_are_broken_when_one_is_and_share_one_order_when_none_is(count: int) -> None:
    """The verdict of a history with several keys is that of its worst key, and names it."""
    drawn = OBJECTS["cas register"]
    histories = list(_histories(drawn, count, seed=3))
    seen: Counter[Outcome] = Counter()
    for parts in zip(*[iter(histories)] * 3, strict=True):
        history = [op for key, part in enumerate(parts) for op in _of_key(part, key)]
        verdict = check_linearizability(history, drawn.specification)
        seen[verdict.outcome] += 1
        alone = [check_linearizability(part, drawn.specification) for part in parts]
        broken = [key for key, part in enumerate(alone) if part.is_broken]
        assert verdict.is_broken == bool(broken)
        if verdict.is_broken:
            assert any(verdict.summary.startswith(f"key {key}: ") for key in broken)
            assert len({name.split(".")[0] for name in verdict.culprits}) == 1
        else:
            assert not real_time_fault(verdict.witness, {op.id: op for op in history})
            assert len(verdict.witness) == sum(len(part.witness) for part in alone)
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > 100, seen


def test_keys_can_be_ignored() -> None:
    history = [
        replace(write("o1", "c1", 1, 0, 1), key="x"),
        replace(read("o2", "c1", 0, 2, 3), key="y"),
    ]
    assert check_linearizability(history, Register(0)).outcome is Outcome.HOLDS
    assert check_linearizability(history, Register(0), partition=whole).is_broken


# ---- what other checkers get wrong ---------------------------------------------------------


def test_a_write_that_never_returned_is_legal_alone() -> None:
    for specification in (Register(), CasRegister()):
        verdict = check_linearizability([write("o1", "c1", 1, 0, OPEN)], specification)
        assert verdict.outcome is Outcome.HOLDS


def test_an_interrupted_call_keeps_its_own_value_whatever_its_completion_says() -> None:
    # The completion reported another value; only what was asked may take effect.
    interrupted = replace(write("o1", "c1", 1, 0, 5), status="info", result=2)
    saw_one = [interrupted, read("o2", "c2", 1, 6, 7)]
    saw_two = [interrupted, read("o2", "c2", 2, 6, 7)]
    for specification in (Register(0), CasRegister(0)):
        assert check_linearizability(saw_one, specification).outcome is Outcome.HOLDS
        assert check_linearizability(saw_two, specification).is_broken


def test_a_value_that_nobody_wrote_cannot_be_read() -> None:
    history = [write("o1", "c1", 1, 0, 1), read("o3", "c2", 9, 4, 5)]
    verdict = check_linearizability(history, Register(0))
    assert verdict.summary == "c2 read 9, which nobody wrote"
    assert verdict.culprits == ("o3",)
    verdict = check_linearizability([*history, *AGAIN], Register(0))
    assert verdict.summary == "c2 read 9, but nobody put 9 there"
    assert verdict.culprits == ("o3",)


def test_the_initial_value_comes_before_every_write() -> None:
    history = [write("o1", "c1", 1, 0, 1), read("o2", "c1", 0, 2, 3)]
    assert check_linearizability(history, Register(0)).is_broken
    assert check_linearizability(history, CasRegister(0)).is_broken


def test_operations_that_touch_are_concurrent() -> None:
    history = [write("o1", "c1", 1, 0, 1), read("o2", "c2", 0, 1, 1), read("o3", "c2", 1, 1, 1)]
    assert check_linearizability(history, CasRegister(0)).outcome is Outcome.HOLDS


# ---- words ---------------------------------------------------------------------------------

AGAIN = [write("o8", "c8", 2, 30, 32), write("o9", "c9", 2, 31, 33)]
"""Repeated values and overlapping writes, which take a register to the general search."""

SENTENCES: dict[str, tuple[Specification, Sequence[Operation], str]] = {
    "a stale read": (
        Register(0),
        [
            write("o1", "c1", 1, 0, 1),
            write("o2", "c1", 2, 2, 3),
            read("o3", "c2", 1, 4, 5),
            *AGAIN,
        ],
        "c2 read 1 although write(2) by c1 had completed",
    ),
    "new, then old": (
        Register(0),
        [
            write("o1", "c1", 2, 0, 9),
            read("o2", "c2", 2, 1, 2),
            read("o3", "c3", 0, 3, 4),
            *AGAIN,
        ],
        "c3 read 0 after c2 had already read 2",
    ),
    "compare and set from nowhere": (
        CasRegister(0),
        [write("o1", "c1", 1, 0, 1), call("o2", "c2", "cas", (0, 5), True, 2, 3)],
        "cas(0, 5) by c2 succeeded although write(1) by c1 had completed",
    ),
    "two holders": (
        Mutex(),
        [
            call("o1", "c1", "acquire", None, None, 0, 1),
            call("o2", "c2", "acquire", None, None, 2, 3),
        ],
        "c2 acquired the lock while c1 had it",
    ),
    "one holder twice": (
        Mutex(),
        [
            call("o1", "c1", "lock", None, None, 0, 1),
            call("o2", "c1", "unlock", None, None, 2, 3),
            call("o3", "c1", "lock", None, None, 4, 5),
            call("o4", "c1", "lock", None, None, 6, 7),
        ],
        "c1 locked although it had the lock already",
    ),
    "no holder": (
        Mutex(),
        [
            call("o1", "c1", "enter", None, None, 0, 1),
            call("o2", "c1", "leave", None, None, 2, 5),
            call("o3", "c2", "leave", None, None, 3, 4),
        ],
        "c1 left, and so the lock was given back more often than taken",
    ),
    "a lock that is held at first": (
        Mutex(initial=True),
        [call("o1", "c1", "acquire", None, None, 0, 1)],
        "acquire() by c1 completed, which nothing before it can have led to",
    ),
    "out of turn": (
        Queue(),
        [
            call("o1", "c1", "enqueue", "a", None, 0, 1),
            call("o2", "c1", "enqueue", "b", None, 2, 3),
            call("o3", "c2", "dequeue", None, "b", 4, 5),
        ],
        "dequeue() by c2 returned 'b' although enqueue('a') by c1 had completed",
    ),
    "a lost addition": (
        objects.Counter(),
        [
            call("o1", "c1", "add", 1, None, 0, 1),
            call("o2", "c2", "add", 1, None, 0, 1),
            call("o3", "c3", "read", None, 1, 2, 3),
        ],
        "c3 read 1, though the 2 changes that had ended before make 2",
    ),
    "a lost append": (
        Text(),
        [
            call("o1", "c1", "append", "a", None, 0, 1),
            call("o2", "c2", "append", "b", None, 2, 3),
            call("o3", "c3", "get", None, "b", 4, 5),
        ],
        "c3 read 'b' although append('a') by c1 had completed",
    ),
}


@pytest.mark.parametrize(
    ("specification", "history", "sentence"), SENTENCES.values(), ids=SENTENCES
)
def test_the_sentence(
    specification: Specification, history: Sequence[Operation], sentence: str
) -> None:
    verdict = check_linearizability(history, specification)
    assert verdict.is_broken
    assert verdict.summary == sentence


def test_the_reasons_say_when_what_else_was_possible_and_that_the_others_do_not_matter() -> None:
    specification, history, _ = SENTENCES["a stale read"]
    assert check_linearizability(history, specification).because == (
        "o2: called (step 2), write(2) by c1 completed (step 3)",
        "o3: called (step 4), c2 read 1 (step 5)",
        "whether the other 1 operations took effect or not, "
        "no order within their times makes all of this true",
    )


def test_the_reasons_of_a_lock_say_who_had_it_and_count() -> None:
    specification, history, _ = SENTENCES["one holder twice"]
    assert check_linearizability(history, specification).because == (
        "o3: c1 locked (step 5), and had not begun to give the lock back",
        "o4: c1 locked (step 7)",
        "by then the lock had been taken 3 times and given back once, so two have it",
    )


@pytest.mark.slow
def test_what_counting_says_of_a_lock_no_order_allows() -> None:
    """For all histories of a lock: where counting tells a story, exhaustive search finds no order."""
    told = 0
    for history in _histories(OBJECTS["mutex"], 1_500, seed=3):
        ops = judged(history, Mutex())
        for deciding in [op for op in ops if not op.is_open]:
            known = [op for op in ops if op.called <= deciding.returned]
            if told_of_lock(known, deciding) is not None:
                told += 1
                assert legal_order(known, Mutex()) is None, (known, deciding)
    assert told > 500


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(500, 1_500))
def test_nearly_every_broken_lock_is_told_in_the_words_of_a_lock(count: int) -> None:
    broken = [
        verdict
        for history in _histories(OBJECTS["mutex"], count, seed=4)
        if (verdict := check_linearizability(history, Mutex())).is_broken
    ]
    assert len(broken) > count // 5
    words = ("while", "although it", "more often than taken")
    other = [verdict for verdict in broken if not any(word in verdict.summary for word in words)]
    assert len(other) < len(broken) / 50, (len(other), len(broken), other[0])


# ---- budgets -------------------------------------------------------------------------------


def _hard(count: int) -> list[Operation]:
    """Additions all at once; each of two reads is a sum of some, the second of fewer."""
    adds = [call(f"o{i}", f"c{i}", "add", 2**i, None, 0, OPEN) for i in range(count)]
    reads = [call("r", "c", "read", None, 3, 1, 2), call("s", "c", "read", None, 1, 3, 4)]
    return [*adds, *reads]


def test_a_search_that_may_not_go_on_is_undecided_and_keeps_what_it_found() -> None:
    easy = [call("a", "d", "add", 0, None, -4, -3), call("b", "d", "read", None, 0, -2, -1)]
    verdict = check_linearizability([*easy, *_hard(14)], objects.Counter(), steps_max=1_000)
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.find(Prefix) == Prefix(("a", "b"), 18)
    assert "the steps allowed were used up" in verdict.summary


def test_time_is_kept_by_the_clock_that_is_given() -> None:
    ticks = iter(range(1_000_000))
    verdict = check_linearizability(
        _hard(16), objects.Counter(), timeout_seconds=3, clock=lambda: float(next(ticks))
    )
    assert verdict.outcome is Outcome.UNDECIDED
    assert "time was over" in verdict.summary
    assert next(ticks) < 10


def test_a_timeout_needs_a_clock() -> None:
    with pytest.raises(ValueError, match=r"clock=time\.monotonic"):
        check_linearizability([], Register(), timeout_seconds=1)


@pytest.mark.slow
def test_a_hard_part_does_not_hide_an_easy_violation() -> None:
    hard = [replace(op, key="hard") for op in _hard(20)]
    easy = replace(call("bad", "e", "read", None, 7, 5, 6), key="easy")
    verdict = check_linearizability([*hard, easy], objects.Counter())
    assert verdict.is_broken
    assert verdict.culprits == ("bad",)


def test_a_search_can_be_interrupted_and_continued() -> None:
    for history in _histories(OBJECTS["queue"], 300, seed=4):
        plan = plan_of(judged(history, Queue()), Table(Queue()))
        at_once, in_turns = JustInTime(plan), JustInTime(plan)
        while in_turns.is_legal is None:
            in_turns.run(1)
        assert at_once.run(10**6) == in_turns.is_legal


# ---- what is refused -----------------------------------------------------------------------


def test_nothing_is_undecided() -> None:
    assert check_linearizability([], Register()).outcome is Outcome.UNDECIDED
    unseen = [read("o1", "c1", UNKNOWN, 0, 1), replace(write("o2", "c2", 5, 0, 1), status="fail")]
    assert check_linearizability(unseen, Register()).outcome is Outcome.UNDECIDED


def test_impossible_histories_are_refused() -> None:
    with pytest.raises(MalformedHistory, match="two operations are named o1"):
        check_linearizability([write("o1", c, 1, 0, 1) for c in ("c1", "c2")], Register())
    with pytest.raises(MalformedHistory, match="still open"):
        check_linearizability([write("o1", "c1", 1, 0, 5), write("o2", "c1", 1, 2, 3)], Register())
    with pytest.raises(UnknownOperation, match="'pop' is none of"):
        check_linearizability([call("o1", "c1", "pop", None, 1, 0, 1)], Queue())


def test_of_two_answers_at_the_same_instant_neither_is_called_the_first_bad_one() -> None:
    history = [
        write("o0", "c1", 1, 3, 3),
        read("o1", "c2", 0, 4, 6),
        read("o2", "c3", 2, 6, 6),
    ]
    verdict = check_linearizability(history, Register(0))
    assert (verdict.culprits, verdict.find(FirstBad)) == (("o2",), None)


# ---- certificates can be told from forgeries -----------------------------------------------


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        (("o1", "o2", "o3"), ""),
        (("o1", "o3", "o2"), "o2 returned before something earlier in the order was called"),
        (("o2", "o1", "o3"), "o2 cannot have had its result in state 0"),
        (("o1", "o2"), "o3 returned but is not in the order"),
        (("o1", "o2", "o2", "o3"), "an operation is in the order twice"),
        (("o1", "o2", "o4", "o3"), "o4 did not happen"),
    ],
)
def test_a_false_order_is_found_out(order: tuple[str, ...], fault: str) -> None:
    history = [
        write("o1", "c1", 1, 0, 1),
        read("o2", "c2", 1, 2, 3),
        read("o3", "c2", 1, 4, 5),
        replace(write("o4", "c1", 1, 4, 5), status="fail"),
    ]
    assert witness_fault(history, order, Register(0)) == fault


@pytest.mark.parametrize(
    ("core", "fault"),
    [
        ({"o2", "o3"}, ""),
        ({"o1", "o2", "o3"}, "o1 is not needed"),
        ({"o3"}, "the operations can be ordered"),
    ],
)
def test_a_false_core_is_found_out(core: set[str], fault: str) -> None:
    _, history, _ = SENTENCES["a stale read"]
    assert weak_core_fault(history, core, Register(0)) == fault


def test_an_answer_that_there_was_none_is_doubtful_while_somebody_may_have_taken_what_was_there() -> (
    None
):
    put = Operation("o1", "a", "enqueue", None, 7, None, 0, 1)
    left = Operation("o2", "b", "dequeue", None, None, UNKNOWN, 2, OPEN, "info")
    empty = Operation("o3", "c", "dequeue", None, None, None, 3, 4)
    taken = Operation("o4", "c", "dequeue", None, None, 7, 5, 6)
    again = Operation("o5", "d", "dequeue", None, None, 7, 7, 8)

    def outcome(*history: Operation) -> str:
        return check_linearizability(history, objects.Bag()).outcome.value

    assert outcome(put, empty) == "broken"
    assert outcome(put, left, empty) == "undecided"
    assert outcome(put, left, taken) == "holds"
    assert outcome(put, left, empty, taken, again) == "broken"


def test_where_an_element_was_put_and_appended_all_operations_tell_why_it_is_broken() -> None:
    """That the list began with what was put is known by o3 alone, which no clash names."""
    history = [
        call("o3", "c1", "read", None, (2,), 0, 5),
        call("o1", "c0", "append", 2, None, 1, 3),
        call("o6", "c2", "append", 2, None, 2, 7),
        call("o2", "c0", "append", 1, None, 4, 8),
        call("o4", "c1", "append", 0, None, 6, 9),
        call("o7", "c2", "read", None, (0, 2), 10, 13),
        call("o5", "c1", "put", (0,), None, 11, 12),
    ]
    verdict = check_linearizability(history, objects.AppendList())
    assert verdict.outcome is Outcome.BROKEN
    assert "o7" in verdict.culprits
    assert len(verdict.culprits) > 1


def test_an_answer_is_doubtful_by_calls_of_its_own_object_alone() -> None:
    left = Operation("o1", "a", "dequeue", "x", None, UNKNOWN, 0, OPEN, "info")
    put = Operation("o2", "b", "enqueue", "y", 7, None, 1, 2)
    empty = Operation("o3", "c", "dequeue", "y", None, None, 3, 4)
    assert check_linearizability((left, put, empty), objects.Bag()).outcome is Outcome.BROKEN
