"""What whole levels of an exploration established. It is replaced as one, and never found half done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import merged, size

RUN_RATIO = 3
"""A run of known states is kept apart from the next smaller one when it is so many times larger."""


@dataclass(frozen=True, slots=True)
class Established:
    """The levels so far, each a set, and what was counted in those above the deepest.

    `runs` holds the same states as `levels`, in few sets of growing size, to look new ones up in.
    `open_end` is the fields of the first end in which a call is open, and its level.
    """

    layout: FieldLayout
    levels: tuple[Words, ...]
    runs: tuple[Words, ...]
    states: int
    generated: int
    terminal: int = 0
    terminal_pending: int = 0
    open_end: tuple[int, list[Ids]] | None = None

    @property
    def deepest(self) -> Words:
        """The states that were not expanded yet."""
        return self.levels[-1]

    def in_layout(self, layout: FieldLayout) -> Established:
        """Return the same with wider fields."""
        if layout == self.layout:
            return self
        shared: dict[int, Words] = {}

        def converted(words: Words) -> Words:
            # A run may be a level: then it stays the same object.
            if id(words) not in shared:
                shared[id(words)] = self.layout.convert(words, layout)
            return shared[id(words)]

        levels, runs = map(converted, self.levels), map(converted, self.runs)
        return replace(self, layout=layout, levels=tuple(levels), runs=tuple(runs))

    def with_level(self, fresh: Words, crew: Crew) -> Established:
        """Return the same with one more level."""
        runs = with_run(self.runs, fresh, crew)
        levels, states = (*self.levels, fresh), self.states + size(fresh)
        return replace(self, levels=levels, runs=runs, states=states)


def with_run(runs: Sequence[Words], fresh: Words, crew: Crew) -> tuple[Words, ...]:
    """Return runs with some more states, each much larger than the next."""
    kept, joining = list(runs), [fresh]
    while kept and size(kept[-1]) < RUN_RATIO * sum(map(size, joining)):
        joining.append(kept.pop())
    return (*kept, joining[0] if len(joining) == 1 else merged(joining[::-1], crew))
