"""What scenarios were written with keeps working for one version, and says what to write now."""

from __future__ import annotations

from typing import Any

import pytest

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.world import World, begin
from tests.support.echo import echo

MAKE: Any = Scenario
GIVEN = {"name": "s", "system": echo().system, "calls": {}, "properties": ()}


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("steps", "walk_steps", (3, 4)), ("calls_floor", "min_calls_per_run", 7.5)],
)
def test_a_former_name_of_a_field_is_taken_and_shown_with_a_warning(
    old: str, new: str, value: object
) -> None:
    said = rf"^Scenario\.{old} is Scenario\.{new} now$"
    with pytest.warns(DeprecationWarning, match=said) as told:
        scenario = MAKE(**GIVEN, **{old: value})
    with pytest.warns(DeprecationWarning, match=said) as shown:
        assert getattr(scenario, old) == value
    assert [warning.filename for warning in (*told, *shown)] == [__file__, __file__]
    assert getattr(scenario, new) == value
    assert scenario == MAKE(**GIVEN, **{new: value})


def test_a_field_given_by_both_names_is_refused() -> None:
    with pytest.raises(TypeError, match="got steps and walk_steps, which are one field"):
        MAKE(**GIVEN, steps=(1, 2), walk_steps=(1, 2))


def test_but_is_replace_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"Scenario.but is Scenario.replace now") as told:
        changed = echo().but(faults_max=3)
    assert told[0].filename == __file__
    assert (changed.faults_max, changed.name) == (3, echo().name)


@pytest.mark.parametrize("state", [begin(echo()).world, Simulation(Compiled(echo()))])
def test_core_is_node_state_with_a_warning(state: World | Simulation) -> None:
    """A fault of one's own may ask for it, of either engine."""
    with pytest.warns(DeprecationWarning, match=r"core is \w+.node_state now$") as told:
        found = state.core("c1")
    assert told[0].filename == __file__
    assert found == state.node_state("c1")
