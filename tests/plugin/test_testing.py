"""`verify` and `machine` without pytest: what they promise to anybody who calls them."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

import counterpoint
from counterpoint.harness.plugin.effort import DEFAULTS, UNSAID, SearchEffort
from counterpoint.harness.plugin.verification import (
    Searched,
    Verification,
    scenario_of,
    verification_of,
)
from counterpoint.harness.profiles import register_profiles
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.support.abd import abd, hasty

FACE = Path(counterpoint.__file__)


def test_a_test_that_holds_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    test = counterpoint.verify(abd(), runs=40, examples=2)
    test()
    assert capfd.readouterr() == ("", "")
    assert test.__doc__ == "The scenario 'abd' holds."


def test_a_test_that_breaks_raises_the_minimised_run() -> None:
    with pytest.raises(counterpoint.PropertyBroken) as caught:
        counterpoint.verify(hasty(), seed=7)()
    error = caught.value
    assert len(error.trace.choices) == 7
    assert error.search == {"seed": 7, "strategy": "mixed", "run": 6}
    assert str(error).endswith(f"({error.steps_found} steps -> 7)")
    [steps] = error.__notes__
    assert steps.splitlines()[1].startswith("   0  call(c")
    assert len(steps.splitlines()) == 8


def test_a_search_below_the_floor_of_calls_fails() -> None:
    with pytest.raises(counterpoint.ExaminedNothing, match=r"in 30 runs, \d\.\d\d a run"):
        counterpoint.verify(abd(min_calls_per_run=3.5), runs=30)()


def test_an_expected_failure_passes_if_that_property_breaks_and_no_other_hides_it() -> None:
    hides = counterpoint.Property("hides", lambda _: False)
    scenario = hasty().replace(properties=(hides, *hasty().properties))
    test = counterpoint.verify(scenario, seed=7, expect="no early read")
    test()
    assert test.__doc__ == "The scenario 'abd' breaks 'no early read'."
    searched = Verification(scenario, expect="no early read").check(SearchEffort(seed=7))
    assert searched.expected == "no early read"
    assert searched.runs == 7


@pytest.mark.parametrize("examples", [0, 3])
def test_an_expected_failure_that_does_not_come_about_fails(examples: int) -> None:
    test = counterpoint.verify(abd(), runs=30, examples=examples, expect="never back")
    runs = 30 if examples == 0 else r"3\d"
    with pytest.raises(counterpoint.NothingBroke, match=f"never back of 'abd' .* {runs} runs"):
        test()


def test_an_expected_failure_of_a_search_that_examines_nothing_says_so() -> None:
    with pytest.raises(counterpoint.ExaminedNothing, match="examined nothing"):
        counterpoint.verify(abd(min_calls_per_run=9), runs=9, expect="never back")()


@pytest.mark.slow
def test_the_state_machine_finds_an_expected_failure_where_walks_do_not() -> None:
    counterpoint.verify(hasty(), runs=1, seed=7, examples=200, expect="no early read")()


def test_an_expected_failure_of_no_property_is_refused() -> None:
    with pytest.raises(
        counterpoint.BadScenario, match="'x' is no property of 'abd'; there are: never back"
    ):
        counterpoint.verify(abd(), expect="x")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uniform", "swarm", "pct", "mixed", "hypothesis"])
def test_every_strategy_can_be_asked_for(strategy: str) -> None:
    asked = SearchEffort(runs=30, strategy=strategy, examples=0)  # type: ignore[arg-type]
    searched = Verification(abd(), asked).check()
    assert searched.runs == 30
    assert searched.completed_calls > 30


@pytest.mark.slow
def test_the_seed_decides_all_of_it() -> None:
    def searched(seed: int) -> Searched:
        return Verification(abd(), SearchEffort(runs=30, examples=5, seed=seed)).check()

    assert searched(1) == searched(1)
    assert searched(1).faults != searched(2).faults


@pytest.mark.slow
def test_shards_make_the_walks_of_the_whole_between_them() -> None:
    verification = Verification(abd(), SearchEffort(runs=31, seed=5, examples=0))
    whole = verification.check()
    parts = [verification.check(shard=(part, 3)) for part in range(3)]
    assert [part.runs for part in parts] == [11, 10, 10]
    assert sum(part.steps for part in parts) == whole.steps


@pytest.mark.slow
def test_without_any_word_the_defaults_hold() -> None:
    campaign = Campaign(abd(), seed=0)
    for _ in campaign.search(Budgets(runs=DEFAULTS.runs)):
        pass
    searched = Verification(abd()).check(SearchEffort(examples=0))
    assert (searched.runs, searched.steps) == (DEFAULTS.runs, campaign.progress.steps)


@pytest.mark.parametrize(
    ("asked", "own", "defaults", "expected"),
    [
        pytest.param(UNSAID, UNSAID, SearchEffort(runs=5), (5, None), id="defaults"),
        pytest.param(
            UNSAID,
            SearchEffort(seconds=3),
            SearchEffort(runs=5),
            (None, 3),
            id="its own bound alone",
        ),
        pytest.param(
            SearchEffort(runs=9), SearchEffort(runs=4), SearchEffort(runs=5), (9, None), id="asked"
        ),
        pytest.param(
            SearchEffort(runs=9), SearchEffort(seconds=3), SearchEffort(runs=5), (9, 3), id="both"
        ),
    ],
)
def test_who_bounds_a_search(
    asked: SearchEffort,
    own: SearchEffort,
    defaults: SearchEffort,
    expected: tuple[int | None, float | None],
) -> None:
    effort = asked.over(own).within(defaults)
    assert (effort.runs, effort.seconds) == expected


def test_other_tests_are_none_of_ours() -> None:
    assert verification_of(test_other_tests_are_none_of_ours) is None
    assert scenario_of(test_other_tests_are_none_of_ours) is None
    ours = abd()
    assert scenario_of(counterpoint.machine(ours)) is scenario_of(counterpoint.verify(ours)) is ours


def test_profiles_that_are_there_stay_as_they_are() -> None:
    register_profiles()
    own = settings.get_profile("dev")
    register_profiles()
    assert settings.get_profile("dev") is own
    assert settings.get_profile("nightly").derandomize is False


# ---- the public face -----------------------------------------------------------------------------


def test_every_public_name_is_there_and_found_by_type_checkers() -> None:
    assert [name for name in counterpoint.__all__ if not hasattr(counterpoint, name)] == []
    assert set(counterpoint.__all__) <= set(dir(counterpoint))
    stub = ast.parse(FACE.with_suffix(".pyi").read_text())
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for alias in node.names:
            home = import_module(str(node.module))
            assert getattr(counterpoint, alias.name) is getattr(home, alias.name)
    found = {str(alias.asname) for node in imports for alias in node.names}
    folders = {name for name in found if isinstance(getattr(counterpoint, name), ModuleType)}
    assert found - folders == set(counterpoint.__all__)


def test_a_name_that_is_not_there_is_refused() -> None:
    name = "nothing"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(counterpoint, name)


@pytest.mark.slow
def test_the_import_alone_imports_nothing() -> None:
    code = (
        "import sys, counterpoint; print([m for m in sys.modules if m.startswith('counterpoint')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['counterpoint']\n"
    code = "import sys, counterpoint; counterpoint.verify; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
