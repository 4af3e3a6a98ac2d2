"""What a program writes, as a function of what it was given: the handler of a node that is a process.

The state of such a node is everything that it was given since it began. So a process stands for a
state as long as it was given exactly that; any other is brought there: it begins, and is given all of
it again. What it then writes must be what was written before: a program is found out that does not
always do the same.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from counterpoint.harness.maelstrom.program_process import (
    ExternalFailure,
    ProgramOutput,
    ProgramProcess,
)
from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.values import NodeId

PROCESSES_MAX = 24
"""So many processes are kept; the one that was used least recently ends first."""

KNOWN_MAX = 100_000
"""So many answers are kept; past that they are forgotten, and asked for again."""

RIGHT = (
    "a program that is run here does the same whenever it is given the same; its clock and its chance "
    "are replaced where it is one of Python or Node.js, in other languages it must use neither"
)

Inputs = tuple[str, ...]
"""The lines that a program was given since it began; an empty one lets time pass."""


@dataclass
class StandingProcess:
    """A process, and what it was given so far."""

    node: NodeId
    incarnation: int
    given: Inputs
    process: ProgramProcess


class ExternalPrograms:
    """The processes of one scenario. Nothing outlives it."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.begun = 0
        self._known: dict[tuple[NodeId, int, Inputs], ProgramOutput | ExternalFailure] = {}
        self._standing: list[StandingProcess] = []
        self._spare: dict[tuple[NodeId, int], ProgramProcess] = {}
        weakref.finalize(self, _stop_all, self._standing, self._spare)

    def close(self) -> None:
        """End all processes."""
        _stop_all(self._standing, self._spare)

    def written(self, node: NodeId, incarnation: int, inputs: Inputs) -> ProgramOutput:
        """Return what a node writes on the last of these inputs, having been given the others.

        Raises:
            ExternalFailure: it ended, or did not come to wait for more.
            NotDeterministic: it has done something else before.
        """
        key = (node, incarnation, inputs)
        known = self._known.get(key)
        if known is None:
            self._bring(node, incarnation, inputs)
            known = self._known[key]
        if isinstance(known, ExternalFailure):
            raise ExternalFailure(str(known))
        return known

    def _bring(self, node: NodeId, incarnation: int, inputs: Inputs) -> None:
        """Bring a process to where it was given all of this, and note what it writes on the way."""
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        here = self._nearest(node, incarnation, inputs)
        for count in range(len(here.given), len(inputs)):
            before = self._known.get((node, incarnation, inputs[: count + 1]))
            now = _given(here, inputs[count])
            if before is not None and not _are_alike(before, now):
                self._drop(here)
                raise NotDeterministic(_told(node, inputs[count], before, now), RIGHT)
            self._known[node, incarnation, inputs[: count + 1]] = now
            if isinstance(now, ExternalFailure):
                self._drop(here)
                self._known[node, incarnation, inputs] = now
                return
        self._standing.remove(here)
        self._standing.append(here)

    def _nearest(self, node: NodeId, incarnation: int, inputs: Inputs) -> StandingProcess:
        """Return the process that has come furthest on the way to these inputs, a new one if none."""
        found = None
        for each in self._standing:
            is_of_it = (each.node, each.incarnation) == (node, incarnation)
            if (
                is_of_it
                and each.given == inputs[: len(each.given)]
                and len(each.given) < len(inputs)
            ):
                found = each if found is None or len(each.given) > len(found.given) else found
        if found is None:
            found = StandingProcess(node, incarnation, (), self._begun(node, incarnation))
            self._standing.append(found)
            if len(self._standing) > PROCESSES_MAX:
                self._drop(self._standing[0])
        return found

    def _begun(self, node: NodeId, incarnation: int) -> ProgramProcess:
        """Return a new process; another one is begun meanwhile, for starting takes time."""
        self.begun += 1
        key = (node, incarnation)
        seed = f"{node} {incarnation}"
        process = self._spare.pop(key, None) or ProgramProcess(self.command, seed)
        if incarnation == 1:
            self._spare[key] = ProgramProcess(self.command, seed)
        return process

    def _drop(self, standing: StandingProcess) -> None:
        self._standing.remove(standing)
        standing.process.stop()


def _given(here: StandingProcess, line: str) -> ProgramOutput | ExternalFailure:
    here.given = (*here.given, line)
    try:
        return here.process.give(line)
    except ExternalFailure as error:
        return error


def _are_alike(
    one: ProgramOutput | ExternalFailure, other: ProgramOutput | ExternalFailure
) -> bool:
    if isinstance(one, ExternalFailure) or isinstance(other, ExternalFailure):
        return type(one) is type(other)
    return one == other


def _told(
    node: NodeId,
    line: str,
    before: ProgramOutput | ExternalFailure,
    now: ProgramOutput | ExternalFailure,
) -> str:
    return (
        f"{node}, given {line or 'time'} after the same as before, did {_brief(before)} and, "
        f"begun again, {_brief(now)}"
    )


def _brief(written: ProgramOutput | ExternalFailure) -> str:
    if isinstance(written, ExternalFailure):
        return str(written)[:200]
    return "write " + (" ".join(written.lines)[:200] or "nothing")


def _stop_all(
    standing: list[StandingProcess], spare: dict[tuple[NodeId, int], ProgramProcess]
) -> None:
    for each in standing:
        each.process.stop()
    for process in spare.values():
        process.stop()
    standing.clear()
    spare.clear()
