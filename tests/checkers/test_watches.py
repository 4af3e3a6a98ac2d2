"""The automata of registers, access and tokens say of every prefix of a run what its checker says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from random import Random
from typing import Any

import pytest

from counterpoint.checkers.authorisation import AuthorisationObserver, check_authorisation
from counterpoint.checkers.conservation import (
    ConservationObserver,
    Copies,
    Payment,
    check_conservation,
)
from counterpoint.checkers.history import UNKNOWN, History, by_key
from counterpoint.checkers.ledger.chains import Move
from counterpoint.checkers.ledger.check import TokenLedger, check_ledger
from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.operations import Seen, Translated, operations_of
from counterpoint.checkers.register.single_writer import check_no_inversion, check_regular
from counterpoint.checkers.register.watch import RegisterRule, SingleWriterObserver
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.search.histories import history_trace
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict
from tests.oracles.abd import system

pytestmark = pytest.mark.slow

RUNS = 800
FEW = 200
EVENTS = 16


def agreed(
    observer: Observer, judge: Callable[[Trace], bool], runs: Iterator[list[Observation]]
) -> dict[bool, int]:
    """Compare an observer and a checker after every event; return how often each verdict was given."""
    scenario, outcomes = system("2", "1", observer=True), {True: 0, False: 0}
    for run in runs:
        memory = observer.initial
        for count, observation in enumerate(run, start=1):
            memory = observer.observe(memory, [observation])
            expected = judge(history_trace(scenario, run[:count]))
            assert observer.is_broken(memory) == expected, run[:count]
            outcomes[expected] += 1
            if expected:
                break
    return outcomes


def runs_of(
    next_event: Callable[[Random, dict[NodeId, Value]], Observation], count: int = RUNS
) -> Iterator[list[Observation]]:
    """Return random runs; the second argument of `next_event` has the calls under way."""
    for seed in range(count):
        random, busy = Random(seed), dict[NodeId, Value]()
        yield [next_event(random, busy) for _ in range(EVENTS)]


# ---- one writer ----------------------------------------------------------------------------------


def register_view(operation: Value, result: Hashable) -> Seen | None:
    """An operation is (f, key, argument); an answer may be that it was refused, or given up."""
    assert isinstance(operation, tuple)
    f, key, argument = operation
    if f == "read" and result == "refused":
        return None
    status = {"refused": "fail", "given up": "info"}.get(str(result), "ok")
    return Seen(f, key, argument, result, status)  # type: ignore[arg-type]


def register_event(
    random: Random, busy: dict[NodeId, Value], writers: tuple[NodeId, ...], keys: str
) -> Observation:
    client = random.choice(("a", "b", "c"))
    if client not in busy:
        f = random.choice(("read", "write", "write") if client in writers else ("read",))
        value = random.randrange(1, 4) if f == "write" else None
        busy[client] = (f, random.choice(keys), value)
        return Observation("invoke", client, busy[client])
    operation = busy.pop(client)
    assert isinstance(operation, tuple)
    if random.random() < 0.05:
        return Observation("crash", client, None)
    if random.random() < 0.1:
        return Observation("return", client, random.choice(("refused", "given up")))
    under_way = [op[2] for op in busy.values() if isinstance(op, tuple) and op[0] == "write"]
    answer = random.choice((None, 1, 2, *under_way)) if operation[0] == "read" else None
    return Observation("return", client, answer)


@pytest.mark.parametrize("count", [FEW, pytest.param(RUNS, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("writers", [("a",), ("a", "b")], ids=["one writer", "sometimes two"])
@pytest.mark.parametrize("keys", ["x", "xxxy"])
@pytest.mark.parametrize(
    ("rule", "check"), [("regular", check_regular), ("inversion", check_no_inversion)]
)
def test_one_writer(
    rule: RegisterRule,
    check: Callable[[History], Verdict],
    keys: str,
    writers: tuple[NodeId, ...],
    count: int,
) -> None:
    def judge(trace: Trace) -> bool:
        parts = by_key(operations_of(trace, register_view))
        return any(check(part).is_broken for part in parts.values())

    runs = runs_of(lambda random, busy: register_event(random, busy, writers, keys), count)
    outcomes = agreed(SingleWriterObserver(register_view, rule), judge, runs)
    assert outcomes[True] > 5 * count // RUNS, "both verdicts must occur"


def test_versions_that_no_read_can_return_are_forgotten() -> None:
    observer = SingleWriterObserver(register_view, "regular")
    memories, memory = [], observer.initial
    for value in (1, 2, 1, 2):
        for seen in (
            Observation("invoke", "a", ("write", "x", value)),
            Observation("return", "a", None),
        ):
            memory = observer.observe(memory, [seen])
        memories.append(memory)
    assert memories[0] == memories[2]
    assert memories[1] == memories[3]


# ---- access --------------------------------------------------------------------------------------


def test_authorisation() -> None:
    def event(random: Random, busy: dict[NodeId, Value]) -> Observation:
        client = random.choice("ab")
        if client not in busy:
            busy[client] = random.choice(("allowed", "forbidden"))
            return Observation("invoke", client, busy[client])
        called = busy.pop(client)
        right = "done" if called == "allowed" else "no"
        answer = right if random.random() < 0.7 else random.choice(("done", "no", "never"))
        kind, value = ("return", answer) if random.random() < 0.9 else ("crash", None)
        return Observation(kind, client, value)  # type: ignore[arg-type]

    def refusal_of(operation: Value) -> Value:
        return "no" if operation == "forbidden" else None

    def judge(trace: Trace) -> bool:
        return check_authorisation(trace, refusal_of=refusal_of, refusals=refusals).is_broken

    refusals = ("no", "never")
    outcomes = agreed(AuthorisationObserver(refusal_of, refusals), judge, runs_of(event))
    assert min(outcomes.values()) > 50


# ---- tokens --------------------------------------------------------------------------------------

START = {0: 1, 1: 2}


def test_conservation() -> None:
    def event(random: Random, newest: dict[NodeId, Any]) -> Observation:
        """Mostly right: `newest` has version and owner of each token by its name."""
        token = random.randrange(2)
        version, owner = newest.get(str(token), (1, START[token]))
        if random.random() < 0.5:
            made = (token, version + random.choice((1, 1, 1, 1, 2)), random.choice((1, 2)))
            if made[1] == version + 1:
                newest[str(token)] = made[1:]
            payer = owner if random.random() < 0.9 else random.choice((1, 2))
            return Observation("note", "c", Payment(payer, made))
        held = (token, version if random.random() < 0.9 else random.choice((1, 2, 3)), owner)
        how = random.choice(((False, False), (True, True), (True, False)))
        holdings = (held,) if held[1] > 1 else ()
        return Observation("note", random.choice("st"), Copies(holdings, *how))

    def reading(node: NodeId, note: Value) -> Payment | Copies | None:
        del node
        return note if isinstance(note, Payment | Copies) else None

    def judge(trace: Trace) -> bool:
        return check_conservation(trace, START, reading).is_broken

    outcomes = agreed(ConservationObserver(START, reading), judge, runs_of(event))
    assert min(outcomes.values()) > 50


def test_the_ledger() -> None:
    ledger = TokenLedger(START, (1, 2))

    def view(call: Value, answer: Hashable) -> Seen | None:
        if answer == "refused":
            return None
        if answer == "given up":
            return Seen("pay", None, call, UNKNOWN, "info")
        return Seen("pay" if isinstance(call, Move) else "get_tokens", None, call, answer)

    def with_payer(seen: Observation) -> Observation:
        if seen.kind != "invoke" or not isinstance(seen.value, tuple):
            return seen
        token, to = seen.value
        return Observation(seen.kind, seen.node, Move(1 if seen.node == "a" else 2, token, to))

    def event(random: Random, busy: dict[NodeId, Value]) -> Observation:
        client = random.choice("ab")
        if client not in busy:
            pay = (random.randrange(2), random.choice((1, 2)))
            busy[client] = random.choice((pay, pay, 1, 2))
            return Observation("invoke", client, busy[client])
        called = busy.pop(client)
        if random.random() < 0.15:
            return Observation("crash", client, None)
        if isinstance(called, tuple):
            answers: tuple[Value, ...] = ("OK", "OK", "not the owner", "given up")
            return Observation("return", client, random.choice(answers))
        shown = tuple((t, random.choice((1, 2, 3))) for t in range(2) if random.random() < 0.4)
        return Observation("return", client, random.choice((shown, shown, "refused")))

    def judge(trace: Trace) -> bool:
        told = [with_payer(Observation(e.kind, e.node or "", e.value)) for e in trace.events]
        history = operations_of(history_trace(trace.scenario, told), view)
        return check_ledger(history, ledger).is_broken

    observer = Translated(LinearizabilityObserver(ledger, view), with_payer)
    outcomes = agreed(observer, judge, runs_of(event))
    assert min(outcomes.values()) > 50
