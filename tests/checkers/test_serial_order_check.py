"""Serializability, snapshot isolation and prefix consistency, beside an exhaustive twin."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from counterpoint.checkers.history import Operation
from counterpoint.checkers.judging import Anomaly
from counterpoint.checkers.transactions.history import (
    KINDS,
    Access,
    Transaction,
    TransactionHistory,
    sessions_of,
)
from counterpoint.checkers.transactions.reads_from import sources_of
from counterpoint.checkers.transactions.serial_order import check_serial_order
from counterpoint.checkers.transactions.serial_search import SerialLevel
from counterpoint.model.verdict import Outcome
from tests.checkers.serial_twins import State, has_snapshots, is_serializable, runs_from, writes
from tests.support.nights import by_day

SER: SerialLevel = "serializability"
SI: SerialLevel = "snapshot isolation"
PREFIX: SerialLevel = "prefix consistency"
LEVELS: tuple[SerialLevel, ...] = (SER, SI, PREFIX)


def access(text: str) -> Access:
    """Read "rx1", "wy2", or "rx" for a read of the initial value."""
    value = int(text[2:]) if len(text) > 2 else None
    return Access(KINDS[text[0]], text[1], value)


def history(*sessions: str) -> TransactionHistory:
    """Read sessions such as "wx1 wy1 | rx1"; a transaction ending in "!" is not committed."""
    number = 0
    made = []
    for place, session in enumerate(sessions, 1):
        transactions = []
        for text in session.split("|"):
            number += 1
            accesses = tuple(map(access, text.rstrip(" !").split()))
            name = f"t{number}"
            transactions.append(Transaction(name, f"s{place}", accesses, "!" not in text))
        made.append(tuple(transactions))
    return TransactionHistory(tuple(made))


def outcomes(given: TransactionHistory) -> dict[str, str]:
    return {level: check_serial_order(given, level=level).outcome.value for level in LEVELS}


@pytest.mark.parametrize(
    ("sessions", "serial", "snapshot", "prefix"),
    [
        pytest.param(["wx1 wy1", "rx1 ry1"], "holds", "holds", "holds", id="one after the other"),
        pytest.param(["rx wx1", "rx wx2"], "broken", "broken", "holds", id="lost update"),
        pytest.param(["rx wy1", "ry wx2"], "broken", "holds", "holds", id="write skew"),
        pytest.param(
            ["wx1", "wy2", "rx1 ry", "rx ry2"], "broken", "broken", "broken", id="long fork"
        ),
        pytest.param(["wx1 wy1", "rx1 ry"], "broken", "broken", "broken", id="half a transaction"),
        pytest.param(["wx1 | rx"], "broken", "broken", "broken", id="own write forgotten"),
        pytest.param(["wx1 | wx2", "rx2 | rx1"], "broken", "broken", "broken", id="back in time"),
    ],
)
def test_the_anomalies_of_the_literature(
    sessions: list[str], serial: str, snapshot: str, prefix: str
) -> None:
    assert outcomes(history(*sessions)) == {SER: serial, SI: snapshot, PREFIX: prefix}


@pytest.mark.parametrize(
    ("sessions", "anomaly", "culprits"),
    [
        (["rx1"], "unwritten read", ("t1",)),
        (["wx1 !", "rx1"], "aborted read", ("t1", "t2")),
        (["wx1 wx2", "rx1"], "intermediate read", ("t1", "t2")),
        (["wx1 rx2", "wx2"], "internal inconsistency", ("t1",)),
        (["rx1 wx1"], "future read", ("t1",)),
        (["wx1", "wx2", "rx1 rx2"], "non-repeatable read", ("t3",)),
    ],
)
def test_reads_that_no_order_explains(
    sessions: list[str], anomaly: str, culprits: tuple[str, ...]
) -> None:
    for level in LEVELS:
        verdict = check_serial_order(history(*sessions), level=level)
        assert (verdict.outcome, verdict.find(Anomaly)) == (Outcome.BROKEN, Anomaly(anomaly))
        assert verdict.culprits == culprits
        assert anomaly in verdict.summary


def test_a_violation_keeps_only_the_transactions_that_matter() -> None:
    skew = history("wa1 | rx wy1 | wb1", "wc1 | ry wx2 | rb1", "ra1 rc1")
    verdict = check_serial_order(skew)
    assert verdict.culprits == ("t2", "t5")
    assert "t2, t5" in verdict.summary
    assert verdict.because[1:] == (
        "t2 cannot overwrite y before all have read it who did",
        "t5 cannot overwrite x before all have read it who did",
    )


@pytest.mark.parametrize("level", LEVELS)
def test_where_nothing_was_read_any_order_would_do(level: SerialLevel) -> None:
    verdict = check_serial_order(history("wx1", "wx2"), level=level)
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 2)
    assert verdict.summary == "nothing was read, so any order would do"


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_committed_is_nothing_judged(level: SerialLevel) -> None:
    for given in (history(), history("wx1 !")):
        assert check_serial_order(given, level=level).outcome is Outcome.UNDECIDED


def test_a_value_written_twice_may_be_read_from_either() -> None:
    assert check_serial_order(history("wx1", "wx1", "rx1")).outcome is Outcome.HOLDS
    back = check_serial_order(history("wx1 | wx2 | wx1", "rx2 | rx1", "rx1 | rx2"))
    assert back.outcome is Outcome.HOLDS
    again = history("wx1 | wx2 | wx1", "rx2 | rx1 | rx2")
    assert check_serial_order(again).outcome is Outcome.BROKEN


def test_a_search_without_steps_gives_up() -> None:
    verdict = check_serial_order(history("wx1", "rx1"), steps_max=1)
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.examined == 1


def random_history(random: Random) -> TransactionHistory:
    """Draw up to five small transactions; reads return something that was written, or nothing."""
    keys = "xy"
    shape = [random.randint(1, 2) for _ in range(random.randint(1, 3))]
    counts = dict.fromkeys(keys, 0)
    texts = []
    for transaction_count in shape:
        transactions = []
        for _ in range(transaction_count):
            words = []
            for key in keys:
                if random.random() < 0.6:
                    words.append(f"r{key}?")
                if random.random() < 0.5:
                    counts[key] += 1
                    words.append(f"w{key}{counts[key]}")
            transactions.append(" ".join(words or ["rx?"]))
        texts.append(transactions)

    def filled(text: str) -> str:
        return " ".join(
            word[:2] + str(random.randint(0, counts[word[1]]) or "") if "?" in word else word
            for word in text.split()
        )

    return history(*("|".join(map(filled, transactions)) for transactions in texts))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", by_day(150, 500))
def test_random_histories_agree_with_trying_every_order(seed: int, count: int) -> None:
    """For every history: the check holds exactly if some order, with snapshots, explains it."""
    random = Random(seed)
    seen = {"holds": 0, "broken": 0}
    for _ in range(count):
        given = random_history(random)
        verdicts = outcomes(given)
        if "undecided" in verdicts.values():
            continue
        expected = {
            SER: is_serializable(given),
            SI: has_snapshots(given, first_committer_wins=True),
            PREFIX: has_snapshots(given, first_committer_wins=False),
        }
        assert {level: said == "holds" for level, said in verdicts.items()} == expected, given
        seen[verdicts[SI]] += 1
    assert min(seen.values()) > 2 * count // 25


@pytest.mark.parametrize("seed", range(3))
def test_a_witness_is_an_order_that_explains_every_read(seed: int) -> None:
    random = Random(seed)
    held = 0
    for _ in range(300):
        given = random_history(random)
        verdict = check_serial_order(given)
        if verdict.outcome is Outcome.HOLDS:
            held += 1
            by_name = {t.id: t for t in given}
            state: State = {}
            for name in verdict.witness:
                assert runs_from(given, state, by_name[name])
                state |= writes(by_name[name])
    assert held > 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_core_has_no_order_either(seed: int) -> None:
    """What is left of a violation breaks the level alone, and nothing in it can be spared."""
    random = Random(seed)
    broken = 0
    for _ in range(1000):
        given = random_history(random)
        verdict = check_serial_order(given)
        if verdict.outcome is Outcome.BROKEN and not verdict.evidence:
            broken += 1
            assert not is_serializable(_only(given, verdict.culprits))
            for culprit in verdict.culprits:
                rest = tuple(name for name in verdict.culprits if name != culprit)
                assert is_serializable(_only(given, rest))
    assert broken > 10


def _only(given: TransactionHistory, names: tuple[str, ...]) -> TransactionHistory:
    """Keep these transactions, and their reads of one another and of the initial state."""
    known = {
        (one.key, one.value)
        for t in given
        if t.id in names
        for one in t.accesses
        if one.kind == "write" or one.value is None
    }
    return TransactionHistory(
        tuple(
            tuple(
                Transaction(
                    t.id,
                    t.session,
                    tuple(
                        one
                        for one in t.accesses
                        if one.kind == "write" or one.value is None or (one.key, one.value) in known
                    ),
                )
                for t in session
                if t.id in names
            )
            for session in given.sessions
        )
    )


@pytest.mark.slow
def test_a_long_session_needs_memory_in_proportion_to_its_length() -> None:
    history = sessions_of(
        tuple(
            Operation(f"o{n}", "a", "write", "x", n, None, 2 * n, 2 * n + 1) for n in range(3_000)
        )
    )
    tracemalloc.start()
    sources_of(history)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
