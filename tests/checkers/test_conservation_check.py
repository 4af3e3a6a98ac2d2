"""Token conservation: good and bad twins of small runs, and the observer beside the checker."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.checkers.conservation import (
    ConservationObserver,
    Copies,
    Payment,
    check_conservation,
)
from counterpoint.checkers.conservation_cuts import check_paths
from counterpoint.model.event import Event
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Outcome, Verdict
from tests.support.abd import Abd
from tests.support.nights import by_day

Said = Payment | Copies
START = {0: 1, 1: 2}
"""Token 0 belongs to owner 1, token 1 to owner 2."""


def reading(node: NodeId, note: Value) -> Said | None:
    """Notes of these tests are what they mean."""
    del node
    return note if isinstance(note, Payment | Copies) else None


def noted(*said: tuple[str, Value]) -> Trace:
    """Return a run in which nodes say these things, each after having heard of all before."""
    events = tuple(
        Event(k, k, "note", node, value=note, causes=(k - 1,) if k else ())
        for k, (node, note) in enumerate(said)
    )
    return Trace(Scenario("none", Abd(), {}, ()), (), events, ())


def judged(*said: tuple[str, Value]) -> Verdict:
    return check_conservation(noted(*said), START, reading)


FIRST = ("c1", Payment(1, (0, 2, 2)))
SECOND = ("c2", Payment(2, (0, 3, 1)))


def test_payments_in_one_chain_and_copies_of_it() -> None:
    copies = ("s1", Copies(((0, 2, 2),))), ("s1", Copies(((0, 3, 1),)))
    verdict = judged(FIRST, copies[0], SECOND, copies[1], ("s1", "something else"))
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 4)
    assert verdict.summary == "2 tokens, 2 payments"


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        pytest.param(
            [FIRST, ("c1", Payment(1, (0, 2, 3)))],
            "version 2 of token 0 has two owners: 2 and 3; there are 3 tokens, there were 2",
            id="paid twice",
        ),
        pytest.param(
            [("c2", Payment(2, (0, 2, 1)))],
            "2 pays token 0, which belongs to 1",
            id="not its own",
        ),
        pytest.param(
            [("c1", Payment(1, (0, 3, 2)))],
            "version 3 of token 0 skips one: the newest version is 1",
            id="a version skipped",
        ),
        pytest.param(
            [("c1", Payment(1, (7, 2, 2)))],
            "owner 1 pays token 7, and there are only 2 tokens",
            id="a token from nowhere",
        ),
        pytest.param(
            [("s1", Copies(((0, 2, 2),)))],
            "s1 holds version 2 of token 0, which nobody paid",
            id="a copy of nothing",
        ),
        pytest.param(
            [FIRST, ("s1", Copies(((0, 2, 1),)))],
            "version 2 of token 0 has two owners: 2 and 1",
            id="a false copy",
        ),
        pytest.param(
            [FIRST, SECOND, ("s1", Copies(((0, 3, 1),))), ("s1", Copies(((0, 2, 2),)))],
            "s1 held version 3 of token 0 and now holds version 2",
            id="taken back",
        ),
        pytest.param(
            [FIRST, ("s1", Copies(((0, 2, 2),))), ("s1", Copies((), is_all=True))],
            "s1 held version 2 of token 0 and now holds version 1",
            id="forgotten in a crash",
        ),
    ],
)
def test_what_breaks_conservation_is_said_in_one_sentence(
    said: list[tuple[str, Value]], summary: str
) -> None:
    verdict = judged(*said)
    assert verdict.is_broken
    assert verdict.summary == summary
    assert verdict.examined == len(said)


def test_what_a_node_held_in_an_earlier_life_counts_no_more() -> None:
    newborn = ("s1", Copies((), is_all=True, is_new=True))
    assert not judged(FIRST, ("s1", Copies(((0, 2, 2),))), newborn).is_broken


def test_a_run_that_says_nothing_is_undecided() -> None:
    assert judged(("s1", "hello")).outcome is Outcome.UNDECIDED


def test_a_payment_that_never_heard_of_the_one_before_is_off_the_path() -> None:
    """On the states of this run tokens are conserved, on other cuts of it they are not."""
    together = noted(FIRST, SECOND)
    assert check_paths(together, START, reading).outcome is Outcome.HOLDS
    apart = (together.events[0], Event(1, 1, "note", "c2", value=SECOND[1]))
    verdict = check_paths(Trace(together.scenario, (), apart, ()), START, reading)
    assert verdict.is_broken
    assert verdict.summary == "version 3 of token 0 does not come after version 2"
    assert not check_conservation(Trace(together.scenario, (), apart, ()), START, reading).is_broken


# ---- the observer --------------------------------------------------------------------------------


def random_notes(random: Random) -> list[tuple[NodeId, Said]]:
    """Return notes that are mostly right: payments by owners, copies of what was paid."""
    chains = {token: [owner] for token, owner in START.items()}
    notes: list[tuple[NodeId, Said]] = []
    for _ in range(random.randint(1, 9)):
        token = random.choice([0, 1])
        chain, wrong = chains[token], random.random() < 0.06
        if random.random() < 0.5:
            payee = random.choice([1, 2, 3])
            version = len(chain) + (random.choice([0, 1, 2]) if wrong else 1)
            notes.append((f"c{chain[-1]}", Payment(chain[-1], (token, version, payee))))
            if version == len(chain) + 1:
                chain.append(payee)
        else:
            version = random.randint(1, len(chain)) if wrong else len(chain)
            holding = (token, version, chain[version - 1])
            copies = Copies((holding,), is_all=random.random() < 0.1, is_new=random.random() < 0.2)
            notes.append((random.choice(["s1", "s2"]), copies))
    return notes


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(500, 1_500))
def test_the_observer_and_the_checker_agree_after_every_note(count: int) -> None:
    """For all runs: the memory is broken exactly when the notes so far break conservation."""
    random, outcomes = Random(11), {True: 0, False: 0}
    observer = ConservationObserver(START, reading)
    for _ in range(count):
        notes = random_notes(random)
        memory: Value = observer.initial
        for number, (node, note) in enumerate(notes, start=1):
            memory = observer.observe(memory, [Observation("note", node, note)])
            expected = judged(*notes[:number]).is_broken
            assert observer.is_broken(memory) == expected, notes[:number]
            if expected:
                break
        outcomes[expected] += 1
        assert hash(memory) is not None
    assert min(outcomes.values()) > count // 15, outcomes


def test_a_memory_does_not_depend_on_what_is_no_note_of_it() -> None:
    observer = ConservationObserver(START, reading)
    others = [Observation("invoke", "c1", "pay"), Observation("note", "c1", "hello")]
    assert observer.observe(observer.initial, others) is not None
    assert observer.observe(observer.initial, others) == observer.initial
