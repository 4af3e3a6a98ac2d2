"""A campaign in figures, as every report of it tells them: read from the store alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from counterpoint.harness.campaign.estimates import (
    CoverageGrowth,
    coverage_growth,
    failing_share_max,
)
from counterpoint.harness.campaign.lead import TRACES, floors_of, plan_of
from counterpoint.harness.campaign.store import CampaignStore, KeptFailure, KeptTarget
from counterpoint.harness.keeping import command

REPRODUCED, FIXED = "reproduced", "fixed"


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """What is known of a target: what was done, what was seen, which failures there are."""

    done: KeptTarget
    curve: tuple[tuple[int, int, int], ...]
    node_states: int
    transitions: int
    undecided: dict[str, int]
    failures: tuple[KeptFailure, ...]
    unminimised: int
    floor: float

    @property
    def outcome(self) -> str:
        """Whether it is broken, holds as far as was searched, or was not examined."""
        if any(is_of_today(failure) for failure in self.failures):
            return "broken"
        is_idle = self.done.calls < self.floor * self.done.runs or not self.done.runs
        is_blind = any(times >= self.done.runs for times in self.undecided.values())
        is_open = self.unminimised or any(one.now != FIXED for one in self.failures)
        return "undecided" if is_idle or is_blind or is_open else "holds"

    @property
    def notes(self) -> Iterator[str]:
        """What is to be known besides: what was left undecided, unconfirmed, or unminimised."""
        for name, times in self.undecided.items():
            share = times / max(self.done.runs, 1)
            if share > 0.5:
                yield f"{name}: undecided in {share:.0%} of runs"
        for failure in self.failures:
            if failure.now == FIXED:
                yield f"{failure.property_name}: fixed, {TRACES}/{failure.file} breaks nothing now"
            elif failure.confirmed != REPRODUCED:
                came_to = failure.confirmed or "nobody has replayed it yet"
                yield f"{failure.property_name}: not confirmed, {TRACES}/{failure.file}: {came_to}"
        if self.unminimised:
            yield f"{self.unminimised} findings not minimised yet"

    @property
    def growth(self) -> CoverageGrowth | None:
        """How its node states grow."""
        return coverage_growth([(runs, states) for runs, states, _ in self.curve])

    @property
    def failing_share_max(self) -> float:
        """The share of runs like these that may fail, where none did."""
        return failing_share_max(self.done.runs)


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """A campaign, target by target."""

    folder: str
    seed: int
    targets: tuple[TargetSummary, ...]

    @property
    def outcome(self) -> str:
        """Whether anything is broken; else whether anything is undecided."""
        outcomes = [target.outcome for target in self.targets]
        if not outcomes:
            return "undecided"
        return next((one for one in ("broken", "undecided") if one in outcomes), "holds")

    @property
    def failures(self) -> tuple[KeptFailure, ...]:
        """Those that a fresh process has reproduced, and that the code of the last start still has."""
        found = (failure for target in self.targets for failure in target.failures)
        return tuple(failure for failure in found if is_of_today(failure))

    def replay_command(self, failure: KeptFailure) -> str:
        """What to type to make the run of a failure again."""
        return command("replay", Path(self.folder) / TRACES / failure.file)


def is_of_today(failure: KeptFailure) -> bool:
    """Tell whether a failure was reproduced, and was not fixed since."""
    return failure.confirmed == REPRODUCED and failure.now != FIXED


def summary_of(store: CampaignStore) -> CampaignSummary:
    """Read a campaign from its store."""
    plan, floors = plan_of(store), floors_of(store)
    failures, code = store.failures(), store.meta("code") or ""
    waiting = [finding for finding in store.findings(code) if finding.failure is None]
    done = {kept.target: kept for kept in store.targets()}
    targets = []
    for name, floor in floors.items():
        coverage = store.coverage.of(name)
        ours = tuple(failure for failure in failures if failure.target == name)
        known = {failure.property_name for failure in ours}
        targets.append(
            TargetSummary(
                done.get(name, KeptTarget(name, 0, 0, 0, 0, 0)),
                tuple(store.coverage.curve(name)),
                coverage.node_states.count,
                coverage.transitions.count,
                store.undecided(name),
                ours,
                sum(1 for f in waiting if f.target == name and f.property_name not in known),
                floor,
            )
        )
    return CampaignSummary(str(store.folder), plan.seed, tuple(targets))


def moment(seconds: float) -> str:
    """Return a time as reports write it, in UTC.

    >>> moment(0.0)
    '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
