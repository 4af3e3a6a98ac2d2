"""A register with one writer as an automaton: the versions that reads may still return.

It says of every prefix of a run what `single_writer` says, but of a run through one window per
register: from the last version that returned before the oldest read under way was called, to the
last one that was called. Of the reads that have returned it keeps one number, the newest version
that they have shown.

A write can still turn out to have failed, and until one was answered nobody knows who the writer is.
So each client that writes has a `Track` of its own, in which its writes are the versions; the track
of `NOBODY` has the initial value alone. Once a client has surely written, its track alone is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from counterpoint.checkers.history import UNKNOWN, exact
from counterpoint.checkers.objects.sequential import UnknownOperation
from counterpoint.checkers.operations import OperationView, exact_seen
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value

RegisterRule: TypeAlias = Literal["regular", "inversion"]
"""Which promise is meant: `single_writer.REGULAR` or `single_writer.NO_INVERSION`."""

NOBODY = ""
"""The writer of the initial value."""


class Reading(NamedTuple):
    """A read under way, and the least versions that it may return.

    `low` is the least by the writes that had returned when it was called, `floor` by the reads, too.
    """

    client: NodeId
    low: int
    floor: int


@dataclass(frozen=True, slots=True)
class Track:
    """What the versions of one writer allow from now on; versions are numbered within `values`.

    `low` is the last version whose write returned, `floor` the last that any read has shown, `low`
    at least. `leans` are the rules that will have been broken if the write under way has failed.
    """

    values: tuple[Hashable, ...]
    low: int = 0
    floor: int = 0
    reads: tuple[Reading, ...] = ()
    is_writing: bool = False
    leans: frozenset[RegisterRule] = frozenset()
    breaches: frozenset[RegisterRule] = frozenset()

    def write_called(self, value: Hashable) -> Track:
        """Return the track with one more version."""
        return replace(self, values=(*self.values, value), is_writing=True)

    def write_returned(self) -> Track:
        """Return the track in which the newest version is there for every read to come."""
        newest = len(self.values) - 1
        after = replace(self._still(), low=newest, floor=max(self.floor, newest))
        return after._trimmed()

    def write_cut(self) -> Track:
        """Return the track in which the write under way may have taken effect, or will not."""
        return self._still()

    def write_failed(self) -> Track:
        """Return the track without the write under way."""
        newest = len(self.values) - 2
        return replace(
            self._still(),
            values=self.values[:-1],
            floor=min(self.floor, newest),
            reads=tuple(read._replace(floor=min(read.floor, newest)) for read in self.reads),
            breaches=self.breaches | self.leans,
        )

    def read_called(self, client: NodeId) -> Track:
        """Return the track with one more read under way."""
        reads = (*self.reads, Reading(client, self.low, self.floor))
        return replace(self, reads=tuple(sorted(reads)))

    def read_dropped(self, client: NodeId) -> Track:
        """Return the track without the read of a client: its answer says nothing."""
        rest = tuple(read for read in self.reads if read.client != client)
        return replace(self, reads=rest)._trimmed()

    def read_returned(self, client: NodeId, value: Hashable) -> Track:
        """Give a read the least version that it may have, or note which rule it breaks."""
        read = next(read for read in self.reads if read.client == client)
        possible = [v for v in range(read.low, len(self.values)) if self.values[v] == value]
        placed = next((v for v in possible if v >= read.floor), None)
        rest = self.read_dropped(client) if placed is None else self._shown(placed, client)
        if not possible:
            return replace(rest, breaches=rest.breaches | {"regular"})
        if placed is None:
            return replace(rest, breaches=rest.breaches | {"inversion"})
        if self.is_writing and placed == len(self.values) - 1:
            lean: RegisterRule = "regular" if len(possible) == 1 else "inversion"
            return replace(rest, leans=rest.leans | {lean})
        return rest

    def _shown(self, version: int, client: NodeId) -> Track:
        return replace(self, floor=max(self.floor, version)).read_dropped(client)

    def _still(self) -> Track:
        return replace(self, is_writing=False, leans=frozenset())

    def _trimmed(self) -> Track:
        """Forget the versions that no read can return any more."""
        base = min((read.low for read in self.reads), default=self.low)
        base = min(base, self.low)
        if base == 0:
            return self
        reads = tuple(Reading(r.client, r.low - base, r.floor - base) for r in self.reads)
        return replace(
            self,
            values=self.values[base:],
            low=self.low - base,
            floor=self.floor - base,
            reads=reads,
        )


Tracks: TypeAlias = tuple[tuple[NodeId, Track | None], ...]
"""The tracks of one register by writer, sorted; empty once two clients have surely written.

