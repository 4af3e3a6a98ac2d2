"""The properties of the stores' histories, seen at a glance: one pass, with sets of writes as bits.

Where nothing is wrong the stamps of the writes are the order that explains everything. It goes with
what happened before what, by the Lamport property; and where each read has the highest stamp of what
its session knows of the key, it is the one order of all writes that causal convergence asks for. From
that causal consistency and the four guarantees of sessions follow (Bouajjani, Enea, Guerraoui and
Hamza, "On verifying causal consistency", POPL 2017: each has fewer demands).

What is unusual is left to the checks: a write that comes twice or has two stamps, one that is seen
before it was asked for, a call that its client gave up, an answer to nothing, a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from counterpoint.checkers.convergence import CONVERGENCE, SAME_ORDER
from counterpoint.checkers.happens_before.clock_checks import LAMPORT
from counterpoint.checkers.visibility import NAME as CAUSAL_ORDER
from counterpoint.checkers.visibility import Identity
from counterpoint.impl.stores.words import (
    Applied,
    Arrived,
    Await,
    Copy,
    Found,
    Move,
    Read,
    Stalled,
    Told,
    Waits,
    Write,
    Written,
)
from counterpoint.model.glance import Look, LookByTelling, Telling, Unusual
from counterpoint.model.observer import Observation

StampPair: TypeAlias = tuple[int, int]
"""The clock and the server of a stamp, which compare as stamps do."""

NamedCopy: TypeAlias = tuple[Identity, StampPair]
"""A write, by key and value, with its stamp."""


class StoreHistory:
    """A history so far. A write is a bit, in the order in which they were begun.

    The properties `of_sessions` hold together, if at all. `is_rising`: each write has a higher clock
    than all that happened before it, as far as their stamps were seen.
    """

    def __init__(self, of_sessions: tuple[str, ...]) -> None:
        self.shown_count = self.read_count = self.equal_count = self.same_place_count = 0
        self.is_ordered = self.is_equal = self.is_in_step = self.is_newest = True
        self.is_rising = True
        self._of_sessions = of_sessions
        self._calls: dict[str, object] = {}
        self._bits: dict[Identity, int] = {}
        self._writes: list[Identity] = []
        self._stamps: dict[int, StampPair] = {}
        self._by_stamp: dict[StampPair, int] = {}
        self._of_key: dict[object, int] = {}
        self._past: dict[int, int] = {}
        self._known: dict[str, int] = {}
        self._visible: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._held_with: dict[int, int] = {}
        self._order: list[int] = []
        self._reads: list[tuple[int, int]] = []

    # What is seen.

    def writes(self, session: str, write: Identity) -> None:
        """A session begins to write."""
        self.calls(session, write)
        if write in self._bits:
            raise Unusual
        bit = self._bits[write] = 1 << len(self._bits)
        key = write[0]
        self._of_key[key] = self._of_key.get(key, 0) | bit
        known = self._known.get(session, 0)
        self._past[bit] = known
        self._known[session] = known | bit

    def calls(self, session: str, what: object) -> None:
        """A session begins to write, to read a key (a 1-tuple), or to move (None)."""
        if session in self._calls:
            raise Unusual
        self._calls[session] = what

    def written(self, session: str, stamp: StampPair) -> None:
        """A session is told the stamp of its write."""
        write = self._calls.pop(session)
        self._bit((write, stamp))  # type: ignore[arg-type]

    def answered(self, session: str, what: object) -> None:
        """A session is answered something else."""
        if self._calls.pop(session) != what:
            raise Unusual

    def misses(self, session: str, key: str) -> None:
        """A session reads a key and finds nothing."""
        self.answered(session, (key,))
        self.read_count += 1
        self.is_newest &= not self._known.get(session, 0) & self._of_key.get(key, 0)

    def reads(self, session: str, copy: NamedCopy) -> None:
        """A session reads a copy of a key."""
        key = copy[0][0]
        self.answered(session, (key,))
        self.read_count += 1
        bit = self.learns(session, copy)
        self._reads.append((bit, self._known[session] & self._of_key[key]))

    def learns(self, session: str, copy: NamedCopy) -> int:
        """A session learns of a write; return its bit."""
        bit = self._bit(copy)
        self._known[session] = self._known.get(session, 0) | bit | self._past[bit]
        return bit

    def applies(self, place: str, copy: NamedCopy, held: NamedCopy) -> None:
        """A place makes a write visible, and holds a copy of its key from then on."""
        bit, visible = self._bit(copy), self._visible.get(place, 0)
        self.shown_count += 1
        self.is_ordered &= not self._past[bit] & ~visible
        self._in_step(bit, visible)
        visible = self._visible[place] = visible | bit
        kept = self._bit(held)
        others = self._held.get(place, 0) & ~self._of_key[held[0][0]]
        now = self._held[place] = others | kept
        earlier = self._held_with.setdefault(visible, now)
        self.is_equal &= earlier == now

    def _in_step(self, bit: int, visible: int) -> None:
        """See whether the next update of a place is that of the others; a second time is unusual."""
        if bit & visible:
            raise Unusual
        count = visible.bit_count()
        if count == len(self._order):
            self._order.append(bit)
        else:
            self.same_place_count += 1
            self.is_in_step &= self._order[count] == bit

    def _bit(self, copy: NamedCopy) -> int:
        """Return the bit of a write, which has one stamp and shares it with no other."""
        write, stamp = copy
        bit = self._bits.get(write)
        if bit is None:
            raise Unusual
        known = self._stamps.get(bit)
        if known is None:
            self._stamp(bit, stamp)
        elif known != stamp:
            raise Unusual
        return bit

    def _stamp(self, bit: int, stamp: StampPair) -> None:
        """Note the stamp of a write, and whether its clock goes with what happened before what."""
        if self._by_stamp.setdefault(stamp, bit) != bit:
            raise Unusual
        past, pasts, clock = self._past[bit], self._past, stamp[0]
        for other, (its_clock, _) in self._stamps.items():
            if other & past:
                self.is_rising &= its_clock < clock
            elif pasts[other] & bit:
                self.is_rising &= clock < its_clock
        self._stamps[bit] = stamp

    # What follows.

    def holding(self) -> frozenset[str]:
        """Return the names of the properties that hold."""
        return frozenset(self._holding())

    def unbroken(self) -> frozenset[str]:
        """Return the names of those that hold, or would if there were more to examine."""
        return frozenset(self._unbroken())

    def _holding(self) -> Iterator[str]:
        if self.is_ordered and self.shown_count:
            yield CAUSAL_ORDER
        if self.is_in_step and self.same_place_count:
            yield SAME_ORDER
        if self.is_equal and len(self._held_with) < self.shown_count:
            yield CONVERGENCE
        if self._stamps and self.is_rising:
            yield LAMPORT
            if self.read_count and self._are_reads_newest():
                yield from self._of_sessions

    def _unbroken(self) -> Iterator[str]:
        if self.is_ordered:
            yield CAUSAL_ORDER
        if self.is_in_step:
            yield SAME_ORDER
        if self.is_equal:
            yield CONVERGENCE
        if self.is_rising:
            yield LAMPORT
            if self._are_reads_newest():
                yield from self._of_sessions

    def _are_reads_newest(self) -> bool:
        """Tell whether each read has the highest stamp of what its session knew of the key.

        A read of which that is known is not asked about again.
        """
        if self._reads:
            self._reads = [read for read in self._reads if not self._is_newest(*read)]
        return self.is_newest and not self._reads

    def _is_newest(self, bit: int, known: int) -> bool:
        stamps = self._stamps
        return all(before in stamps and stamps[before] <= stamps[bit] for before in _bits_of(known))


def _bits_of(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest


def _nothing(history: StoreHistory) -> None:
    del history


def _unusual(history: StoreHistory) -> None:
    raise Unusual(history)


NOTHING: Telling = (_nothing, ())
UNUSUAL: Telling = (_unusual, ())


def _telling(seen: Observation) -> Telling:
    match seen.kind, seen.value:
        case "invoke", Write(key, value):
            return StoreHistory.writes, (seen.node, (key, value))
        case "invoke", Read(key) | Await(key):
            return StoreHistory.calls, (seen.node, (key,))
        case "invoke", Move():
            return StoreHistory.calls, (seen.node, None)
        case "return", Written(version):
            return StoreHistory.written, (seen.node, (version.stamp.clock, version.stamp.server))
        case "return", Arrived():
            return StoreHistory.answered, (seen.node, None)
        case "return", Found(key, None):
            return StoreHistory.misses, (seen.node, key)
        case "return", Found(key, Copy() as copy) if key == copy.version.key:
            return StoreHistory.reads, (seen.node, _named(copy))
        case "note", Told(copy):
            return StoreHistory.learns, (seen.node, _named(copy))
        case "note", Applied(copy, held):
            return StoreHistory.applies, (seen.node, _named(copy), _named(held))
        case ("note", Stalled() | Waits()) | ("role", _):
            return NOTHING
    return UNUSUAL


def _named(copy: Copy) -> NamedCopy:
    stamp = copy.version.stamp
    return (copy.version.key, copy.value), (stamp.clock, stamp.server)


@dataclass(frozen=True)
class StoresGlance:
    """All properties of the stores' histories in one pass; `of_sessions` are those of the clients."""

    of_sessions: tuple[str, ...]

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search: what an observation does to a history is worked out once."""
        return LookByTelling(observations, _telling, partial(StoreHistory, self.of_sessions))
