"""A kept run in a protocol that has changed: what still fits is done, and what was begun is ended.

A run that was kept for regression is of a protocol with a mistake, which its mended form answers
otherwise. So messages may have other contents and steps may be gone: each choice is made as it fits,
as in a lenient replay. Once one could not be made, the run goes on without faults, so that calls are
answered and the verdicts are about something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counterpoint.model.actions import Settle
from counterpoint.model.forms import JsonRecord, choice_form
from counterpoint.model.kind import kinds_of
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.replay import Recorder, enabled, record
from counterpoint.model.search.replay_file import with_recorded_calls
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import TraceFile
from counterpoint.model.values import Json, is_same_form
from counterpoint.model.world import Action, World

STEPS_AFTER_MAX = 500
"""A run that does not come to rest by itself is followed no further."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The run as it is now, and the steps of the file whose choices could not be made."""

    trace: Trace
    missed: tuple[int, ...]


def follow(file: TraceFile, scenario: Scenario) -> Followed:
    """Make every choice of a file that still fits; if one does not, end the run without faults.

    Raises:
        Diverged: its calls were drawn, and are none that the scenario would draw.
    """
    recorder, missed = record(with_recorded_calls(scenario, file)), list[int]()
    for number, step in enumerate(file.steps):
        choice = None if recorder.failure is not None else fitting(step.choice, recorder.world)
        if choice is None:
            missed.append(number)
        else:
            recorder.take(choice)
    if missed:
        _finish(recorder)
    return Followed(recorder.trace(), tuple(missed))


def fitting(form: JsonRecord, world: World) -> Action | None:
    """Return the legal action that stands in best for one of this form, None if none does.

    An equal one, else one that differs in the content of its message alone, not in its type; a call
    may be of another operation.
    """
    options = [(option, choice_form(option)) for option in _options(str(form.get("kind")), world)]
    for likeness in (_whole, _without_content, _without_operation):
        for option, found in options:
            if is_same_form(likeness(found), likeness(form)):
                return option
    return None


def _options(kind: str, world: World) -> Iterator[Action]:
    kinds: tuple[type[Action], ...] = (*kinds_of(world.scenario), Settle)
    for action in kinds:
        if action.kind == kind:
            for place in (*world.scenario.system.nodes, None):
                yield from action.options(world, place)


def _whole(form: Mapping[str, Json]) -> object:
    return form


def _without_content(form: Mapping[str, Json]) -> object:
    """What a choice is without what is in its message, of which the type alone remains."""
    body = form.get("body")
    told: object = type(body).__name__
    if isinstance(body, dict):
        told = body.get("is")
    elif isinstance(body, list) and body and isinstance(body[0], str):
        told = body[0]
    return {**form, "body": told}


def _without_operation(form: Mapping[str, Json]) -> object:
    return {**form, "operation": None} if form.get("kind") == "call" else form


def _finish(recorder: Recorder) -> None:
    """Let the faults stop and go on, the oldest first, until nothing can happen."""
    settle = next(iter(Settle.options(recorder.world, None)), None)
    if settle is not None and recorder.failure is None:
        recorder.take(settle)
    for _ in range(STEPS_AFTER_MAX):
        if recorder.failure is not None or recorder.repeats is not None:
            return
        choice = next((option for option in enabled(recorder.world) if not option.is_fault), None)
        if choice is None:
            return
        recorder.take(choice)
