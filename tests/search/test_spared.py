"""The collector of cycles is spared the tables of a search, for as long as it lasts."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from counterpoint.model.search.walks import spared
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.spared import (
    COLLECTED_SELDOM,
    FROM_SIZE,
    GROWN_BY,
    YOUNG_MAX,
    Spared,
    collected_seldom,
)
from tests.support.abd import abd


@pytest.fixture(autouse=True)
def nothing_is_frozen() -> Iterator[None]:
    """Begin and end as a process does in which nobody has asked the collector for anything."""
    before = gc.get_freeze_count()
    gc.unfreeze()
    yield
    gc.unfreeze()
    if before:
        gc.freeze()


def frozen_at(table: Spared, sizes: list[int]) -> list[int]:
    """Return at which sizes something was frozen."""
    found = []
    for size in sizes:
        before = gc.get_freeze_count()
        new = [[size]]  # something to be frozen
        table.look(size)
        if gc.get_freeze_count() > before:
            found.append(size)
        del new
    return found


@pytest.mark.slow
def test_tables_are_spared_each_time_that_they_have_grown() -> None:
    next_size = int(FROM_SIZE * GROWN_BY)
    sizes = [0, FROM_SIZE - 1, FROM_SIZE, FROM_SIZE + 1, next_size, next_size + 1]
    assert frozen_at(Spared(), sizes) == [FROM_SIZE, next_size]


@pytest.mark.slow
def test_tables_that_are_begun_anew_are_spared_anew() -> None:
    table = Spared()
    assert frozen_at(table, [10 * FROM_SIZE, 5, FROM_SIZE]) == [10 * FROM_SIZE, FROM_SIZE]


def test_at_the_end_everything_is_looked_at_again() -> None:
    table = Spared()
    table.look(FROM_SIZE)
    assert gc.get_freeze_count() > 0
    table.end()
    assert gc.get_freeze_count() == 0


@pytest.mark.slow
def test_what_somebody_else_has_spared_is_left_alone() -> None:
    gc.freeze()
    count = gc.get_freeze_count()
    table = Spared()
    table.look(FROM_SIZE)
    table.end()
    assert 0 < gc.get_freeze_count() <= count


def test_what_has_cycles_is_not_spared_but_looked_through_seldom() -> None:
    before = gc.get_threshold()
    with collected_seldom(has_cycles=True) as spare:
        spare(FROM_SIZE)
        assert gc.get_freeze_count() == 0
        assert gc.get_threshold() == COLLECTED_SELDOM
    assert gc.get_threshold() == before


@pytest.mark.slow
def test_a_block_leaves_the_collector_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spared, "FROM_SIZE", 10)
    frozen = []
    campaign = Campaign(abd(), seed=1)
    campaign.block(range(9), lambda: bool(frozen.append(gc.get_freeze_count())))  # type: ignore[func-returns-value]
    assert frozen[-1] > 0
    assert gc.get_freeze_count() == 0


def test_a_search_leaves_the_collector_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spared, "FROM_SIZE", 10)
    search = Campaign(abd(), seed=1).search(Budgets(runs=200), every_seconds=0.0)
    next(search)
    assert gc.get_freeze_count() > 0
    search.close()  # type: ignore[attr-defined]  # it is a generator, and may be left early
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("before", "within"),
    [((700, 10, 10), (YOUNG_MAX, 10, 10)), ((0, 5, 5), (0, 5, 5)), ((10**6, 1, 1), (10**6, 1, 1))],
)
def test_what_is_new_is_looked_at_seldom_unless_somebody_wants_it_otherwise(
    before: tuple[int, int, int], within: tuple[int, int, int]
) -> None:
    usual = gc.get_threshold()
    gc.set_threshold(*before)
    try:
        with collected_seldom(has_cycles=False):
            assert gc.get_threshold() == within
        assert gc.get_threshold() == before
    finally:
        gc.set_threshold(*usual)
