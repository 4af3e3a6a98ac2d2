"""`counterpoint replay --expect-fixed FILE`: whether a kept run still breaks its property."""

from __future__ import annotations

from pathlib import Path

from counterpoint.harness.catalog import origin_in, rebuild
from counterpoint.harness.embedding import named
from counterpoint.harness.output import clear_errors, emit, finish, tell
from counterpoint.model.actions import Settle
from counterpoint.model.inert import plain
from counterpoint.model.kind import kinds_of
from counterpoint.model.search.following import Followed, follow
from counterpoint.model.search.replay import HANDLER_PROPERTY, first_broken, judge
from counterpoint.model.search.replay_file import Diverged
from counterpoint.model.tracefile import TraceFile, broken_in, read_trace
from counterpoint.model.verdict import Outcome


def run(file: Path, *, as_json: bool) -> None:
    """Follow a run, and end with 0 (it breaks nothing), 1 (it does) or 3 (it cannot be followed)."""
    with clear_errors(as_json=as_json):
        recorded = read_trace(file)
        property_name = _broken_in(recorded)
        scenario = rebuild(origin_in(recorded))
    steps = len(recorded.steps)
    try:
        followed = follow(recorded, scenario)
    except Diverged as error:  # its calls were drawn, and would be no more
        outcome, why, missed = "undecided", str(error), tuple(range(steps))
    else:
        (outcome, why), missed = _judged(recorded, property_name, followed), followed.missed
    if as_json:
        emit(
            {
                "file": str(file),
                **named(scenario.origin),
                "outcome": outcome,
                "property": property_name,
                "reason": why,
                "steps": steps,
                "missed": list(missed),
            }
        )
    else:
        tell(f"{outcome}: {why} ({_made(steps, missed)})")
    finish(outcome)


def _made(steps: int, missed: tuple[int, ...]) -> str:
    """Return how much of the run could be followed.

    >>> _made(9, ()), _made(9, (7, 8))
    ('9 of 9 choices were made', '7 of 9 choices were made, 7 first not; then without faults')
    """
    made = f"{steps - len(missed)} of {steps} choices were made"
    if not missed:
        return made
    return f"{made}, {missed[0]} first not; then without faults"


def _broken_in(recorded: TraceFile) -> str:
    """Return the property that the run broke when it was kept.

    Raises:
        ValueError: it broke none.
    """
    if name := broken_in(recorded):
        return name
    raise ValueError(
        f"{recorded.source} breaks no property, so nothing can be fixed; keep the trace of a failure"
    )


def _judged(recorded: TraceFile, name: str, followed: Followed) -> tuple[str, str]:
    """Return the outcome, and one sentence about it."""
    verdicts = judge(followed.trace)
    broken = first_broken(verdicts)
    if broken is not None:
        return "broken", f"{broken.property}: {broken.summary}"
    if len(followed.missed) == len(recorded.steps):
        return (
            "undecided",
            "the run cannot be followed, for none of its choices is possible any more",
        )
    lacking = sorted(_kinds_missed(recorded, followed) - _kinds(followed))
    if lacking:
        return "undecided", f"the run needs what the scenario has no more: {', '.join(lacking)}"
    verdict = next((verdict for verdict in verdicts if verdict.property == name), None)
    if verdict is None:
        if name == HANDLER_PROPERTY:
            return "fixed", "no handler fails"
        return "undecided", f"the scenario has no property {name!r} any more, which the run broke"
    if verdict.outcome is not Outcome.HOLDS:
        return "undecided", f"{name} is undecided in the run as it is now: {verdict.summary}"
    return "fixed", f"{name} holds"


def _kinds_missed(recorded: TraceFile, followed: Followed) -> set[str]:
    return {plain(str(recorded.steps[number].choice.get("kind")), 40) for number in followed.missed}


def _kinds(followed: Followed) -> set[str]:
    """Return the kinds of action that there are: a run without its fault would show nothing."""
    return {Settle.kind, *(kind.kind for kind in kinds_of(followed.trace.scenario))}
