"""Coverage: what is counted in parts is what is counted at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.harness.catalog import build
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.coverage import (
    KEPT_MAX,
    Coverage,
    CoverageReader,
    DistinctCount,
)
from counterpoint.model.search.walks.stable_hash import StableHasher
from counterpoint.model.values import canonical, json_text


@dataclass(frozen=True, slots=True)
class Pair:
    """A value of a class."""

    one: object
    other: object


@pytest.mark.slow
@given(st.lists(st.sets(st.integers(0, 2**64 - 1), max_size=20)))
def test_few_things_are_counted_exactly_in_any_parts(parts: list[set[int]]) -> None:
    """For all sets: the count of their union is the size of their union."""
    counted = DistinctCount()
    for part in parts:
        counted = counted.plus(part)
    assert counted.count == len(set().union(*parts))


def test_many_things_are_counted_within_ten_percent_in_any_order_and_parts() -> None:
    random = Random(1)
    things = [random.getrandbits(64) for _ in range(50_000)]
    whole = DistinctCount().plus(things)
    assert abs(whole.count / len(things) - 1) < 0.1
    assert len(whole.smallest) == KEPT_MAX
    one, other = DistinctCount().plus(things[:30_000]), DistinctCount().plus(things[20_000:])
    assert one.plus(other.smallest) == other.plus(one.smallest) == whole


def searched(runs: int, shard: tuple[int, int] = (0, 1)) -> Campaign:
    campaign = Campaign(build("register", scenario="small"), shard=shard)
    list(campaign.search(Budgets(runs=runs)))
    return campaign


@pytest.mark.slow
def test_what_two_halves_of_a_search_see_is_what_the_whole_sees() -> None:
    whole = searched(60).coverage
    halves = searched(30, (0, 2)).coverage.plus(searched(30, (1, 2)).coverage)
    assert halves == whole
    assert whole.node_states.count > 10
    assert whole.transitions.count > whole.node_states.count


@pytest.mark.slow
def test_a_reader_reads_each_thing_once_and_misses_none() -> None:
    campaign = searched(5)
    reader = CoverageReader(campaign._compiled)
    first = reader.read()
    assert reader.read() == Coverage()
    list(campaign.search(Budgets(runs=60)))
    assert first.plus(reader.read()) == campaign.coverage
    assert campaign.coverage.node_states.count == len(campaign._compiled.node_states)
    assert campaign.coverage.transitions.count == sum(map(len, campaign._compiled.reactions))


COUNTED = """
from tests.campaign.test_coverage import searched
print(searched(20).coverage.transitions.smallest)
"""


@pytest.mark.slow
def test_every_process_gives_a_state_the_same_hash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTED],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == str(searched(20).coverage.transitions.smallest)


ATOMS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "set", "none"])
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(inner, max_size=3)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(VALUES, VALUES)
def test_hashes_tell_apart_what_canonical_forms_tell_apart(one: object, other: object) -> None:
    """For all values: equal hashes exactly where the canonical texts are equal, the slow twin."""
    hasher = StableHasher()
    is_same = json_text(canonical(one)) == json_text(canonical(other))
    assert (hasher.of(one) == hasher.of(other)) == is_same
    assert StableHasher().of(one) == hasher.of(one)
