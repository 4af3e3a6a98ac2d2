"""Whether an author's function takes what may be given to it besides the states of the nodes."""

from __future__ import annotations

import inspect
from collections.abc import Callable


def takes_second(function: Callable[..., object], name: str) -> bool:
    """Tell whether a function takes a second argument, which would be this one.

    One with a default is this one if it has its name: else it is a constant of the author's own.

    >>> takes_second(lambda states, down: None, "down"), takes_second(lambda states: None, "down")
    (True, False)
    >>> takes_second(lambda states, down=(): 0, "down"), takes_second(lambda states, most=3: 0, "down")
    (True, False)
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # made in C, so that nothing tells what it takes
        return False
    given = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(given) > 1 and (given[1].default is given[1].empty or given[1].name == name)
