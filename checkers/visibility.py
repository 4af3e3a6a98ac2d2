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

Is nothing visible at a replica before what happened before it? And if not, how is that known?
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple, TypeAlias, TypeVar

from counterpoint.checkers.links import (
    PROGRAM_ORDER,
    READS_FROM,
    Precedence,
    at,
    graph,
    shortest_chain,
)
from counterpoint.model.event import Event, EventKind
from counterpoint.model.last_told import LastTold
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.quick_init import quick_init
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said

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

EventReader: TypeAlias = Callable[[EventKind, NodeId, Value], Deed | None]
"""What an observation means: its kind, its node and its value; None if it is about something else."""

Sets: TypeAlias = tuple[tuple[Hashable, frozenset[Identity]], ...]
"""Sets of writes by name, sorted by name."""

BreachOfRule: TypeAlias = tuple[Rule, Identity]
"""The rule that was broken, with a write that was missing or replaced."""

NameT = TypeVar("NameT", bound=Hashable)


def of(sets: Sets, name: Hashable) -> frozenset[Identity]:
    """Return the set of a name, empty if there is none."""
    return next((writes for known, writes in sets if known == name), frozenset())


def grown(sets: Sets, name: Hashable, writes: Iterable[Identity]) -> Sets:
    """Return the sets with more writes under a name."""
    for place, (known, before) in enumerate(sets):
        if known == name:
            after = before.union(writes)
            is_same = len(after) == len(before)
            return sets if is_same else (*sets[:place], (name, after), *sets[place + 1 :])
    entry = (name, frozenset(writes))
    return tuple(sorted((*sets, entry), key=lambda entry: repr(entry[0])))


@quick_init
@dataclass(frozen=True, slots=True)
class VisibilityState:
    """What decides about all that is still to come.

    `pasts` has for each write all that happened before it, `known` for each session what it has
    learnt with all that happened before that, `visible` what each place shows. `breach` is the
    first rule that was broken, with a write that was missing or replaced.
    """

    pasts: Sets = ()
    known: Sets = ()
    visible: Sets = ()
    breach: BreachOfRule | None = None

    def after(self, deed: Deed) -> VisibilityState:
        """Return the memory after one more deed; the first breach is kept."""
        pasts, known, visible, breach = self.pasts, self.known, self.visible, self.breach
        match deed:
            case Wrote(session, write):
                pasts = grown(pasts, write, of(known, session))
                known = grown(known, session, (write,))
            case Saw(session, write, is_read):
                if breach is None and is_read:
                    breach = _said("reads", self._stale(session, write))
                known = grown(known, session, (write, *of(pasts, write)))
            case Missed(session, key):
                if breach is None:
                    breach = _said("reads", {w for w in of(known, session) if w[0] == key})
            case Shown(place, write):
                if breach is None:
                    breach = _said("order", self.missing(place, write))
                visible = grown(visible, place, (write,))
        return VisibilityState(pasts, known, visible, breach)

    def missing(self, place: str, write: Identity) -> frozenset[Identity]:
        """Return the writes that happened before one and that a place does not show."""
        return of(self.pasts, write) - of(self.visible, place)

    def _stale(self, session: str, write: Identity) -> set[Identity]:
        """Return the writes that the session knows and that had replaced the one it reads."""
        known = of(self.known, session)
        return {w for w in known if w[0] == write[0] and write in of(self.pasts, w)}


def _said(rule: Rule, writes: Collection[Identity]) -> BreachOfRule | None:
    """Return the breach of a rule that the first of these writes tells of, None if there is none."""
    return (rule, min(writes)) if writes else None


class Pasts:
    """The same of places alone, changed in place: for one run, which is judged once."""

    def __init__(self) -> None:
        self._pasts: dict[Identity, frozenset[Identity]] = {}
        self._known: dict[str, frozenset[Identity]] = {}
        self._visible: dict[str, set[Identity]] = {}

    def take(self, deed: Deed) -> None:
        """Remember one more deed."""
        if isinstance(deed, Shown):
            self._visible.setdefault(deed.place, set()).add(deed.write)
        elif not isinstance(deed, Missed):
            known, past = self._known.get(deed.session, NOTHING), self._pasts.get(deed.write)
            if isinstance(deed, Wrote):
                self._pasts[deed.write] = known if past is None else known | past
                past = None
            self._known[deed.session] = known.union((deed.write,), past or ())

    def missing(self, place: str, write: Identity) -> frozenset[Identity]:
        """Return the writes that happened before one and that a place does not show."""
        return self._pasts.get(write, NOTHING).difference(self._visible.get(place, ()))


NOTHING: frozenset[Identity] = frozenset()

EMPTY = VisibilityState()
"""Before anything was done."""