A client that writes after another has surely written has None in the place of a track.
"""


class Known(NamedTuple):
    """The calls under way by client, sorted, and the tracks of each register that was used."""

    calls: tuple[tuple[NodeId, Value], ...] = ()
    registers: tuple[tuple[Hashable, Tracks], ...] = ()


@dataclass(frozen=True)
class SingleWriterObserver:
    """One promise of a register with one writer, for every key that `view` shows.

    Nothing is broken where two clients write: the promise is not about such registers.
    """

    notes_may_swap: ClassVar[bool] = True

    view: OperationView
    rule: RegisterRule
    start: Hashable = None

    @property
    def initial(self) -> Known:
        """Nothing was called."""
        return Known()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Known:
        """Take in calls, answers and crashes of clients."""
        assert isinstance(memory, Known), f"{memory!r} is no memory of this observer"
        for observation in seen:
            match observation.kind:
                case "invoke":
                    memory = self._called(memory, observation.node, observation.value)
                case "return":
                    memory = self._returned(memory, observation.node, observation.value)
                case "crash":
                    memory = self._returned(memory, observation.node, UNKNOWN)
                case _:
                    pass  # nothing else is part of a history of operations
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether a register that one client writes breaks the promise."""
        assert isinstance(memory, Known), f"{memory!r} is no memory of this observer"
        return any(self._breaks(tracks) for _, tracks in memory.registers)

    def _breaks(self, tracks: Tracks) -> bool:
        writers = [entry for entry in tracks if entry[0] != NOBODY] or list(tracks)
        if len(writers) != 1:
            return False
        track = writers[0][1]
        return track is not None and self.rule in track.breaches

    def _called(self, memory: Known, client: NodeId, operation: Value) -> Known:
        looks = self.view(operation, UNKNOWN)
        if looks is None:
            return memory
        seen = exact_seen(looks)
        tracks = dict(memory.registers).get(seen.key, ((NOBODY, Track((exact(self.start),))),))
        if seen.f == "read":
            tracks = _each(tracks, lambda track: track.read_called(client))
        elif seen.f == "write":
            tracks = _write_called(tracks, client, seen.argument)
        else:
            raise UnknownOperation(seen.f, ("read", "write"))
        calls = tuple(sorted((*memory.calls, (client, operation)), key=lambda call: call[0]))
        return _with(Known(calls, memory.registers), seen.key, tracks)

    def _returned(self, memory: Known, client: NodeId, result: Value) -> Known:
        operation = next((asked for by, asked in memory.calls if by == client), None)
        if operation is None:  # a call that nobody judges, or a crash of an idle node
            return memory
        calls = tuple(call for call in memory.calls if call[0] != client)
        before = self.view(operation, UNKNOWN)
        assert before is not None, f"{operation!r} is not judged"
        asked, looks = exact_seen(before), self.view(operation, result)
        told = None if looks is None else exact_seen(looks)
        tracks = dict(memory.registers)[asked.key]
        is_left = result is UNKNOWN or isinstance(result, GaveUp)
        is_cut = is_left or (told is not None and told.status == "info")
        if asked.f == "write":
            has_failed = told is None or told.status == "fail"
            tracks = _write_over(tracks, client, has_failed=has_failed, is_cut=is_cut)
        elif told is None or told.status != "ok" or is_cut:
            tracks = _each(tracks, lambda track: track.read_dropped(client))
        else:
            value = told.result
            tracks = _each(tracks, lambda track: track.read_returned(client, value))
        return _with(Known(calls, memory.registers), asked.key, tracks)


def _each(tracks: Tracks, after: Callable[[Track], Track]) -> Tracks:
    return tuple((name, None if track is None else after(track)) for name, track in tracks)


def _write_called(tracks: Tracks, client: NodeId, value: Hashable) -> Tracks:
    known = dict(tracks)
    if not known:
        return tracks
    if NOBODY in known or client in known:
        track = known.get(client, known.get(NOBODY))
        known[client] = None if track is None else track.write_called(value)
    else:
        known[client] = None
    return tuple(sorted(known.items(), key=lambda entry: entry[0]))


def _write_over(tracks: Tracks, client: NodeId, *, has_failed: bool, is_cut: bool) -> Tracks:
    """End the write of a client: it took effect, or may have, or surely has not."""
    known = dict(tracks)
    if not known:
        return tracks
    track = known[client]
    if has_failed and not is_cut:
        if track is None or NOBODY in known:  # it has not written anything else
            return tuple(entry for entry in tracks if entry[0] != client)
        return tuple((name, track.write_failed() if name == client else None) for name in known)
    if track is None:
        return ()
    after = track.write_cut() if is_cut else track.write_returned()
    return tuple((name, after if name == client else None) for name in known if name != NOBODY)


def _with(memory: Known, key: Hashable, tracks: Tracks) -> Known:
    registers = {**dict(memory.registers), key: tracks}
    return memory._replace(registers=tuple(sorted(registers.items(), key=lambda e: repr(e[0]))))
