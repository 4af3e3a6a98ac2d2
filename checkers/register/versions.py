"""The versions that one writer makes, and which of them each read may have seen.

Where reads cannot be given versions, the fewest operations that show it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.objects.specifications import ILLEGAL, Illegal
from counterpoint.checkers.objects.verify import core_fault
from counterpoint.checkers.register.core import EarlyRead, UnwrittenRead, initial_write, is_initial


@dataclass(frozen=True, slots=True)
class Versions:
    """The writes of one writer in order, number 0 being the initial value.

    `returns` and `returned_versions` list the writes that returned; `versions_of` every version
    of a value, lowest first.
    """

    writes: tuple[Operation, ...]
    calls: list[float]
    returns: list[float]
    returned_versions: list[int]
    versions_of: dict[Hashable, list[int]]

    def low(self, read: Operation) -> int:
        """The last version whose write returned before the read was called."""
        return self.returned_versions[bisect_left(self.returns, read.called) - 1]

    def high(self, read: Operation) -> int:
        """The last version whose write was called before the read returned."""
        return bisect_right(self.calls, read.returned) - 1

    def least(self, value: Hashable, at_least: int) -> float:
        """The lowest version from `at_least` on that has the value, or infinity."""
        versions = self.versions_of.get(value, [])
        index = bisect_left(versions, at_least)
        return versions[index] if index < len(versions) else math.inf

    def greatest(self, value: Hashable, below: int) -> int:
        """The highest version below `below` that has the value, or -1."""
        versions = self.versions_of.get(value, [])
        index = bisect_left(versions, below)
        return versions[index - 1] if index else -1


def versions_of(writes: Sequence[Operation], initial: Hashable) -> Versions:
    """Number the writes of one register in the order of their calls."""
    numbered = (initial_write(initial), *sorted(writes, key=lambda op: op.called))
    answered = [version for version, op in enumerate(numbered) if not op.is_open]
    by_value: dict[Hashable, list[int]] = {}
    for version, op in enumerate(numbered):
        by_value.setdefault(op.argument, []).append(version)
    return Versions(
        numbered,
        [op.called for op in numbered],
        [numbered[version].returned for version in answered],
        answered,
        by_value,
    )


def second_writer(writes: Sequence[Operation]) -> str:
    """Say why the writes are not those of one writer, one after the other, or return ""."""
    latest = initial_write(None)
    for op in sorted(writes, key=lambda op: op.called):
        if latest.client and op.client != latest.client:
            return f"{latest.client} and {op.client} both wrote; one writer was expected"
        if not latest.is_open and op.called < latest.returned:
            return f"{latest.id} and {op.id} of {op.client} overlap; one writer waits for its write"
        latest = op
    return ""


@dataclass(frozen=True, slots=True)
class ReplacedRead:
    """A read of a value that `replaced_by`, complete before the read was called, had replaced.

    `source` is the last write of the value before that.
    """

    read: Operation
    source: Operation
    replaced_by: Operation

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The core, the deciding operation last."""
        writes = (self.source, self.replaced_by)
        return (*(op for op in writes if not is_initial(op)), self.read)


WrongRead = UnwrittenRead | EarlyRead | ReplacedRead
"""A read outside the versions that it may have seen."""


@dataclass(frozen=True, slots=True)
class Inversion:
    """A read that went back behind what an earlier read had seen.

    `fresh_read` saw `fresh_write` or a later write and returned before `read` was called, while
    `read` saw `stale_write` or an earlier one. `operations` is the core, the deciding read last.
    """

    read: Operation
    stale_write: Operation
    fresh_read: Operation
    fresh_write: Operation
    operations: tuple[Operation, ...]


class Placed(NamedTuple):
    """A read, its least possible version, and the earlier read that forced it up, if one did."""

    read: Operation
    version: int
    pushed_by: Placed | None


def place(
    reads: Sequence[Operation], versions: Versions
) -> tuple[list[Placed], tuple[Operation, Placed] | None]:
    """Give each regular read its least possible version, or find the first that has none.

    The least choice is optimal: a read that is given a lower version constrains the later ones
    less. Returns the placed reads by call and, of the read that could not be placed, that read
    and the earlier one behind which it fell.
    """
    placed: list[Placed] = []
    pending = sorted(reads, key=lambda op: op.returned)
    place_of: dict[str, Placed] = {}
    floor: Placed | None = None
    next_end = 0
    for read in sorted(reads, key=lambda op: op.called):
        while next_end < len(pending) and pending[next_end].returned < read.called:
            ended_read = place_of[pending[next_end].id]
            if floor is None or ended_read.version > floor.version:
                floor = ended_read
            next_end += 1
        low = versions.low(read)
        unpushed = versions.least(read.result, low)
        at_least = low if floor is None else max(low, floor.version)
        version = versions.least(read.result, at_least)
        if version > versions.high(read):
            assert floor is not None, f"{read.id} is not regular"
            return placed, (read, floor)
        here = Placed(read, int(version), floor if version > unpushed else None)
        placed.append(here)
        place_of[read.id] = here
    return placed, None


