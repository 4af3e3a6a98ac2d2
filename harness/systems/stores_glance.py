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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from counterpoint.model.glance import Look, Telling, look_by
from counterpoint.model.observer import Observation

StampPair: TypeAlias = tuple[int, int]
"""The clock and the server of a stamp, which compare as stamps do."""

NamedCopy: TypeAlias = tuple[Identity, StampPair]
"""A write, by key and value, with its stamp."""


class _Unusual(Exception):
    """Something that a glance says nothing about."""


class StoreHistory:
    """A history so far. A write is a bit, in the order in which they were begun."""

    def __init__(self) -> None:
        self.shown_count = self.read_count = self.equal_count = self.same_place_count = 0
        self.is_ordered = self.is_equal = self.is_in_step = self.is_newest = True
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
            raise _Unusual
        bit = self._bits[write] = 1 << len(self._bits)
        key = write[0]
        self._of_key[key] = self._of_key.get(key, 0) | bit
        known = self._known.get(session, 0)
        self._past[bit] = known
        self._known[session] = known | bit

    def calls(self, session: str, what: object) -> None:
        """A session begins to write, to read a key (a 1-tuple), or to move (None)."""
        if session in self._calls:
            raise _Unusual
        self._calls[session] = what

    def written(self, session: str, stamp: StampPair) -> None:
        """A session is told the stamp of its write."""
        write = self._calls.pop(session)
        self._bit((write, stamp))  # type: ignore[arg-type]

    def answered(self, session: str, what: object) -> None:
        """A session is answered something else."""
        if self._calls.pop(session) != what:
            raise _Unusual

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
            raise _Unusual
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
        if bit is None or self._stamps.setdefault(bit, stamp) != stamp:
            raise _Unusual
        if self._by_stamp.setdefault(stamp, bit) != bit:
            raise _Unusual
        return bit

    # What follows.

    def holding(self, of_sessions: Iterable[str]) -> frozenset[str]:
        """Return the names of the properties that hold; `of_sessions` hold together, if at all."""
        return frozenset(self._holding(of_sessions))

    def _holding(self, of_sessions: Iterable[str]) -> Iterator[str]:
        if self.is_ordered and self.shown_count:
            yield CAUSAL_ORDER
        if self.is_in_step and self.same_place_count:
            yield SAME_ORDER
        if self.is_equal and len(self._held_with) < self.shown_count:
            yield CONVERGENCE
        if self._stamps and self._are_clocks_right():
            yield LAMPORT
            if self.read_count and self.is_newest and self._are_reads_newest():
                yield from of_sessions

    def _are_clocks_right(self) -> bool:
        """Tell whether each write has a higher clock than all that happened before it."""
        stamps = self._stamps
        return all(
            stamps[before][0] < stamp[0]
            for bit, stamp in stamps.items()
            for before in _bits_of(self._past[bit])
            if before in stamps
        )

    def _are_reads_newest(self) -> bool:
        """Tell whether each read has the highest stamp of what its session knew of the key."""
        stamps = self._stamps
        return all(
            before in stamps and stamps[before] <= stamps[bit]
            for bit, known in self._reads
            for before in _bits_of(known)
        )


def _bits_of(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest


def _nothing(history: StoreHistory) -> None:
    del history


def _unusual(history: StoreHistory) -> None:
    raise _Unusual(history)


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
        return look_by(observations, _telling, self._held)

    def _held(self, tellings: Iterable[Telling]) -> frozenset[str]:
        history = StoreHistory()
        try:
            for take, told in tellings:
                take(history, *told)
        except (KeyError, _Unusual):
            return frozenset()
        return history.holding(self.of_sessions)
