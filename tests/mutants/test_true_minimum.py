"""The judge of the minimiser: how short a counterexample can be at all, by exploring every run.

Explored are the calls and faults of the last column alone; their runs are runs of the mutant's
scenario, too. Walks search that scenario whole, and are minimised: with four seeds or three, in order.

| mutant | property | shortest | walks, minimised | explored: calls of each client; faults |
|---|---|---|---|---|
| B1 | no new/old inversion | 17 | 17 17 17 17 | all |
| B2 | regular | 16 | 16 16 16 16 | all |
| B3 | regular | 12 | 12 12 12 12 | all |
| B4 | regular | 25 | 25 25 25 | a write, a read, a read elsewhere |
| B5 | linearizability | 34 | 35 34 35 35 | a write; a read, a write, a read; a crash |
| B6 | regular | 27 | 27 27 27 27 | two writes; a read; a crash |
| B7 | regular | 26 | 26 26 26 26 | two writes; a read; a clock adjusted |
| B8 | linearizability | 20 | 20 20 20 20 | a write; a read; a crash |
| B9 | regular | 25 | 25 25 25 | two writes; a read |
| B10 | authorisation | 7 | 7 7 7 7 | all |
| C1 | causal order | 6 | 6 6 6 6 | all |
| C2 | causal order | 13 | 13 13 13 13 | all |
| C3 | session guarantees | 9 | 9 9 9 9 | all |
| C4 | convergence | 6 | 6 6 6 6 | all |
| C5 | causal order | 6 | 6 6 6 6 | all |
| C6 | Lamport clocks | 12 | 12 12 12 12 | all |
| D1 | causal order | 15 | 15 15 15 15 | all |
| D2 | same order | 13 | 13 13 13 13 | all |
| D3 | same order | 8 | 8 8 8 8 | all |
| D4 | same order | 9 | 9 9 9 9 | all |
| A1 | conservation | 8 | 8 8 8 8 | all |
| A2 | linearizability | 11 | 11 11 11 11 | two looks, no timers |
| A4 | conservation | 11 | 11 11 11 11 | all |
| A5 | conservation | 13 | 13 13 13 13 | two payments, no timers |
| A9 | conservation | 5 | 5 5 5 5 | all |
| A10 | conservation | 14 | 14 14 14 | two payments; a message that comes twice |
| A11 | conservation | 16 | 16 16 16 | two payments; a timer, a crash |
| Raft that forgets its vote | one leader a term | 8 | 8 8 8 8 | none; two timers, a crash |
| the same | agreement | 12 | 12 12 12 12 | none; two timers, a crash |

"All" is without faults; nothing but B5, B6, B8, A10 and A11 needs one, and A10 can do without in 15
steps. Not explored: A3 (walks: 20), A6 (38), A7 (39), A8 (26) and A12 (31 to 32), whose spaces are too
large at that depth: of A8 with two payments, all runs of 24 steps were in ten minutes, and none breaks
anything. Nor D5, which breaks liveness alone (walks: 17). Tested are the seeds that get to the shortest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from docs.gallery.raft import scenario as raft

from counterpoint.harness.catalog import build
from counterpoint.harness.exploration.rounds import ExploreOptions, explorer, for_exploration
from counterpoint.harness.only import only_claim
from counterpoint.model.actions import Call, Deliver, Fire
from counterpoint.model.faults import Crash, Duplicate, Restart
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.exploration.explore import Explored, Limits
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Counterexample

SESSIONS = "session guarantees RYW, MR, MW, WFR, convergent"

QUIET = {"actions": (Deliver, Call), "limits": budgets()}
ONE_TIMER = {"actions": (Deliver, Call, Fire), "limits": budgets(fire=1)}
ONE_COPY = {"actions": (Deliver, Call, Duplicate), "limits": budgets(duplicate=1)}
# A message that a crash may have lost can as well be late for ever: losses shorten no run.
ONE_CRASH = {"actions": (Deliver, Call, Crash, Restart), "limits": budgets(crash=1)}
BOTH = {"actions": (Deliver, Call, Fire, Crash, Restart), "limits": budgets(fire=1, crash=1)}


@dataclass(frozen=True)
class Case:
    """A mutant, what it breaks, the length of a shortest run, and what is explored to know it.

    `calls` says whose calls in the mutant's scenario, by position, each client makes: ("c3", 0) is
    the first one of c3. None: all as they are. `is_open`: it is shown that nothing shorter will do,
    but there are too many states one step on to meet the shortest run itself.
    """

    system: str
    mutant: str
    property: str
    minimum: int
    calls: Mapping[str, tuple[tuple[str, int], ...]] | None = None
    change: Mapping[str, Any] = field(default_factory=dict)
    faults: int = 0
    is_open: bool = False
    seeds: tuple[int, ...] = (0, 1, 2, 3)

    def scenario(self) -> Scenario:
        """Return the mutant's scenario, with this property alone."""
        if self.system == "raft":
            return only_claim(raft("forgets its vote"), self.property)
        whole = build(self.system, mutant=self.mutant)
        kept = tuple(p for p in whole.properties if p.name == self.property)
        return whole.replace(properties=kept, invariants=())

    def small(self) -> Scenario:
        """Return what is explored of it."""
        scenario = self.scenario().replace(faults_max=self.faults)
        if self.calls is not None:
            calls = {
                client: tuple(scenario.fixed_calls[other][position] for other, position in asked)
                for client, asked in self.calls.items()
            }
            scenario = scenario.replace(calls=calls)
        return for_exploration(scenario.replace(**self.change))


