"""Walks whose chance Hypothesis draws."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.stateful.tapes import BATCH, Tape, walks_by_hypothesis
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.support.abd import abd

pytestmark = pytest.mark.slow


def test_a_tape_is_a_source_of_random_numbers() -> None:
    """Whatever Python's own source can do, in the same ranges; after its end all are the least."""
    tape = Tape(Random(1).randbytes(4000))
    assert len({tape.random() for _ in range(100)}) > 90
    assert {tape.randrange(3) for _ in range(50)} == {0, 1, 2}
    assert {tape.choice("ab") for _ in range(50)} == {"a", "b"}
    assert sorted(tape.sample(range(5), 5)) == [0, 1, 2, 3, 4]
    over = Tape(b"")
    assert (over.random(), over.randint(3, 9), over.choice("ab")) == (0.0, 3, "a")


def test_the_same_bytes_make_the_same_numbers() -> None:
    first, second = Tape(b"abcdefgh"), Tape(b"abcdefgh")
    assert [first.random(), first.getrandbits(9)] == [second.random(), second.getrandbits(9)]


def test_a_seed_makes_the_same_walks_and_shards_share_them() -> None:
    compiled = Compiled(abd())

    def walks(number: int, shard: tuple[int, int]) -> dict[int, str]:
        found = islice(
            walks_by_hypothesis(lambda _: compiled, number=number, shard=shard), 2 * BATCH
        )
        return {k: repr(walk.run.choices) for k, walk in found}

    whole = walks(1, (0, 1))
    assert whole == walks(1, (0, 1))
    assert set(whole.values()) != set(walks(2, (0, 1)).values())
    first, second = walks(1, (0, 2)), walks(1, (1, 2))
    assert not set(first) & set(second)
    assert {k: v for k, v in {**first, **second}.items() if k in whole} == whole


@pytest.mark.parametrize("seed", [1, pytest.param(7, marks=pytest.mark.nightly)])
def test_a_campaign_by_hypothesis_finds_the_wrong_register(seed: int) -> None:
    campaign = Campaign(abd(writes_back=False), strategy="hypothesis", seed=seed, findings_max=1)
    for _ in campaign.search(Budgets(runs=3_000)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert len(example.trace.choices) == 12
    assert not campaign.is_idle
