"""Histories of others with known verdicts: causal levels, session guarantees, transactions."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.readers import Case, read_cases
from counterpoint.checkers.sessions.check import GUARANTEES, check_sessions
from counterpoint.checkers.sessions.judge import Guarantee
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.checkers.transactions.levels import IsolationLevel
from tests.checkers.causal_certificates import complaint

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "corpora"
CORPORA = Path(os.environ.get("COUNTERPOINT_CORPORA", BESIDE_THE_CHECKOUT))

pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"no corpora at {CORPORA}; name them in COUNTERPOINT_CORPORA"
)

LEVELS: dict[str, Level] = {"CC": "cc", "CCv": "ccv", "CM": "cm"}

SESSION_CHECKS: dict[str, tuple[Guarantee, ...]] = {
    "ryw": ("RYW",),
    "mrw": ("MR", "MW"),
    "wfr": ("MR", "WFR"),
    "cau": GUARANTEES,
}
"""What conver's checks ask. Its wfr refuses a session that reads an answer and then the question's
value again; by the definition alone that session need not see the answer any more, so MR is asked
too."""

ISOLATION: dict[str, IsolationLevel] = {
    "read-committed": "read committed",
    "read-atomic": "read atomic",
    "causal": "causal",
    "CommittedRead": "read committed",
    "RepeatableRead": "repeatable read",
    "AtomicRead": "read atomic",
    "Causal": "causal",
}
ELSEWHERE = {"SnapshotIsolation", "Serializable", "SI", "lin", "reg", "seq"}
"""Properties in the manifests that other checkers judge."""


@cache
def manifest(folder: str) -> dict[str, dict[str, bool]]:
    """For each file, or case of a file, whether each property holds."""
    if not CORPORA.is_dir():
        return {}
    with (CORPORA / folder / "MANIFEST.tsv").open(newline="") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    found = {}
    for row in rows:
        # A row may say in words what its verdict rests on, as "SI=valid by its use in the paper".
        pairs = [word.split("=") for word in row["expected"].split() if "=" in word]
        found[row["file"]] = {name: verdict == "valid" for name, verdict in pairs}
    if folder == "polysi":  # what another checker said of it is in the detail
        said = rows[0]["detail"].partition(": ")[2].split()
        found[rows[0]["file"]] |= {n: v == "valid" for n, v in (word.split("=") for word in said)}
    return found


@cache
def cases(folder: str, file: str) -> dict[str, Case]:
    """The cases of a file by name; a file with one history has it under ""."""
    found = read_cases((CORPORA / folder / file).read_bytes(), source=file)
    return {case.name: case for case in found}


def case_of(folder: str, name: str) -> Case:
    """The case that a manifest names as `file#case`, or as `file`."""
    file, _, inside = name.partition("#")
    return cases(folder, file)[inside]


def named(folder: str) -> list[tuple[str, str]]:
    """Every row of a manifest with its folder."""
    return [(folder, name) for name in manifest(folder)]


@pytest.mark.parametrize(("folder", "name"), named("causal-cases"))
def test_figures_from_the_literature_are_judged_as_there(folder: str, name: str) -> None:
    """Bouajjani et al., POPL 2017, and the two histories that another checker gets wrong."""
    case = case_of(folder, name)
    assert isinstance(case.history, tuple)
    for label, expected in manifest(folder)[name].items():
        verdict = check_causal(case.history, level=LEVELS[label], initial=case.initial)
        assert verdict.is_broken is not expected, (label, verdict)
        if expected:
            assert not complaint(case.history, verdict, level=LEVELS[label], initial=case.initial)


@pytest.mark.parametrize(("folder", "name"), named("conver"))
def test_conver_agrees_on_session_guarantees_and_causality(folder: str, name: str) -> None:
    case = case_of(folder, name)
    assert isinstance(case.history, tuple)
    for label, expected in manifest(folder)[name].items():
        if label in ELSEWHERE:
            continue
        chosen = SESSION_CHECKS[label]
        verdict = check_sessions(case.history, guarantees=chosen, initial=case.initial)
        assert verdict.is_broken is not expected, (label, verdict)
        if label == "cau":
            for level in ("cc", "cm"):
                causal = check_causal(case.history, level=level, initial=case.initial)
                assert causal.is_broken is not expected, (level, causal)


@pytest.mark.parametrize(("folder", "name"), [*named("awdit"), *named("dbcop"), *named("polysi")])
def test_awdit_dbcop_and_polysi_agree_on_weak_isolation(folder: str, name: str) -> None:
    case = case_of(folder, name)
    assert isinstance(case.history, TransactionHistory)
    for label, expected in manifest(folder)[name].items():
        if label not in ELSEWHERE:
            verdict = check_transactions(case.history, level=ISOLATION[label])
            assert verdict.is_broken is not expected, (label, verdict)


def test_every_property_of_these_manifests_is_judged_here_or_elsewhere() -> None:
    folders = ("causal-cases", "conver", "awdit", "dbcop", "polysi")
    labels = {label for f in folders for expected in manifest(f).values() for label in expected}
    assert labels == {*LEVELS, *SESSION_CHECKS, *ISOLATION, *ELSEWHERE}
