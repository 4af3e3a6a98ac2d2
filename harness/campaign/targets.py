"""What a campaign searches: systems by name, or a file that says it in full."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from counterpoint.harness.catalog import build
from counterpoint.harness.named_systems import SYSTEMS, own_names
from counterpoint.harness.only import only_claim
from counterpoint.model.inert import plain, quoted
from counterpoint.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class CampaignTarget:
    """A scenario of a system, by name: right, or one of its wrong variants."""

    system: str
    scenario: str | None = None
    mutant: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    property_name: str = ""

    def build(self) -> Scenario:
        """Build it.

        Raises:
            UnknownName: there is no such thing.
            ValueError: a setting has no good value.
        """
        return build(
            self.system,
            scenario=self.scenario,
            mutant=self.mutant,
            settings=dict(self.settings),
        )

    @property
    def name(self) -> str:
        """What reports call it.

        >>> CampaignTarget("register", mutant="B1", settings=(("clients", "3"),)).name
        'register:B1 clients=3'
        """
        parts = [f"{self.system}:{self.mutant}" if self.mutant else self.system]
        parts += [self.scenario] if self.scenario else []
        parts += [f"{key}={value}" for key, value in self.settings]
        return " ".join([*parts, *([self.property_name] if self.property_name else [])])


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What is searched, from which seed; the part i of n of it that is made here."""

    targets: tuple[CampaignTarget, ...]
    seed: int = 0
    shard: tuple[int, int] = (0, 1)

    def form(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def of_form(cls, form: Mapping[str, Any]) -> CampaignPlan:
        """Return the plan that was written as JSON."""
        targets = tuple(
            CampaignTarget(**{**one, "settings": tuple(map(tuple, one["settings"]))})
            for one in form["targets"]
        )
        part, parts = form["shard"]
        return cls(targets, int(form["seed"]), (int(part), int(parts)))


def targets_of(names: Sequence[str]) -> tuple[CampaignTarget, ...]:
    """Return what the arguments of a command name: systems, systems:mutants, or files of TOML.

    Raises:
        UnknownName, ValueError: something is wrong about one of them.
    """
    found: list[CampaignTarget] = []
    for name in names:
        found += _of_file(Path(name)) if name.endswith(".toml") else _built([_of_name(name)])
    if not found:
        raise ValueError("a campaign needs something to search: a system, or a file of TOML")
    return tuple(dict.fromkeys(found))


def _built(targets: list[CampaignTarget]) -> list[CampaignTarget]:
    """Return targets that can be built, as all of these can."""
    for target in targets:
        built = target.build()
        if target.property_name:
            only_claim(built, target.property_name)
    return targets


def _of_name(name: str) -> CampaignTarget:
    system, colon, mutant = name.rpartition(":")
    if colon and (system in SYSTEMS or system in own_names() or ":" in system):
        return CampaignTarget(system, mutant=mutant)
    return CampaignTarget(name)


EXAMPLES = {
    "system": "register",
    "mutant": "B1",
    "scenario": "default",
    "property": "linearizability",
}
LISTS = {"scenarios": "scenario", "mutants": "mutant"}
"""Keys that have several values of another one, each of which is a target."""

KEYS = frozenset({*EXAMPLES, *LISTS, "set"})


def _of_file(path: Path) -> list[CampaignTarget]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    tables = content.get("target", [])
    if set(content) - {"target"} or not isinstance(tables, list) or not tables:
        raise ValueError(f"{path}: it must hold tables [[target]], each with a system, and no more")
    for table in tables:
        if not isinstance(table, dict):
            raise ValueError(
                f"{path}: target has {quoted(table, 80)}; it must be a table with a system: [[target]]"
            )
    targets = [target for table in tables for target in _of_table(table, path)]
    try:
        return _built(targets)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _of_table(table: Mapping[str, Any], path: Path) -> list[CampaignTarget]:
    if "system" not in table or set(table) - KEYS:
        wrong = ", ".join(plain(key, 40) for key in sorted(set(table) - KEYS)) or "no system"
        raise ValueError(f"{path}: a [[target]] has {wrong}; it takes: {', '.join(sorted(KEYS))}")
    for key, value in table.items():
        wanted = _wanted(key, value)
        if wanted:
            raise ValueError(
                f"{path}: {key} of a [[target]] is {quoted(value, 80)}; it must be {wanted}"
            )
    for several, one in LISTS.items():
        if one in table and several in table:
            raise ValueError(
                f"{path}: a [[target]] has both {one} and {several}; it must have one of them at most"
            )
    base = CampaignTarget(
        table["system"],
        table.get("scenario"),
        table.get("mutant"),
        tuple((key, str(value)) for key, value in table.get("set", {}).items()),
        table.get("property", ""),
    )
    return [
        replace(base, scenario=scenario, mutant=mutant)
        for scenario in table.get("scenarios", [base.scenario])
        for mutant in table.get("mutants", [base.mutant])
    ]


def _wanted(key: str, value: object) -> str:
    """Say what the value of a key must be, where it is something else; else nothing."""
    if key == "set":
        if isinstance(value, dict) and all(
            isinstance(one, str | int | float) for one in value.values()
        ):
            return ""
        return "a table of texts, numbers, true or false, such as set = {clients = 3}"
    if key in LISTS:
        if isinstance(value, list) and value and all(map(_is_name, value)):
            return ""
        return f'a list of names, such as {key} = ["{EXAMPLES[LISTS[key]]}"]'
    return "" if _is_name(value) else f'a name, such as {key} = "{EXAMPLES[key]}"'


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""
