"""The steps that a reason is about, compared with those that its sentence names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.history import History
from counterpoint.checkers.ledger.check import check_ledger
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.registers import CasRegister
from counterpoint.checkers.sessions.check import check_sessions
from counterpoint.harness.catalog import build
from counterpoint.impl.token_manager.rules import VARIANTS
from counterpoint.model.search.replay import judge, run
from counterpoint.model.verdict import Reason, Verdict
from tests.checkers import causal_histories, random_ledgers
from tests.impl.test_token_manager_traces import replayed
from tests.report.test_catalog_reports import RUNS


def named_in(text: str) -> tuple[int, ...]:
    """The twin: what a reader finds in the sentence."""
    return tuple(map(int, re.findall(r"step (\d+)", text)))


def reasons_of(verdicts: Iterable[Verdict]) -> Iterator[Reason]:
    for verdict in verdicts:
        yield from verdict.reasons
        yield from (edge.reason for edge in verdict.edges)


def agreeing(verdicts: Iterable[Verdict]) -> int:
    """Compare all reasons, and count the steps that they are about."""
    found = list(reasons_of(verdicts))
    assert all(reason.steps == named_in(reason.text) for reason in found), found
    return sum(len(reason.steps) for reason in found)


@pytest.mark.parametrize("name", RUNS)
def test_the_reasons_against_a_variant_are_about_the_steps_that_they_name(name: str) -> None:
    system, _, mutant = name.partition("-")
    assert agreeing(judge(run(build(system, mutant=mutant), RUNS[name])))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", VARIANTS)
def test_the_reasons_against_a_kept_run_are_about_the_steps_that_they_name(mutant: str) -> None:
    assert agreeing(judge(replayed(mutant)))


def stepped(history: History) -> History:
    """The same operations, at steps of their own."""
    return tuple(
        replace(op, call_step=2 * number, return_step=-1 if op.is_open else 2 * number + 1)
        for number, op in enumerate(history)
    )


def test_the_reasons_against_a_random_history_are_about_the_steps_that_they_name() -> None:
    random = Random(4)
    found: list[Verdict] = []
    for _ in range(60):
        history = stepped(causal_histories.random_history(random, causal_histories.Shape()))
        found.append(check_causal(history, level="cm"))
        found.append(check_sessions(history))
        found.append(check_linearizability(history, CasRegister()))
        shape = random_ledgers.Shape()
        ledger = random_ledgers.small_ledger(shape)
        history = stepped(random_ledgers.random_history(random, ledger, shape))
        found.append(check_ledger(history, ledger))
    assert agreeing(found) > 100
