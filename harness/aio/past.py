"""The state of a node that is a program: all that has happened to it.

A coroutine can be neither copied nor compared, but it does the same again when the same happens to
it. So what was given to a node since it booted is its state: equal pasts have equal futures, and a
program is the cache of one past, made again from the inputs where another is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from counterpoint.model.exact import is_same
from counterpoint.model.node import Input
from counterpoint.model.values import Value, show


def _nothing_to_tell(_: object) -> Mapping[str, Value]:
    return {}


@dataclass(frozen=True, eq=False)
class Past:
    """What was given to a node since it booted, and what can be seen of it from outside.

    `inputs` counts them; `clock` is the node's time, and `due` when its next timer is to go off, both
    in microseconds. `lanes` are those that it reads, of open connections, `ports` where it listens, and
    `snapshot` is what the user wants to see of it.
    """

    __sees_all__: ClassVar[bool] = (
        True  # what is kept beside the fields is in the inputs, or from them
    )

    inputs: int = 0
    clock: int = 0
    due: int | None = None
    lanes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    snapshot: Value = None

    def __post_init__(self) -> None:
        vars(self).update(before=None, given=None, hash=0, tell=_nothing_to_tell)

    def __str__(self) -> str:
        """Show what is shown of it in one line."""
        return "; ".join(f"{name} {show(what)}" for name, what in self.shown.items()) or "ended"

    @property
    def shown(self) -> Mapping[str, Value]:
        """What reports show of it: the time, what the user wants to see, and where each task waits."""
        known: Any = self
        return known.tell(self)  # type: ignore[no-any-return]

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing is left of a program that waits: no timer, no connection, no place.

        What else a task may wait for is on its way as a message, or the node is in a deadlock.
        """
        return self.due is None and not self.lanes and not self.ports

    @property
    def counted(self) -> Value:
        """What a search counts of the states that it has seen."""
        return (self.snapshot, self.ports, len(self.lanes))

    def after(
        self,
        given: Input,
        clock: int,
        due: int | None,
        lanes: tuple[str, ...],
        ports: tuple[int, ...],
        snapshot: Value,
    ) -> Past:
        """Return the past to which one more thing has happened."""
        made = object.__new__(Past)
        mine: Any = self
        vars(made).update(
            inputs=mine.inputs + 1, clock=clock, due=due, lanes=lanes, ports=ports, snapshot=snapshot,
            before=self, given=given, tell=mine.tell, hash=None,
        )  # fmt: skip
        return made

    def told_by(self, tell: Callable[[Past], Mapping[str, Value]]) -> Past:
        """Return the same past, of which this function says what is shown, and of all that follow."""
        vars(self).update(tell=tell)
        return self

    def inputs_given(self) -> list[Input]:
        """Return what was given to the node, the first input first."""
        found: list[Input] = []
        here: Any = self
        while here.before is not None:
            found.append(here.given)
            here = here.before
        return found[::-1]

    def __hash__(self) -> int:
        """Equal pasts have equal hashes; it is seldom asked for, and worked out then."""
        here: Any = self
        unknown = []
        while here.hash is None:
            unknown.append(here)
            here = here.before
        found: int = here.hash
        for each in reversed(unknown):
            vars(each).update(hash=(found := hash((found, each.given))))
        return found

    def __eq__(self, other: object) -> bool:
        """Compare input by input, from the last one on."""
        if not isinstance(other, Past) or self.inputs != other.inputs:
            return False
        one: Any = self
        two: Any = other
        while one is not two:
            if not is_same(one.given, two.given):
                return False
            one, two = one.before, two.before
        return True
