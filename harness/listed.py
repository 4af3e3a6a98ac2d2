"""What there is to run, as `counterpoint list` tells it: read from a file, so that it is told at once.

`make reference` writes the file from the catalog, and a test compares the two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from counterpoint.harness.entry import CatalogEntry

FILE = Path(__file__).with_name("listed.json")


class ListedMutant(TypedDict):
    """A wrong variant: what is wrong, what it breaks, and the scenario in which it shows."""

    summary: str
    breaks: list[str]
    scenario: str


class Listed(TypedDict):
    """A system: each of its scenarios, mutants and settings by name, with a line about it."""

    system: str
    summary: str
    scenarios: dict[str, str]
    checkers: list[str]
    mutants: dict[str, ListedMutant]
    settings: dict[str, str]


def listed() -> dict[str, Listed]:
    """Return every system of the catalog by name, as the file has it."""
    systems: list[Listed] = json.loads(FILE.read_text(encoding="utf-8"))
    return {one["system"]: one for one in systems}


def text_of_listed() -> str:
    """Return what the file must contain."""
    from counterpoint.harness.catalog import entry
    from counterpoint.harness.named_systems import SYSTEMS

    systems = [described(entry(name)) for name in SYSTEMS]
    return json.dumps(systems, ensure_ascii=False, indent=1) + "\n"


def described(one: CatalogEntry) -> Listed:
    """Describe a system."""
    return {
        "system": one.name,
        "summary": one.summary,
        "scenarios": dict(one.scenarios),
        "checkers": _claims(one),
        "mutants": {
            name: {"summary": m.summary, "breaks": list(m.breaks), "scenario": m.scenario}
            for name, m in one.mutants.items()
        },
        "settings": dict(one.settings),
    }


def _claims(one: CatalogEntry) -> list[str]:
    """Return what the usual scenario claims; nothing where that cannot be made without settings."""
    try:
        scenario = one.scenario()
    except ValueError:
        return []
    claims = scenario.properties, scenario.invariants, scenario.goals
    return [claim.name for some in claims for claim in some]
