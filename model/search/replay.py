"""Runs from choices: strictly, or leniently for the sake of shrinking; and their judgement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from counterpoint.model.actions import Call, Settle
from counterpoint.model.event import Event
from counterpoint.model.kind import kinds_of, may_happen
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.invariants import check_invariant
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value, show
from counterpoint.model.verdict import Outcome, Verdict, broken
from counterpoint.model.world import Action, World, begin

HANDLER_PROPERTY = "handlers finish"
"""The property that every system has: no handler raises, none asks for an impossible effect."""


class NotEnabled(Exception):
    """A choice that is not legal where a schedule makes it."""

    def __init__(self, step: int, choice: Action, world: World) -> None:
        self.step = step
        self.choice = choice
        alike = [show(option) for option in type(choice).options(world, choice.at)]
        options = "; ".join(alike) if alike else f"no {choice.kind} is"
        super().__init__(f"step {step}: {show(choice)} is not enabled; enabled: {options}")


def is_enabled(action: Action, world: World) -> bool:
    """Tell whether an action is legal in a world, and of a kind that its scenario has."""
    kind, scenario = type(action), world.scenario
    is_known = kind in scenario.actions and may_happen(kind, scenario)
    if not is_known and not isinstance(action, Settle):
        return False
    return any(option == action for option in kind.options(world, action.at))


def enabled(world: World, kinds: Sequence[type[Action]] | None = None) -> tuple[Action, ...]:
    """Return every legal action, in the fixed order of classes, then nodes, then messages by age.

    `kinds` are those of the scenario, for who asks often.
    """
    places = (*world.scenario.system.nodes, None)
    return tuple(
        option
        for action in (kinds_of(world.scenario) if kinds is None else kinds)
        for place in places
        for option in action.options(world, place)
    )


class Recorder:
    """A run in the making: the worlds, choices and events so far."""

    def __init__(self, world: World, events: tuple[Event, ...]) -> None:
        self.worlds = [world]
        self.choices: list[Action] = []
        self.events = list(events)
        self.repeats: int | None = None
        self.failure: str | None = None
        self._seen: dict[Value, int] = {}

    @property
    def world(self) -> World:
        """The world as it is now."""
        return self.worlds[-1]

    def take(self, action: Action) -> None:
        """Perform a legal action. A handler that fails ends the run."""
        self.choices.append(action)
        try:
            moved = action.apply(self.world)
        except HandlerFailed as error:
            self.failure, self.repeats = str(error), None
            return
        self.worlds.append(moved.world)
        self.events.extend(moved.events)
        if moved.world.conditions.settled is not None:
            self._look_for_circle(moved.world)

    def _look_for_circle(self, world: World) -> None:
        here = len(self.worlds) - 1
        earlier = self._seen.setdefault(world.identity, here)
        self.repeats = earlier if earlier != here else None

    def trace(self) -> Trace:
        """Return the run as it is now."""
        scenario = self.world.scenario
        return Trace(
            scenario,
            tuple(self.choices),
            tuple(self.events),
            tuple(self.worlds),
            self.repeats,
            self.failure,
        )


def record(scenario: Scenario) -> Recorder:
    """Start a run of a scenario; a handler that fails at its start is a run without choices."""
    moved = begin(scenario)
    return Recorder(moved.world, moved.events)


def run(scenario: Scenario, choices: Iterable[Action]) -> Trace:
    """Return the run of these choices.

    Raises:
        NotEnabled: a choice is not legal where it is made.
    """
    recorder = record(scenario)
    for step, choice in enumerate(choices):
        if recorder.failure is not None or not is_enabled(choice, recorder.world):
            raise NotEnabled(step, choice, recorder.world)
        recorder.take(choice)
    return recorder.trace()


def run_leniently(scenario: Scenario, choices: Sequence[Action]) -> Trace:
    """Return the run of those choices that fit, each the way it fits; others are left out.

    A message fits by exact content, else the oldest of the same type on the same link; a call fits
    by content, else as the client's next call.
    """
    recorder = record(scenario)
    for choice in choices:
        if recorder.failure is not None:
            break
        fitting = fit(choice, recorder.world)
        if fitting is not None:
            recorder.take(fitting)
    return recorder.trace()


def fit(choice: Action, world: World, *, takes_newest: bool = False) -> Action | None:
    """Return the legal action that stands in best for a choice, None if none does.

    Of the messages of the same type on the same link it is the oldest, or the newest.
    """
    if type(choice) not in kinds_of(world.scenario) and not isinstance(choice, Settle):
        return None
    options = tuple(type(choice).options(world, choice.at))
    if choice in options:
        return choice
    if isinstance(choice, Call):
        return options[0] if options else None
    body = getattr(choice, "body", None)
    if body is None:
        return None
    for option in reversed(options) if takes_newest else options:
        if is_like(choice, option):
            return option
    return None


def is_like(choice: Action, option: Action) -> bool:
    """Tell whether two actions differ in the content of their message alone, not in its type."""
    ours, theirs = getattr(choice, "body", None), getattr(option, "body", None)
    if type(ours) is not type(theirs):
        return False
    return replace_body(option, ours) == choice


def replace_body(action: Action, body: Value) -> Action:
    """Return the action with another message body."""
    return replace(action, body=body)  # type: ignore[type-var]


def judge(trace: Trace) -> tuple[Verdict, ...]:
    """Return the verdict of every invariant and property, and of the handlers if one failed."""
    scenario = trace.scenario
    verdicts = (
        *(check_invariant(trace, invariant) for invariant in scenario.invariants),
        *(verdict_of(prop, trace) for prop in scenario.properties),
    )
    if trace.failure is None:
        return verdicts
    return (broken(HANDLER_PROPERTY, trace.failure, examined=len(trace.choices)), *verdicts)


def led_by(verdicts: Iterable[Verdict], name: str) -> tuple[Verdict, ...]:
    """Return verdicts so that the broken one of this name is the first broken one.

    A run that was minimised for one property may break another one besides, and all that is said of
    it is to be about the one.
    """
    found = tuple(verdicts)
    told = next((v for v in found if v.outcome is Outcome.BROKEN and v.property == name), None)
    if told is None or first_broken(found) is told:
        return found
    return (told, *(verdict for verdict in found if verdict is not told))


def first_broken(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the first verdict that says BROKEN; the order of a scenario's properties is a rank."""
    return next((v for v in verdicts if v.outcome is Outcome.BROKEN), None)
