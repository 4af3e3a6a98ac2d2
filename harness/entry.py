"""What the catalog knows of a system: how to build its scenarios, and which variants are wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from counterpoint.harness.embedding import FILE, embedded
from counterpoint.harness.play.console import CALLS, Console, session_scenario
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.inert import quoted
from counterpoint.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deliberately wrong variant: what is wrong, which property it breaks, and where it shows."""

    summary: str
    breaks: tuple[str, ...]
    scenario: str = "default"


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A system of the catalog.

    `build(scenario, mutant, settings)` returns the scenario; `mutant` is None for the right system,
    `settings` are the `--set key=value` pairs as text. `scenarios` and `settings` map each name to
    one line of explanation. With a `console` a person can play with the system; its scenarios then
    know the setting `calls`, which puts a session's calls in the place of those of the scenario,
    unless the system has a setting of that name.

    `files` names the settings that are paths. `build` does not open them: it gets the text of each
    as one more setting, "file." before its name, and so does everybody who reads a trace of it.
    """

    name: str
    summary: str
    build: Callable[[str, str | None, Mapping[str, str]], Scenario]
    scenarios: Mapping[str, str]
    mutants: Mapping[str, Mutant]
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    console: Console | None = None
    files: frozenset[str] = frozenset()

    @property
    def usual(self) -> str:
        """The name of the scenario that is meant where none is named: `default`, or the first."""
        return "default" if "default" in self.scenarios else next(iter(self.scenarios))

    @property
    def takes_calls(self) -> bool:
        """Tell whether the setting `calls` is the calls of a session."""
        return self.console is not None and CALLS not in self.settings

    def scenario(
        self,
        name: str | None = None,
        *,
        mutant: str | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
        texts: Mapping[str, str] | None = None,
    ) -> Scenario:
        """Build a scenario, with its origin written on it.

        A setting that is a path is read here, unless `texts` says what stands in the files.

        Raises:
            UnknownName: no such scenario, mutant or setting.
            ValueError: a setting has no good value.
        """
        if mutant is not None:
            _require(mutant, self.mutants, f"mutant of {self.name}")
        for key in settings:
            if key != CALLS or not self.takes_calls:
                _require(key, self.settings, f"setting of {self.name}")
        chosen = name or (self.mutants[mutant].scenario if mutant else self.usual)
        _require(chosen, self.scenarios, f"scenario of {self.name}")
        files = embedded({k: v for k, v in settings.items() if k in self.files}, texts)
        origin = {
            "system": self.name,
            "scenario": chosen,
            **{f"set.{k}": v for k, v in settings.items()},
            **files,
        }
        if mutant is not None:
            origin["mutant"] = mutant
        own = {k: value for k, value in settings.items() if k != CALLS or not self.takes_calls}
        own |= {key: text for key, text in files.items() if key.startswith(FILE)}
        built = self.build(chosen, mutant, own)
        if self.console is not None and self.takes_calls and CALLS in settings:
            built = session_scenario(built, self.console, settings[CALLS])
        return built.replace(origin=MappingProxyType(origin))


def _require(name: str, known: Mapping[str, object], what: str) -> None:
    if name not in known:
        raise UnknownName(f"{quoted(name)} is no {what}; there are: {', '.join(known) or 'none'}")
