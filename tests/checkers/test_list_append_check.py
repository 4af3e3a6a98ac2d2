"""Isolation of appended lists, beside a twin that tries every order and every snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from counterpoint.checkers.events import RecordedEvent, operations
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, Status
from counterpoint.checkers.judging import Anomaly
from counterpoint.checkers.links import real_time_order
from counterpoint.checkers.transactions.history import Micro
from counterpoint.checkers.transactions.list_append import RULES, ListLevel, check_list_append
from counterpoint.model.verdict import Outcome
from tests.support.nights import by_day

LEVELS = tuple(
    level for level in RULES if level not in ("repeatable read", "read atomic", "causal")
)
"""Those that form a chain; the others are in test_list_append_causes."""


def micro(text: str) -> Micro:
    """Read "ax1" as an append of 1 to x, and "rx12" as a read of x as 1, 2."""
    if text[0] == "a":
        return ("append", text[1], int(text[2:]))
    return ("r", text[1], tuple(map(int, text[2:])) or None)


def txn(
    number: int,
    text: str,
    called: float,
    returned: float,
    *,
    status: Status = "ok",
    client: str = "",
) -> Operation:
    micros = tuple(map(micro, text.split()))
    asked = tuple((kind, key, None if kind == "r" else value) for kind, key, value in micros)
    result = micros if status == "ok" else UNKNOWN
    return Operation(
        f"o{number}", client or f"c{number}", "txn", None, asked, result, called, returned, status
    )


def one_by_one(*texts: str) -> History:
    """Run transactions one after the other, each by a client of its own."""
    return tuple(txn(i, text, 2 * i, 2 * i + 1) for i, text in enumerate(texts, 1))


def together(*texts: str) -> History:
    """Run transactions at the same time, each by a client of its own."""
    return tuple(txn(i, text, 0, 1) for i, text in enumerate(texts, 1))


def outcomes(history: History) -> tuple[str, ...]:
    """Judge from the weakest level to the strongest: "h", "b" or "u"."""
    return tuple(check_list_append(history, level=level).outcome.value[0] for level in LEVELS)


def anomaly(history: History, level: ListLevel = "strict serializability") -> object:
    verdict = check_list_append(history, level=level)
    assert verdict.outcome is Outcome.BROKEN, verdict
    found = verdict.find(Anomaly)
    return found and found.anomaly


@pytest.mark.parametrize(
    ("history", "expected", "name"),
    [
        pytest.param(one_by_one("ax1", "ax2", "rx12"), "hhhhh", "", id="in order"),
        pytest.param(together("ax1 ay1", "ax2 ay2", "rx12 ry21"), "bbbbb", "G0", id="writes cross"),
        pytest.param(together("ax1 ry1", "ay1 rx1"), "bbbbb", "G1c", id="circular information"),
        pytest.param(together("rx ax1", "rx ax2", "rx12"), "hbbbb", "G-single", id="lost update"),
        pytest.param(together("rx1 ry", "ax1 ay1", "rx1 ry1"), "hbbbb", "G-single", id="read skew"),
        pytest.param(together("rx ay1", "ry ax1", "rx1 ry1"), "hhbbb", "G2", id="write skew"),
        pytest.param(one_by_one("ax1", "rx", "rx1"), "hhhhb", "G-single-realtime", id="stale read"),
        pytest.param(
            (txn(1, "ax1", 0, 1, client="a"), txn(2, "rx", 2, 3, client="a"), txn(3, "rx1", 0, 9)),
            "hhhbb",
            "G-single-process",
            id="own append not seen",
        ),
    ],
)
def test_the_anomalies_by_level(history: History, expected: str, name: str) -> None:
    assert "".join(outcomes(history)) == expected
    if name:
        weakest = LEVELS[expected.index("b")]
        assert anomaly(history, weakest) == name


@pytest.mark.parametrize(
    ("history", "name", "weakest"),
    [
        (one_by_one("ax1", "rx12"), "unwritten read", "read committed"),
        (
            (txn(1, "ax1", 0, 1, status="fail"), txn(2, "rx1", 2, 3)),
            "G1a, aborted read",
            "read committed",
        ),
        (together("ax1 ax2", "rx1", "rx12"), "G1b, intermediate read", "read committed"),
        (together("ax1", "ax2", "rx12", "rx21"), "incompatible order", "read committed"),
        (together("rx1 ax1"), "future read", "read committed"),
        (together("ax1", "rx11"), "duplicate element", "read committed"),
        (together("ax1", "ax2 rx21", "rx12"), "internal inconsistency", "snapshot isolation"),
        (together("ax1", "rx rx1"), "internal inconsistency", "snapshot isolation"),
    ],
)
def test_reads_that_are_wrong_alone(history: History, name: str, weakest: ListLevel) -> None:
    found = [check_list_append(history, level=level) for level in LEVELS]
    first = LEVELS.index(weakest)
    assert all(v.outcome is Outcome.BROKEN for v in found[first:])
    assert found[first].find(Anomaly) == Anomaly(name)
    assert name in found[first].summary


@pytest.mark.parametrize("shown", ["rx2", "rx21", "rx132"])
def test_appends_of_one_transaction_stand_as_it_made_them(shown: str) -> None:
    assert "".join(outcomes(one_by_one("ax1 ax2 ax3", "rx123"))) == "hhhhh"
    assert "".join(outcomes(one_by_one("ax1 ax2 ax3", shown))) == "bbbbb"


def test_a_violation_is_told_step_by_step() -> None:
    verdict = check_list_append(together("rx ay1", "ry ax1"), level="serializability")
    assert verdict.summary == "o1 before o2 before o1: a cycle (G2)"
    assert verdict.because == (
        "o1 read x without 1, which o2 appended",
        "o2 read y without 1, which o1 appended",
    )
    assert [(e.before, e.after, e.rule) for e in verdict.edges] == [
        ("o1", "o2", "read-write"),
        ("o2", "o1", "read-write"),
    ]


def test_an_unanswered_transaction_counts_if_somebody_read_of_it() -> None:
    unanswered = txn(1, "ax1 ay1", 0, OPEN, status="info")
    assert outcomes((unanswered, txn(2, "rx", 1, 2))) == ("h",) * 5
    assert outcomes((unanswered, txn(2, "rx1 ry1", 1, 2))) == ("h",) * 5
    assert outcomes((unanswered, txn(2, "rx1 ry", 1, 2))) == ("h", "b", "b", "b", "b")


def test_an_unanswered_transaction_may_happen_late() -> None:
    history = (txn(1, "ax1", 0, OPEN, status="info"), txn(2, "rx", 1, 2), txn(3, "rx1", 3, 4))
    assert outcomes(history) == ("h",) * 5


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (
            together(*["ax1"] * 6, "rx111111"),
            "1 elements were appended more than once, and who appended what was read can be in 720 ways",
        ),
        ((Operation("o1", "c", "read", "x", None, 1, 0, 1),), "no transaction of appends"),
        (
            (Operation("o1", "c", "txn", None, (("w", "x", 1),), (("w", "x", 1),), 0, 1),),
            "only appends and reads",
        ),
        (
            (Operation("o1", "c", "txn", None, (("r", "x", None),), (("r", "x", 3),), 0, 1),),
            "no list",
        ),
        (one_by_one("ax1"), "nothing was examined"),
        ((), "nothing was examined"),
    ],
)
def test_what_cannot_be_judged(history: History, words: str) -> None:
    verdict = check_list_append(history)
    assert verdict.outcome is Outcome.UNDECIDED
    assert words in verdict.summary


State = dict[object, tuple[object, ...]]


def run(state: State, op: Operation) -> State | None:
    """Run a transaction on a state: what it leaves, or None if it would have read otherwise."""
    own = dict(state)
    assert isinstance(op.result, tuple)
    for kind, key, value in op.result:
        if kind == "append":
            own[key] = (*own.get(key, ()), value)
        elif own.get(key, ()) != (value or ()):
            return None
    return own


def orders(history: History, level: ListLevel) -> Iterator[tuple[Operation, ...]]:
    for order in permutations(history):
        places = {op.id: place for place, op in enumerate(order)}
        if not any(
            places[one.id] > places[other.id] and must_precede(one, other, level)
            for one in history
            for other in history
        ):
            yield order


def must_precede(one: Operation, other: Operation, level: ListLevel) -> bool:
    if level == "strict serializability":
        return one.precedes(other)
    same = one.client == other.client and one.called < other.called
    return same and level == "strong session serializability"


def is_serial(history: History, level: ListLevel) -> bool:
    for order in orders(history, level):
        state: State | None = {}
        for op in order:
            state = run(state, op) if state is not None else None
        if state is not None:
            return True
    return False


def is_snapshot_isolated(history: History) -> bool:
    """Try every order of commits and every snapshot; who appends to one key must not overlap."""
    return any(_isolated(order) for order in permutations(history))


def _isolated(order: tuple[Operation, ...]) -> bool:
    states: list[State] = [{}]
    for commit, op in enumerate(order):
        keys = appended(op)
        earliest = max(
            (place + 1 for place, other in enumerate(order[:commit]) if keys & appended(other)),
            default=0,
        )
        fits = [s for s in states[earliest:] if (done := run(s, op)) is not None]
        if not fits:
            return False
        done = run(fits[-1], op)
        assert done is not None
        states.append(states[-1] | {key: done[key] for key in keys})
    return True


def appended(op: Operation) -> set[object]:
    assert isinstance(op.result, tuple)
    return {key for kind, key, _ in op.result if kind == "append"}


def random_history(random: Random) -> History:
    """Draw up to five transactions by up to three clients; lists that are read are plausible."""
    order = {key: random.sample(range(1, 4), 3) for key in "xy"}
    unused = {key: list(elements) for key, elements in order.items()}
    texts = []
    for _ in range(random.randint(2, 5)):
        words = []
        for key in random.sample("xy", random.randint(1, 2)):
            if random.random() < 0.6:
                words.append(f"r{key}?")
            if unused[key] and random.random() < 0.6:
                words.append(f"a{key}{unused[key].pop(random.randrange(len(unused[key])))}")
        texts.append(words or ["rx?"])
    history = []
    free_at = {"a": 0, "b": 0, "c": 0}
    for number, words in enumerate(texts, 1):
        present = {k: [e for e in order[k] if e not in unused[k]] for k in "xy"}
        filled = [
            f"r{w[1]}{''.join(map(str, present[w[1]][: random.randint(0, 3)]))}" if "?" in w else w
            for w in words
        ]
        client = random.choice("abc")
        called = free_at[client] + random.randint(0, 2)
        free_at[client] = called + random.randint(1, 4)
        history.append(txn(number, " ".join(filled), called, free_at[client] - 0.5, client=client))
    return tuple(sorted(history, key=lambda op: op.called))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", by_day(100, 250))
def test_random_histories_agree_with_trying_everything(seed: int, count: int) -> None:
    """For every history and level: the check holds exactly if some order, or snapshots, explain it.

    Read committed has no twin of this kind: no order of whole transactions defines it.
    """
    random = Random(seed)
    counts = {level: [0, 0] for level in LEVELS[1:]}
    for _ in range(count):
        history = random_history(random)
        for level, said in zip(LEVELS[1:], outcomes(history)[1:], strict=True):
            if said == "u":
                continue
            is_right = (
                is_snapshot_isolated(history)
                if level == "snapshot isolation"
                else is_serial(history, level)
            )
            assert (said == "h") == is_right, (level, history)
            counts[level][is_right] += 1
    assert all(min(kinds) > 2 * count // 25 for kinds in counts.values()), counts


def repeated(history: History) -> History:
    """Take 1 for 3, so that elements are appended twice."""
    return tuple(
        replace(op, argument=_with_ones(op.argument), result=_with_ones(op.result))
        for op in history
    )


def _micros(op: Operation) -> tuple[Micro, ...]:
    assert isinstance(op.result, tuple)
    return op.result


def _with_ones(micros: object) -> tuple[Micro, ...]:
    assert isinstance(micros, tuple)
    return tuple(
        (kind, key, tuple(1 if e == 3 else e for e in value))
        if isinstance(value, tuple)
        else (kind, key, 1 if value == 3 else value)
        for kind, key, value in micros
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_elements_that_were_appended_twice_are_told_apart_in_every_way(seed: int) -> None:
    """As above: the twin runs transactions, and asks for no names of elements."""
    random = Random(seed)
    counts = {level: [0, 0] for level in LEVELS[1:]}
    for _ in range(150):
        history = repeated(random_history(random))
        for level, said in zip(LEVELS[1:], outcomes(history)[1:], strict=True):
            if level == "snapshot isolation":
                is_right = is_snapshot_isolated(history)
                assert said == "u" or (said == "h") == is_right, history
            else:
                is_right = is_serial(history, level)
                has_reads = any(kind == "r" for op in history for kind, _, _ in _micros(op))
                assert said == ("u" if not has_reads else "h" if is_right else "b"), history
            counts[level][is_right] += 1
    assert all(min(count) > 10 for count in counts.values()), counts


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(one_by_one("ax1", "ax1", "rx1"), "hhhhb", id="one of two is missed"),
        pytest.param(one_by_one("ax1", "ax1", "rx11"), "hhhhh", id="both"),
        pytest.param(one_by_one("ax1", "ax1", "rx111"), "bbbbb", id="once more than appended"),
        pytest.param(one_by_one("ax1 ax1", "rx11"), "hhhhh", id="both by one"),
        pytest.param(one_by_one("ax1 ax1", "rx1"), "bbbbb", id="half of one"),
    ],
)
def test_an_element_appended_twice(history: History, expected: str) -> None:
    assert "".join(outcomes(history)) == expected


def test_every_way_to_tell_elements_apart_is_counted_in_the_sentence() -> None:
    verdict = check_list_append(one_by_one("ax1", "ax1", "rx1"))
    assert "so it is in each of 2 ways to tell them apart" in verdict.summary
    assert set(verdict.culprits) == {"o1", "o2", "o3"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", by_day(100, 300))
def test_stronger_levels_never_hold_where_weaker_ones_are_broken(seed: int, count: int) -> None:
    random = Random(seed)
    for _ in range(count):
        said = "".join(outcomes(random_history(random)))
        assert said in {"h" * n + "b" * (5 - n) for n in range(6)} | {"uuuuu"}


@pytest.mark.parametrize("seed", range(3))
def test_the_witness_of_a_serial_level_explains_every_read(seed: int) -> None:
    random = Random(seed)
    held = 0
    for _ in range(200):
        history = random_history(random)
        verdict = check_list_append(history)
        if verdict.outcome is Outcome.HOLDS:
            held += 1
            by_name = {op.id: op for op in history}
            state: State | None = {}
            for name in verdict.witness:
                assert state is not None
                state = run(state, by_name[name])
            assert state is not None
            assert len(verdict.witness) == len(history)
    assert held > 20


@pytest.mark.parametrize("seed", range(3))
def test_the_witness_of_snapshot_isolation_is_an_order_of_commits(seed: int) -> None:
    random = Random(seed)
    held = 0
    for _ in range(200):
        history = random_history(random)
        verdict = check_list_append(history, level="snapshot isolation")
        if verdict.outcome is Outcome.HOLDS:
            held += 1
            by_name = {op.id: op for op in history}
            assert _isolated(tuple(by_name[name] for name in verdict.witness))
    assert held > 20


@pytest.mark.parametrize("seed", range(5))
def test_the_few_links_of_real_time_reach_as_far_as_all_pairs(seed: int) -> None:
    random = Random(seed)
    history = []
    for number in range(12):
        called = random.randint(0, 9)
        history.append(txn(number, "ax1", called, called + random.randint(0, 4)))
    history.sort(key=lambda op: op.called)
    reach = {(link.before, link.after) for link in real_time_order(history)}
    for middle in range(12):
        reach |= {(a, d) for a, b in reach if b == middle for c, d in reach if c == middle}
    pairs = {
        (i, j)
        for i, one in enumerate(history)
        for j, other in enumerate(history)
        if one.precedes(other)
    }
    assert reach == pairs


def test_a_jepsen_history_is_judged_as_it_was_recorded() -> None:
    done = (("append", "x", 1), ("r", "x", (1,)))
    history = operations(
        [
            RecordedEvent("p0", "invoke", "txn", None, (("append", "x", 1), ("r", "x", None))),
            RecordedEvent("p0", "ok", "txn", None, done),
        ],
        source="made",
    )
    assert outcomes(history) == ("h",) * 5
