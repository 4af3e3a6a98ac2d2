"""The versions that one writer makes, and which of them each read may have seen."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.register.core import initial_write


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
