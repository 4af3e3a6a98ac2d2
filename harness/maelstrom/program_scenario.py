"""Scenarios of programs: an exercise, a program, how many nodes and clients, and what goes wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from counterpoint.harness.maelstrom.exercises import EXERCISES, Exercise
from counterpoint.harness.maelstrom.external_programs import ExternalPrograms
from counterpoint.harness.maelstrom.external_system import TICKS_MAX, ExternalSystem
from counterpoint.harness.maelstrom.pausing import GoOn, Pause
from counterpoint.harness.maelstrom.program_process import command_of
from counterpoint.harness.named_systems import MAELSTROM
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.actions import ACTIONS
from counterpoint.model.inert import quoted
from counterpoint.model.scenario import Budget, Scenario, Tolerates
from counterpoint.model.values import NodeId
from counterpoint.model.workload import WorkloadSource
from counterpoint.model.workload import workload as workload_of

NEMESES = ("kill", "pause", "partition")
FIRES = 12
"""So often time passes, for whichever program, before the faults stop."""


def program_scenario(
    workload: str,
    bin: str | Path,
    *,
    nodes: int = 3,
    clients: int | None = None,
    operations: int = 4,
    nemesis: Iterable[str] = (),
) -> Scenario:
    """Return a scenario in which a program is every server, as Maelstrom would run it.

    `workload` is one of Maelstrom's ("echo", "unique-ids", "broadcast", "g-counter", "lin-kv", "kafka"),
    `bin` the file of the program. Each of the `clients` (one for each of the `nodes`, if nothing else
    is said) makes so many `operations`, which are drawn for each run. `nemesis` are "kill" (memory is
    lost, `init` comes again), "pause" (a node is given nothing until it goes on) and "partition".

    Raises:
        ValueError: there is no such workload or program, or a number is not possible.
    """
    exercise = _exercise(workload)
    if os.name != "posix":
        raise ValueError("programs are run as processes of Unix; this is another system")
    path, kinds = Path(bin), tuple(nemesis)
    _require(nodes, clients, operations, kinds)
    servers = tuple(f"n{number}" for number in range(1, nodes + 1))
    home = {f"c{k}": servers[(k - 1) % nodes] for k in range(1, (clients or nodes) + 1)}
    system = ExternalSystem(
        ExternalPrograms(command_of(path)), servers, exercise.services, MappingProxyType(home),
        exercise.question, exercise.answer, exercise.opening(servers),
        FIRES + TICKS_MAX,
    )  # fmt: skip
    sides = tuple((node, *(c for c, at in home.items() if at == node)) for node in servers)
    settings = {
        "workload": workload, "bin": _shown(path), "nodes": nodes, "clients": clients or nodes,
        "operations": operations, "nemesis": ",".join(kinds),
    }  # fmt: skip
    return Scenario(
        name=workload,
        system=system,
        calls=workload_of(_sources(exercise, tuple(home), operations), calls=(1, operations)),
        properties=exercise.properties,
        limits=_limits(kinds),
        actions=(*ACTIONS, Pause, GoOn) if "pause" in kinds else ACTIONS,
        tolerates=_only(servers) if "kill" in kinds else _only(()),
        partitions=sides if "partition" in kinds else (),
        depends_on=lambda client, _: (client, *servers),
        walk_steps=(10, 30 + 10 * nodes),
        origin=MappingProxyType(
            {"system": MAELSTROM, **{f"set.{key}": str(value) for key, value in settings.items()}}
        ),
    )


def _exercise(workload: str) -> Exercise:
    if workload not in EXERCISES:
        raise ValueError(f"there is no workload {workload!r}; there are: {', '.join(EXERCISES)}")
    return EXERCISES[workload]


def _require(nodes: int, clients: int | None, operations: int, nemesis: tuple[str, ...]) -> None:
    for what, number, most in (
        ("nodes", nodes, 9), ("clients", clients or nodes, 20), ("operations", operations, 50),
    ):  # fmt: skip
        if not 1 <= number <= most:
            raise ValueError(f"{number} {what}; it must be 1 to {most}")
    for kind in nemesis:
        if kind not in NEMESES:
            raise ValueError(f"there is no nemesis {kind!r}; there are: {', '.join(NEMESES)}")


def _shown(path: Path) -> str:
    """Return how a trace names a program: from here, if it is here."""
    resolved, here = path.resolve(), Path.cwd().resolve()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(resolved)


def _sources(
    exercise: Exercise, clients: tuple[NodeId, ...], count: int
) -> Mapping[NodeId, WorkloadSource]:
    """Return what draws the operations of each client."""
    return {
        client: partial(exercise.operations, client=number, count=count)
        for number, client in enumerate(clients, start=1)
    }


def _limits(nemesis: tuple[str, ...]) -> Mapping[str, Budget]:
    limits = {"fire": Budget(FIRES)}
    if "kill" in nemesis:
        limits["crash"] = Budget(2, at_once=1)
    if "pause" in nemesis:
        limits["pause"] = Budget(3, at_once=1)
    if "partition" in nemesis:
        limits["cut"] = Budget(2, at_once=1)
    return MappingProxyType(limits)


def _only(nodes: tuple[NodeId, ...]) -> Tolerates:
    """Return the bound of a system in which one of these may fail at a time."""

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        del roles
        return set(failed) <= set(nodes) and len(failed) <= 1

    return tolerates


def scenario_of_settings(settings: Mapping[str, str]) -> Scenario:
    """Return the scenario that settings describe.

    Raises:
        ValueError: they describe none.
    """
    known = ("workload", "bin", "nodes", "clients", "operations", "nemesis")
    for key in settings:
        if key not in known:
            raise ValueError(f"there is no setting {key!r}; there are: {', '.join(known)}")
    for key in ("workload", "bin"):
        if key not in settings:
            raise ValueError(f"setting {key} is missing: --set {key}=...")
    numbers = {key: _number(key, settings[key]) for key in known[2:5] if key in settings}
    kinds = tuple(filter(None, settings.get("nemesis", "").split(",")))
    return program_scenario(settings["workload"], settings["bin"], nemesis=kinds, **numbers)


def _number(key: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise ValueError(f"setting {key} is {text!r}; it must be a number")
    return int(text)


def require_program_here(bin: str) -> None:
    """Refuse a program that a trace file names, unless it is under the current directory.

    A file can come from anywhere; it must not start what it likes.

    Raises:
        UnknownName: it is elsewhere.
    """
    here = Path.cwd().resolve()
    if not bin or not Path(bin).resolve().is_relative_to(here):
        raise UnknownName(
            f"the trace names the program {quoted(bin)}, which is not under the current directory "
            f"({here}); change to the directory that it is in"
        )
