"""`counterpoint audit`: whether a scenario does the same again, wherever it is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

import counterpoint
from counterpoint.harness.analysis.retelling import HEAP, IMPORTS
from counterpoint.harness.catalog import build
from counterpoint.harness.commands.shared import as_json as json_option
from counterpoint.harness.output import EXIT_HELP, clear_errors, emit, finish, tell
from counterpoint.model.mistakes import BadScenario

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""The versions of Python that are looked for."""

BASE = {"PYTHONHASHSEED": "0"}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process in which the runs must be the same, and why they may not be."""

    name: str
    cause: str
    environment: Mapping[str, str]
    python: str = sys.executable


KEPT = (
    "something is kept outside of the nodes: a variable of a module, an attribute of a class, a cache, "
    "a file"
)

OTHERS = (
    Elsewhere(
        "another heap",
        "the order of a set of objects that hash by their address: give their class a __hash__, or keep "
        "them in a list or a dictionary",
        {**BASE, HEAP: "200003"},
    ),
    Elsewhere(
        "another hash seed",
        "the order of a set of texts or bytes: go through sorted(...)",
        {"PYTHONHASHSEED": "4242"},
    ),
    Elsewhere(
        "another order of imports",
        "what a module does while it is imported: have it done by the program",
        {**BASE, IMPORTS: "7"},
    ),
)


@click.command("audit", epilog=EXIT_HELP)
@click.argument("system")
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="So many runs.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the runs.")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A further interpreter to compare with.",
)
@json_option
def audit(system: str, runs: int, seed: int, pythons: tuple[str, ...], as_json: bool) -> None:
    """Run a scenario twice, and again elsewhere: it must do the same, step by step.

    Elsewhere is another heap, another hash seed, another order of imports, and each other version of
    Python that is there. What differs first is told, with its likely cause.

    \b
    counterpoint audit mypackage.service:scenario
    """
    with clear_errors(as_json=as_json):
        build(system)
        first = _runs(Elsewhere("here", KEPT, BASE), system, runs, seed)
    others = (*OTHERS, *_other_pythons(pythons))
    lines, outcome = _compared(others, system, runs, seed, first)
    if as_json:
        emit({"system": system, "outcome": outcome, "runs": runs, "seed": seed, "compared": lines})
    else:
        for name, found in lines.items():
            tell(f"  {name}: {found}")
        tell(f"{outcome}: {runs} runs, each twice, and elsewhere [seed {seed}]")
    finish(outcome)


def _compared(
    others: Iterable[Elsewhere], system: str, runs: int, seed: int, first: list[dict[str, Any]]
) -> tuple[dict[str, str], str]:
    """Return what each comparison came to, and the outcome of all."""
    lines: dict[str, str] = {}
    found = first[-1].get("error") or next(
        filter(None, map(difference, first[::2], first[1::2])), None
    )
    lines["twice in one process"] = "the same" if found is None else f"{found}; likely {KEPT}"
    is_same = found is None
    for other in others:
        if not is_same:
            break
        told = _runs(other, system, runs, seed)
        if not told:
            lines[other.name] = "cannot run it here: a package is missing there"
            continue
        found = next(filter(None, map(difference, first, told)), None)
        lines[other.name] = "the same" if found is None else f"{found}; likely {other.cause}"
        is_same = found is None
    return lines, "holds" if is_same else "broken"


def _runs(where: Elsewhere, system: str, runs: int, seed: int) -> list[dict[str, Any]]:
    """Return the runs as another process tells them; none where it cannot tell them."""
    command = [where.python, "-m", "counterpoint.harness.analysis.retelling"]
    made = subprocess.run(
        [*command, system, str(runs), str(seed)],
        env={**os.environ, **where.environment, "PYTHONPATH": _search_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode and where.python == sys.executable:
        raise BadScenario(made.stderr.strip().splitlines()[-1] if made.stderr else "failed")
    return [] if made.returncode else [json.loads(line) for line in made.stdout.splitlines()]


def _search_path() -> str:
    ours = Path(counterpoint.__file__).parents[1]
    folders = (str(ours), sysconfig.get_path("purelib"), os.environ.get("PYTHONPATH", ""))
    return os.pathsep.join(filter(None, folders))


def _other_pythons(named: Iterable[str]) -> Iterator[Elsewhere]:
    cause = "something that differs between versions of Python"
    for python in named:
        yield Elsewhere(python, cause, BASE, python)
    here = ".".join(map(str, sys.version_info[:2]))
    for version in VERSIONS:
        found = shutil.which(f"python{version}")
        if version != here and found is not None and _is_working(found):
            yield Elsewhere(f"Python {version}", cause, BASE, found)


def _is_working(python: str) -> bool:
    """Tell whether an interpreter runs at all: what a version manager puts there may not."""
    made = subprocess.run([python, "-c", ""], capture_output=True, check=False)
    return made.returncode == 0


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Say where two tellings of one run differ first, None where they do not.

    >>> a = {"run": 3, "steps": [["start", "d", ["c send 1"]]], "failure": None}
    >>> difference(a, a) is None
    True
    >>> difference(a, {**a, "steps": [["start", "e", ["c send 2"]]]})
    'run 3, at the start, start: c send 1 here, c send 2 there'
    """
    if "error" in other:
        return str(other["error"])
    for step, (here, there) in enumerate(zip_longest(one["steps"], other["steps"])):
        if here != there:
            place = "at the start" if step == 0 else f"step {step - 1}"
            return f"run {one['run']}, {place}, {_differing(here, there)}"
    if one["failure"] != other["failure"]:
        return f"run {one['run']}, at the end: {one['failure']} here, {other['failure']} there"
    return None


def _differing(here: Any, there: Any) -> str:
    if here is None or there is None:
        return f"{(here or there)[0]}: one of the two goes on"
    if here[0] != there[0]:
        return f"{here[0]} here, {there[0]} there"
    for one, other in zip_longest(here[2], there[2]):
        if one != other:
            return f"{here[0]}: {one or 'nothing'} here, {other or 'nothing'} there"
    return f"{here[0]}: the state of a node"
