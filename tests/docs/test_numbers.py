"""Numbers in the prose of the pages are those of the outputs beside them, or of a test."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from counterpoint.harness.catalog import entry
from counterpoint.harness.named_systems import SYSTEMS
from counterpoint.harness.plugin.effort import DEFAULTS
from counterpoint.harness.plugin.verification import EXAMPLES_SHARE
from tests.docs.numbers import Claim, claims
from tests.docs.pages import ROOT, all_pages

WRITTEN_ONCE = ("CHANGELOG.md", "docs/decisions/", "docs/reference/")
"""What a decision measured stays as it was; the reference is written from the docstrings."""

PAGES = [
    page for page in all_pages() if not page.relative_to(ROOT).as_posix().startswith(WRITTEN_ONCE)
]
HYPOTHESIS_EXAMPLES = 100
"""The default of Hypothesis."""

SETTINGS = {
    "20 runs": HYPOTHESIS_EXAMPLES // EXAMPLES_SHARE,
    "2000 walks": DEFAULTS.runs,
}
MEASURED_ONCE = {
    "42 choices": "explains a depth of 43",
    "29,593,171 states": "how far it came before it could be completed",
    "2,631,968 states": "with whole histories, which no setting brings back",
    "100,000 runs": "of the token manager, the search of a night",
    "100,000 operations": "of a benchmark, the causal row",
}
WORDS = dict(zip(("five", "six", "ten", "eleven", "twelve"), (5, 6, 10, 11, 12), strict=True))


@cache
def literals() -> frozenset[int]:
    """Return the numbers above a hundred that stand in the tests."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    found = (re.findall(r"(?<![\w.])\d[\d_]*(?![\w.])", text) for text in texts)
    numbers = {int(text.rstrip("_").replace("_", "")) for texts in found for text in texts}
    return frozenset(number for number in numbers if number > 100)


def is_held(claim: Claim) -> bool:
    """Tell whether something that is run shows the number."""
    if claim.is_shown or claim.text in MEASURED_ONCE:
        return True
    if claim.text in SETTINGS:
        return SETTINGS[claim.text] == claim.value
    return claim.what != "step" and claim.value in literals()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_number_in_prose_is_shown_beside_it_or_tested(page: Path) -> None:
    made_up = [
        f"{page.relative_to(ROOT)}:{claim.line}: {claim.text}"
        for claim in claims(page.read_text(encoding="utf-8"))
        if not is_held(claim)
    ]
    assert made_up == []


def test_there_are_numbers_to_hold_and_no_exception_without_need() -> None:
    found = [c for page in PAGES for c in claims(page.read_text(encoding="utf-8"))]
    assert len(found) > 15
    assert any(claim.what == "step" and claim.row for claim in found)
    assert {*MEASURED_ONCE, *SETTINGS} <= {claim.text for claim in found}


SHOWN = "```console\n$ counterpoint fuzz x --runs 30\nstep 3: lost\n   2  │ c2 ← granted\n```\n"


@pytest.mark.parametrize(
    ("prose", "is_right"),
    [
        ("At step 3 it is lost.", True),
        ("At step 4 it is lost.", False),
        ("It is granted at step 2.", False),
        ("<!-- step 2: c2 ← granted -->\nIt is granted at step 2.", True),
        ("<!-- step 2: c1 ← granted -->\nIt is granted at step 2.", False),
        ("<!-- step 3: c2 ← granted -->\nIt is granted at step 3.", False),
        ("After 30 runs.", True),
        ("After 31 runs.", False),
        ("`m@7` is of step 7.", True),
        ("`m@7` is of step 6.", False),
    ],
)
def test_a_number_is_held_to_the_output_of_its_section(prose: str, is_right: bool) -> None:
    [claim] = claims(f"# A\n\n{prose}\n\n{SHOWN}\n# B\n\n```text\nstep 4, 31 runs, step 6\n```\n")
    assert claim.is_shown == is_right


# ---- how many wrong variants there are -----------------------------------------------------------


def test_the_readme_counts_the_wrong_variants_as_the_catalog_has_them() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|.*works: (\d+) wrong variants", text, re.MULTILINE))
    assert told == {name: str(len(entry(name).mutants)) for name in SYSTEMS}


def test_the_index_counts_the_ways_to_get_it_wrong_as_the_catalog_has_them() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    told = re.findall(r"\((?:explanation/)(\w+)\.md\).*\b(\w+) ways to get (?:it|them) wrong", text)
    stores = len(entry("causal_deps").mutants) + len(entry("causal_lamport").mutants)
    counts = {name: len(entry(name).mutants) for name in ("register", "token_manager")}
    assert {page: WORDS[word] for page, word in told} == {**counts, "causal_stores": stores}
