"""Detours: one step more in a failing run, whatever is possible there, and then fewer others."""

from __future__ import annotations

from random import Random

import pytest
from docs.gallery.raft import scenario as raft

from counterpoint.harness.only import only_claim
from counterpoint.model.actions import Settle
from counterpoint.model.search.detours import Detours, detours
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Minimiser
from counterpoint.model.search.options import parts
from counterpoint.model.search.replay import enabled, run
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.world import Action
from tests.search.little import little


def detours_by_reference(compiled: Compiled, choices: tuple[Action, ...]) -> set[object]:
    """The stupid twin: before each step, all that the reference world allows, of the run's kinds."""
    beginning, _ = parts(choices)
    kinds = {"deliver", "call", "fire"} | {choice.kind for choice in beginning}
    return {
        (*choices[:at], step, *choices[at:])
        for at in range(len(beginning) + 1)
        for step in enabled(run(compiled.scenario, choices[:at]).final)
        if step.kind in kinds and (at == len(choices) or step != choices[at])
    }


@pytest.mark.parametrize("seed", range(10))
def test_every_other_possible_step_is_tried_before_each_step(seed: int) -> None:
    compiled = Compiled(little(seed))
    choices = tuple(walk(compiled, Random(seed), "uniform").run.choices)
    found = list(detours(compiled, choices))
    assert set(found) == detours_by_reference(compiled, choices)
    assert len(found) == len(set(found))


@pytest.mark.slow
@pytest.mark.nightly
def test_a_run_that_needs_each_of_its_steps_becomes_shorter_by_one_more() -> None:
    """A leader of Raft without an entry of its own; a vote more spares a round after the faults."""
    compiled = Compiled(only_claim(raft("does not begin its term"), "liveness"))
    examiner = Examiner(compiled)
    minimiser = Minimiser(compiled, examiner)
    walks = (walk(compiled, Random(number), "pct") for number in range(3_000))
    broken = next(w.run for w in walks if examiner.is_broken(w.run, "liveness", w.failure))
    least = minimiser.minimise(broken.choices, "liveness", 1_000).choices
    assert minimiser.minimise(least, "liveness", 1_000).choices == least
    shorter = Detours(compiled, minimiser, "liveness").shorter(least)
    assert shorter is not None
    assert len(shorter) < len(least)
    assert any(isinstance(choice, Settle) for choice in shorter)
    assert minimiser.broken(shorter, "liveness") == shorter
