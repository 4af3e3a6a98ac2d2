"""What a reader returns: the histories of one file, and what the format says about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.history import History
from counterpoint.checkers.transactions.history import TransactionHistory


class Interference(NamedTuple):
    """Something that was done to the system while clients called: when, and what.

    `rank` is between those of the events around it, `step` the number of the event itself.
    """

    rank: float
    step: int
    what: str


@dataclass(frozen=True, slots=True)
class Case:
    """One history of a file.

    `name` is empty unless the file holds several. `initial` is what an object holds before any
    write. `event_count` counts what was recorded: events, or the reads and writes of transactions,
    failed ones included. `has_real_time` tells whether ranks of different clients mean anything.
    `notes` say what was left out or taken for granted in reading, `interferences` what a nemesis did.
    `form` is the name of the format, where it is known.
    """

    source: str
    name: str
    history: History | TransactionHistory
    event_count: int
    initial: Hashable = None
    has_real_time: bool = True
    notes: tuple[str, ...] = ()
    interferences: tuple[Interference, ...] = ()
    form: str = ""

    @property
    def title(self) -> str:
        """The file, and after a hash the case in it: what `check` takes as an argument."""
        return f"{self.source}#{self.name}" if self.name else self.source


Cases = tuple[Case, ...]
Reader = Callable[..., Cases]
"""`read_x(data, *, source, limits=DEFAULT_LIMITS)`; raises `UnreadableHistory`, nothing else."""


def client_name(process: Hashable) -> str:
    """Name a client: a bare number reads better as "p7".

    >>> client_name(7), client_name("alice")
    ('p7', 'alice')
    """
    return f"p{process}" if isinstance(process, int) else str(process)


ATOMS: frozenset[type] = frozenset({str, int, float, bool, type(None)})
"""Nearly all values of a history, known by one look-up."""


def frozen(value: object) -> Hashable:
    """Return an immutable twin: lists become tuples, maps tuples of pairs sorted by how they show.

    The parsers bound nesting, so this recursion is bounded.

    >>> frozen({"b": [1, 2], "a": {"c": None}})
    (('a', (('c', None),)), ('b', (1, 2)))
    """
    if type(value) in ATOMS:
        return value
    if isinstance(value, dict):
        pairs = [(frozen(key), frozen(inner)) for key, inner in value.items()]
        return tuple(sorted(pairs, key=lambda pair: repr(pair[0])))
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    assert isinstance(value, Hashable), f"no parser makes a {type(value).__name__}"
    return value
