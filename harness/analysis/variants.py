"""The choices of a run that a plain scheduler would not have made, and what it could do instead.

A plain scheduler injects no fault (that the faults stop is none), makes every call, and gives each
node its messages in the order in which they were sent. Whatever else a run does is worth asking
about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain, width_of
from counterpoint.harness.explanation.sentences import brief, parts, shortened, word
from counterpoint.model.actions import Deliver, Settle
from counterpoint.model.legality import may_arrive
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, show
from counterpoint.model.world import Action, Flight, World, oldest

ALTERNATIVES_MAX = 12
"""How many alternatives of one choice are tried besides leaving it out."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice changed: left out, replaced by another, or with another made just before it."""

    step: int
    how: Literal["without", "instead", "first"]
    other: Action | None = None
    message: int | None = None

    def of(self, choices: tuple[Action, ...]) -> tuple[Action, ...]:
        """Return the changed choices."""
        own = choices[self.step : self.step + 1] if self.how == "first" else ()
        middle = () if self.other is None else (self.other,)
        return (*choices[: self.step], *middle, *own, *choices[self.step + 1 :])

    @property
    def text(self) -> str:
        """What is changed, in words."""
        if self.how == "without":
            return f"leave out step {self.step}"
        if self.how == "first":
            assert isinstance(self.other, Deliver), self
            return f"let m{self.message} reach {self.other.dst} before step {self.step}"
        return f"at step {self.step} instead {plain(show(self.other), 60)}"


def overtaken(trace: Trace, step: int) -> tuple[Flight, ...]:
    """Return the messages that could have arrived, and were sent before the one that did."""
    choice, world = trace.choices[step], trace.worlds[step]
    if not isinstance(choice, Deliver):
        return ()
    arrived = oldest(world.flights, (choice.src, choice.dst, choice.body))
    return tuple(flight for flight in _deliverable(world, choice.dst) if flight.id < arrived.id)


def is_default(trace: Trace, step: int) -> bool:
    """Tell whether a plain scheduler could have made this choice."""
    choice = trace.choices[step]
    is_stop = isinstance(choice, Settle) and not choice.silent
    return (is_stop or not choice.is_fault) and not overtaken(trace, step)


def variants(trace: Trace, step: int) -> Iterator[Variant]:
    """Return the ways in which one choice that is no default one can be changed."""
    yield Variant(step, "without")
    choice, world = trace.choices[step], trace.worlds[step]
    if isinstance(choice, Deliver):
        for flight in overtaken(trace, step)[-ALTERNATIVES_MAX:]:
            yield Variant(step, "first", Deliver(*flight.content), flight.id)
        return
    places = (*trace.scenario.system.nodes, None)
    options = (option for place in places for option in type(choice).options(world, place))
    others = (option for option in options if option != choice)
    for _, option in zip(range(ALTERNATIVES_MAX), others, strict=False):
        yield Variant(step, "instead", option)


def deviation(story: TraceExplanation, step: int, width: int) -> str:
    """Say what a step does that a plain scheduler would not, without values where room is short."""
    passed = overtaken(story.trace, step)
    if not passed:
        return shortened(parts(story, step), width)
    ways = ((word, word), (brief, word), (brief, brief))
    texts = [_passing(story, step, passed, *shown) for shown in ways]
    return next((text for text in texts if width_of(text) <= width), texts[-1])


def _passing(
    story: TraceExplanation,
    step: int,
    passed: tuple[Flight, ...],
    first: Callable[[object], str],
    second: Callable[[object], str],
) -> str:
    event = next(e for e in story.steps[step] if e.kind == "deliver")
    names = " ".join(f"m{flight.id}" for flight in passed[:4])
    if len(passed) == 1:
        names += f" {second(passed[0].body)}"
    more = f" and {len(passed) - 4} more" if len(passed) > 4 else ""
    return f"m{event.message} {first(event.value)} reaches {event.node} before {names}{more}"


def _deliverable(world: World, at: NodeId) -> Iterator[Flight]:
    """Return the messages that may arrive at a node now, each content once, oldest first."""
    for content in world.waiting(at):
        if may_arrive(world, content):
            yield oldest(world.flights, content)
