"""The catalog: every system by name, and scenarios from a command line or the header of a trace."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from counterpoint.harness.entry import Entry, UnknownName
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


def entry(name: str) -> Entry:
    """Return the catalog's entry of a system.

    Raises:
        UnknownName: no such system.
    """
    if name not in SYSTEMS:
        raise UnknownName(
            f"{name!r} is no system; there are: {', '.join(SYSTEMS)} - or module:factory for your own"
        )
    found = importlib.import_module(SYSTEMS[name]).ENTRY
    assert isinstance(found, Entry), f"{SYSTEMS[name]}.ENTRY is a {type(found).__name__}"
    return found


def build(
    system: str,
    *,
    scenario: str | None = None,
    mutant: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Scenario:
    """Build a scenario of the catalog, or your own from "module:factory".

    A factory returns a `Scenario` and takes the settings as keyword arguments of type str; a
    `Scenario` itself in its place will do.

    Raises:
        UnknownName: no such system, scenario, mutant or setting.
        ValueError: a setting has no good value.
    """
    if ":" not in system:
        return entry(system).scenario(scenario, mutant=mutant, settings=settings)
    if mutant is not None or scenario is not None:
        raise UnknownName(
            f"{system} is your own factory: it has no --mutant and no --scenario; "
            "use --set key=value, which is passed to it"
        )
    origin = {"system": system, **{f"set.{key}": value for key, value in settings.items()}}
    return _own(system, settings).but(origin=MappingProxyType(origin))


def _own(system: str, settings: Mapping[str, str]) -> Scenario:
    module_name, _, attribute = system.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        raise UnknownName(f"{system}: there is no module {error.name!r} from here") from None
    except AttributeError:
        raise UnknownName(f"{system}: module {module_name!r} has no {attribute!r}") from None
    if isinstance(found, Scenario) and not settings:
        return found
    if not callable(found):
        raise UnknownName(f"{system} is neither a function that returns a Scenario nor a Scenario")
    if not _promises_scenario(found):
        # The name may come from the header of a file: nothing else may be called on its word.
        raise UnknownName(f"{system} must be annotated as returning a Scenario: -> Scenario")
    try:
        result = found(**settings)
    except TypeError as error:
        raise UnknownName(f"{system} does not take these settings: {error}") from None
    if not isinstance(result, Scenario):
        raise UnknownName(f"{system} returned {type(result).__name__}, not a Scenario")
    return result


def _promises_scenario(function: Callable[..., object]) -> bool:
    annotation = getattr(function, "__annotations__", {}).get("return")
    return annotation is Scenario or annotation in ("Scenario", "scenario.Scenario")


def rebuild(origin: Mapping[str, str]) -> Scenario:
    """Build the scenario that the header of a trace names.

    Raises:
        UnknownName: the header names no system, or one that is not known here.
    """
    if not origin.get("system"):
        raise UnknownName(
            "the trace does not say which system it is of; replay it in the test that made it, "
            "with pytest --counterpoint-replay FILE"
        )
    settings = {key[4:]: value for key, value in origin.items() if key.startswith("set.")}
    return build(
        origin["system"],
        scenario=origin.get("scenario"),
        mutant=origin.get("mutant"),
        settings=settings,
    )
