"""Systems of one's own as entries of the catalog: with scenarios, wrong variants and settings by name.

    LOCKS = cp.Suite(LOCK, mutants={"hasty": cp.WrongVariant(HASTY, breaks="linearizability")})

Named in the `[tool.counterpoint.systems]` of a pyproject.toml, or by an entry point, a suite can be
asked for by that name wherever a command takes a system.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from counterpoint.harness.entry import CatalogEntry, Mutant
from counterpoint.harness.play.console import Console
from counterpoint.harness.settings import described_settings
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.harness.user_scenarios import scenario_from
from counterpoint.model.inert import plain
from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.node import System
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.replay import HANDLER_PROPERTY

ScenarioSource: TypeAlias = Scenario | Callable[..., Scenario]
"""A scenario, or a function that returns one and takes settings: `def lock(clients: int = 2)`."""

DEFAULT = "default"
"""What the one scenario of a suite is called."""


@dataclass(frozen=True, slots=True)
class WrongVariant:
    """A variant that is wrong on purpose, and the property (or those) by which that shows.

    It is a system, which then takes the place of the right one in any scenario of its suite; or a
    scenario, or a function that returns one, which then is the one that it is tried in. `scenario`
    names where a wrong system shows, if not in the first.
    """

    wrong: System[Any] | ScenarioSource
    breaks: str | Sequence[str]
    summary: str = ""
    scenario: str = ""

    @property
    def broken(self) -> tuple[str, ...]:
        """The properties that it breaks."""
        return (self.breaks,) if isinstance(self.breaks, str) else tuple(self.breaks)


@dataclass(frozen=True, slots=True)
class Suite:
    """A system of one's own: its scenarios, of which the first is the usual one, and its mutants.

    A single scenario needs no name. A `console` says how a person talks to it; it need not have one.

    Raises:
        BadScenario: a scenario or a mutant is something else.
    """

    scenarios: ScenarioSource | Mapping[str, ScenarioSource]
    mutants: Mapping[str, WrongVariant] = field(default_factory=lambda: MappingProxyType({}))
    summary: str = ""
    console: Console | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.scenarios, Mapping):
            object.__setattr__(self, "scenarios", {DEFAULT: self.scenarios})
        if not self.named_scenarios:
            raise BadScenario("Suite: it has no scenario; give it one, or several by name")
        for name, source in self.named_scenarios.items():
            if not _makes_scenario(source):
                raise BadScenario(
                    f"Suite: scenario {name!r} is {brief(source)}; it must be a Scenario, or a "
                    "function that returns one"
                )
        for name, variant in self.mutants.items():
            self._require_variant(name, variant)

    @property
    def named_scenarios(self) -> Mapping[str, ScenarioSource]:
        """The scenarios by name."""
        assert isinstance(self.scenarios, Mapping), f"{self.scenarios!r} was not named"
        return self.scenarios

    @property
    def usual(self) -> str:
        """The name of the scenario that is meant where none is named."""
        return next(iter(self.named_scenarios))

    def _require_variant(self, name: str, variant: object) -> None:
        if not isinstance(variant, WrongVariant):
            raise BadScenario(
                f"Suite: mutant {name!r} is {brief(variant)}; it must be a WrongVariant, "
                f'which says what it breaks: WrongVariant({name.upper()}, breaks="...")'
            )
        if not _makes_scenario(variant.wrong) and not is_system(variant.wrong):
            raise BadScenario(
                f"Suite: mutant {name!r} is of {brief(variant.wrong)}; it must be of a system, a "
                "Scenario, or a function that returns one"
            )
        if variant.scenario and variant.scenario not in self.named_scenarios:
            raise BadScenario(
                f"Suite: mutant {name!r} shows in {variant.scenario!r}, which is no scenario; there "
                f"are: {', '.join(self.named_scenarios)}"
            )
        self._require_breaks(name, variant)

    def _require_breaks(self, name: str, variant: WrongVariant) -> None:
        """Refuse a property that the scenario lacks, where there is one already to look at."""
        usual = self.named_scenarios[variant.scenario or self.usual]
        source = usual if is_system(variant.wrong) else variant.wrong
        if not isinstance(source, Scenario):
            return
        claims = source.properties, source.invariants
        known = [HANDLER_PROPERTY, *(claim.name for some in claims for claim in some)]
        for broken in variant.broken:
            if broken not in known:
                raise BadScenario(
                    f"Suite: mutant {name!r} breaks {broken!r}, which is no property of "
                    f"{source.name!r}; there are: {', '.join(known)}"
                )


def _makes_scenario(source: object) -> bool:
    return isinstance(source, Scenario) or inspect.isroutine(source)


def is_system(given: object) -> bool:
    """Tell whether something is a system."""
    return all(hasattr(given, name) for name in ("nodes", "initial", "handle"))


def suite_entry(name: str, found: Suite | ScenarioSource) -> CatalogEntry:
    """Return the entry of the catalog that is called `name`, for what was found there."""
    suite = found if isinstance(found, Suite) else Suite(found)

    def build(scenario: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
        shown = f"{name} --scenario {scenario}" if mutant is None else f"{name} --mutant {mutant}"
        source = suite.named_scenarios[scenario]
        if mutant is None:
            return scenario_from(source, settings, plain(shown))
        wrong = suite.mutants[mutant].wrong
        if is_system(wrong):
            return scenario_from(source, settings, plain(shown)).replace(system=wrong)
        if scenario != _scenario_of(suite, mutant):
            raise UnknownName(
                f"{shown} has a scenario of its own; leave out --scenario {scenario}, or make it "
                "the WrongVariant of a system, which can be put into any"
            )
        return scenario_from(wrong, settings, plain(shown))

    return CatalogEntry(
        name=name,
        summary=suite.summary or _line_about(next(iter(suite.named_scenarios.values()))),
        build=build,
        scenarios={key: _line_about(source) for key, source in suite.named_scenarios.items()},
        mutants={key: _mutant(suite, key) for key in suite.mutants},
        settings=_settings(suite),
        console=suite.console,
    )


def _mutant(suite: Suite, name: str) -> Mutant:
    variant = suite.mutants[name]
    summary = variant.summary or _line_about(variant.wrong)
    return Mutant(summary, variant.broken, scenario=_scenario_of(suite, name))


def _scenario_of(suite: Suite, mutant: str) -> str:
    return suite.mutants[mutant].scenario or suite.usual


def _settings(suite: Suite) -> dict[str, str]:
    """Return the parameters of all functions that make a scenario of this suite."""
    sources = [*suite.named_scenarios.values(), *(v.wrong for v in suite.mutants.values())]
    functions = filter(inspect.isroutine, sources)
    return {key: text for one in functions for key, text in described_settings(one).items()}


def _line_about(source: object) -> str:
    """Return a line about a scenario or a function: what the author says, else what it is called."""
    if isinstance(source, Scenario):
        return source.name
    said = (inspect.getdoc(source) or "").partition("\n")[0] if inspect.isroutine(source) else ""
    return said or str(getattr(source, "__name__", type(source).__name__)).replace("_", " ")
