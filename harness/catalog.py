"""The catalog: every system by name, and scenarios from a command line or the header of a trace."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from types import MappingProxyType

from counterpoint.harness.embedding import embedded, texts_in
from counterpoint.harness.entry import CatalogEntry
from counterpoint.harness.named_systems import (
    LIVE,
    MAELSTROM,
    SYSTEMS,
    named_by_entry_points,
    named_of_ones_own,
)
from counterpoint.harness.play.console import SESSION, session_scenario
from counterpoint.harness.play.plain_console import plain_console
from counterpoint.harness.suites import Suite, suite_entry
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.harness.user_scenarios import (
    found_at,
    require_no_file,
    require_own,
    scenario_from,
)
from counterpoint.model.inert import QUOTED_MAX, plain, quoted
from counterpoint.model.scenario import Scenario
from counterpoint.model.tracefile import TraceFile


def entry(name: str) -> CatalogEntry:
    """Return the catalog's entry of a system, or that of one of your own.

    Yours has a name by the pyproject.toml of the current directory or by an entry point, or is an
    `Suite` at "module:name".

    Raises:
        UnknownName: no such system, or yours is nothing that can be run.
    """
    here = named_of_ones_own()
    if name in SYSTEMS:
        found = importlib.import_module(SYSTEMS[name]).ENTRY
        assert isinstance(found, CatalogEntry), f"{SYSTEMS[name]}.ENTRY: {type(found).__name__}"
        return found
    own = here if name in here or ":" in name else {**named_by_entry_points(), **here}
    if name not in own and ":" not in name:
        raise UnknownName(
            f"{quoted(name)} is no system; there are: {', '.join((*SYSTEMS, *own))} - "
            "or module:factory for your own"
        )
    place = own.get(name, name)
    yours = found_at(place)
    if not isinstance(yours, Suite | Scenario) and not inspect.isroutine(yours):
        raise UnknownName(
            f"{plain(place, QUOTED_MAX)} is {type(yours).__name__}; a system of yours is a Suite, a "
            "Scenario, or a function that returns a Scenario"
        )
    return suite_entry(name, yours)


def build(
    system: str,
    *,
    scenario: str | None = None,
    mutant: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    texts: Mapping[str, str] | None = None,
) -> Scenario:
    """Build a scenario of the catalog, or your own: by its name, or from "module:factory".

    A factory returns a `Scenario` and takes the settings as keyword arguments of the types that
    its parameters say; a `Scenario` itself in its place will do. Files that settings of the catalog
    name are read, unless `texts` says what stands in them.

    Raises:
        UnknownName: no such system, scenario, mutant or setting.
        ValueError: a setting has no good value.
    """
    if system == LIVE:
        from counterpoint.harness.live.recorded import rebuilt

        return rebuilt(settings)
    if system == MAELSTROM:
        from counterpoint.harness.maelstrom.program_scenario import scenario_of_settings

        return scenario_of_settings(settings)
    found = found_at(system) if ":" in system else None
    if found is None or isinstance(found, Suite):
        return entry(system).scenario(scenario, mutant=mutant, settings=settings, texts=texts)
    if mutant is not None or scenario is not None:
        raise UnknownName(
            f"{plain(system, QUOTED_MAX)} is your own factory: it has no --mutant and no --scenario; "
            "use --set key=value, which is passed to it, or make it part of a counterpoint.Suite"
        )
    origin = {"system": system, **{f"set.{key}": value for key, value in settings.items()}}
    built = scenario_from(found, settings, plain(system, QUOTED_MAX))
    return built.replace(origin=MappingProxyType(origin))


TEST = "test"
"""What an origin says, where nothing else does: the test whose scenario it is, as pytest names it."""


def origin_in(file: TraceFile) -> Mapping[str, str]:
    """Return how to build the scenario of a trace again: as it says itself, or by the test of it."""
    test = file.header.get(TEST)
    if "system" in file.origin or not isinstance(test, str):
        return file.origin
    return MappingProxyType({**file.origin, TEST: test})


def rebuild(origin: Mapping[str, str]) -> Scenario:
    """Build the scenario that the header of a trace names: of the catalog, of yours, or of a test.

    A file can come from anywhere, so `require_own` says which factories it may name, and it names
    no other file: what a setting of the catalog stands for is in the trace.

    Raises:
        UnknownName: the header names no system, or one that is not known here, or must not run.
        ValueError: a setting has no good value, or names a file that the trace does not hold.
    """
    if SESSION in origin:
        base = rebuild({key: value for key, value in origin.items() if key != SESSION})
        console = entry(origin["system"]).console if "system" in origin else None
        made = session_scenario(base, console or plain_console(base), origin[SESSION])
        return made.replace(origin=MappingProxyType(dict(origin)))
    if not origin.get("system"):
        if not origin.get(TEST):
            raise UnknownName(
                "the trace does not say which system it is of, and names no test; replay it in the "
                "test that made it, with pytest --counterpoint-replay FILE"
            )
        from counterpoint.harness.traced_tests import scenario_of_test

        return scenario_of_test(origin[TEST]).replace(origin=MappingProxyType(dict(origin)))
    settings = {key[4:]: value for key, value in origin.items() if key.startswith("set.")}
    _require_ours(origin["system"], settings)
    return build(
        origin["system"],
        scenario=origin.get("scenario"),
        mutant=origin.get("mutant"),
        settings=settings,
        texts=texts_in(origin),
    )


def _require_ours(system: str, settings: Mapping[str, str]) -> None:
    """Refuse the system of a file unless it is of the catalog, named here, or under this directory."""
    if system in SYSTEMS or system == LIVE:
        return
    if system == MAELSTROM:
        from counterpoint.harness.maelstrom.program_scenario import require_program_here

        require_program_here(settings.get("bin", ""))
        return
    if system not in named_of_ones_own():
        place = system if ":" in system else named_by_entry_points().get(system)
        if place is None:
            return  # there is no such system, which is said where it is built
        require_own(place)
    require_no_file(settings)


def retyped(origin: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the origin of a trace with settings that somebody has typed: files among them are read.

    Raises:
        UnknownName: no such system.
        ValueError: a file cannot be read.
    """
    _require_ours(origin.get("system", ""), {})
    files = entry(origin.get("system", "")).files
    typed = {f"set.{key}": value for key, value in settings.items()}
    read = embedded({key: path for key, path in settings.items() if key in files})
    return {**origin, **typed, **read}
