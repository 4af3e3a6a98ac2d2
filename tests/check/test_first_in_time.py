"""Of several violations the one that came first is explained; the twin judges every beginning."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.readers.case import Case
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.first_in_time import Beginnings, first_in_time
from counterpoint.harness.checking.judges import Task
from counterpoint.harness.checking.models import MODELS
from counterpoint.harness.checking.properties import PROPERTIES
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.model.verdict import Verdict

OF_REGISTERS = (
    "causal-consistency",
    "causal-convergence",
    "causal-memory",
    "session-guarantees",
    "sequential-consistency",
)
OF_TRANSACTIONS = (
    "read-committed",
    "read-atomic",
    "causal-consistency",
    "snapshot-isolation",
    "serializability",
    "strict-serializability",
)


def registers(random: Random) -> History:
    """Draw reads and writes one after another, by three clients, with values that hardly fit."""
    history, written = [], [None, 0]
    for place in range(random.randint(4, 14)):
        key, client = random.choice("xy"), random.choice("abc")
        is_write = random.random() < 0.5
        if is_write:
            written.append(place + 10)
        value = written[-1] if is_write else random.choice(written)
        history.append(
            Operation(
                f"o{place}",
                client,
                "write" if is_write else "read",
                key,
                value if is_write else None,
                None if is_write else value,
                2 * place,
                2 * place + 1,
            )
        )
    return tuple(history)


def transactions(random: Random) -> History:
    """Draw transactions of one or two accesses."""
    history, written = [], [None]
    for place in range(random.randint(3, 10)):
        micros = []
        for key in random.sample("xyz", random.randint(1, 2)):
            if random.random() < 0.5:
                written.append(len(written) + 10)  # type: ignore[arg-type]
                micros.append(("w", key, written[-1]))
            else:
                micros.append(("r", key, random.choice(written)))
        asked = tuple((kind, key, None if kind == "r" else value) for kind, key, value in micros)
        history.append(
            Operation(
                f"o{place}",
                random.choice("abc"),
                "txn",
                None,
                asked,
                tuple(micros),
                2 * place,
                2 * place + 1,
            )
        )
    return tuple(history)


def compare(chosen: str, history: History, model: str) -> tuple[bool, bool]:
    """Tell whether a history is broken, and whether its checker alone would not have told the first."""
    task = Task(history, MODELS[model], None)

    def judge(part: History) -> Verdict:
        return PROPERTIES[chosen].judge(replace(task, history=part))

    found, beginnings = judge(history), Beginnings(history)
    if not found.is_broken:
        return False, False
    count = len([op for op in history if op.result is not UNKNOWN])
    are_broken = [judge(beginnings.until(count)).is_broken for count in range(1, count + 1)]
    first = are_broken.index(True) + 1
    assert all(are_broken[first - 1 :]), "what is broken stays broken"
    told = first_in_time(history, found, judge)
    assert beginnings.place_of(told) == first
    assert told.examined == found.examined
    return True, beginnings.place_of(found) > first


@pytest.mark.parametrize("chosen", OF_REGISTERS)
def test_the_first_violation_of_registers_is_told(chosen: str) -> None:
    random = Random(7)
    seen = [compare(chosen, registers(random), "register") for _ in range(60)]
    assert sum(is_broken for is_broken, _ in seen) > 20


@pytest.mark.slow
@pytest.mark.parametrize("chosen", OF_TRANSACTIONS)
def test_the_first_violation_of_transactions_is_told(chosen: str) -> None:
    random = Random(8)
    seen = [compare(chosen, transactions(random), "rw-register") for _ in range(60)]
    assert sum(is_broken for is_broken, _ in seen) > 20


@pytest.mark.nightly
@pytest.mark.parametrize("chosen", OF_REGISTERS)
def test_the_first_violation_of_many_registers_is_told(chosen: str) -> None:
    random = Random(9)
    assert all(compare(chosen, registers(random), "register") for _ in range(2_000))


def test_a_check_tells_it() -> None:
    """Two pairs of clients see two writes the wrong way round; o1 to o4 are complete first."""
    history = tuple(
        Operation(f"{pair}{n}", f"{pair}{client}", f, pair, argument, result, start, start + 1)
        for first, pair in ((0, "p"), (20, "q"), (40, "r"))
        for n, (client, f, argument, result) in enumerate(
            (
                (0, "write", 1, None),
                (0, "write", 2, None),
                (1, "read", None, 2),
                (1, "read", None, 1),
            )
        )
        for start in [first + 2 * n]
    )
    wanted = Wanted(property="causal-consistency", model="register")
    checked = check_case(Case("given", "", history, len(history)), wanted)
    assert checked.verdict is not None
    assert set(checked.verdict.culprits) <= {"p0", "p1", "p2", "p3"}
