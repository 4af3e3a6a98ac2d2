"""Who leads a campaign: gives out work, keeps what comes back, has it minimised and confirmed.

What was found is in the store before anything else is done about it. So whatever ends a campaign, the
next one that is led from its folder goes on: findings that nobody minimised are minimised first.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from time import monotonic, time

from counterpoint.harness.campaign.allocation import Allocation
from counterpoint.harness.campaign.any_team import AnyTeam
from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.harness.campaign.confirming import Confirming, confirmed
from counterpoint.harness.campaign.regressions import judged_again
from counterpoint.harness.campaign.store import (
    CampaignStore,
    KeptFailure,
    KeptFinding,
    NoCampaign,
    NotKept,
)
from counterpoint.harness.campaign.swarm import Planned
from counterpoint.harness.campaign.targets import CampaignPlan
from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.block import RunBlock
from counterpoint.model.search.walks.coverage import Coverage
from counterpoint.model.values import digest_of
from counterpoint.model.writing import replacing

MINIMISED_MAX = 5
"""Of one target and property so many findings are minimised; what is found after that is counted."""

MORE_EVERY = 32
"""The first finding of its kind is minimised at once, of the others one every so many assignments:
minimising takes as long as many of them."""

POINT_EVERY = 4
"""Every so many blocks of a target its coverage is a point of the curve."""

TRACES = "traces"
"""The folder, in that of a campaign, for the traces of its failures."""


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """What a campaign has done since it was begun or taken up again."""

    runs: int
    steps: int
    seconds: float
    findings: int
    failures: int
    node_states: int
    new_share: float


class CampaignLead:
    """A campaign being led: what is done, what is to be done, and what is known of it."""

    def __init__(self, store: CampaignStore, plan: CampaignPlan) -> None:
        self._store = store
        self._plan = plan
        self._scenarios = tuple(target.build() for target in plan.targets)
        self._code = digest_of(
            [plan_text(plan), *sorted({code_fingerprint(one) for one in self._scenarios})]
        )
        self._names = [target.name for target in plan.targets]
        self._urgent: deque[KeptFinding] = deque()
        self._more: deque[KeptFinding] = deque()
        self._given: dict[int, Planned | KeptFinding] = {}
        self._given_count = 0
        self._minimised: Counter[tuple[str, str]] = Counter()
        self._broken: set[str] = set()
        self._coverage = {name: store.coverage.of(name) for name in self._names}
        self._saved = dict(self._coverage)
        self._runs_of = Counter({kept.target: kept.runs for kept in store.targets()})
        self._blocks_of: Counter[str] = Counter()
        self._runs = self._steps = self._new = 0
        self._started = monotonic()
        self._failures: set[int] = set()
        self._confirming = Confirming(confirmed)
        self._take_up()

    def _take_up(self) -> None:
        """See to what an earlier campaign in this folder has left to do."""
        failures = {failure.id: failure for failure in self._store.failures()}
        for finding in self._store.findings(self._code):  # in other code its run is another one
            if finding.failure is None:
                self._want(finding)
            else:
                failure = failures[finding.failure]
                self._broken.add(failure.target)
                self._minimised[failure.target, failure.property_name] += 1
        for failure in failures.values():
            self._failures.add(failure.id)
            self._write(failure)

    # ---- what is done ----

    def run(self, team: AnyTeam, seconds: float) -> Generator[CampaignProgress, None, None]:
        """Search for so long, then minimise and confirm what was found, and tell of the progress."""
        with self._store.transaction():
            self._store.note("code", self._code)
            self._store.note("plan", json.dumps(self._plan.form()))
            ours = zip(self._names, self._scenarios, strict=True)
            floors = {name: scenario.min_calls_per_run for name, scenario in ours}
            self._store.note("floors", json.dumps({**floors_of(self._store), **floors}))
        self._ask_regressions()
        try:
            for index, answer in team.answers(self._work(), seconds=seconds):
                self._take(index, answer)
                self._note_confirmed(self._confirming.answers())
                yield self.progress
            yield from self._finish(team)
        finally:
            self._confirming.close()
            self._note_confirmed(self._confirming.answers())

    def _finish(self, team: AnyTeam) -> Iterator[CampaignProgress]:
        """Minimise what is the first of its kind, and confirm what is not confirmed yet."""
        while self._urgent:
            self._given.clear()
            self._given_count = 0
            for index, answer in team.answers(self._minimising()):
                self._take(index, answer)
                yield self.progress
        self._note_confirmed(self._confirming.answers(is_over=True))
        for failure in self._store.failures():
            if not failure.confirmed:
                self._confirm(failure)
        self._note_confirmed(self._confirming.answers(is_over=True))
        self._add_points()

    def _work(self) -> Iterator[Assignment | Minimising]:
        known = self._store.numbers(self._code)
        allocation = Allocation(self._plan, self._scenarios, known)
        for turn in count(1):
            if self._urgent or (self._more and turn % MORE_EVERY == 0):
                yield self._next_minimising()
                continue
            one = allocation.next(self._is_broken)
            self._remember(one)
            yield one.assignment

    def _is_broken(self, target: int) -> bool:
        return self._names[target] in self._broken

    def _minimising(self) -> Iterator[Minimising]:
        while self._urgent:
            yield self._next_minimising()

    def _next_minimising(self) -> Minimising:
        finding = (self._urgent or self._more).popleft()
        self._remember(finding)
        return finding.minimising

    def _remember(self, given: Planned | KeptFinding) -> None:
        """Remember what is given out under the index that its answer will have."""
        self._given[self._given_count] = given
        self._given_count += 1

    # ---- what comes back ----

    def _take(self, index: int, answer: RunBlock | MinimisedRun) -> None:
        given = self._given.pop(index)
        if isinstance(answer, MinimisedRun):
            assert isinstance(given, KeptFinding), given
            self._take_minimised(given, answer)
        else:
            assert isinstance(given, Planned), given
            self._take_block(given, answer)

    def _take_block(self, given: Planned, block: RunBlock) -> None:
        name = self._names[given.target]
        if not block.tally.runs:  # cut short before it began
            return
        known = self._coverage[name]
        new = known.plus(block.coverage)
        self._runs += block.tally.runs
        self._steps += block.tally.steps
        self._runs_of[name] += block.tally.runs
        self._blocks_of[name] += 1
        self._new += max(new.node_states.count - known.node_states.count, 0)
        is_point = self._blocks_of[name] % POINT_EVERY == 1
        with self._store.transaction():
            search = given.assignment.search
            fresh = self._store.add_block(self._code, given.number, name, search, block, time())
            if is_point:
                self._add_point(name, new)
        self._coverage[name] = new
        for finding in fresh:
            self._want(finding)

    def _add_point(self, name: str, coverage: Coverage) -> None:
        self._store.coverage.add(name, coverage, self._saved[name], self._runs_of[name])
        self._saved[name] = coverage

    def _want(self, finding: KeptFinding) -> None:
        """Have a finding minimised, unless there are enough of its kind already."""
        kind = (finding.target, finding.property_name)
        self._broken.add(finding.target)
        self._minimised[kind] += 1
        if self._minimised[kind] == 1:
            self._urgent.append(finding)
        elif self._minimised[kind] <= MINIMISED_MAX:
            self._more.append(finding)

    def _take_minimised(self, finding: KeptFinding, found: MinimisedRun) -> None:
        with self._store.transaction():
            failure, is_new = self._store.add_failure(
                finding.target, finding.property_name, found, finding.at
            )
            self._store.settle(finding.id, failure)
        self._failures.add(failure)
        if is_new:
            kept = next(one for one in self._store.failures() if one.id == failure)
            self._write(kept)
            self._confirm(kept)

    def _write(self, failure: KeptFailure) -> None:
        """Write the trace of a failure into its file, if it is not there."""
        path = self._store.folder / TRACES / failure.file
        text = failure.lines + "\n"
        try:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                with replacing(path) as file:
                    file.write(text.encode())
        except OSError as error:
            raise NotKept(f"{path}: {error.strerror}") from None

    def _confirm(self, failure: KeptFailure) -> None:
        self._confirming.ask(failure.id, self._store.folder / TRACES / failure.file)

    def _note_confirmed(self, answers: Iterable[tuple[int, str]]) -> None:
        for failure, outcome in answers:
            with self._store.transaction():
                self._store.confirm(failure, outcome)

    def _ask_regressions(self) -> None:
        """Make the runs of known failures as they fit the code of today."""
        for failure in self._store.failures():
            outcome = judged_again(self._scenario_of(failure.target), failure.lines)
            with self._store.transaction():
                self._store.judge_again(failure.id, outcome)
            if outcome == "broken":
                self._broken.add(failure.target)

    def _scenario_of(self, target: str) -> Scenario | None:
        return self._scenarios[self._names.index(target)] if target in self._names else None

    def _add_points(self) -> None:
        with self._store.transaction():
            for name in self._names:
                self._add_point(name, self._coverage[name])

    @property
    def progress(self) -> CampaignProgress:
        """What was done so far."""
        node_states = sum(one.node_states.count for one in self._coverage.values())
        return CampaignProgress(
            self._runs,
            self._steps,
            monotonic() - self._started,
            sum(self._minimised.values()),
            len(self._failures),
            node_states,
            self._new / max(node_states, 1),
        )


def plan_text(plan: CampaignPlan) -> str:
    """Return what a plan and all its parts have in common, as text."""
    return json.dumps({**plan.form(), "shard": None}, sort_keys=True)


def floors_of(store: CampaignStore) -> dict[str, float]:
    """Return the targets that were ever searched by name, each with the calls that a run is to make.

    They are all here, so that a report needs none of the code that was searched.
    """
    found: dict[str, float] = json.loads(store.meta("floors") or "{}")
    return found


def plan_of(store: CampaignStore) -> CampaignPlan:
    """Return the plan of a campaign that was begun.

    Raises:
        NoCampaign: none was begun there.
    """
    text = store.meta("plan")
    if text is None:
        raise NoCampaign(f"the campaign in {store.folder} was never begun")
    return CampaignPlan.of_form(json.loads(text))