def own(**counts: int) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return so many calls of each client, its first ones."""
    return {client: tuple((client, k) for k in range(n)) for client, n in counts.items()}


REGISTER = [
    Case("register", "B1", "no new/old inversion", 17),
    Case("register", "B2", "regular", 16),
    Case("register", "B3", "regular", 12),
    Case("register", "B4", "regular", 25, own(c1=1, c2=1, c3=1), QUIET),
    Case(
        "register",
        "B5",
        "linearizability",
        34,
        {"c1": (("c1", 0),), "c2": (("c4", 0), ("c2", 0), ("c3", 0))},
        ONE_CRASH,
        faults=1,
        is_open=True,
        seeds=(1, 4),
    ),
    Case("register", "B6", "regular", 27, own(c1=2, c3=1), ONE_CRASH, faults=1),
    Case("register", "B7", "regular", 26, own(c1=2, c3=1), ONE_TIMER),
    Case("register", "B8", "linearizability", 20, own(c1=1, c3=1), ONE_CRASH, faults=1),
    Case("register", "B9", "regular", 25, own(c1=2, c3=1), QUIET, seeds=(0, 1, 2)),
    Case("register", "B10", "authorisation", 7),
]

STORES = [
    Case("causal_deps", "C1", "causal order", 6),
    Case("causal_deps", "C2", "causal order", 13),
    Case("causal_deps", "C3", SESSIONS, 9),
    Case("causal_deps", "C4", "convergence", 6),
    Case("causal_deps", "C5", "causal order", 6),
    Case("causal_deps", "C6", "Lamport clocks", 12),
    Case("causal_lamport", "D1", "causal order", 15),
    Case("causal_lamport", "D2", "same order", 13),
    Case("causal_lamport", "D3", "same order", 8),
    Case("causal_lamport", "D4", "same order", 9),
]

TOKENS = [
    Case("token_manager", "A1", "conservation", 8),
    Case("token_manager", "A2", "linearizability", 11, own(c3=1, c4=1), QUIET),
    Case("token_manager", "A4", "conservation", 11),
    Case("token_manager", "A5", "conservation", 13, own(c1=1, c2=1), QUIET),
    Case("token_manager", "A9", "conservation", 5),
    Case(
        "token_manager", "A10", "conservation", 14, own(c1=2), ONE_COPY, faults=1, seeds=(0, 1, 2)
    ),
    Case("token_manager", "A11", "conservation", 16, own(c1=2), BOTH, faults=1),
]

VOTES = {"actions": (Deliver, Fire, Crash, Restart), "limits": budgets(fire=2, crash=1)}
RAFT = [
    Case("raft", "forgets its vote", name, steps, {}, VOTES, faults=1)
    for name, steps in (("one leader a term", 8), ("agreement", 12))
]

SLOW = {"forgets its vote", "B1", "B2", "B8", "B9", "A2", "A4", "A10"}
NIGHTLY = {"B4", "B5", "B6", "B7", "A11"}
LONG_WALKS = {
    *("forgets its vote", "B1", "B2", "B8", "B9", "C3", "D2"),
    *("A2", "A4", "A5", "A10"),
}


def _marked(nightly: set[str]) -> Iterator[object]:
    for case in (*REGISTER, *STORES, *TOKENS, *RAFT):
        marks = [pytest.mark.nightly] if case.mutant in nightly else []
        marks += [pytest.mark.slow] if case.mutant in SLOW else []
        yield pytest.param(case, id=f"{case.mutant}-{case.property}", marks=marks)


CASES = tuple(_marked(NIGHTLY))


def explored(scenario: Scenario, depth: int) -> Explored:
    *_, last = explorer(scenario, ExploreOptions(limits=Limits(depth=depth))).explore()
    return last


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_shortest_counterexample_has_this_length(case: Case) -> None:
    if case.is_open:
        assert explored(case.small(), depth=case.minimum).stop == "depth"
        return
    last = explored(case.small(), depth=case.minimum + 1)
    assert last.violation is not None
    assert len(last.violation.choices) == case.minimum
    trace = run(case.scenario().replace(**_without_limits(case)), last.violation.choices)
    (verdict,) = judge(trace)
    assert verdict.is_broken


def _without_limits(case: Case) -> Mapping[str, Any]:
    """Return what a run of the small scenario needs to be one of the whole one: its calls."""
    return {"calls": case.small().fixed_calls, "limits": case.small().limits}


def found_by_walks(scenario: Scenario, *, seed: int) -> Counterexample:
    campaign = Campaign(scenario, seed=seed)
    for _ in campaign.search(Budgets(runs=60_000)):
        pass
    example = campaign.counterexample(seconds=1_000)
    assert example is not None, "nothing was found"
    return example


@pytest.mark.slow
@pytest.mark.parametrize("case", list(_marked(NIGHTLY | LONG_WALKS)))
def test_walks_and_the_minimiser_get_there(case: Case) -> None:
    require_shortest(case, seed=case.seeds[0])


@pytest.mark.nightly
@pytest.mark.parametrize("case", CASES)
def test_they_get_there_with_other_seeds(case: Case) -> None:
    for seed in case.seeds[1:]:
        require_shortest(case, seed=seed)


def require_shortest(case: Case, *, seed: int) -> None:
    example = found_by_walks(case.scenario(), seed=seed)
    assert len(example.trace.choices) == case.minimum, f"seed {seed}"
    assert example.faults == case.faults
