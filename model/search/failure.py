"""A broken property as an exception: what a test raises, with the run and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.replay import judge
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.trace import Trace
from counterpoint.model.values import Json
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action


class PropertyBroken(AssertionError):
    """A run broke a property.

    `trace` is the run and `verdict` the judgement of the property, `verdicts` those of all.
    `steps_found` is how long the run was before it was minimised, None if it was not; `search` says
    how it was found, as a trace file records it.
    """

    def __init__(
        self,
        trace: Trace,
        verdict: Verdict,
        verdicts: tuple[Verdict, ...],
        *,
        steps_found: int | None = None,
        search: Mapping[str, Json] = MappingProxyType({}),
    ) -> None:
        self.trace, self.verdict, self.verdicts = trace, verdict, verdicts
        self.steps_found, self.search = steps_found, search
        count = len(trace.choices)
        length = f"{count} steps" if steps_found is None else f"{steps_found} steps -> {count}"
        super().__init__(f"{verdict.property}: {verdict.summary} ({length})")


def failure_of(
    scenario: Scenario,
    choices: Sequence[Action],
    name: str,
    *,
    steps_found: int | None = None,
    search: Mapping[str, Json] = MappingProxyType({}),
) -> PropertyBroken:
    """Return the exception that says how these choices break the property of that name.

    The reference world makes the run again; if it finds nothing wrong, the engines disagree.
    """
    trace = run_reference(scenario, choices)
    verdicts = judge(trace)
    verdict = next((v for v in verdicts if v.is_broken and v.property == name), None)
    assert verdict is not None, f"the reference world does not break {name!r} after {choices!r}"
    return PropertyBroken(trace, verdict, verdicts, steps_found=steps_found, search=search)


class ExaminedNothing(AssertionError):
    """A search whose runs completed next to no calls: it has judged nothing and proves nothing."""


for _error in (PropertyBroken, ExaminedNothing):
    _error.__module__ = (
        "counterpoint"  # where users import it from; summaries have room for no more
    )


def require_yield(scenario: Scenario, *, runs: int, completed: int) -> None:
    """Refuse a search that completed fewer calls per run than the scenario demands.

    Raises:
        ExaminedNothing: as it says.
    """
    if runs and completed >= scenario.calls_floor * runs:
        return
    per_run = completed / runs if runs else 0.0
    raise ExaminedNothing(
        f"the search of {scenario.name!r} examined nothing: {completed} calls completed in {runs} "
        f"runs, {per_run:.2f} a run; its floor is {scenario.calls_floor} (Scenario.calls_floor). "
        "Give the runs more steps or fewer faults, or the clients calls that can complete"
    )
