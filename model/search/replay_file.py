"""Replaying a trace file: every choice again, every digest compared."""

from __future__ import annotations

from counterpoint.model.actions import Settle
from counterpoint.model.forms import (
    JsonRecord,
    choice_form,
    delta_of,
    differences,
    fingerprint,
    sources,
    system_modules,
)
from counterpoint.model.inert import QUOTED_MAX, plain
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.recorded_calls import UnreadableCalls, calls_from, classes_in
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.drawing import some_operations, with_checked_calls
from counterpoint.model.search.replay import Recorder, record
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import StepRecord, TraceFile
from counterpoint.model.values import Json, is_same_form, json_text
from counterpoint.model.workload import Workload
from counterpoint.model.world import Action, World
from counterpoint.model.world_digests import WorldDigests


class Diverged(Exception):
    """A replay that does not do what its file says. Says at which step, and what differs."""

    def __init__(self, step: int, reason: str) -> None:
        self.step, self.reason = step, reason
        super().__init__(f"diverged at step {step}: {reason}")


def replay(file: TraceFile, scenario: Scenario) -> Trace:
    """Make every choice of a file again and check every digest.

    Raises:
        Diverged: a choice is not legal any more, or does something else. Says where and what.
    """
    scenario = with_recorded_calls(scenario, file)
    recorder, digests = record(scenario), WorldDigests()
    if digests.digest(recorder.world) != file.header.get("initial_digest"):
        raise Diverged(0, f"the run starts differently; {_code_change(file, scenario)}")
    for number, step in enumerate(file.steps):
        choice = find_choice(step.choice, recorder.world)
        if choice is None:
            asked = plain(json_text(step.choice), QUOTED_MAX)
            raise Diverged(number, f"{asked} is not legal here; {_code_change(file, scenario)}")
        recorder.take(choice)
        _compare(number, step, recorder, file, digests)
    return recorder.trace()


def with_recorded_calls(scenario: Scenario, file: TraceFile) -> Scenario:
    """Return the scenario with the calls of the file, where it draws its own.

    Raises:
        Diverged: they are none of its calls, or were not kept.
    """
    if not isinstance(scenario.calls, Workload):
        return scenario
    if "calls" not in file.header:
        raise Diverged(0, "its calls were fixed when it was written; now the scenario draws them")
    try:
        calls = calls_from(file.header["calls"], classes_in(some_operations(scenario)))
        return with_checked_calls(scenario, calls)
    except (UnreadableCalls, BadScenario) as error:
        raise Diverged(0, f"its calls are no calls of this scenario: {error}") from None


def find_choice(form: JsonRecord, world: World) -> Action | None:
    """Return the legal action with this canonical form, None if there is none."""
    actions: tuple[type[Action], ...] = (*world.scenario.actions, Settle)
    for action in actions:
        if action.kind == form.get("kind"):
            for place in (*world.scenario.system.nodes, None):
                for option in action.options(world, place):
                    if is_same_form(choice_form(option), form):
                        return option
    return None


def _compare(
    number: int, step: StepRecord, recorder: Recorder, file: TraceFile, digests: WorldDigests
) -> None:
    if recorder.failure is not None:
        if step.digest:
            raise Diverged(number, f"the handler fails now: {recorder.failure}")
        return
    if digests.digest(recorder.world) == step.digest:
        return
    actual = delta_of(recorder.worlds[-2], recorder.worlds[-1])
    unequal = list(differences(dict(step.delta), dict(actual), ""))
    what = "; ".join(
        f"{path}: expected {_brief(pair, 0)}, got {_brief(pair, 1)}" for path, pair in unequal[:3]
    )
    scenario = recorder.world.scenario
    raise Diverged(
        number, f"{what or 'the messages in flight differ'}; {_code_change(file, scenario)}"
    )


def _brief(pair: Json, side: int) -> str:
    assert isinstance(pair, list)
    value = pair[side]
    if isinstance(value, list) and len(value) == 2:
        value = value[1]
    return plain(json_text(value), 60)


def _code_change(file: TraceFile, scenario: Scenario) -> str:
    then, now = str(file.header.get("fingerprint", "")), fingerprint(scenario)
    if then == now:
        return (
            "the protocol's source is the same as when the trace was written; perhaps the scenario "
            "is of another system in it, or answers do not depend on arguments alone, but on the order "
            "of a set"
        )
    changed = f"{plain(then[:6]) or '?'} -> {now[:6] or '?'}"
    return f"{changed_part(file, scenario)} has changed since ({changed})"


def changed_part(file: TraceFile, scenario: Scenario) -> str:
    """Say of which handlers the source is another one, or of which modules if of none of their own."""
    then, now = file.header.get("sources"), sources(scenario)
    if not isinstance(then, dict):
        return "the protocol's source"
    modules = set(system_modules(scenario.system))
    others = [name for name, digest in now.items() if then.get(name) != digest]
    handlers = [name for name in others if name not in modules]
    if handlers:
        return f"the source of {', '.join(handlers)}"
    return f"the source of {', '.join(others)}, beside the handlers," if others else "the source"
