"""Real histories: every order is one, every core is small, and the monitors blame the same return.

The verdicts themselves are compared with the published ones in tests/check/test_check_corpora.py.
"""

from __future__ import annotations

import pytest

from counterpoint.checkers.history import History, by_key
from counterpoint.checkers.judging import CoreStanding, FirstBad
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.observers import ObjectMonitor
from counterpoint.checkers.objects.p_compositionality import judged
from counterpoint.checkers.objects.specifications import CasRegister, Specification, Text
from counterpoint.checkers.objects.verify import witness_fault
from counterpoint.checkers.readers import read_cases
from counterpoint.checkers.register.zones import first_fault
from counterpoint.model.verdict import Outcome
from tests.checkers.readers.corpora import Entry, entries, needs_corpora
from tests.support.nights import each


def _history(entry: Entry) -> History:
    (case,) = read_cases(entry.path.read_bytes(), source=entry.file)
    assert isinstance(case.history, tuple)
    return case.history


def _specification(entry: Entry) -> Specification:
    if entry.folder == "porcupine-kv":
        return Text()
    return CasRegister(0 if entry.folder == "knossos" else None)


@needs_corpora
@pytest.mark.parametrize("entry", entries("porcupine-etcd", "knossos", "porcupine-kv"), ids=str)
def test_the_evidence_of_real_histories(entry: Entry) -> None:
    """An order explains each key's answers; a core names at most four operations."""
    history, specification = _history(entry), _specification(entry)
    verdict = check_linearizability(history, specification)
    if verdict.outcome is Outcome.HOLDS:
        for part in by_key(history).values():
            ops = judged(part, specification)
            names = {op.id for op in ops}
            order = [name for name in verdict.witness if name in names]
            assert not witness_fault(ops, order, specification)
    else:
        assert verdict.is_broken
        assert 1 <= len(verdict.culprits) <= 4
        assert 1 <= len(verdict.because) <= 4
        assert (verdict.find(CoreStanding) or CoreStanding("minimal")).core.startswith("minimal")


@pytest.mark.slow
@needs_corpora
@pytest.mark.parametrize("entry", each(3, entries("porcupine-etcd")), ids=str)
def test_the_monitor_blames_the_return_that_the_check_blames(entry: Entry) -> None:
    history, specification = _history(entry), _specification(entry)
    verdict = check_linearizability(history, specification)
    monitor = ObjectMonitor(specification, configurations_max=2_000)
    found = first_fault(history, monitor)
    if monitor.has_given_up:
        pytest.skip("too many calls were cut off to follow them all")
    assert (FirstBad(found[0].id) if found else None) == verdict.find(FirstBad)