def inversion(read: Operation, behind: Placed, versions: Versions) -> Inversion:
    """Collect the operations that show why `read` fell behind, and drop those not needed."""
    chain = [behind]
    while chain[-1].pushed_by is not None:
        chain.append(chain[-1].pushed_by)
    reads = (read, *(placed.read for placed in chain))
    low = min(map(versions.low, reads))
    high = max(map(versions.high, reads))
    values = {op.result for op in reads}
    # What a write hid from all these reads may be left out as long as that write stays.
    window = [versions.writes[low]]
    window += [op for op in versions.writes[low + 1 : high + 1] if op.argument in values]
    core = _minimal((*(op for op in window if not is_initial(op)), *reads), versions, low)
    stale = versions.greatest(read.result, behind.version)
    return Inversion(
        read,
        versions.writes[stale],
        behind.read,
        versions.writes[behind.version],
        (*sorted((op for op in core if op != read), key=lambda op: op.called), read),
    )


def _minimal(core: tuple[Operation, ...], versions: Versions, low: int) -> tuple[Operation, ...]:
    for op in core:
        if op in core:
            smaller = without(core, op, versions, low)
            core = smaller if _is_inverted(smaller, versions) else core
    return core


def without(
    core: Sequence[Operation], out: Operation, versions: Versions, low: int
) -> tuple[Operation, ...]:
    """The core without `out` and what makes no sense without it.

    A value goes as a whole, all its writes and reads. Nothing is left when the write at `low` goes
    while it hides earlier writes of a value that is still read.
    """
    if out.f == "read":
        return tuple(op for op in core if op != out)
    left = tuple(op for op in core if value_of(op) != out.argument)
    hides = out.argument == versions.writes[low].argument
    still_read = {op.result for op in left if op.f == "read"}
    return () if hides and any(versions.greatest(v, low) >= 0 for v in still_read) else left


def value_of(op: Operation) -> Hashable:
    """The value that an operation wrote or read."""
    return op.argument if op.f == "write" else op.result


def _is_inverted(operations: Sequence[Operation], versions: Versions) -> bool:
    """Tell whether a few of a history's operations already have no versions that never go back."""
    reads = [op for op in operations if op.f == "read"]
    own = versions_of([op for op in operations if op.f == "write"], versions.writes[0].argument)
    if any(own.least(read.result, own.low(read)) > own.high(read) for read in reads):
        return True
    return place(reads, own)[1] is not None


@dataclass(frozen=True, slots=True)
class NumberedRegister:
    """A register whose writes take effect in the order of their numbers, or not at all.

    A state, like the argument of a write, is (number, value).
    """

    initial: tuple[int, Hashable]

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """A write must raise the number; a read must return the value."""
        assert isinstance(state, tuple), state
        if f == "read":
            return state if result == state[1] else ILLEGAL
        assert isinstance(argument, tuple), argument
        return argument if argument[0] > state[0] else ILLEGAL


def numbered(operations: Sequence[Operation], versions: Versions) -> list[Operation]:
    """The operations with each write carrying its number beside its value."""
    number = {op.id: version for version, op in enumerate(versions.writes)}
    return [
        replace(op, argument=(number[op.id], op.argument)) if op.f == "write" else op
        for op in operations
    ]


def inversion_fault(core: Inversion, versions: Versions) -> str:
    """Say why the operations prove no inversion or are not minimal, or return ""."""
    low = min(versions.low(op) for op in core.operations if op.f == "read")
    plain = {op.id: op for op in core.operations}

    def without_numbered(operations: Sequence[Operation], out: Operation) -> list[Operation]:
        left = without([plain[op.id] for op in operations], plain[out.id], versions, low)
        return numbered(left, versions)

    register = NumberedRegister((0, versions.writes[0].argument))
    return core_fault(numbered(core.operations, versions), register, without=without_numbered)


def wrong_read_fault(core: WrongRead, versions: Versions) -> str:
    """Say why the operations do not show the read to be wrong, or return ""."""
    register = NumberedRegister((0, versions.writes[0].argument))
    return core_fault(
        numbered(core.operations, versions),
        register,
        without=lambda operations, out: [
            op for op in operations if op != out and (op.f != "read" or op.result != _plain(out))
        ],
    )


def _plain(out: Operation) -> Hashable:
    assert isinstance(out.argument, tuple | None), out
    return out.argument[1] if out.argument else UNKNOWN
