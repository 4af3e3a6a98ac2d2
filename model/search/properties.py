"""Properties, asked: whatever their functions return or raise becomes a verdict, or is refused."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from counterpoint.model.livelock import ending_of, rests, still_possible
from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    OURS,
    BadScenario,
    OwnDefect,
    brief,
    definition_of,
    place_of,
    told,
)
from counterpoint.model.requirement import Unmet
from counterpoint.model.scenario import Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Verdict, broken, holds, undecided


def verdict_of(prop: Property, trace: Trace) -> Verdict:
    """Return what a property says of a whole run; of its end only where the faults have stopped.

    What is claimed of rest is judged of runs that have come to it. A claim about whole runs is not
    broken by one that is cut, with something still to come.

    Raises:
        BadScenario: its function returned something that is no judgement.
    """
    if not prop.is_of_ends or not trace.worlds:
        return answer_of(prop, trace)
    if trace.final.conditions.settled is None:
        return undecided(prop.name, "the faults did not stop before the end of the run")
    if prop.reads == "end" and prop.is_about_rest and not rests(trace):
        return _not_at_rest(prop, trace)
    verdict = answer_of(prop, trace)
    if verdict.is_broken and prop.is_about_rest and ending_of(trace) is None:
        return _not_at_rest(prop, trace)
    return verdict


def _not_at_rest(prop: Property, trace: Trace) -> Verdict:
    if trace.repeats is not None:
        return undecided(prop.name, "never at rest: nodes go on changing in a circle")
    left = show(next(iter(still_possible(trace.final))))
    return undecided(prop.name, f"not at rest: {left} was still to come")


def answer_of(prop: Property, trace: Trace) -> Verdict:
    """Return what a property says of a trace: a verdict, a bool, or nothing where it asserts.

    A function that raises breaks the property, with the author's line; so does an assertion that
    fails, with its text, and a requirement that is not met (`require`), with its steps.

    Raises:
        BadScenario: its function returned something that is no judgement.
    """
    try:
        found: object = prop.check(trace)
    except (BadScenario, OwnDefect):
        raise
    except Unmet as unmet:
        return unmet.verdict(prop.name, trace, examined=_size(trace))
    except AssertionError as error:
        if _is_ours(error):
            raise
        text = next(iter(str(error).splitlines()), "an assertion failed")
        return broken(prop.name, f"{text} ({place_of(error)})", examined=_size(trace))
    except AUTHORS_ERRORS as error:
        return raised(prop, error, examined=_size(trace))
    if isinstance(found, Verdict):
        return found if found.property == prop.name else replace(found, property=prop.name)
    where = definition_of(prop.check)
    if found is None and sys.flags.optimize:
        why = f"under python -O its assertions are left out ({where}); let it return a bool"
        return undecided(prop.name, why)
    if found is None or found is True:
        return holds(prop.name, examined=_size(trace))
    if found is False:
        return broken(prop.name, f"its check returned False ({where})", examined=_size(trace))
    raise BadScenario(
        f"property {prop.name!r} returned {brief(found)} ({where}); a check returns a verdict - "
        "holds(…), broken(…), undecided(…) - or True or False, or it asserts"
    )


def raised(prop: Property, error: BaseException, *, examined: int) -> Verdict:
    """The verdict of a property whose function raised: a finding of its own kind."""
    sentence = f"its check raised {told(error)} ({place_of(error)})"
    return broken(
        prop.name, sentence, examined=max(examined, 1), evidence=(Raised(type(error).__name__),)
    )


@dataclass(frozen=True, slots=True)
class Raised:
    """The evidence that a check raised an exception of this name, where it should have judged."""

    raised: str


def _size(trace: Trace) -> int:
    return len(trace.events)


def _is_ours(error: BaseException) -> bool:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and str(frame.tb_frame.f_globals.get("__name__")).startswith(OURS)
