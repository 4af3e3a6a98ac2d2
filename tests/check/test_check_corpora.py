"""Published verdicts: what other checkers' own tests say of their histories, we say, too.

Where we do not, the difference is named here with its rule, and in
docs/reference/history-formats.md with the reason.
"""

from __future__ import annotations

import pytest

from counterpoint.harness.checking.files import check_each
from counterpoint.harness.checking.wanted import Checked, Wanted
from tests.checkers.readers.corpora import Entry, entries, needs_corpora
from tests.support.nights import by_night

OUTCOMES = {"valid": "holds", "invalid": "broken"}

PROPERTIES = {
    "conver": {
        "lin": "linearizability",
        "reg": "regular",
        "seq": "sequential-consistency",
        "cau": "causal-consistency",
        "mrw": "monotonic-writes",
        "wfr": "writes-follow-reads",
        "ryw": "read-your-writes",
    },
    "causal-cases": {
        "CC": "causal-consistency",
        "CCv": "causal-convergence",
        "CM": "causal-memory",
    },
    "awdit": {
        "causal": "causal-consistency",
        "read-atomic": "read-atomic",
        "read-committed": "read-committed",
    },
    "dbcop": {
        "CommittedRead": "read-committed",
        "RepeatableRead": "repeatable-read",
        "AtomicRead": "read-atomic",
        "causal": "causal-consistency",
        "Causal": "causal-consistency",
        "Prefix": "prefix-consistency",
        "SnapshotIsolation": "snapshot-isolation",
        "Serializable": "serializability",
    },
    "polysi": {"SI": "snapshot-isolation"},
}

OURS_DIFFERS = {
    # Elle lets a read of a value that nobody wrote pass unless told to look for it (elle#8).
    "elle-cli/elle/rw-register.edn": "broken",
    "elle-cli/elle/rw-register.json": "broken",
}


def check(entry: Entry, wanted: Wanted) -> Checked:
    path = f"{entry.path}#{entry.case}" if entry.case else entry.path
    (checked,) = check_each([path], wanted)
    return checked


@needs_corpora
@pytest.mark.parametrize(
    "entry", entries("porcupine-etcd", "porcupine-kv", "porcupine-unit"), ids=str
)
def test_porcupine(entry: Entry) -> None:
    """No option is needed: format, model and initial value are those that the file shows."""
    checked = check(entry, Wanted())
    assert checked.outcome == OUTCOMES[entry.expected.removeprefix("lin=")], checked.verdict


@needs_corpora
@pytest.mark.parametrize("initial", [None, 0])
@pytest.mark.parametrize("entry", entries("knossos"), ids=str)
def test_knossos(entry: Entry, initial: int | None) -> None:
    """Knossos' own tests start the register at 0 or at nil; the verdicts are the same."""
    checked = check(entry, Wanted(model="cas-register", initial=initial))
    assert checked.outcome == OUTCOMES[entry.expected], checked.verdict


@needs_corpora
@pytest.mark.parametrize(
    ("file", "event"),
    [
        ("knossos/cas-register/bad/cas-failure.edn", 491),
        ("knossos/cas-register/bad/immediate-failure.edn", 3),
        ("knossos/cas-register/bad/rethink-fail-minimal.edn", 4),
        ("knossos/cas-register/bad/rethink-fail-smaller.edn", 217),
    ],
)
def test_knossos_pinpoints_the_same_operation(file: str, event: int) -> None:
    """The operation that knossos names is the last culprit: its return breaks the prefix."""
    (entry,) = {one.file: one for one in entries() if one.file == file}.values()
    checked = check(entry, Wanted(model="cas-register"))
    assert checked.verdict is not None
    named = {op.id: op for op in checked.history}
    assert named[checked.verdict.culprits[-1]].return_step == event  # type: ignore[union-attr]


@needs_corpora
@pytest.mark.parametrize(
    "entry", [e for e in entries("elle-cli") if e.expected != "not-in-tests"], ids=str
)
def test_elle_cli(entry: Entry) -> None:
    model = entry.model.split()[1]
    checked = check(entry, Wanted(model=model))
    expected = OURS_DIFFERS.get(entry.file, OUTCOMES[entry.expected])
    assert checked.outcome == expected, checked


@needs_corpora
@pytest.mark.parametrize(
    "entry", [e for e in entries("elle-cli") if e.expected != "not-in-tests"], ids=str
)
def test_elle_cli_without_naming_the_model(entry: Entry) -> None:
    checked = check(entry, Wanted())
    expected = OURS_DIFFERS.get(entry.file, OUTCOMES[entry.expected])
    assert checked.outcome == expected, checked


def weak_entries() -> list[object]:
    """Return the histories of weak levels; that which takes as long as all others is for the night."""
    params = [pytest.param(entry) for entry in entries(*PROPERTIES)]
    return [by_night(p) if "uniform-10x100x15.bincode" in str(p.values[0]) else p for p in params]


@pytest.mark.slow
@needs_corpora
@pytest.mark.parametrize("entry", weak_entries(), ids=str)
def test_weak_levels(entry: Entry) -> None:
    claims = [claim for claim in entry.expected.split() if "=" in claim]
    assert claims
    for claim in claims:
        level, _, expected = claim.partition("=")
        checked = check(entry, Wanted(property=PROPERTIES[entry.folder][level]))
        if "not verified" in entry.expected:  # large ones may take more time than is given here
            assert checked.outcome in (OUTCOMES[expected], "undecided"), (claim, checked)
        else:
            assert checked.outcome == OUTCOMES[expected], (claim, checked)
