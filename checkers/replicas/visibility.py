"""Causal order of visibility: nothing is seen before what happened before it.

The happens-before order of writes is that of the sessions: a write happens before all that its
session does later, and before all that is done by a session that has seen it. Two rules follow:

- a place (a replica) makes a write visible after all writes that happened before it;
- a session that has learnt of a write does not read of its key what that write had replaced.

Both are judged one deed at a time, so that a search can follow them step by step.

>>> one, two = ("found", 1), ("glad", 1)
>>> deeds = (Wrote("alice", one), Saw("bob", one), Wrote("bob", two), Shown("s3", two))
>>> memory = EMPTY
>>> for deed in deeds:
...     memory = memory.after(deed)
>>> memory.breach
('order', ('found', 1))
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from counterpoint.model.event import EventKind
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.values import NodeId, Value

Identity: TypeAlias = tuple[Hashable, Hashable]
"""A write, by its key and the value that it alone writes there."""

Rule: TypeAlias = Literal["order", "reads"]
"""Which of the two rules is meant: that of places, or that of sessions."""


class Wrote(NamedTuple):
    """A session begins to write."""

    session: str
    write: Identity


class Saw(NamedTuple):
    """A session learns of a write; `is_read`: by reading its key just now."""

    session: str
    write: Identity
    is_read: bool = True


class Missed(NamedTuple):
    """A session reads a key and finds that nothing was written there."""

    session: str
    key: Hashable


class Shown(NamedTuple):
    """A place makes a write visible."""

    place: str
    write: Identity


Deed: TypeAlias = Wrote | Saw | Missed | Shown

Reading: TypeAlias = Callable[[EventKind, NodeId, Value], Deed | None]
"""What an observation means: its kind, its node and its value; None if it is about something else."""

Sets: TypeAlias = tuple[tuple[Hashable, frozenset[Identity]], ...]
"""Sets of writes by name, sorted by name."""

NameT = TypeVar("NameT", bound=Hashable)


def of(sets: Sets, name: Hashable) -> frozenset[Identity]:
    """Return the set of a name, empty if there is none."""
    return next((writes for known, writes in sets if known == name), frozenset())


def grown(sets: Sets, name: Hashable, writes: Iterable[Identity]) -> Sets:
    """Return the sets with more writes under a name."""
    rest = [entry for entry in sets if entry[0] != name]
    entry = (name, of(sets, name).union(writes))
    return tuple(sorted((*rest, entry), key=lambda entry: repr(entry[0])))


@dataclass(frozen=True, slots=True)
class Memory:
    """What decides about all that is still to come.

    `pasts` has for each write all that happened before it, `known` for each session what it has
    learnt with all that happened before that, `visible` what each place shows. `breach` is the
    first rule that was broken, with a write that was missing or replaced.
    """

    pasts: Sets = ()
    known: Sets = ()
    visible: Sets = ()
    breach: tuple[Rule, Identity] | None = None

    def after(self, deed: Deed) -> Memory:
        """Return the memory after one more deed; the first breach is kept."""
        match deed:
            case Wrote(session, write):
                pasts = grown(self.pasts, write, of(self.known, session))
                return replace(self, pasts=pasts, known=grown(self.known, session, (write,)))
            case Saw(session, write, is_read):
                stale = self._stale(session, write) if is_read else None
                known = grown(self.known, session, (write, *of(self.pasts, write)))
                return replace(self._breached("reads", stale), known=known)
            case Missed(session, key):
                written = sorted(w for w in of(self.known, session) if w[0] == key)
                return self._breached("reads", written[0] if written else None)
            case Shown(place, write):
                missing = sorted(self.missing(place, write))
                visible = grown(self.visible, place, (write,))
                return replace(
                    self._breached("order", missing[0] if missing else None), visible=visible
                )

    def missing(self, place: str, write: Identity) -> frozenset[Identity]:
        """Return the writes that happened before one and that a place does not show."""
        return of(self.pasts, write) - of(self.visible, place)

    def _stale(self, session: str, write: Identity) -> Identity | None:
        """Return a write that the session knows and that had replaced the one it reads."""
        later = (w for w in of(self.known, session) if w[0] == write[0])
        return next((w for w in sorted(later) if write in of(self.pasts, w)), None)

    def _breached(self, rule: Rule, write: Identity | None) -> Memory:
        if write is None or self.breach is not None:
            return self
        return replace(self, breach=(rule, write))


EMPTY = Memory()
"""Before anything was done."""


@dataclass(frozen=True)
class Watch:
    """One of the two rules as an automaton, for explorations."""

    reading: Reading
    rule: Rule

    @property
    def initial(self) -> Memory:
        """Before anything was seen."""
        return EMPTY

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Memory:
        """Return the memory after one step; after a breach nothing matters any more."""
        assert isinstance(memory, Memory)
        for observation in seen:
            deed = self.reading(observation.kind, observation.node, observation.value)
            if deed is not None and observation.kind in OBSERVED:
                memory = memory.after(deed)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether the rule is broken."""
        assert isinstance(memory, Memory)
        return memory.breach is not None and memory.breach[0] == self.rule
