"""A search within bounded memory: it forgets its tables in time, and makes the same runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from counterpoint.harness.catalog import build
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.judgements import Ruling
from counterpoint.model.search.walks import judged_histories, tables_max
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.judged_histories import HistoryKey, JudgedHistories
from counterpoint.model.search.walks.tables_max import KEPT_SHARE, LEAST, TablesMax
from tests.support.abd import abd
from tests.support.echo import echo
from tests.support.nights import by_day


def always() -> bool:
    """Memory is full."""
    return True


def found(scenario: Scenario, runs: int, is_full: Callable[[], bool] | None) -> object:
    """Return all that a search comes to."""
    campaign = Campaign(scenario, seed=5, findings_max=2, is_full=is_full)
    for progress in campaign.search(Budgets(runs=runs)):
        last = progress
    counts = (last.runs, last.steps, last.completed_calls, last.faults, last.calls)
    example = campaign.counterexample(seconds=600)
    choices = example.trace.choices if example else None
    passing = campaign.typical_passing()
    identity = passing.final.identity if passing else None
    return counts, campaign.judgements, campaign.findings, choices, identity


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "runs"),
    [(build("causal_deps"), 40), (build("register"), 60), (abd(writes_back=False), 400)],
    ids=["causal_deps", "register", "abd"],
)
@pytest.mark.parametrize("share", by_day(3, 1))
def test_the_runs_are_the_same_however_little_is_remembered(
    scenario: Scenario, runs: int, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs //= share
    whole = found(scenario, runs, None)
    monkeypatch.setattr(tables_max, "LEAST", 0)
    monkeypatch.setattr(tables_max, "ASK_EVERY", 1)
    asked: list[bool] = []

    def is_full() -> bool:
        asked.append(True)
        return True

    assert found(scenario, runs, is_full) == whole
    assert len(asked) >= 10


def test_tables_are_kept_while_memory_is_not_full() -> None:
    tables = TablesMax(lambda: False)
    assert not any(tables.is_reached(size) for size in range(0, 10**6, 1_000))
    assert not any(TablesMax().is_reached(size) for size in range(0, 10**6, 1_000))


def test_small_tables_are_kept_as_they_do_not_fill_the_memory() -> None:
    tables = TablesMax(always)
    assert not any(tables.is_reached(size) for size in range(LEAST))
    assert tables.is_reached(LEAST)


def test_what_was_freed_and_still_counts_does_not_end_young_tables() -> None:
    full = [False, True]
    tables = TablesMax(lambda: full.pop(0) if full else False)
    assert [tables.is_reached(size) for size in (100_000, 200_000)] == [False, True]
    least = int(200_000 * KEPT_SHARE)
    reached = [tables.is_reached(size) for size in (LEAST, 100_000, least - 1, least, least)]
    assert reached == [False, False, False, True, True], "by size alone, as memory is full no more"


def test_tables_that_fill_the_memory_again_are_allowed_less() -> None:
    tables = TablesMax(always)
    assert tables.is_reached(100_000)
    sizes = []
    for _ in range(3):
        sizes.append(next(size for size in range(LEAST, 10**6) if tables.is_reached(size)))
    assert sizes == [80_000, 64_000, 51_200]


def test_a_search_whose_memory_is_never_full_asks_seldom() -> None:
    asked = 0

    def is_full() -> bool:
        nonlocal asked
        asked += 1
        return False

    campaign = Campaign(echo(), seed=1, is_full=is_full)
    for _ in campaign.search(Budgets(runs=50)):
        pass
    assert asked == 0, "its tables stay small"


def ruling(history: HistoryKey) -> tuple[Ruling, ...]:
    """Judge a history by its length."""
    return (Ruling("even", "holds" if len(history) % 2 == 0 else "broken"),)


def test_a_history_that_comes_back_is_judged_once() -> None:
    judged, memory = [], JudgedHistories()

    def judge(history: HistoryKey) -> tuple[Ruling, ...]:
        judged.append(history)
        return ruling(history)

    for number in range(3 * judged_histories.ON_TRIAL):
        history = (1,) * (number % 4)
        assert memory.ruled(history, judge) == ruling(history)
    assert len(judged) == 4
    assert memory.pays


def test_histories_that_never_come_back_are_not_kept() -> None:
    memory = JudgedHistories()
    for number in range(judged_histories.ON_TRIAL):
        assert memory.pays
        assert memory.ruled((number,), ruling) == ruling((number,))
    assert not memory.pays
    assert len(memory) == 0
    assert memory.ruled((1, 2), ruling) == ruling((1, 2))


def test_no_more_histories_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_histories, "KEPT_MAX", 10)
    memory = JudgedHistories()
    for number in range(100):
        memory.ruled((number % 30,), ruling)
        assert 1 <= len(memory) <= 10
