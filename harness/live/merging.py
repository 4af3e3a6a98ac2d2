"""Logs of nodes merged into one trace: what really happened, as a run of the simulator.

Each line is taken at its time: an invocation is a call, a message taken is a delivery, a restart is a
crash and a recovery. The handlers do the rest again, so the trace is an ordinary one, and a log that
does not fit what its node would have done is found where it first differs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.hostings import hosting_of
from counterpoint.harness.live.live_history import BadLog, classes_of
from counterpoint.harness.live.recorded import BOUNDLESS, recorded_scenario
from counterpoint.impl.host.codec import from_canonical
from counterpoint.model.actions import Call, Deliver, Fire, Transform
from counterpoint.model.faults import Crash, Duplicate, Restart
from counterpoint.model.scenario import Calls
from counterpoint.model.search.replay import is_enabled, record
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import Action, World

STEPS_MAX = 2_000
"""So many steps a trace has that is made to be read; a world is kept for each of them."""

LIMITS = dict.fromkeys(("crash", "duplicate", "transform"), BOUNDLESS)
_STEPS = ("invoke", "recv", "timer", "role", "crash", "recover")
_OTHERS = tuple(
    f'"ev":"{kind}"'
    for kind in ("start", "send", "return", "begin", "persist", "note", "set-timer", "cancel-timer")
)
"""How a line says that it is no step; most are none, and need not be read."""


class Differs(ValueError):
    """A log tells what its node cannot have done. Says which line, and why not."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A line that is a step: of which node, its number, when, what, with what and from whom."""

    at: int
    node: NodeId
    number: int
    kind: str
    body: Value
    source: NodeId = ""
    message: str = ""


@dataclass(frozen=True)
class Merged:
    """A trace out of logs; `left` is how many steps are in the logs after its end."""

    trace: Trace
    left: int


def merged(cluster: Cluster, paths: Sequence[Path], *, steps: int = STEPS_MAX) -> Merged:
    """Return the run that logs tell, up to so many steps.

    Raises:
        BadLog: a line is no line of a log.
        Differs: a node cannot have done what a line says.
    """
    told = sorted(
        (line for path in paths for line in unread_lines_of(path)),
        key=lambda line: (line.at, line.node, line.number),
    )
    classes = classes_of(hosting_of(cluster.system).vocabulary)
    lines = [line.read(classes) for line in told[:steps]]
    calls: dict[NodeId, tuple[Value, ...]] = {}
    for line in lines:
        if line.kind == "invoke":
            calls[line.node] = (*calls.get(line.node, ()), line.body)
    trace = replayed(cluster, calls, lines)
    return Merged(trace, max(len(told) - steps, 0))


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that is a step, whose body was not read yet: of many steps a trace takes the first ones."""

    at: int
    node: NodeId
    number: int
    form: Mapping[str, Any]
    place: str

    def read(self, classes: Mapping[str, type]) -> StepLine:
        """Return the step, with its body; raises BadLog."""
        form = self.form
        try:
            body = from_canonical(form.get("body"), classes)
        except (ValueError, KeyError, TypeError) as error:
            raise _no_line(self.place, error) from None
        told = (form.get("from", ""), form.get("msg", ""))
        return StepLine(self.at, self.node, self.number, form["ev"], body, *told)


def unread_lines_of(path: Path) -> Iterator[UnreadLine]:
    """Return the steps in a log; raises BadLog."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLog(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if any(other in line for other in _OTHERS):
            continue
        place = f"{path}:{number}"
        try:
            form = json.loads(line)
            if form["ev"] in _STEPS:
                yield UnreadLine(form["t"], form["node"], form["n"], form, place)
        except (ValueError, KeyError, TypeError) as error:
            raise _no_line(place, error) from None


def _no_line(place: str, error: Exception) -> BadLog:
    return BadLog(f"{place}: no line of a node's log: {error}")


def replayed(cluster: Cluster, calls: Calls, lines: Sequence[StepLine]) -> Trace:
    """Return the run of these lines."""
    recorder = record(recorded_scenario(cluster, calls, LIMITS))
    to_come = Counter(line.message for line in lines if line.kind == "recv")
    for line in lines:
        for action in actions_of(line, recorder.world, to_come):
            if not is_enabled(action, recorder.world):
                raise Differs(
                    f"{line.node}, line {line.number}: {line.kind} {show(line.body)} is not possible "
                    "there; is the log of another node missing, or cut off at its beginning?"
                )
            recorder.take(action)
            if recorder.failure is not None:
                return recorder.trace()
    return recorder.trace()


def actions_of(line: StepLine, world: World, to_come: Counter[str]) -> Iterator[Action]:
    """Return the choices that a line stands for; `to_come` counts how often each message is taken."""
    match line.kind:
        case "invoke":
            yield Call(line.node, line.body)
        case "recv":
            to_come[line.message] -= 1
            if to_come[line.message]:
                # Its receiver crashed before it could say that it had taken it, and took it again.
                yield Duplicate(line.source, line.node, line.body)
            yield Deliver(line.source, line.node, line.body)
        case "timer":
            yield Fire(line.node, str(line.body))
        case "role":
            yield Transform(line.node)
        case "crash":
            yield Crash(line.node)
        case _ if line.kind == "recover":
            if world.is_up(line.node):
                yield Crash(line.node)  # it was killed, and could not say so
            yield Restart(line.node)
