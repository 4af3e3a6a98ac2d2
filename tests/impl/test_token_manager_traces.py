"""The shortest runs that were found against each wrong variant, kept: what they show stays shown.

Each file of tests/traces/ is the minimised run of one mutant. It must replay step by step with equal
digests, so that no change of the code alters what nodes do; it must break the mutant; and the same
choices, as far as they fit, must not break the right system.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.systems.token_manager import ENTRY
from counterpoint.impl.token_manager_rules import VARIANTS
from counterpoint.model.search.replay import judge, run_leniently
from counterpoint.model.search.replay_file import replay
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import read_trace

TRACES = Path(__file__).parents[1] / "traces"


def replayed(mutant: str) -> Trace:
    """Return the kept run of a mutant, compared with its file after every step."""
    file = read_trace(TRACES / f"token_manager-{mutant}.trace.jsonl")
    return replay(file, rebuild(file.origin))


@pytest.mark.parametrize("mutant", VARIANTS)
def test_the_kept_run_breaks_what_the_mutant_breaks(mutant: str) -> None:
    trace = replayed(mutant)
    assert trace.scenario.origin["mutant"] == mutant
    broken = [verdict.property for verdict in judge(trace) if verdict.is_broken]
    assert set(ENTRY.mutants[mutant].breaks) <= set(broken)


@pytest.mark.parametrize("mutant", VARIANTS)
def test_the_right_system_does_as_it_should_in_the_same_run(mutant: str) -> None:
    trace = replayed(mutant)
    right = ENTRY.scenario(trace.scenario.origin["scenario"])
    again = run_leniently(right, trace.choices)
    assert [verdict for verdict in judge(again) if verdict.is_broken] == []
    assert len(again.choices) >= 2
