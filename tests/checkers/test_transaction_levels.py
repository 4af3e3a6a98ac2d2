"""Isolation levels: named histories, and the same verdicts as by trying every order of commits."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from counterpoint.checkers.judging import Accesses, Pattern
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import (
    Access,
    Kind,
    Transaction,
    TransactionHistory,
    TransactionSession,
)
from counterpoint.checkers.transactions.levels import IsolationLevel
from counterpoint.model.verdict import Outcome, Verdict
from tests.checkers.isolation_by_orders import is_isolated
from tests.support.nights import by_day

LEVELS: tuple[IsolationLevel, ...] = ("read committed", "repeatable read", "read atomic", "causal")


def access(word: str) -> Access:
    """`x=1` writes 1 to x, `x?1` reads 1 from x, `x?` reads its initial value."""
    kind: Kind = "write" if "=" in word else "read"
    key, value = word.split("=" if kind == "write" else "?")
    return Access(kind, key, int(value) if value else None)


def sessions(*texts: str) -> TransactionHistory:
    """Sessions of transactions parted by "|"; one that starts with "!" is not committed."""
    made: list[TransactionSession] = []
    for number, text in enumerate(texts, 1):
        count = sum(map(len, made))
        made.append(
            tuple(
                Transaction(
                    f"t{count + place}",
                    f"s{number}",
                    tuple(map(access, words.replace("!", " ").split())),
                    is_committed="!" not in words,
                )
                for place, words in enumerate(text.split("|"), 1)
            )
        )
    return TransactionHistory(tuple(made))


def levels_kept(history: TransactionHistory) -> list[str]:
    """The levels that the checker finds kept."""
    return [level for level in LEVELS if not check_transactions(history, level=level).is_broken]


@pytest.mark.parametrize(
    ("kept", "history"),
    [
        pytest.param(4, sessions("x=1 y=1", "x?1 y?1"), id="all of it seen"),
        pytest.param(3, sessions("x=1", "x?1 | x=2 | y=1", "y?1 | x?1"), id="stale"),
        pytest.param(2, sessions("x=1 y=1", "x? y?1"), id="half of it seen, the old half first"),
        pytest.param(0, sessions("x=1 y=1", "y?1 x?"), id="half of it seen, the new half first"),
        pytest.param(1, sessions("x=1", "x=2", "x?1 x?2"), id="two versions in one transaction"),
        pytest.param(0, sessions("x=1 | x=2", "x?2 x?1"), id="back to an older version"),
        pytest.param(3, sessions("x=1", "x=2", "x?1 | x?2", "x?2 | x?1"), id="no common order"),
        pytest.param(0, sessions("x?1 | y=1", "y?1 | x=1"), id="a circle of reads"),
        pytest.param(4, sessions("x=1 x?1", "x? x=2"), id="own writes and initial values"),
    ],
)
def test_a_history_keeps_the_levels_up_to_one_of_them(
    kept: int, history: TransactionHistory
) -> None:
    assert levels_kept(history) == list(LEVELS[:kept])


@pytest.mark.parametrize(
    ("pattern", "history", "summary"),
    [
        ("ThinAirRead", sessions("x?7"), "t1 read x=7, which nobody wrote"),
        ("AbortedRead", sessions("!x=1", "x?1"), "t2 read x=1 of t1, which was not committed"),
        (
            "IntermediateRead",
            sessions("x=1 x=2", "x?1"),
            "t2 read x=1 of t1, which t1 overwrote before it committed",
        ),
        ("FutureRead", sessions("x?1 x=1"), "t1 read x=1 before it wrote that itself"),
        (
            "NotOwnWrite",
            sessions("x=1", "x=2 x?1"),
            "t2 read x=1 although it had itself written x=2",
        ),
    ],
)
def test_reads_that_nothing_explains_break_every_level(
    pattern: str, history: TransactionHistory, summary: str
) -> None:
    for level in LEVELS:
        verdict = check_transactions(history, level=level)
        assert verdict.summary == f"{summary} ({pattern})"
        assert verdict.find(Pattern) == Pattern(pattern)


def test_a_fractured_read_is_told_with_its_reasons() -> None:
    verdict = check_transactions(sessions("x=1 y=1 | x=2 y=2", "y?2 x?1"), level="read atomic")
    assert verdict.summary == (
        "t2 must come before t1: t3 read x=1 of t1 although t2, which wrote x, was visible: "
        "t3 read y=2 of t2; but t1 came before t2 in session s1 (FracturedRead)"
    )
    assert verdict.culprits == ("t1", "t2", "t3")
    assert [(e.before, e.after, e.rule) for e in verdict.edges] == [
        ("t1", "t2", "session order"),
        ("t2", "t1", "conflict"),
    ]


def test_a_core_keeps_only_the_accesses_that_matter() -> None:
    history = sessions("a=1 x=1 y=1 | b=1", "a?1 y?1 x? b?1")
    verdict = check_transactions(history, level="read atomic")
    found = verdict.find(Accesses)
    assert found is not None
    accesses = found.accesses
    assert accesses["t1"] == (access("x=1"), access("y=1"))
    assert accesses["t3"] == (access("y?1"), access("x?"))
    assert verdict.culprits == ("t1", "t3")


def test_a_value_written_by_two_transactions_may_be_read_from_either() -> None:
    history = sessions("x=1 | x=2 | x=1", "x?2 | x?1", "x?1 | x?2")
    assert check_transactions(history, level="causal").outcome is Outcome.HOLDS
    impossible = sessions("x=1 | x=1 | x=2", "x?2 | x?1")
    verdict = check_transactions(impossible, level="causal")
    assert verdict.culprits == ("t1", "t2", "t3", "t4", "t5")
    assert "1 of these reads may have had another source" in verdict.because[-1]


def test_too_many_ways_to_match_transactions_are_undecided_and_say_so() -> None:
    history = sessions("x=1 | x=2 | x=1", "x?2 | x?1 y=1", "y?1 | x?2")
    verdict = check_transactions(history, level="causal", matchings_max=1)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "x=1, which t5 read, is what t1 and t3 wrote; none of the 1 ways" in verdict.summary
    assert check_transactions(history, level="causal").is_broken


def test_no_reads_prove_nothing() -> None:
    assert check_transactions(sessions("x=1"), level="causal").outcome is Outcome.UNDECIDED


def test_the_witness_is_an_order_of_commits() -> None:
    verdict = check_transactions(sessions("x=1 | x?2", "x=2"), level="causal")
    assert verdict.witness.index("t1") < verdict.witness.index("t3")


def random_transactions(random: Random, count_max: int = 5) -> TransactionHistory:
    """Draw a history in which most reads are of last values of others, or of own ones."""
    drafts: list[tuple[int, list[str], bool]] = []
    final: dict[str, list[int]] = {}
    value = 0
    for _ in range(random.randint(2, count_max)):
        accesses = []
        for _ in range(random.randrange(1, 4)):
            key = random.choice("xyz"[: random.randrange(1, 4)])
            value += 1
            is_write = random.random() < 0.5
            accesses.append(f"{key}={value}" if is_write else f"{key}?")
        for key in "xyz":
            written = [a for a in accesses if a.startswith(f"{key}=")]
            final.setdefault(key, []).extend(int(a[2:]) for a in written[-1:])
            if random.random() < 0.03:
                final[key].extend(int(a[2:]) for a in written[:1])
        drafts.append((random.randrange(3), accesses, random.random() < 0.98))
    made: dict[int, list[Transaction]] = {}
    for number, (session, words, is_committed) in enumerate(drafts):
        own: dict[str, str] = {}
        accesses = []
        for word in words:
            if "=" in word:
                own[word[0]] = word[2:]
            elif word[0] in own and random.random() < 0.97:
                word += own[word[0]]
            else:
                others = [v for v in final[word[0]] if f"{word[0]}={v}" not in words]
                word += str(random.choice(others)) if others and random.random() < 0.8 else ""
            accesses.append(word)
        transaction = Transaction(
            f"t{number}", f"s{session}", tuple(map(access, accesses)), is_committed
        )
        made.setdefault(session, []).append(transaction)
    return TransactionHistory(tuple(map(tuple, made.values())))


def compare(seed: int, count: int, level_count: int) -> dict[str, int]:
    random = Random(seed)
    met: dict[str, int] = {}
    for number in range(count):
        history = random_transactions(random)
        for level in random.sample(LEVELS, level_count):
            verdict = check_transactions(history, level=level)
            assert verdict.is_broken is not is_isolated(history, level), (level, history, verdict)
            pattern = getattr(verdict.find(Pattern), "pattern", verdict.outcome.value)
            met[pattern] = met.get(pattern, 0) + 1
            if verdict.find(Accesses) is not None and number % 10 == 0:
                check_core(history, verdict, level)
    return met


def check_core(history: TransactionHistory, verdict: Verdict, level: IsolationLevel) -> None:
    """The core fails alone, its edges are a cycle, and no access of it can be left out."""
    found = verdict.find(Accesses)
    assert found is not None
    kept = found.accesses
    core = [Transaction(one.id, one.session, kept[one.id]) for one in history if one.id in kept]
    assert not is_isolated(as_history(core), level)
    for edge, following in pairwise((*verdict.edges, *verdict.edges[:1])):
        assert edge.after == following.before
    for place, one in enumerate(core):
        for gone in one.accesses:
            if gone.kind == "read":
                accesses = tuple(a for a in one.accesses if a is not gone)
                rest = [*core[:place], Transaction(one.id, one.session, accesses)]
                assert is_isolated(as_history([*rest, *core[place + 1 :]]), level), (level, core)


def as_history(transactions: list[Transaction]) -> TransactionHistory:
    """The same transactions, session by session."""
    made: dict[str, list[Transaction]] = {}
    for one in transactions:
        made.setdefault(one.session, []).append(one)
    return TransactionHistory(tuple(map(tuple, made.values())))


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(2_000, 4_000))
def test_thousands_of_small_histories_are_judged_as_by_trying_every_order_of_commits(
    count: int,
) -> None:
    """At one of the four levels each, with cores that fail alone."""
    met = compare(seed=1, count=count, level_count=1)
    cycles = ("CyclicCO", "NonMonotonicRead", "NonRepeatableRead", "FracturedRead", "CyclicCF")
    for pattern in (*cycles, "IntermediateRead", "AbortedRead", "NotOwnWrite", "holds"):
        assert met[pattern] >= count // 500, met


@pytest.mark.nightly
def test_a_hundred_thousand_small_histories_are_judged_as_by_trying_every_order_of_commits() -> (
    None
):
    """As above, with other seeds, at all levels."""
    met = compare(seed=2, count=100_000, level_count=4)
    assert met["NonMonotonicRead"] >= 500, met
