"""The catalog: every system by name, and scenarios from a command line or the header of a trace."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from counterpoint.harness.embedding import embedded, texts_in
from counterpoint.harness.entry import CatalogEntry, UnknownName
from counterpoint.harness.user_scenarios import own_scenario, require_no_file, require_own
from counterpoint.model.inert import QUOTED_MAX, plain, quoted
from counterpoint.model.scenario import Scenario

SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "token_manager": "counterpoint.harness.systems.token_manager",
        "register": "counterpoint.harness.systems.register",
        "causal_deps": "counterpoint.harness.systems.causal_deps",
        "causal_lamport": "counterpoint.harness.systems.causal_lamport",
    }
)
"""The module of each system; it is imported when it is asked for, so that help stays fast."""


def entry(name: str) -> CatalogEntry:
    """Return the catalog's entry of a system.

    Raises:
        UnknownName: no such system.
    """
    if name not in SYSTEMS:
        raise UnknownName(
            f"{quoted(name)} is no system; there are: {', '.join(SYSTEMS)} - "
            "or module:factory for your own"
        )
    found = importlib.import_module(SYSTEMS[name]).ENTRY
    assert isinstance(found, CatalogEntry), f"{SYSTEMS[name]}.ENTRY is a {type(found).__name__}"
    return found


def build(
    system: str,
    *,
    scenario: str | None = None,
    mutant: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    texts: Mapping[str, str] | None = None,
) -> Scenario:
    """Build a scenario of the catalog, or your own from "module:factory".

    A factory returns a `Scenario` and takes the settings as keyword arguments of the types that
    its parameters say; a `Scenario` itself in its place will do. Files that settings of the catalog
    name are read, unless `texts` says what stands in them.

    Raises:
        UnknownName: no such system, scenario, mutant or setting.
        ValueError: a setting has no good value.
    """
    if system == "live":
        from counterpoint.harness.live.recorded import rebuilt

        return rebuilt(settings)
    if ":" not in system:
        return entry(system).scenario(scenario, mutant=mutant, settings=settings, texts=texts)
    if mutant is not None or scenario is not None:
        raise UnknownName(
            f"{plain(system, QUOTED_MAX)} is your own factory: it has no --mutant and no --scenario; "
            "use --set key=value, which is passed to it"
        )
    origin = {"system": system, **{f"set.{key}": value for key, value in settings.items()}}
    return own_scenario(system, settings).replace(origin=MappingProxyType(origin))


def rebuild(origin: Mapping[str, str]) -> Scenario:
    """Build the scenario that the header of a trace names: of the catalog, or a factory of yours.

    A file can come from anywhere, so `require_own` says which factories it may name, and it names
    no other file: what a setting of the catalog stands for is in the trace.

    Raises:
        UnknownName: the header names no system, or one that is not known here, or must not run.
        ValueError: a setting has no good value, or names a file that the trace does not hold.
    """
    if not origin.get("system"):
        raise UnknownName(
            "the trace does not say which system it is of; replay it in the test that made it, "
            "with pytest --counterpoint-replay FILE"
        )
    settings = {key[4:]: value for key, value in origin.items() if key.startswith("set.")}
    if ":" in origin["system"]:
        require_own(origin["system"])
        require_no_file(settings)
    return build(
        origin["system"],
        scenario=origin.get("scenario"),
        mutant=origin.get("mutant"),
        settings=settings,
        texts=texts_in(origin),
    )


def retyped(origin: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the origin of a trace with settings that somebody has typed: files among them are read.

    Raises:
        UnknownName: no such system.
        ValueError: a file cannot be read.
    """
    files = entry(origin.get("system", "")).files
    typed = {f"set.{key}": value for key, value in settings.items()}
    read = embedded({key: path for key, path in settings.items() if key in files})
    return {**origin, **typed, **read}
