"""The fault-free re-run: the calls of a run again, one after the other, on a network that does no harm.

Whatever a run has been through - lost messages, crashes, changes of role, calls at the same time -
what it has come to must be what its calls come to in the order of their effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.play.console import Console, with_calls
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.search.replay import Recorder, is_enabled, record
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import World

STEPS_MAX = 100_000
"""A call that has not come to rest after so many deliveries never will."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the outcome that is not the same: in the run, and in its fault-free re-run."""

    what: str
    before: str
    again: str

    @property
    def text(self) -> str:
        """The difference in a line."""
        return f"{self.what}: {self.before} in the run, {self.again} without faults"


@dataclass(frozen=True, slots=True)
class FaultFree:
    """A fault-free re-run: the calls in the order in which they were made, and what differs.

    `compared` counts the parts of the outcome. `refused` are calls that could not be made again.
    """

    calls: tuple[tuple[NodeId, Value], ...]
    trace: Trace
    compared: int
    differences: tuple[Difference, ...]
    refused: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Tell whether the run has come to what its calls come to."""
        return not self.differences and not self.refused


def fault_free(trace: Trace, console: Console) -> FaultFree:
    """Make the calls of a run again, in the order of their effects, without faults and delays."""
    calls = console.effects(trace)
    plain = with_calls(trace.scenario, calls).replace(
        in_order=True, limits=MappingProxyType({}), faults_max=None, partitions=()
    )
    recorder = record(plain)
    refused = tuple(
        f"{node} {show(operation)}"
        for node, operation in calls
        if not _make(recorder, node, operation)
    )
    found = differences(console.outcome(trace.final), console.outcome(recorder.world))
    compared = len(console.outcome(trace.final))
    return FaultFree(calls, recorder.trace(), compared, found, refused)


def _make(recorder: Recorder, node: NodeId, operation: Value) -> bool:
    """Make a call and let everything arrive, oldest first; tell whether it was made and answered."""
    call = Call(node, operation)
    if recorder.failure is not None or not is_enabled(call, recorder.world):
        return False
    recorder.take(call)
    for _ in range(STEPS_MAX):
        if recorder.failure is not None or not recorder.world.flights:
            break
        recorder.take(Deliver(*recorder.world.flights[0].content))
    return recorder.failure is None and _is_answered(recorder.world, node)


def _is_answered(world: World, node: NodeId) -> bool:
    return world.node_state(node).pending is None and not world.flights


def differences(before: Mapping[str, str], again: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return the parts of two outcomes that are not the same, in the order of the first.

    >>> [found.text for found in differences({"token 1": "c1"}, {"token 1": "c2"})]
    ['token 1: c1 in the run, c2 without faults']
    """
    keys = dict.fromkeys([*before, *again])
    pairs = ((key, before.get(key, "nothing"), again.get(key, "nothing")) for key in keys)
    return tuple(Difference(key, one, other) for key, one, other in pairs if one != other)
