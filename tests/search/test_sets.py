"""Sets of packed states agree with Python's sets of tuples, whatever their width and their ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from counterpoint.model.search.columnar.packing import FieldLayout, Words  # noqa: E402  numpy must be there first
from counterpoint.model.search.columnar.parallel import Crew  # noqa: E402
from counterpoint.model.search.columnar.sets import (  # noqa: E402
    fresh,
    merged,
    minus,
    nothing,
    ordered,
    union,
    unique,
)
from tests.support.nights import examples  # noqa: E402

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


@examples(60)
@given(data=st.data())
def test_states_move_between_layouts_field_by_field(data: st.DataObject) -> None:
    """Whatever fields widen or narrow: packing the fields again is the twin, and order is kept."""
    sizes = data.draw(st.lists(st.integers(1, 1 << 20), min_size=1, max_size=9))
    spare = st.lists(st.integers(0, 40), min_size=len(sizes), max_size=len(sizes))
    before, after = (
        FieldLayout(
            tuple(size.bit_length() + s for size, s in zip(sizes, data.draw(spare), strict=True))
        )
        for _ in range(2)
    )
    random = np.random.default_rng(len(sizes))
    fields = [np.minimum(random.integers(0, size + 1, 30), size) for size in sizes]
    states = unique(before.pack(fields))
    moved = before.convert(states, after)
    packed = after.pack([before.field(states, k) for k in range(len(sizes))])
    assert [word.tolist() for word in moved] == [word.tolist() for word in packed]
    assert tuples(moved, after) == sorted(tuples(states, before))


@pytest.mark.parametrize("second", [3, 40, 64])
def test_states_of_two_words_are_ordered(second: int) -> None:
    """Whether what the second word needs fits beside a number for the first, or not."""
    layout, random = FieldLayout((60, second)), np.random.default_rng(second)
    firsts, seconds = random.integers(0, 40, 500), random.integers(0, 1 << min(second, 62), 500)
    words = layout.pack([firsts, seconds])
    assert tuples(ordered(words), layout) == sorted(tuples(words, layout))
    assert ordered(nothing(2))[0].size == 0


def test_layouts_are_wide_where_that_costs_no_word() -> None:
    one = FieldLayout((6, 6)).holding([65, 3])
    assert one.widths == (8, 6)
    assert one.holding([256, 64]) == one
    many = FieldLayout((20, 20, 20)).holding([1 << 20, 1 << 25, 9])
    assert many.widths == (20, 25, 4)
    assert FieldLayout((30, 30)).holding([1 << 33, 1 << 34]).widths == (33, 34)
