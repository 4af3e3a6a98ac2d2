"""Numbers name actions by content: what else is legal decides nothing between two of them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.model.actions import Call, Deliver
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.stateful.legal import legal
from counterpoint.model.search.stateful.ranking import RANKING_MAX, Ranking
from counterpoint.model.world import Action
from tests.support.abd import Query, Read, Write, abd
from tests.support.echo import echo
from tests.support.nights import by_day

NUMBERS = st.integers(0, RANKING_MAX)
RANKING = Ranking(abd())
CONTENTS = [Deliver("c2", f"r{r}", Query(n)) for r in (1, 2, 3) for n in (1, 2)]


@pytest.mark.slow
@given(NUMBERS.filter(bool), NUMBERS, st.lists(st.sampled_from(CONTENTS), min_size=1, unique=True))
def test_leaving_out_options_changes_no_preference(
    number: int, swarm: int, options: list[Deliver]
) -> None:
    """The first in rank stays the first, in any order and without any of the others."""
    first = RANKING.first(options, number, swarm)
    assert RANKING.first(options[::-1], number, swarm) == first
    for other in options:
        assert RANKING.first([other, first], number, swarm) == first


def test_ranking_0_is_the_order_of_the_options() -> None:
    assert RANKING.first(CONTENTS, 0) == CONTENTS[0]
    assert RANKING.first(CONTENTS[::-1], 0) == CONTENTS[-1]


@pytest.mark.slow
def test_the_rankings_are_impartial_without_a_swarm() -> None:
    firsts = Counter(RANKING.first(CONTENTS, number) for number in range(1, RANKING_MAX))
    fair = RANKING_MAX / len(CONTENTS)
    assert all(0.9 * fair < count < 1.1 * fair for count in firsts.values())
    assert len(firsts) == len(CONTENTS)


@pytest.mark.slow
@pytest.mark.parametrize("steps", by_day(4, 12))
def test_every_legal_action_has_a_number(steps: int) -> None:
    """Also faults, which only one number in four stands for."""
    scenario = echo()
    ranking, random = Ranking(scenario), Random(1)
    run = Simulation(Compiled(scenario))
    for _ in range(steps):
        options = {action: legal(run, action) for action in scenario.actions}
        chosen = {ranking.choose(options.__getitem__, n) for n in range(RANKING_MAX + 1)}
        expected = {option for found in options.values() for option in found}
        assert chosen == expected
        run.attempt(random.choice(sorted(expected, key=repr)))


@pytest.mark.slow
def test_the_swarm_decides_which_faults_take_part() -> None:
    scenario = echo()
    run, ranking = Simulation(Compiled(scenario)), Ranking(scenario)
    run.attempt(Call("c1", 1))
    cached: dict[type[Action], tuple[Action, ...]] = {a: legal(run, a) for a in scenario.actions}
    choose = partial(ranking.choose, cached.__getitem__)
    kinds = {
        swarm: frozenset(c.kind for n in range(800) if (c := choose(n, swarm)) is not None)
        for swarm in range(4, 60)
    }
    assert len(set(kinds.values())) > 20
    assert kinds[4] == kinds[8] == {"deliver", "fire"}, "no faults in a run in four"


def test_nothing_is_chosen_when_nothing_goes_on() -> None:
    none: dict[type[Action], tuple[Action, ...]] = dict.fromkeys(abd().actions, ())
    assert RANKING.choose(none.__getitem__, 5) is None
    calls = {**none, Call: (Call("c1", Write(1)), Call("c2", Read()))}
    assert RANKING.choose(calls.__getitem__, 0) == Call("c1", Write(1))
