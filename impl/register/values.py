"""What the register system stores: what a write puts down, its partial value, and stamped records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from counterpoint.impl.register.access import UNSIGNED_MAX
from counterpoint.model.quick_init import quick_init

SEARCHED_MAX = 1_000_000
"""The most hashes that one write may cost its server; a longer range is refused."""


class WriteRefused(ValueError):
    """A write or a search that no server carries out. The text says what would be right."""


@quick_init
@dataclass(frozen=True, slots=True)
class Written:
    """What a write puts into a token: a name, a range cut in two, and the value of its first part."""

    name: str
    low: int
    mid: int
    high: int
    partial: int

    def __str__(self) -> str:
        return f"{self.name}({self.low}, {self.mid}, {self.high})"


@quick_init
@dataclass(frozen=True, slots=True)
class Record:
    """What a reader keeps of a token: the newest write that it knows, and the writer's stamp on it.

    Stamp 0 is that of a token that was never written.
    """

    token: int
    stamp: int = 0
    written: Written | None = None

    def __str__(self) -> str:
        what = "nothing" if self.written is None else str(self.written)
        return f"{self.token}: {what} @{self.stamp}"


def newest_of(records: Iterable[Record]) -> Record:
    """Return the record with the highest stamp, the first of equal ones.

    >>> newest_of([Record(1), Record(1, stamp=2), Record(1, stamp=1)]).stamp
    2
    """
    return max(records, key=lambda record: record.stamp)


def hash_of(name: str, number: int) -> int:
    """Return H(name, number): the first 8 bytes, big-endian, of SHA-256 of "name number".

    >>> hash_of("abc", 15)
    902613196918738813
    """
    return int.from_bytes(sha256(f"{name} {number}".encode()).digest()[:8], "big")


def least_hash(name: str, first: int, end: int) -> int:
    """Return the least H(name, x) over first <= x < end. The range must not be empty.

    >>> least_hash("abc", 5, 25), least_hash("abc", 25, 100)
    (902613196918738813, 60570345165277511)
    """
    assert first < end, f"the range from {first} to {end} is empty"
    return min(hash_of(name, number) for number in range(first, end))


def final_value(written: Written) -> int | None:
    """Return the token's final value: the least H over mid <= x < high, None if there is no such x.

    Raises:
        WriteRefused: that part is longer than one search may be.

    >>> final_value(Written("abc", 5, 25, 100, partial=902613196918738813))
    60570345165277511
    """
    if written.mid == written.high:
        return None
    fault = _length_fault(written.mid, written.high, "mid", "high")
    if fault is not None:
        raise WriteRefused(fault)
    return least_hash(written.name, written.mid, written.high)


def written(name: str, low: int, mid: int, high: int) -> Written:
    """Return what a write puts down, with its partial value: the least H over low <= x < mid.

    Raises:
        WriteRefused: there is a `write_fault`.

    >>> written("abc", 5, 25, 100).partial
    902613196918738813
    """
    fault = write_fault(name, low, mid, high)
    if fault is not None:
        raise WriteRefused(fault)
    return Written(name, low, mid, high, least_hash(name, low, mid))


def write_fault(name: str, low: int, mid: int, high: int) -> str | None:
    """Say why no server carries out a write, whoever asks; None if nothing is wrong with it.

    It must be low < mid <= high, all unsigned 64-bit integers, the name text in UTF-8, and the
    range from low to mid short enough for one server to search.

    >>> write_fault("abc", 5, 5, 100)
    'the range from low 5 to mid 5 is empty; mid must be above low'
    """
    if any("\ud800" <= character <= "\udfff" for character in name):
        return f"the name {name!r} has half of a character; it must be text in UTF-8"
    for what, number in (("low", low), ("mid", mid), ("high", high)):
        if not 0 <= number <= UNSIGNED_MAX:
            return f"{what} is {number}; it must be an unsigned 64-bit integer, 0 to {UNSIGNED_MAX}"
    if not low <= mid <= high:
        return f"low {low}, mid {mid}, high {high} are out of order; it must be low <= mid <= high"
    if low == mid:
        return f"the range from low {low} to mid {mid} is empty; mid must be above low"
    return _length_fault(low, mid, "low", "mid")


def _length_fault(first: int, end: int, from_name: str, to_name: str) -> str | None:
    if end - first <= SEARCHED_MAX:
        return None
    return (
        f"{from_name} {first} to {to_name} {end} are {end - first:,} numbers to search; "
        f"one server searches at most {SEARCHED_MAX:,}, so split the range"
    )
