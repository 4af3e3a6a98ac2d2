"""The calm after the faults: what a run does from then on until it is at rest, or never will be.

Messages arrive, calls that are left begin, a failure detector tells what it has to tell, and where no
message is on its way, timers go off: one at a time, the one that was set longest ago first, each long
after what the last one sent has arrived.
That is a network whose delays are short and known, and timers that are equally long (partial
synchrony after its stabilisation: Dwork, Lynch, Stockmeyer, J. ACM 35(2), 1988). A leader that is
heard in time is therefore never deposed, and candidates that do not back off never end.

The order of messages is drawn for a while; then the oldest arrives first, so that a run that never
ends comes back to a state that it was in, and stops there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from random import Random

from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import Action, ActionKind
from counterpoint.model.livelock import ROUNDS_OF_TIMERS, period_of, shape_of
from counterpoint.model.normal import Fire
from counterpoint.model.owed import is_owed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import LocalChoice
from counterpoint.model.values import Value

STEPS_MAX = 4_000
"""A run that is not at rest this long after the faults stopped is reported as it is."""

PROMPT_CHANCE = 0.2
"""How often, while messages arrive in any order, a failure detector tells something first."""

LOOK_FOR_GROWTH_AT = frozenset((600, 1_200, 2_400, STEPS_MAX))
"""After so many steps it is asked whether the run goes on and on."""


def settle(run: Simulation, random: Random) -> None:
    """Stop the faults, draw who stays silent for good, and go on until the run is at rest."""
    groups = run.compiled.tolerated_failures(run.conditions)
    is_told = run.scenario.detector is not None  # then these are nodes that have failed already
    run.settle(random.choice(groups) if is_told or random.random() < 0.5 else groups[0])
    finish(run, random)


def finish(
    run: Simulation,
    random: Random | None = None,
    timers: Sequence[Action] = (),
    length_max: int | None = None,
) -> None:
    """Go on, after the faults have stopped, until nothing is left to do or the rest is clear.

    Without `random` messages arrive in the order of sending; `timers` go off in the order given where
    none was set later. With `length_max` a run that becomes longer is left as it is then.
    """
    steps_max = STEPS_MAX if length_max is None else length_max + 1 - len(run.choices)
    calm = _Calm(run, random, timers, steps_max)
    run.clock = calm.clock
    try:
        calm.finish()
    finally:
        run.clock = None


class TimerOrder:
    """The timers in the order in which they were set; setting an armed one sets it anew."""

    def __init__(self, armed: Iterable[tuple[int, str]]) -> None:
        self._order = dict.fromkeys(armed)

    def set(self, node: int, timers: Sequence[str]) -> None:
        """Note that a node has set timers."""
        for timer in timers:
            self._order.pop((node, timer), None)
            self._order[node, timer] = None

    @property
    def order(self) -> tuple[tuple[int, str], ...]:
        """The timers of all nodes, set longest ago first; some may be armed no more."""
        return tuple(self._order)

    def gone_off(self, node: int, timer: str) -> None:
        """Forget a timer that has gone off, unless it was set anew by that."""
        self._order.pop((node, timer), None)


class _Calm:
    """One run being finished."""

    def __init__(
        self, run: Simulation, random: Random | None, timers: Sequence[Action], steps_max: int
    ) -> None:
        self._run = run
        self._random = random
        self._steps_max = self._steps_left = min(steps_max, STEPS_MAX)
        self.clock = TimerOrder(self._armed(random, timers))
        self._states: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self._kinds: list[str] = []
        self._now: tuple[tuple[int, ...], tuple[int, ...]] | None = None
        self._prompt = [
            kind for kind in run.compiled.further if issubclass(kind, ActionKind) and kind.is_prompt
        ]

    def _armed(self, random: Random | None, timers: Sequence[Action]) -> list[tuple[int, str]]:
        """Return the timers that are armed now: in the order given first, else drawn, else by node."""
        run = self._run
        if not run.compiled.has_timers:
            return []
        armed = [
            (node, timer)
            for node, node_state in enumerate(run.node_states)
            for timer in run.compiled.node_states[node_state].timers
        ]
        if random is not None and len(armed) > 1:
            random.shuffle(armed)
        index = run.scenario.index
        wanted = [(index[t.node], t.timer) for t in timers if isinstance(t, Fire)]
        return [*(each for each in dict.fromkeys(wanted) if each in armed), *armed]

    def finish(self) -> None:
        """Go on until the run is at rest, goes round in a circle, or has taken too many steps."""
        self._recover()
        if self._random is not None:
            self._drain_at_random(self._random)
        if self._is_over():
            return
        seen: set[Hashable] = set()
        for _ in range(ROUNDS_OF_TIMERS * (len(self.clock.order) + 4)):
            is_quiet = self._drain()
            if self._steps_left <= 0 or (is_quiet and not self._is_wanted()):
                return
            state = (self._run.identity(), tuple(self._ready()))
            if state in seen:
                return
            seen.add(state)
            if not self._let_go_off():
                return

    # What happens.

    def _recover(self) -> None:
        """Let who is down come back, and undo what else is no fault to undo."""
        run = self._run
        for kind in run.compiled.undoing if run.is_disturbed else ():
            if not kind.is_fault:
                for action in run.everywhere(kind):
                    run.attempt(action)

    def _drain_at_random(self, random: Random) -> None:
        run = self._run
        left = 2 * (len(run.flights) + sum(1 for o in run.offers() if o.is_call)) + 30
        all_arrive, flights = run.is_free, run.flights
        for _ in range(left):
            if self._prompt and random.random() < PROMPT_CHANCE and self._tell(random):
                continue
            ready = range(len(flights)) if all_arrive else run.arriving()
            if ready:
                run.deliver(random.choice(ready))
                continue
            calls = self._calls()
            if not calls:
                return
            run.choose(random.choice(calls))

    def _drain(self) -> bool:
        """Deliver and call, oldest first, until only timers are left; tell whether that came to be.

        It does not if the run comes back to a state that it was in, or goes on for too long.
        """
        run, seen, numbers = self._run, set[Hashable](), dict[FaultState, int]()
        conditions, number = None, -1
        while self._steps_left > 0:
            ready = run.arriving()
            calls = [] if ready else self._calls()
            if not ready and not calls:
                if self._prompt and self._tell():
                    self._count("tell")
                    continue
                return True
            if run.conditions is not conditions:  # they rarely change, and their hash is slow
                conditions = run.conditions
                number = numbers.setdefault(conditions, len(numbers))
            states, flights = self._now or self._snapshot()
            if len(ready) < len(flights):
                flights = tuple(map(flights.__getitem__, ready))
            here = (states, flights, number)
            if here in seen:
                return False
            seen.add(here)
            if ready:
                run.deliver(ready[0])
            else:
                run.choose(calls[0])
            self._count("deliver" if ready else "call")
        return False

    def _tell(self, random: Random | None = None) -> bool:
        """Do what is to happen before any timer goes off; tell whether there was anything."""
        run = self._run
        options = [action for kind in self._prompt for action in run.everywhere(kind)]
        if not options:
            return False
        return run.attempt(options[0] if random is None else random.choice(options))

    def _count(self, kind: str) -> None:
        self._steps_left -= 1
        taken = self._steps_max - self._steps_left
        self._now = self._snapshot()
        self._states.append(self._now)
        self._kinds.append(kind)
        if taken in LOOK_FOR_GROWTH_AT and self._goes_on_and_on():
            self._steps_left = 0

    def _snapshot(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return tuple(self._run.node_states), tuple(self._run.flights)

    def _goes_on_and_on(self) -> bool:
        compiled = self._run.compiled

        @cache
        def of_node_state(node_state: int) -> Value:
            return shape_of(compiled.node_states[node_state].state)

        @cache
        def of_message(message: int) -> Value:
            src, dst, body = compiled.contents[message]
            return (src, dst, shape_of(body))

        shapes: list[Hashable] = [None]  # the shape before the first step, which is none of a round
        for node_states, flights in self._states:
            shapes.append(
                (tuple(map(of_node_state, node_states)), frozenset(map(of_message, flights)))
            )
        return period_of(shapes, self._kinds) is not None

    def _let_go_off(self) -> bool:
        """Let the timer that was set longest ago go off; tell whether there was any."""
        run = self._run
        for node, timer in self._ready():
            self.clock.gone_off(node, timer)
            run.choose(LocalChoice(node, False, timer))
            self._count("fire")
            return True
        for kind in run.compiled.further:
            options = [action for action in run.everywhere(kind) if self._is_well(action.at)]
            if options and run.attempt(options[0]):
                self._count(kind.kind)
                return True
        return False

    # What is asked.

    def _is_over(self) -> bool:
        """Tell, at once, whether nothing at all is left: no message, no call, no timer."""
        run = self._run
        return not (run.flights or run.offers() or run.compiled.further)

    def _ready(self) -> list[tuple[int, str]]:
        """Return the timers that may go off, in the order in which they were set."""
        run = self._run
        if not run.compiled.has_timers:
            return []
        return [
            (node, timer)
            for node, timer in self.clock.order
            if timer in run.compiled.node_states[run.node_states[node]].timers
            and self._is_well(run.compiled.nodes[node])
        ]

    def _is_wanted(self) -> bool:
        """Tell whether it matters what timers do: somebody is owed an answer, or rest is asked for."""
        run = self._run
        if run.compiled.judges_rest:
            return True
        return any(is_owed(run.scenario, run.conditions, call) for call in run.open_calls())

    def _calls(self) -> list[LocalChoice]:
        nodes = self._run.compiled.nodes
        return [o for o in self._run.offers() if o.is_call and self._is_well(nodes[o.node])]

    def _is_well(self, node: str | None) -> bool:
        conditions = self._run.conditions
        return node not in conditions.down and node not in (conditions.settled or ())
