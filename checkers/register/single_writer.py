"""Exact checks of a register with one writer and many readers: safe, regular, atomic.

    safe, regular, no_inversion = check_single_writer(history, initial=0)

Source: Lamport, "On interprocess communication", Distributed Computing 1, 1986. The writes form
versions in the order of their calls, the initial value being version 0; values may repeat. A read
may have seen any version from `low`, the last one that returned before the read was called, to
`high`, the last one called before the read returned.

- safe: a read that overlaps no write (`low == high`) returns that version's value;
- regular: a read returns the value of some version from `low` to `high`;
- no new/old inversion: the reads that are regular can be given versions that never go back in
  real time. A regular register without inversion is atomic, which is to say linearizable.

**Interrupted writes.** A write with status "info", or without a return, may never take effect. If
its writer goes on to write, a late effect must still come before that of the next write: the one
writer numbers its writes, and whoever stores them ignores older numbers. So a value that returns
after a later write completed is a violation here, though a register with several writers would
allow it. This is the transient atomicity of Guerraoui and Levy, "Robust emulations of shared
memory in a crash-recovery model", ICDCS 2004, with a single writer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from counterpoint.checkers.history import Operation, exact, exact_history
from counterpoint.checkers.objects.verify import witness_fault
from counterpoint.checkers.register.check import Uses, uses_of
from counterpoint.checkers.register.core import EarlyRead, UnwrittenRead
from counterpoint.checkers.register.explaining import SingleWriterWords
from counterpoint.checkers.register.versions import (
    Inversion,
    NumberedRegister,
    Placed,
    ReplacedRead,
    Versions,
    WrongRead,
    inversion,
    inversion_fault,
    numbered,
    place,
    second_writer,
    versions_of,
    wrong_read_fault,
)
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Outcome, Verdict, holds, undecided

SAFE = "safe"
REGULAR = "regular"
NO_INVERSION = "no new/old inversion"

Show = Callable[[Hashable], str]


@dataclass(frozen=True, slots=True)
class Given:
    """One register's operations with their versions; `fault` says if there is a second writer."""

    uses: Uses
    versions: Versions
    words: SingleWriterWords
    fault: str


def check_single_writer(
    history: Sequence[Operation], *, initial: Hashable = None, show: Show = repr
) -> tuple[Verdict, Verdict, Verdict]:
    """Judge one register as safe, as regular, and as free of new/old inversion, in this order.

    UNDECIDED when two clients wrote, or where no answer was constrained by the property.

    Raises:
        UnknownOperation: for an operation that is neither a read nor a write.
    """
    given = given_by(history, initial, show)
    return (
        _of_one_writer(_safe, SAFE, given),
        _of_one_writer(_regular, REGULAR, given),
        _of_one_writer(_no_inversion, NO_INVERSION, given),
    )


def check_safe(
    history: Sequence[Operation], *, initial: Hashable = None, show: Show = repr
) -> Verdict:
    """Judge whether every read that overlaps no write returned the last value written."""
    return _of_one_writer(_safe, SAFE, given_by(history, initial, show))


def check_regular(
    history: Sequence[Operation], *, initial: Hashable = None, show: Show = repr
) -> Verdict:
    """Judge whether every read returned the last value written before it, or one of meanwhile."""
    return regular_by(given_by(history, initial, show))


def regular_by(given: Given) -> Verdict:
    """Judge what `check_regular` does of operations that have their versions."""
    return _of_one_writer(_regular, REGULAR, given)


def check_no_inversion(
    history: Sequence[Operation], *, initial: Hashable = None, show: Show = repr
) -> Verdict:
    """Judge whether no regular read returned an older value than a read that had ended before it.

    HOLDS carries the order of the writes and of the regular reads.
    """
    return no_inversion_by(given_by(history, initial, show))


def no_inversion_by(given: Given) -> Verdict:
    """Judge what `check_no_inversion` does of operations that have their versions."""
    return _of_one_writer(_no_inversion, NO_INVERSION, given)


