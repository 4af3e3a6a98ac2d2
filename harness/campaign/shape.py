"""The shape of a minimised run, by which one mistake is told from another.

It says how often each kind of action occurs, and of which kind of message or operation: who did it, in
which order and with which contents is left out. Two minimised runs of one mistake differ in these, and
of all that was tried on the wrong variants of the catalog in nothing else. A run that could not be
minimised to the end has something more: so a shape that contains another is the same mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from counterpoint.model.scenario import first_word
from counterpoint.model.world import Action

Shape: TypeAlias = tuple[tuple[str, int], ...]
"""How often each kind of step occurs, in the order of their names."""


def shape_of(choices: Iterable[Action]) -> Shape:
    """Return the shape of a run."""
    return tuple(sorted(Counter(map(_word, choices)).items()))


def _word(choice: Action) -> str:
    about = getattr(choice, "body", getattr(choice, "operation", None))
    return choice.kind if about is None else f"{choice.kind} {first_word(about, None)}"


def contains(larger: Shape, smaller: Shape) -> bool:
    """Tell whether a shape has every step of another, as often at least.

    >>> contains((("call read", 2), ("crash", 1)), (("call read", 1),))
    True
    """
    return Counter(dict(larger)) >= Counter(dict(smaller))


def shown(shape: Shape) -> str:
    """Return a shape as text.

    >>> shown((("call read", 2), ("crash", 1)))
    '2 call read, 1 crash'
    """
    return ", ".join(f"{count} {word}" for word, count in shape)
