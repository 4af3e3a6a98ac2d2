"""Partial-order reduction: one run of every class of runs that differ in the order of independent steps.

Source sets with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal
dynamic partial order reduction", J. ACM 64(4), 2017). A process is a message, or something that a
node does of its own accord, and takes one step. Steps depend on each other if they happen at the same
node, unless their messages commute there, or if both are visible. Faults depend on everything.

What is visible follows from what the scenario claims. Where order in real time matters, a return
depends on a call; where properties may read notes in their order, a note on all three. Where there
are invariants, every step that changes a state is visible. Where a property reads whole runs, the
scenario says which steps it sees the order of, or all are visible.

No state is ever compared with another, and every complete run is there as a trace, with its events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic

from counterpoint.model.actions import Call, Deliver, Fire
from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.event import Event, EventKind
from counterpoint.model.exact import is_same
from counterpoint.model.faults import Restart
from counterpoint.model.kind import kinds_of
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.cut_runs import where_world_cut
from counterpoint.model.search.exploration.ends import STOP, at_rest, is_about_end, judges_ends
from counterpoint.model.search.exploration.explore import Limits, StateViolation, Stop
from counterpoint.model.search.exploration.remembered_steps import examined
from counterpoint.model.search.exploration.visibility import (
    MOMENTS,
    may_read_everything,
    may_read_moments,
    may_read_order,
    needs_real_time,
)
from counterpoint.model.search.judgements import (
    Judgements,
    Ruling,
    asked_of,
    counted,
    ruling_of,
)
from counterpoint.model.search.replay import HANDLER_PROPERTY, enabled, first_broken, judge
from counterpoint.model.search.running import while_running
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action, Moved, World, begin, oldest

BitSet = int
"""A set of steps of the present run, as the bits of an integer."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What a reduced exploration has established so far.

    `traces` counts complete runs, no two of them equivalent; `steps` the steps executed for them;
    `blocked` runs that were given up because all that could follow had been explored elsewhere;
    `depth` the choices of the longest run; `cut` runs that were longer than the limit, and complete
    ones that their system cut, which `cut_at` counts by where: these prove nothing of what would come.
    """

    traces: int = 0
    steps: int = 0
    blocked: int = 0
    depth: int = 0
    cut: int = 0
    seconds: float = 0.0
    stop: Stop | None = None
    violation: StateViolation | None = None
    cut_at: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _PossibleStep:
    """A choice that could be made: what it would do, and what others may depend on."""

    action: Action
    at: NodeId | None
    moved: Moved | None
    failure: str | None
    begins: bool
    ends: bool
    is_visible: bool
    is_global: bool


@dataclass(slots=True)
class _Frame:
    """One world of the present run: what can be done, what was, what need not be.

    `backtrack` are the actions to explore from here, in order; `sleep` those that are covered.
    `step` is the one being explored now, `before` all earlier steps that it comes after.
    """

    world: World
    enabled: dict[Action, _PossibleStep]
    sleep: dict[Action, _PossibleStep]
    backtrack: list[Action] = field(default_factory=list)
    done: int = 0
    step: _PossibleStep | None = None
    before: BitSet = 0
    creator: int = -1


class Reducer:
    """One reduced exploration. `progress` tells what was established, also after an interruption.

    With `real_time` the order of returns and calls matters, as properties of histories need;
    without, runs that differ in it alone count as one. A message that is ignored is consumed.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        real_time: bool | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.scenario = scenario
        self._real_time = needs_real_time(scenario) if real_time is None else real_time
        self._keeps_order = real_time is None and may_read_order(scenario)
        self._moments = MOMENTS if may_read_moments(scenario) else frozenset[EventKind]()
        self._sees_states = bool(scenario.invariants)
        self._sees_all = may_read_everything(scenario)
        self._limits = limits or Limits()
        self._frames: list[_Frame] = []
        self._sent_at: dict[int, int] = {}
        self._start = begin(scenario.replace(system=examined(scenario.system)))
        self._judges_ends, self._kinds = judges_ends(scenario), kinds_of(scenario)
        self._traces = self._steps = self._blocked = self._depth = self._cut = 0
        self._started = monotonic()
        self._stop: Stop | None = None
        self._violation: StateViolation | None = None
        self._rulings: Counter[tuple[Ruling, ...]] = Counter()
        self._cut_at: Counter[str] = Counter()

    @property
    def judgements(self) -> Judgements:
        """In how many complete runs each property held, broke, or stayed undecided."""
        return counted(self._rulings, asked_of(self.scenario))

    @property
    def progress(self) -> Reduced:
        """What was established so far."""
        return Reduced(
            self._traces,
            self._steps,
            self._blocked,
            self._depth,
            self._cut + self._cut_at.total(),
            monotonic() - self._started,
            self._stop,
            self._violation,
            dict(self._cut_at),
        )

    def interrupt(self) -> None:
        """Say that the exploration was stopped from outside."""
        self._stop = "interrupted"

    def explore(self, *, every_seconds: float = 0.2) -> Iterator[Reduced]:
        """Explore, and judge every complete run; report now and then, and at the end."""
        self._started = monotonic()
        report_at = self._started + every_seconds
        for trace in self.runs():
            self._judge(trace)
            if monotonic() >= report_at:
                report_at = monotonic() + every_seconds
                yield self.progress
        yield self.progress

    def runs(self) -> Iterator[Trace]:
        """Return one complete run of every class, as the search comes to them."""
        self._frames = [self._frame(self._start.world, {})]
        if self._is_complete(self._frames[-1]):
            self._traces += 1
            yield self._trace()
        while self._frames and self._stop is None:
            frame = self._frames[-1]
            chosen = self._next(frame)
            if chosen is None:
                self._frames.pop()
                if self._frames:
                    self._leave(self._frames[-1])
                continue
            self._execute(frame, chosen)
            self._check_limits()
            if chosen.moved is None:
                self._break_handler(chosen)
                return
            asleep = {a: s for a, s in frame.sleep.items() if not self._depend(s, chosen)}
            self._frames.append(self._frame(chosen.moved.world, asleep))
            if self._is_complete(self._frames[-1]):
                self._traces += 1
                yield self._trace()
        self._stop = self._stop or "complete"

    # One world of a run.

    def _frame(self, world: World, asleep: dict[Action, _PossibleStep]) -> _Frame:
        with while_running(self.scenario.system):
            enabled = {step.action: step for step in self._steps_of(world)}
        # What is asleep is still enabled, but in this world: its outcome must be that of now.
        frame = _Frame(world, enabled, {a: enabled[a] for a in asleep if a in enabled})
        depth = len(self._frames)
        self._depth = max(self._depth, depth)
        if self._limits.depth is not None and depth + 1 >= self._limits.depth and enabled:
            self._cut += 1
            return frame
        awake = [action for action in enabled if action not in frame.sleep]
        if awake:
            frame.backtrack = awake[:1]
            if any(step.is_global for step in enabled.values()):
                frame.backtrack = awake  # it depends on everything: no order may be left out
        elif enabled:
            self._blocked += 1
        return frame

    def _is_complete(self, frame: _Frame) -> bool:
        if frame.enabled:
            return False
        cut_at = where_world_cut(frame.world)
        if cut_at is not None:
            self._cut_at[cut_at] += 1
        return True

    def _steps_of(self, world: World) -> Iterator[_PossibleStep]:
        for action in enabled(world, self._kinds):
            is_visible = self._sees_all or self.scenario.visible(action)
            is_global = self._is_global(action)
            try:
                moved = action.apply(world)
            except HandlerFailed as error:
                yield _PossibleStep(
                    action, action.at, None, str(error), False, False, is_visible, is_global
                )
                continue
            except NotDeterministic as error:
                raise error.at(len(self._frames)) from None
            # An invariant sees the states of all nodes together, so whatever changes one is visible.
            is_visible = is_visible or (
                self._sees_states and not is_same(moved.world.node_states, world.node_states)
            )
            kinds = {event.kind for event in moved.events}
            is_moment = not kinds.isdisjoint(self._moments)
            begins, ends = "invoke" in kinds or is_moment, "return" in kinds or is_moment
            yield _PossibleStep(action, action.at, moved, None, begins, ends, is_visible, is_global)

    def _next(self, frame: _Frame) -> _PossibleStep | None:
        while frame.done < len(frame.backtrack):
            action = frame.backtrack[frame.done]
            frame.done += 1
            if action not in frame.sleep:
                return frame.enabled[action]
        return None

    def _leave(self, frame: _Frame) -> None:
        """Let the step that was explored sleep: what follows need not begin with it again."""
        assert frame.step is not None
        frame.sleep[frame.step.action] = frame.step
        frame.step = None

    # Dependence and races.

    def _depend(self, one: _PossibleStep, other: _PossibleStep) -> bool:
        if one.is_global or other.is_global:
            return True
        if one.is_visible and other.is_visible:
            return True
        if one.at == other.at:
            return not self._commute(one.action, other.action)
        if not self._real_time:
            return False
        if self._keeps_order:
            return (one.begins or one.ends) and (other.begins or other.ends)
        return (one.begins and other.ends) or (one.ends and other.begins)

    def _is_global(self, action: Action) -> bool:
        """Tell whether a step depends on all others: a fault, or a timer out of a common budget.

        Of kinds that are not ours nothing is known, so they do.
        """
        if isinstance(action, Fire):
            return "fire" in self.scenario.limits
        return not isinstance(action, Deliver | Call | Restart)

    def _commute(self, one: Action, other: Action) -> bool:
        if not (isinstance(one, Deliver) and isinstance(other, Deliver)):
            return False
        if one.src == other.src and self.scenario.network != "unordered":
            return False  # of two lanes, too: it is not asked which
        return self.scenario.commute(one.dst, one.body, other.body)

    def _execute(self, frame: _Frame, chosen: _PossibleStep) -> None:
        """Make a step the present one, and see to it that the races it ends are also run reversed."""
        self._steps += 1
        frame.step = chosen
        here = len(self._frames) - 1
        frame.creator = self._creator(frame.world, chosen.action)
        self._note_sends(chosen, here)
        created = self._up_to(frame.creator)
        direct = [k for k in range(here) if self._depend(self._step(k), chosen)]
        frame.before = created
        for k in direct:
            frame.before |= self._up_to(k)
        for k in direct:
            between = any(k != j and self._frames[j].before >> k & 1 for j in direct if j > k)
            if not between and not created >> k & 1:
                self._reverse(k, here)
        self._add_alternatives(frame, chosen)

    def _add_alternatives(self, frame: _Frame, chosen: _PossibleStep) -> None:
        """A node's own choice may be gone after this step, and then no race would show it."""
        for action, step in frame.enabled.items():
            if not isinstance(action, Deliver) and step.at == chosen.at:
                _add(frame, action)

    def _reverse(self, k: int, here: int) -> None:
        """Make sure that from world k something is explored by which step `here` precedes step k."""
        frame = self._frames[k]
        later = [j for j in range(k + 1, here) if not self._frames[j].before >> k & 1]
        mask = sum(1 << j for j in later)
        first = [
            self._step(j).action
            for j in (*later, here)
            if not self._frames[j].before & mask & ~(1 << j)
        ]
        initials = [action for action in first if action in frame.enabled]
        if any(action in frame.backtrack or action in frame.sleep for action in initials):
            return
        for action in initials[:1] or frame.enabled:  # nothing known to lead there: try everything
            _add(frame, action)

    def _step(self, index: int) -> _PossibleStep:
        step = self._frames[index].step
        assert step is not None, f"nothing is being explored from world {index}"
        return step

    def _up_to(self, index: int) -> BitSet:
        return 0 if index < 0 else self._frames[index].before | 1 << index

    def _creator(self, world: World, action: Action) -> int:
        """Return the step that sent the message of an action, -1 if none did."""
        if not isinstance(action, Deliver):
            return -1
        content = (action.src, action.dst, action.body)
        return self._sent_at.get(oldest(world.flights, content).id, -1)

    def _note_sends(self, step: _PossibleStep, here: int) -> None:
        if step.moved is not None:
            for event in step.moved.events:
                if event.kind == "send" and event.message is not None:
                    self._sent_at[event.message] = here

    # What comes of it.

    def _trace(self) -> Trace:
        """Return the run so far."""
        events: list[Event] = list(self._start.events)
        choices: list[Action] = []
        for frame in self._frames[:-1]:
            assert frame.step is not None
            assert frame.step.moved is not None
            choices.append(frame.step.action)
            events.extend(frame.step.moved.events)
        worlds = tuple(frame.world for frame in self._frames)
        return Trace(self.scenario, tuple(choices), tuple(events), worlds)

    def _judge(self, trace: Trace) -> None:
        verdicts = judge(at_rest(trace) if self._judges_ends else trace)
        self._rulings[tuple(map(ruling_of, verdicts))] += 1
        verdict = first_broken(verdicts)
        if verdict is not None:
            is_of_states = any(i.name == verdict.property for i in self.scenario.invariants)
            length = verdict.examined - 1 if is_of_states else len(trace.choices)
            rest = (STOP,) if is_about_end(self.scenario, verdict.property) else ()
            self._break(verdict.property, (*trace.choices[:length], *rest))

    def _break(self, name: str, choices: tuple[Action, ...]) -> None:
        self._stop, self._violation = "broken", StateViolation(name, choices)

    def _break_handler(self, chosen: _PossibleStep) -> None:
        choices = [f.step.action for f in self._frames[:-1] if f.step is not None]
        self._break(HANDLER_PROPERTY, (*choices, chosen.action))

    def _check_limits(self) -> None:
        limits = self._limits
        if limits.states is not None and self._steps >= limits.states:
            self._stop = "states"
        elif limits.seconds is not None and monotonic() - self._started >= limits.seconds:
            self._stop = "seconds"


def _add(frame: _Frame, action: Action) -> None:
    if action not in frame.backtrack:
        frame.backtrack.append(action)
