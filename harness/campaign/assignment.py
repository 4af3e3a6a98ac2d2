"""What a worker is told: the names and settings of a scenario, how to search it, and which runs to make.

A scenario holds functions, which no other process could be given. So it is named, and built there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from counterpoint.harness.campaign.shape import Shape
from counterpoint.harness.catalog import build
from counterpoint.harness.embedding import texts_in
from counterpoint.harness.only import only_claim
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.campaign import Campaign
from counterpoint.model.search.walks.strategy import DEFAULT, StrategyName


@dataclass(frozen=True, slots=True)
class NamedSearch:
    """A search by names: the origin of its scenario, as pairs, and how its runs choose.

    `property_name` is the one that is judged, "" for all.
    """

    origin: tuple[tuple[str, str], ...]
    strategy: StrategyName = DEFAULT
    seed: int = 0
    property_name: str = ""
    weights: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls, scenario: Scenario, strategy: StrategyName, seed: int, property_name: str = ""
    ) -> NamedSearch:
        """Return the search of a scenario that was built by name, with the weights that it has."""
        origin, weights = sorted(scenario.origin.items()), sorted(scenario.weights.items())
        return cls(tuple(origin), strategy, seed, property_name, tuple(weights))

    def scenario(self) -> Scenario:
        """Build the scenario; the files that its settings name were read when it was named.

        Raises:
            UnknownName: there is no such thing here.
            ValueError: a setting has no good value.
        """
        origin = dict(self.origin)
        built = build(
            origin["system"],
            scenario=origin.get("scenario"),
            mutant=origin.get("mutant"),
            settings={k[4:]: value for k, value in origin.items() if k.startswith("set.")},
            texts=texts_in(origin),
        ).replace(weights=dict(self.weights))
        return only_claim(built, self.property_name) if self.property_name else built

    @property
    def what(self) -> NamedSearch:
        """What is searched, however its runs choose: searches of which this is equal share tables."""
        return replace(self, strategy=DEFAULT, weights=())

    def campaign(self, is_full: Callable[[], bool] | None = None) -> Campaign:
        """Build the search, which forgets its tables where that says that memory is full."""
        return Campaign(self.scenario(), strategy=self.strategy, seed=self.seed, is_full=is_full)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The runs of a search that a worker is to make, by their numbers; and whether to tell coverage."""

    search: NamedSearch
    numbers: range
    is_covered: bool = False


@dataclass(frozen=True, slots=True)
class Minimising:
    """A run of a search that broke a property, which a worker is to minimise."""

    search: NamedSearch
    number: int
    property: str


@dataclass(frozen=True, slots=True)
class MinimisedRun:
    """What is left of a run: the lines of its trace, its shape and size, and what it shows."""

    lines: tuple[str, ...]
    name: str
    shape: Shape
    summary: str
    steps: int
    steps_found: int
    faults: int
