"""Sets of packed states agree with Python's sets of tuples, whatever their width and their ranges."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.model.search.columnar.packing import FieldLayout, Words  # noqa: E402  numpy must be there first
from counterpoint.model.search.columnar.parallel import Crew  # noqa: E402
from counterpoint.model.search.columnar.sets import (  # noqa: E402
    fresh,
    merged,
    minus,
    nothing,
    union,
    unique,
)

WIDTHS = [(20, 20, 20), (40, 40, 30), (60, 60, 60)]
Rows = set[tuple[int, ...]]


def tuples(words: Words, layout: FieldLayout) -> list[tuple[int, ...]]:
    columns = [layout.field(words, k).tolist() for k in range(len(layout.widths))]
    return list(zip(*columns, strict=True))


def drawn(seed: int, count: int, layout: FieldLayout, values: int = 7) -> tuple[Words, Rows]:
    """Return some states as a set of ours and as one of Python's."""
    random = np.random.default_rng(seed)
    fields = [random.integers(0, values, count) for _ in layout.widths]
    return unique(layout.pack(fields)), set(zip(*(f.tolist() for f in fields), strict=True))


@pytest.mark.parametrize("widths", WIDTHS)
def test_sets_of_states_are_exact(widths: tuple[int, ...]) -> None:
    layout = FieldLayout(widths)
    (ours, left), (theirs, right) = drawn(5, 400, layout), drawn(6, 300, layout)
    assert tuples(ours, layout) == sorted(left)
    assert tuples(union([ours, theirs], layout.word_count), layout) == sorted(left | right)
    assert tuples(minus(ours, [theirs]), layout) == sorted(left - right)
    wider = FieldLayout(tuple(width + 2 for width in widths))
    assert tuples(layout.convert(ours, wider), wider) == sorted(left)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("range_rows", [1, 10, 150, 10_000])
@pytest.mark.parametrize("widths", WIDTHS)
def test_ranges_change_no_set(widths: tuple[int, ...], range_rows: int, workers: int) -> None:
    """What is new, and what a merge gives, is the same however the values are cut."""
    layout = FieldLayout(widths)
    found = [drawn(seed, 80 * seed, layout) for seed in range(1, 5)]
    known = [drawn(seed, 150, layout) for seed in (7, 8)]
    parts, olds = [words for words, _ in found], [words for words, _ in known]
    expected = set[tuple[int, ...]]().union(*(rows for _, rows in found))
    expected -= set[tuple[int, ...]]().union(*(rows for _, rows in known))
    with Crew(workers) as crew:
        new = fresh(parts, olds, crew, range_rows=range_rows)
        both = merged([new, olds[0]], crew, range_rows=range_rows)
    assert tuples(new, layout) == sorted(expected)
    assert tuples(both, layout) == sorted(expected | known[0][1])
    assert len(expected) > 50


def test_nothing_is_new_where_everything_is_known() -> None:
    layout = FieldLayout((60, 60))
    ours, _ = drawn(1, 50, layout)
    empty = nothing(layout.word_count)
    assert tuples(fresh([ours, empty], [ours], Crew(1)), layout) == []
    assert tuples(fresh([empty], [ours], Crew(1)), layout) == []
    assert tuples(fresh([ours], [empty], Crew(1)), layout) == tuples(ours, layout)


def test_rows_that_share_their_first_word_stay_together() -> None:
    """All rows fall into one range: the cuts are at first words, and there is but one."""
    layout = FieldLayout((60, 60))
    random = np.random.default_rng(3)
    second = random.permutation(200)
    ours = unique(layout.pack([np.full(200, 9), second]))
    assert tuples(fresh([ours], [], Crew(1), range_rows=10), layout) == [(9, k) for k in range(200)]