@dataclass(frozen=True)
class Watch:
    """One of the two rules as an automaton, for explorations."""

    notes_may_swap: ClassVar[bool] = True

    reading: EventReader
    rule: Rule

    @property
    def initial(self) -> VisibilityState:
        """Before anything was seen."""
        return EMPTY

    def observe(self, memory: Value, seen: Sequence[Observation]) -> VisibilityState:
        """Return the memory after one step; after a breach nothing matters any more."""
        assert isinstance(memory, VisibilityState)
        for observation in seen:
            deed = self.reading(observation.kind, observation.node, observation.value)
            if deed is not None and observation.kind in OBSERVED:
                memory = memory.after(deed)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether the rule is broken."""
        assert isinstance(memory, VisibilityState)
        return memory.breach is not None and memory.breach[0] == self.rule


NAME = "causal order"

IdentityNames = Callable[[Identity], str]


class DeedOfEvent(NamedTuple):
    """A deed of a session, with the event that tells of it."""

    deed: Wrote | Saw
    event: Event


def check_visibility(trace: Trace, reading: EventReader, *, name: str = NAME) -> Verdict:
    """Judge whether each place shows a write only after all writes that happened before it.

    `examined` counts the writes shown, at all places together. The first one that came too early is
    reported, with the missing write that is fewest deeds away from it. O(n) deeds, each with a
    union of the writes in its past.
    """
    memory, examined = Pasts(), 0
    told: list[DeedOfEvent] = []
    for event, deed in deeds_of(trace, reading):
        if isinstance(deed, Shown):
            examined += 1
            if missing := memory.missing(deed.place, deed.write):
                return _overtaken(name, told, deed, event, missing, examined)
        elif isinstance(deed, Wrote | Saw):
            told.append(DeedOfEvent(deed, event))
        memory.take(deed)
    return holds(name, examined=examined)


def deeds_of(trace: Trace, reading: EventReader) -> tuple[tuple[Event, Deed], ...]:
    """Return the deeds that a trace tells of, each with its event."""
    return _LAST.told(trace, reading, _deeds_of)


_LAST: LastTold[Trace, EventReader, tuple[tuple[Event, Deed], ...]] = LastTold()


def _deeds_of(trace: Trace, reading: EventReader) -> tuple[tuple[Event, Deed], ...]:
    return tuple(
        (event, deed)
        for event in trace.events
        if event.node is not None
        and (deed := reading(event.kind, event.node, event.value)) is not None
    )


def _overtaken(
    name: str,
    told: list[DeedOfEvent],
    shown: Shown,
    event: Event,
    missing: frozenset[Identity],
    examined: int,
) -> Verdict:
    """Tell which write was overtaken, and the deeds from it to the one that overtook it."""
    chain = _nearest(told, missing, shown.write)
    named = naming(told)
    late, early = named(told[chain[0].before].deed.write), named(shown.write)
    edges = [_edge(told, link) for link in chain]
    last = told[chain[-1].after].event
    wrong = said(f"{shown.place} showed {early}", at(event.step), f" and not yet {late}")
    edges.append(Edge(_label(last), _label(event), "visibility", wrong))
    return broken(
        name,
        f"{early} was visible at {shown.place} before {late}, although {late} happened before "
        f"{early}: {_story(told, chain, named)}",
        examined=examined,
        because=[edge.reason for edge in edges],
        edges=tuple(edges),
        culprits=tuple(
            t.event.operation for t in _path(told, chain) if t.event.operation is not None
        ),
    )


def naming(told: list[DeedOfEvent]) -> IdentityNames:
    """Return how a report names writes: by the key, where no other write has it, else with the value."""
    writes = {t.deed.write for t in told if isinstance(t.deed, Wrote)}
    keys = [key for key, _ in writes]

    def named(write: Identity) -> str:
        key, value = write
        return f"{key}" if keys.count(key) == 1 else f"{key}={value}"

    return named


def _nearest(
    told: list[DeedOfEvent], missing: frozenset[Identity], of: Identity
) -> list[Precedence]:
    """Return the shortest chain of deeds from a missing write to the one that is visible."""
    links = graph(_links(told))
    place = {t.deed.write: i for i, t in enumerate(told) if isinstance(t.deed, Wrote)}
    chains = (shortest_chain(links, place[write], place[of]) for write in sorted(missing))
    return min((chain for chain in chains if chain), key=len)


def _links(told: list[DeedOfEvent]) -> Iterator[Precedence]:
    """The links of program order, each deed to the next of its session, and of reads-from."""
    sessions: dict[str, list[int]] = {}
    wrote: dict[Identity, int] = {}
    for i, (deed, _) in enumerate(told):
        sessions.setdefault(deed.session, []).append(i)
        if isinstance(deed, Wrote):
            wrote[deed.write] = i
        elif deed.write in wrote:
            yield Precedence(wrote[deed.write], i, READS_FROM, said())
    for places in sessions.values():
        for before, after in pairwise(places):
            yield Precedence(before, after, PROGRAM_ORDER, said())


def _path(told: list[DeedOfEvent], chain: list[Precedence]) -> list[DeedOfEvent]:
    return [told[chain[0].before], *(told[link.after] for link in chain)]


def _story(told: list[DeedOfEvent], chain: list[Precedence], named: IdentityNames) -> str:
    """The chain in words: "alice wrote found, bob read it, bob wrote glad"."""
    parts = []
    for t, link in zip(_path(told, chain), (None, *chain), strict=True):
        if isinstance(t.deed, Wrote):
            parts.append(f"{t.deed.session} wrote {named(t.deed.write)}")
        else:
            what = "it" if link is not None and link.rule == READS_FROM else named(t.deed.write)
            parts.append(f"{t.deed.session} {_verb(t)} {what}")
    return ", ".join(parts)


def _verb(told: DeedOfEvent) -> str:
    return "read" if not isinstance(told.deed, Saw) or told.deed.is_read else "was told of"


def _edge(told: list[DeedOfEvent], link: Precedence) -> Edge:
    before, after = told[link.before], told[link.after]
    verb = "wrote" if isinstance(after.deed, Wrote) else _verb(after)
    key, value = after.deed.write
    if link.rule == READS_FROM:
        because = said(
            f"{after.deed.session} {verb} {key}={value}",
            at(after.event.step),
            f", which {before.deed.session} wrote",
            at(before.event.step),
        )
    else:
        own = "wrote" if isinstance(before.deed, Wrote) else _verb(before)
        because = said(
            f"{after.deed.session} {own} {before.deed.write[0]}={before.deed.write[1]}",
            at(before.event.step),
            f", then {verb} {key}={value}",
            at(after.event.step),
        )
    return Edge(_label(before.event), _label(after.event), link.rule, because)


def _label(event: Event) -> str:
    return event.operation or f"{event.node} step {event.step}"
