"""Every wrong variant of the token manager is found out, by the property that it breaks."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import pytest

from counterpoint.harness.systems.token_manager import ENTRY
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS, TokenRules
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Counterexample

LENGTHS_MAX = {
    "A1": 8, "A2": 11, "A3": 20, "A4": 11, "A5": 13, "A6": 42, "A7": 44, "A8": 30, "A9": 5,
    "A10": 26, "A11": 20, "A12": 46,
}  # fmt: skip
"""How long a minimised run may be; `test_true_minimum` knows which are as short as can be.

With another seed a fixpoint may be longer.
"""

SEED_OF = {"A2": 2, "A3": 7, "A6": 2, "A7": 1, "A11": 2, "A12": 7}
"""With these the way is short; with 0, A2 stops at 12 and A7 at 58 steps."""

CHANGES_ROLES = ("A6", "A7", "A8", "A12")
SLOW = pytest.mark.slow


@cache
def killed(mutant: str, *, seed: int, findings_max: int = 1) -> Counterexample:
    """Return what a search of some thousand runs finds, minimised; a busy machine may take its time."""
    campaign = Campaign(ENTRY.scenario(mutant=mutant), seed=seed, findings_max=findings_max)
    for _ in campaign.search(Budgets(runs=60_000)):
        pass
    example = campaign.counterexample(seconds=1_000)
    assert example is not None, f"{mutant} lives"
    return example


def test_each_variant_differs_from_the_right_rules_in_one_rule_of_its_own() -> None:
    def differences(rules: TokenRules) -> tuple[str, ...]:
        names = (field.name for field in fields(TokenRules))
        return tuple(name for name in names if getattr(rules, name) != getattr(RIGHT, name))

    changed = [differences(rules) for rules in VARIANTS.values()]
    assert all(len(names) == 1 for names in changed)
    assert len(set(changed)) == len(VARIANTS) == len(fields(TokenRules))


def test_the_catalog_lists_every_variant_with_one_property() -> None:
    assert list(ENTRY.mutants) == list(VARIANTS) == [f"A{number}" for number in range(1, 13)]
    assert all(len(mutant.breaks) == 1 for mutant in ENTRY.mutants.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant",
    [pytest.param(m, marks=SLOW if m in (*CHANGES_ROLES, "A3", "A10", "A11") else ())
     for m in VARIANTS],
)  # fmt: skip
def test_every_variant_is_found_out(mutant: str) -> None:
    example = killed(mutant, seed=SEED_OF.get(mutant, 0))
    assert (example.verdict.property,) == ENTRY.mutants[mutant].breaks
    assert example.is_fixpoint
    assert len(example.trace.choices) <= LENGTHS_MAX[mutant]
    has_change = any(
        event.kind == "role" and event.value == "server" for event in example.trace.events
    )
    assert has_change == (mutant in CHANGES_ROLES), "a change of role, exactly where it takes one"


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("mutant", VARIANTS)
def test_every_variant_is_found_out_whatever_the_seed(mutant: str, seed: int) -> None:
    example = killed(mutant, seed=seed, findings_max=3)
    assert (example.verdict.property,) == ENTRY.mutants[mutant].breaks
    assert example.is_fixpoint


@pytest.mark.slow
def test_two_incomparable_snapshots_are_shown_as_such() -> None:
    example = killed("A3", seed=SEED_OF["A3"])
    assert "are two incomparable snapshots" in example.verdict.summary
    assert len(example.verdict.because) == 4
