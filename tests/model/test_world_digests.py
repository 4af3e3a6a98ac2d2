"""Digests that are put together from what worlds share are those of the whole form of each world."""

from __future__ import annotations

import random

import pytest

from counterpoint.harness.catalog import build
from counterpoint.model.forms import world_form
from counterpoint.model.search.replay import enabled, record
from counterpoint.model.values import digest_of
from counterpoint.model.world_digests import WorldDigests


@pytest.mark.parametrize("system", ["register", "token_manager", "causal_deps", "causal_lamport"])
@pytest.mark.parametrize("network", ["unordered", "ordered"])
def test_a_world_has_the_digest_of_its_form_whatever_was_asked_before(
    system: str, network: str
) -> None:
    """For each world of a run of any legal choices, one after the other and in any order."""
    lots = random.Random(f"{system} {network}")
    recorder = record(build(system).replace(network=network))
    for _ in range(12):
        recorder.take(lots.choice(enabled(recorder.world)))
        if recorder.failure is not None:
            break
    digests = WorldDigests()
    in_any_order = lots.sample(recorder.worlds, len(recorder.worlds))
    for world in (*recorder.worlds, *in_any_order):
        assert digests.digest(world) == digest_of(world_form(world))
    assert len({digests.digest(world) for world in recorder.worlds}) > 6