def check_writes_in_turn(
    history: Sequence[Operation],
    *,
    initial: Hashable = None,
    name: str = "linearizability",
    show: Show = repr,
) -> Verdict:
    """Judge linearizability where each write had returned before the next was called.

    Any number of clients may have written; only the last write may be open. UNDECIDED if the
    writes overlap or a write before the last is open, and if no read was answered.
    """
    given = given_by(history, initial, show)
    writes = given.uses.writes
    if not all(a.precedes(b) for a, b in pairwise(writes)):
        return undecided(name, "writes overlap")
    regular = _regular(given, name)
    return _no_inversion(given, name) if regular.outcome is Outcome.HOLDS else regular


def given_by(history: Sequence[Operation], initial: Hashable, show: Show) -> Given:
    """Return the operations of one register with their versions."""
    uses, initial = uses_of(exact_history(history)), exact(initial)
    versions = versions_of(uses.writes, initial)
    words = SingleWriterWords(show, initial, uses.failed)
    return Given(uses, versions, words, second_writer(uses.writes))


def _of_one_writer(judge: Callable[[Given, str], Verdict], name: str, given: Given) -> Verdict:
    return undecided(name, given.fault) if given.fault else judge(given, name)


def _safe(given: Given, name: str) -> Verdict:
    versions = given.versions
    alone = [read for read in given.uses.reads if versions.low(read) == versions.high(read)]
    if not alone:
        return undecided(name, "no read was answered that overlapped no write")
    return _reads_in_range(name, given, alone)


def _regular(given: Given, name: str) -> Verdict:
    if not given.uses.reads:
        return undecided(name, "no read was answered")
    return _reads_in_range(name, given, given.uses.reads)


def _reads_in_range(name: str, given: Given, reads: Sequence[Operation]) -> Verdict:
    for read in sorted(reads, key=lambda op: op.returned):
        if not _is_regular(read, given.versions):
            core = _wrong_read(read, given.versions)
            fault = wrong_read_fault(core, given.versions)
            if fault:
                raise OwnDefect(f"the core {core} is wrong: {fault}")
            return _broken(name, core, given, len(reads))
    return holds(name, examined=len(reads))


def _is_regular(read: Operation, versions: Versions) -> bool:
    return versions.least(read.result, versions.low(read)) <= versions.high(read)


def _wrong_read(read: Operation, versions: Versions) -> WrongRead:
    low = versions.low(read)
    older = versions.greatest(read.result, low)
    if older >= 0:
        return ReplacedRead(read, versions.writes[older], versions.writes[low])
    later = versions.least(read.result, low)
    return (
        UnwrittenRead(read) if later == math.inf else EarlyRead(read, versions.writes[int(later)])
    )


def _no_inversion(given: Given, name: str) -> Verdict:
    versions = given.versions
    reads = [read for read in given.uses.reads if _is_regular(read, versions)]
    if not reads:
        return undecided(name, "no regular read was answered")
    placed, fallen = place(reads, versions)
    if fallen is not None:
        core = inversion(*fallen, versions)
        fault = inversion_fault(core, versions)
        if fault:
            raise OwnDefect(f"the core {core} is wrong: {fault}")
        return _broken(name, core, given, len(reads))
    witness = _order(placed, versions)
    judged = numbered([*given.uses.writes, *reads], versions)
    fault = witness_fault(judged, witness, NumberedRegister((0, versions.writes[0].argument)))
    if fault:
        raise OwnDefect(f"the order of the versions is wrong: {fault}")
    return holds(name, examined=len(reads), witness=witness)


def _order(placed: Sequence[Placed], versions: Versions) -> tuple[str, ...]:
    """Each write followed by the reads that saw it, in call order; unread open writes left out."""
    seen_by: list[list[str]] = [[] for _ in versions.writes]
    for read, version, _ in placed:
        seen_by[version].append(read.id)
    order: list[str] = []
    for version, write in enumerate(versions.writes):
        if version > 0 and (seen_by[version] or not write.is_open):
            order.append(write.id)
        order += seen_by[version]
    return tuple(order)


def _broken(name: str, core: WrongRead | Inversion, given: Given, examined: int) -> Verdict:
    return given.words.explain(core).verdict(name, examined=examined)
