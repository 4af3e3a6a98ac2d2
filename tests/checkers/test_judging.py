"""What checkers share: nothing can be spared of what a shrink leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.judging import shrink

Numbers = tuple[int, ...]

pytestmark = pytest.mark.slow


def without(numbers: Numbers, gone: range) -> Numbers | None:
    return numbers[: gone.start] + numbers[gone.stop :] or None


def singles(numbers: Numbers) -> list[Numbers]:
    return [numbers[:place] + numbers[place + 1 :] for place in range(len(numbers))]


@given(st.integers(1, 40), st.sets(st.frozensets(st.integers(0, 39), min_size=1), min_size=1))
def test_what_contains_a_failure_fails_and_is_shrunk_to_one(
    count: int, failures: set[frozenset[int]]
) -> None:
    """For all sets of failures: what is left is one of them, whether or not that is told before."""

    def fails(numbers: Numbers) -> bool:
        return any(failure <= set(numbers) for failure in failures)

    whole = tuple(range(count))
    if fails(whole):
        for is_monotone in (False, True):
            left = shrink(whole, len, without, fails, is_monotone=is_monotone)
            assert fails(left)
            assert not any(map(fails, singles(left)))


@given(st.integers(2, 60), st.integers(2, 5))
def test_no_single_part_can_be_spared_where_less_may_be_right(count: int, divisor: int) -> None:
    """For all failures that more can mend, too."""

    def fails(numbers: Numbers) -> bool:
        return sum(numbers) % divisor == count * (count - 1) // 2 % divisor

    left = shrink(tuple(range(count)), len, without, fails)
    assert fails(left)
    assert not any(smaller and fails(smaller) for smaller in singles(left))
