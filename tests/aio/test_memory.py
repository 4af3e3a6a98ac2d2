"""A search of programs that goes on uses no more memory than one that has just begun."""

from __future__ import annotations

import pytest

from tests.bench.measure import process_used

SEARCH = """
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.aio.test_exploration import reads_then_writes, updates

scenario = updates(reads_then_writes, reads_then_writes).replace(properties=())
for _ in Campaign(scenario, seed=1).search(Budgets(runs={runs})):
    pass
"""


def memory_of(runs: int) -> int:
    """Return the most memory that a process used that made so many runs, in bytes."""
    return process_used(["-c", SEARCH.format(runs=runs)])[1]


@pytest.mark.nightly
def test_memory_is_flat_over_many_runs() -> None:
    """Tables are forgotten every 500 runs, and what was learnt of programs with them."""
    few, many = memory_of(5_000), memory_of(20_000)
    assert many <= 1.1 * few, f"{few:,} bytes after 5,000 runs, {many:,} after 20,000"
