"""The functions of a scenario that its author wrote: what one raises is told with its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    OURS,
    BadScenario,
    OwnDefect,
    brief,
    place_of,
    told,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A function of a scenario, under its name in the scenario."""

    name: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returns.

        Raises:
            BadScenario: it raised something; the text names it, its arguments and the author's line.
        """
        try:
            found = self.function(*arguments)
        except (BadScenario, OwnDefect):
            raise
        except AUTHORS_ERRORS as error:
            raise BadScenario(
                f"{self._call(arguments)} raised {told(error)} ({place_of(error)})"
            ) from error
        if self.name == "role_of" and not isinstance(found, str):
            raise BadScenario(f"{self._call(arguments)} returned {brief(found)}; a role is text")
        return found

    def _call(self, arguments: Sequence[object]) -> str:
        return f"{self.name}({', '.join(map(brief, arguments))})"


def asked(name: str, function: Any) -> Any:
    """Return a function as it is asked: one that an author wrote, guarded.

    >>> asked("tolerates", len)
    Asked(name='tolerates', function=<built-in function len>)
    """
    is_ours = str(getattr(function, "__module__", "")).startswith(OURS)
    if function is None or isinstance(function, Asked) or is_ours or not callable(function):
        return function
    return Asked(name, function)
