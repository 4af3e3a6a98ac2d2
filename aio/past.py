"""The state of a node that is a program: all that has happened to it.

A coroutine can be neither copied nor compared, but it does the same again when the same happens to
it. So what was given to a node since it booted is its state: equal pasts have equal futures, and a
program is the cache of one past, made again from the inputs where another is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterpoint.model.node import Input
from counterpoint.model.values import Value


@dataclass(frozen=True, eq=False)
class Past:
    """What was given to a node since it booted, and what can be seen of it from outside.

    `inputs` counts them; `clock` is the node's time, and `due` when its next timer is to go off, both
    in microseconds. `lanes` are those that it reads, of open connections, `ports` where it listens, and
    `snapshot` is what the user wants to see of it.
    """

    inputs: int = 0
    clock: int = 0
    due: int | None = None
    lanes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    snapshot: Value = None

    def __post_init__(self) -> None:
        self._set(None, None)

    def _set(self, before: Past | None, given: Input | None) -> None:
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "_hash", hash((hash(before), given)))

    def after(self, given: Input, **seen: Any) -> Past:
        """Return the past to which one more thing has happened."""
        made = Past(self.inputs + 1, **seen)
        made._set(self, given)
        return made

    def chain(self) -> list[Past]:
        """Return the pasts that led here, the first input first; the empty one is left out."""
        found: list[Past] = []
        here: Any = self
        while here.before is not None:
            found.append(here)
            here = here.before
        return found[::-1]

    def __hash__(self) -> int:
        """Equal pasts have equal hashes."""
        known: Any = self
        return int(known._hash)

    def __eq__(self, other: object) -> bool:
        """Compare input by input, from the last one on."""
        if not isinstance(other, Past) or hash(self) != hash(other):
            return False
        one: Any = self
        two: Any = other
        while one is not two:
            if one.given != two.given or one.inputs != two.inputs:
                return False
            one, two = one.before, two.before
        return True
