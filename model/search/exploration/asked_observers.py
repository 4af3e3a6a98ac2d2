"""Observers, asked: what an author's observer raises is bad input, with its line."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.model.mistakes import AUTHORS_ERRORS, BadScenario, place_of, told
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.values import Value


def after_observing(
    name: str, observer: Observer, memory: Value, observations: Sequence[Observation]
) -> Value:
    """Return what an observer remembers after some observations.

    Raises:
        BadScenario: it raised, or returned what cannot be told from anything else.
    """
    try:
        after = observer.observe(memory, observations)
        hash(after)
    except AUTHORS_ERRORS as error:
        raise _wrong(name, error) from error
    return after


def breaks(name: str, observer: Observer, memory: Value) -> bool:
    """Tell whether what an observer remembers breaks its property.

    Raises:
        BadScenario: it raised.
    """
    try:
        return observer.is_broken(memory)
    except AUTHORS_ERRORS as error:
        raise _wrong(name, error) from error


def _wrong(name: str, error: BaseException) -> BadScenario:
    return BadScenario(
        f"the observer of property {name!r} raised {told(error)} ({place_of(error)}); `observe` "
        "returns what it remembers, a value, and `is_broken` tells whether that breaks the property"
    )
