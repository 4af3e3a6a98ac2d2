"""What the runs of one state machine share, and what is asked of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import ClassVar, Protocol

from counterpoint.model.legality import tolerated_failures
from counterpoint.model.scenario import Calls, Scenario
from counterpoint.model.search.drawing import (
    RUNS_A_POOL,
    Drawing,
    with_checked_calls,
)
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.stateful.ranking import Ranking
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.tally import Tally
from counterpoint.model.values import NodeId
from counterpoint.model.workload import Workload
from counterpoint.model.world import Action

BLOCK = 32
"""So many numbers are drawn at once. The first of a run is its swarm, each other one a ranking."""


class TimeIsUp(BaseException):
    """No further run is to begin. No `except Exception` on the way swallows it."""


@dataclass
class Bench:
    """What all runs of one machine share: the tables of its scenario, which fill as runs need them.

    `tally` counts the runs since the last check began. From the time `until` on, as `monotonic` tells
    it, no run begins, unless one has failed: that is made again, and minimised. `is_cut_short` tells
    whether one would have begun.
    """

    scenario: Scenario
    tally: Tally = field(default_factory=Tally)
    until: float | None = None
    has_failed: bool = False
    is_cut_short: bool = False

    def require_time(self) -> None:
        """Let a run begin.

        Raises:
            TimeIsUp: it is too late for that.
        """
        if self.until is not None and not self.has_failed and monotonic() >= self.until:
            self.is_cut_short = True
            raise TimeIsUp

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled form, made when the first run begins."""
        return Compiled(self.drawing.scenario(0) if self.drawing else self.scenario)

    @cached_property
    def drawing(self) -> Drawing | None:
        """What draws the calls of runs; None if they are fixed."""
        return Drawing(self.scenario, 0) if isinstance(self.scenario.calls, Workload) else None

    def prepare(self) -> None:
        """Ask strategies for operations before a run begins, as they are asked by Hypothesis, too."""
        if self.drawing is not None:
            self.calls(0)

    def calls(self, number: int) -> Calls:
        """Return the calls that a number stands for."""
        assert self.drawing is not None, "the calls are fixed"
        return self.drawing.scenario(number % RUNS_A_POOL).fixed_calls

    def with_calls(self, calls: Calls) -> Compiled:
        """Return the compiled form of a run with these calls."""
        return self.compiled.with_calls_of(with_checked_calls(self.scenario, calls))

    @cached_property
    def examiner(self) -> Examiner:
        """The judge of runs."""
        return Examiner(self.compiled)

    @cached_property
    def ranking(self) -> Ranking:
        """What turns numbers into actions."""
        return Ranking(self.scenario)

    @cached_property
    def groups(self) -> tuple[tuple[NodeId, ...], ...]:
        """Every set of nodes that the system promises to survive without, smallest first."""
        start = Simulation(self.compiled).conditions
        return tuple(tolerated_failures(self.scenario, start, self.scenario.system.nodes))

    def group(self, number: int) -> tuple[NodeId, ...]:
        """Return the nodes that stay silent for good: none for every even number."""
        return self.groups[0] if number % 2 == 0 else self.groups[(number >> 1) % len(self.groups)]

    def is_news(self, observed: int) -> bool:
        """Tell whether an observation can decide a property: a call or a crash alone cannot."""
        return self.compiled.observations[observed].kind not in ("invoke", "crash", "recover")


class Machine(Protocol):
    """A run in the making, as far as it is run and written down: a `ScenarioMachine`.

    One that may lose nodes for good has, besides, the rule `silence(nodes=...)`; one whose calls are
    drawn has `workload(calls=...)`.
    """

    bench: ClassVar[Bench]

    @property
    def is_extended(self) -> bool:
        """Tell whether a subclass has added rules of its own."""
        ...

    @property
    def has_news(self) -> bool:
        """Tell whether the clients have seen something since that can decide a property."""
        ...

    def options(self, action: type[Action]) -> Sequence[Action]:
        """Return the legal actions of a kind."""
        ...

    def take(self, action: Action) -> None:
        """Perform an action; raises NotEnabled or PropertyBroken."""
        ...

    def written(self, action: Action) -> str:
        """Return the line of a program that performs an action."""
        ...

    def operations_hold(self) -> None:
        """Judge what the clients have seen so far."""
        ...

    def teardown(self) -> None:
        """Stop the faults, let the run come to rest, and judge it as a whole."""
        ...
