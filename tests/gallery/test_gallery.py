"""Each protocol of the gallery holds, and each of its wrong variants dies of the claim named here."""

from __future__ import annotations

from importlib import import_module
from typing import Any, get_args

import pytest

import counterpoint as cp
from counterpoint.harness.only import only_claim
from counterpoint.harness.plugin.effort import SearchStrategy
from tests.docs.pages import ROOT

GALLERY = ROOT / "docs" / "gallery"
LINES_MAX, LINES_OF_RAFT = 150, 190

DIES_OF = {
    "async_register": {
        "no write-back": "linearizability",
        "asks one": "linearizability",
        "waits for all": "answers",
    },
    "cache": {
        "fills late": "linearizability",
        "forgets to tell": "linearizability",
        "tells first": "linearizability",
    },
    "job_queue": {
        "charges each": "charged once",
        "forgets": "charged once",
        "no end": "answers",
    },
    "chain": {
        "head answers": "linearizability",
        "reads anywhere": "linearizability",
        "as they come": "update propagation",
        "asks once": "liveness",
    },
    "lease": {
        "no fence": "nothing is lost",
        "reads without a fence": "nothing is lost",
        "no end": "liveness",
        "forgets its tokens": "nothing is lost",
    },
    "outbox": {
        "sends before it keeps": "settled",
        "charges each copy": "charged once",
        "sends once": "settled",
        "no undo": "no goods are lost",
    },
    "or_set": {
        "no tags": "the last word counts",
        "no tombstones": "the last word counts",
        "gossips once": "convergence",
    },
    "paxos": {
        "forgets its votes": "agreement",
        "proposes its own": "agreement",
        "reads its memory": "linearizability",
        "asks once": "liveness",
    },
    "pn_counter": {
        "one count": "everything counts",
        "gossips once": "convergence",
        "takes what comes": "everything counts",
    },
    "raft": {
        "never backs off": "liveness",
        "does not begin its term": "liveness",
        "forgets its vote": "agreement",
    },
    "two_phase_commit": {
        "forgets its vote": "atomicity",
        "tells before it keeps": "atomicity",
        "does not wait": "atomicity",
    },
}
SEED = 2
STRATEGY_OF: dict[tuple[str, str], SearchStrategy] = {("paxos", "forgets its votes"): "pct"}
"""What finds a variant many times sooner than the mixture does."""

VARIANTS = [(name, variant, claim) for name in DIES_OF for variant, claim in DIES_OF[name].items()]


def module(name: str) -> Any:
    return import_module(f"docs.gallery.{name}")


def broken(scenario: cp.Scenario, runs: int) -> str | None:
    """Return the name of the claim that a search finds broken."""
    try:
        cp.verify(scenario, runs=runs, seed=1, examples=0)()
    except cp.PropertyBroken as found:
        return found.verdict.property
    return None


def test_every_protocol_of_the_gallery_has_a_page_and_is_tried_here() -> None:
    names = {path.stem for path in GALLERY.glob("*.py")}
    assert names == set(DIES_OF)
    assert {path.stem for path in GALLERY.glob("*.md")} == {*names, "index"}


@pytest.mark.parametrize("name", DIES_OF)
def test_a_protocol_is_one_file_with_two_wrong_variants_or_more(name: str) -> None:
    lines = (GALLERY / f"{name}.py").read_text().splitlines()
    assert sum(1 for line in lines if line.strip()) <= (
        LINES_OF_RAFT if name == "raft" else LINES_MAX
    )
    assert set(get_args(module(name).Variant)) == {"right", *DIES_OF[name]}
    assert len(DIES_OF[name]) >= 2


@pytest.mark.parametrize("name", DIES_OF)
def test_a_page_tells_of_each_variant_what_it_breaks(name: str) -> None:
    page = (GALLERY / f"{name}.md").read_text()
    for variant, claim in DIES_OF[name].items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{variant}` |"))
        assert row.endswith(f" {claim} |")
        assert f"**{claim}**" in page


@pytest.mark.parametrize("name", DIES_OF)
def test_the_index_counts_the_wrong_variants(name: str) -> None:
    index = (GALLERY / "index.md").read_text()
    row = next(line for line in index.splitlines() if f"]({name}.md)" in line)
    assert row.endswith(f"| {len(DIES_OF[name])} |")


@pytest.mark.slow
@pytest.mark.parametrize("name", DIES_OF)
def test_the_right_protocol_holds(name: str) -> None:
    assert broken(module(name).scenario(), runs=100) is None


@pytest.mark.nightly
@pytest.mark.parametrize("name", DIES_OF)
def test_the_right_protocol_holds_for_long(name: str) -> None:
    assert broken(module(name).scenario(), runs=5_000) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant", "claim"), VARIANTS)
def test_a_wrong_variant_dies_of_its_own_claim(name: str, variant: str, claim: str) -> None:
    """Alone, for of two claims that a variant breaks either may be broken first."""
    wrong = module(name).scenario(variant)
    strategy = STRATEGY_OF.get((name, variant))
    cp.verify(wrong, runs=40_000, strategy=strategy, seed=SEED, examples=0, expect=claim)()


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "variant", "claim"), VARIANTS)
def test_what_a_wrong_variant_breaks_is_minimised(name: str, variant: str, claim: str) -> None:
    assert broken(only_claim(module(name).scenario(variant), claim), runs=40_000) == claim


@pytest.mark.slow
def test_two_phase_commit_blocks_when_its_coordinator_falls_silent_for_good() -> None:
    assert broken(module("two_phase_commit").scenario(blocking=True), runs=2000) == "nobody waits"
