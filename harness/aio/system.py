"""Programs as a system: the same machine, minimiser, traces and reports as for a pure protocol.

`handle` is a function of the past of a node and one more input. It keeps one running program a node,
the cache of one past; asked for another, it starts the program anew and gives it what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any
from weakref import finalize

from counterpoint.harness.aio.actions import LUCKS, Timing, seconds
from counterpoint.harness.aio.given_node import Node
from counterpoint.harness.aio.past import Past
from counterpoint.harness.aio.patches import Patches
from counterpoint.harness.aio.process import EXPECTED, Process, Program
from counterpoint.harness.aio.waiting import locked_out, waiting_tasks
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import Input, Start, Step
from counterpoint.model.values import NodeId, NotAValue, Value, require_value

Snapshot = Callable[[Node], Value]
"""What of a node invariants, goals and reports may see: a frozen value."""


LENGTH = "the limit of its length"
"""Where a run is cut that has more timers than a search lets go off."""

_INSTEAD = (
    "a larger horizon= lets it go on",
    "a smaller horizon= ends it before, at a time of its own",
)


class Programs:
    """The system of some programs, one a node. Its states are `Past`s."""

    asked_again = (3, 1_000)
    never_comes_back = True
    gives_values = True
    states_are_a_tree = True
    runs_to_rest = True

    def __init__(
        self,
        programs: Mapping[NodeId, Program],
        *,
        timing: Timing,
        may_crash: frozenset[NodeId] = frozenset(),
        snapshot: Snapshot | None = None,
        is_always_asked: bool = False,
        expected: tuple[type[BaseException], ...] = EXPECTED,
        callers: Collection[NodeId] | None = None,
    ) -> None:
        self.nodes = tuple(programs)
        self.callers = self.nodes if callers is None else tuple(callers)
        self.timing, self.may_crash = timing, may_crash
        self._programs, self._snapshot = dict(programs), snapshot
        self._is_always_asked, self._expected = is_always_asked, expected
        self._running: dict[NodeId, tuple[Process, Past]] = {}
        finalize(self, _bury_all, self._running)
        self._from_boot: frozenset[tuple[NodeId, int]] | None = None
        self._patches: Patches | None = None
        self.draws = self._has_drawn = False
        self._blank = {n: Past().told_by(partial(self._shown, n)) for n in self.nodes}

    def has_drawn(self) -> bool:
        """Tell whether a program has drawn a random number until now."""
        return self._has_drawn

    def left_out(self) -> str | None:
        """Say what explorations left out, None if they made all runs: chance, where any is drawn."""
        if not (self.draws or self._has_drawn):
            return None
        return f"all but {LUCKS if self.draws else 1} of the sequences of random numbers"

    def again(self) -> Programs:
        """Return the same system, of which nothing runs yet."""
        return Programs(
            self._programs,
            timing=self.timing,
            may_crash=self.may_crash,
            snapshot=self._snapshot,
            is_always_asked=self._is_always_asked,
            expected=self._expected,
            callers=self.callers,
        )

    def while_running(self) -> Patches:
        """Return what is in place while a run goes on, so that no step has to put it there."""
        if self._patches is None:
            self._patches = Patches()
        return self._patches

    def handler_of(self, node: NodeId) -> Program:
        """Return the program of a node."""
        return self._programs[node]

    def initial(self, node: NodeId) -> Past:
        """Return the past of a node to which nothing has happened."""
        return self._blank[node]

    def handle(self, node: NodeId, state: Past, given: Input) -> Step[Past]:
        """Give an input to the program of a node."""
        process = self._at(node, state)
        try:
            effects = process.take(given)
        except BaseException:
            self._drop(node)
            raise
        self._has_drawn = self._has_drawn or process.has_drawn
        after = self._after(state, given, process)
        self._running[node] = (process, after)
        return Step(after, effects=effects)

    def program_at(self, node: NodeId, past: Past) -> Process:
        """Return the program of a node as it is after all this; for looking only."""
        return self._at(node, past)

    def cut_short(self, states: Mapping[NodeId, Any], down: Collection[NodeId]) -> str | None:
        """Say where a run that ends in these states was cut, None if no node had anything left to do."""
        due = [state.due for node, state in states.items() if node not in down]
        left = [moment for moment in due if moment is not None]
        if not left:
            return None
        is_over = min(left) > self.timing.horizon
        return f"the horizon of {seconds(self.timing.horizon)}" if is_over else LENGTH

    def calls_to_come(self, states: Mapping[NodeId, Past], down: Collection[NodeId]) -> str | None:
        """Say of a run that was cut who may call after it, None if nobody may, or it was not cut."""
        cut = self.cut_short(states, down)
        callers = [n for n in self.callers if not states[n].has_ended] if cut is not None else []
        if not callers:
            return None
        return (
            f"the run was cut at {cut}, and calls may come after it: of {', '.join(callers)}; "
            f"{_INSTEAD[cut == LENGTH]}, and answers= may name the nodes that call"
        )

    def locked_out(self, states: Mapping[NodeId, Past]) -> str | None:
        """Say which tasks wait for locks that nobody will release, None if none does.

        Asked of a system at rest; what was found of a past is kept with it.
        """
        for node, past in states.items():
            known = vars(past)
            if "locked_out" not in known:
                known["locked_out"] = locked_out(self._at(node, past)) if past.inputs else {}
            if known["locked_out"]:
                places = (f"{name} at {place}" for name, place in known["locked_out"].items())
                return (
                    f"{node} is in a deadlock: a lock is waited for that nobody will release, by "
                    f"{', '.join(places)}"
                )
        return None

    def work_left(self, states: Mapping[NodeId, Past], down: Collection[NodeId]) -> str | None:
        """Say of a run that was cut what its nodes had left to do, None of one that was not."""
        cut = self.cut_short(states, down)
        if cut is None:
            return None
        left = {n: past for n, past in states.items() if n not in down and past.due is not None}
        places = [
            " and ".join(f"{k} {place}" for k, place in waiting_tasks(self._at(n, past)).items())
            for n, past in left.items()
        ]
        return (
            f"the run was cut at {cut} with work left at {', '.join(left)}: "
            f"{'; '.join(filter(None, places)) or 'a callback'}; {_INSTEAD[cut == LENGTH]}"
        )

    def _shown(self, node: NodeId, past: Past) -> dict[str, Value]:
        """Return what reports show of a node."""
        shown: dict[str, Value] = {} if past.snapshot is None else {"snapshot": past.snapshot}
        if past.clock:
            shown["clock"] = seconds(past.clock)
        if past.inputs:
            shown.update(waiting_tasks(self._at(node, past)))
        return shown

    def _at(self, node: NodeId, past: Past) -> Process:
        process, known = self._running.get(node, (None, None))
        if process is not None and (known is past or known == past):
            return process
        self._drop(node)
        process = self._started(node)
        try:
            process.take_again(past.inputs_given())
        except BaseException:
            process.bury()
            raise
        self._running[node] = (process, past)
        return process

    def _drop(self, node: NodeId) -> None:
        process, _ = self._running.pop(node, (None, None))
        if process is not None:
            process.bury()

    def _after(self, state: Past, given: Input, process: Process) -> Past:
        seen = None
        if self._snapshot is not None and process.node is not None:
            seen = self._snapshot(process.node)
            try:
                require_value(seen)
            except NotAValue as error:
                raise BadScenario(f"the snapshot of {process.name} is no value: {error}") from None
        due, clock = process.loop.due(), process.clock
        return state.after(given, clock, due, process.lanes, process.ports, seen)

    def _started(self, node: NodeId) -> Process:
        patches = self.while_running()
        if self._from_boot is None:
            self._from_boot = frozenset()
            if not self._is_always_asked:
                self._from_boot = frozenset(self._listening_from_boot())
        program = self._programs[node]
        return Process(
            node,
            program,
            self.nodes,
            self._from_boot,
            patches,
            self._expected,
            node in self.callers,
        )

    def _listening_from_boot(self) -> Any:
        """Yield the places at which nodes listen as soon as they have booted."""
        for node in self.nodes:
            process = self._started(node)
            try:
                process.take(Start())
                yield from ((node, port) for port in process.ports)
            finally:
                process.bury()


def _bury_all(running: dict[NodeId, tuple[Process, Past]]) -> None:
    """End all programs of a system that is gone."""
    while running:
        running.popitem()[1][0].bury()
