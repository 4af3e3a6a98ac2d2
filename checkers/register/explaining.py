"""Sentences and edges for the smallest cores of a register: what is wrong, and why it must be.

Sentences and edges for the violations of a one-writer register.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.history import Operation
from counterpoint.checkers.judging import Explanation
from counterpoint.checkers.links import at, real_time
from counterpoint.checkers.register.core import (
    Crossing,
    EarlyRead,
    RegisterCore,
    UnwrittenRead,
    is_initial,
)
from counterpoint.checkers.register.versions import Inversion, ReplacedRead, WrongRead
from counterpoint.model.verdict import Edge, Reason, said


@dataclass(frozen=True, slots=True)
class RegisterWords:
    """How operations and values of one register are put into words."""

    show: Callable[[Hashable], str]
    initial: Hashable
    failed: Sequence[Operation] = ()

    def explain(self, core: RegisterCore) -> Explanation:
        """Put a core into words."""
        return replace(self._told(core), culprits=tuple(op.id for op in core.operations))

    def _told(self, core: RegisterCore) -> Explanation:
        match core:
            case UnwrittenRead(read):
                return self._unwritten(read)
            case EarlyRead(read, write):
                return self.early(read, write, "alone wrote it")
            case Crossing():
                return self._crossing(core)

    def _unwritten(self, read: Operation) -> Explanation:
        value = self.show(read.result)
        for write in self.failed:
            if write.argument == read.result:
                return Explanation(
                    f"{read.client} read {value}, which only the failed {self.call(write)} "
                    f"by {write.client} carried",
                    (
                        said(
                            f"{self.named(write)} failed",
                            at(write.return_step),
                            ", and a failed write has no effect",
                        ),
                        said(
                            f"{read.id} returned {value}",
                            at(read.return_step),
                            ", and no other write carried it",
                        ),
                    ),
                )
        return Explanation(
            f"{read.client} read {value}, which nobody wrote",
            (
                said(
                    f"{read.id} returned {value}",
                    at(read.return_step),
                    f", but no write carried it and the initial value is {self.show(self.initial)}",
                ),
            ),
        )

    def early(self, read: Operation, write: Operation, how: str) -> Explanation:
        """A read of a value before its write was called; `how` says why no other write counts."""
        value = self.show(read.result)
        reads_from = Edge(
            write.id,
            read.id,
            "reads-from",
            said(
                f"{read.id} returned {value}",
                at(read.return_step),
                f"; {self.named(write)} {how}, so {write.id} < {read.id}",
            ),
        )
        edges = (reads_from, self.real_time(read, write))
        return Explanation(
            f"{read.client} read {value} before {write.client} called {self.call(write)}",
            tuple(edge.reason for edge in edges),
            edges,
        )

    def _crossing(self, core: Crossing) -> Explanation:
        first = self._fresh_is_newer(core)
        edges = self._circle(core)
        because = (first, *(edge.reason for edge in edges))
        return Explanation(self._crossing_summary(core), because, edges)

    def _circle(self, core: Crossing) -> tuple[Edge, ...]:
        """The stale read before the fresh write, before its reads, before the stale read."""
        read, write, seen = core.deciding, core.fresh.write, core.fresh.first
        reads_old = Edge(
            read.id,
            write.id,
            "reads-old",
            said(
                f"{read.id} returned {self.show(read.result)}",
                at(read.return_step),
                f", so it came before {self.named(write)} replaced that: {read.id} < {write.id}",
            ),
        )
        if seen == write:
            return reads_old, self.real_time(write, read)
        return reads_old, self._reads_from(write, seen), self.real_time(seen, read)

    def _fresh_is_newer(self, core: Crossing) -> Reason:
        """Why the stale value cannot have been written after the fresh one."""
        old, fresh = core.stale.write, core.fresh
        if is_initial(old):
            return said(f"{self.show(self.initial)} is the initial value, older than every write")
        first, last = core.stale.first, fresh.last
        ends = said(self._deed(first), at(first.return_step))
        begins = said(f"{last.id} was called", at(last.call_step))
        if last != fresh.write:
            begins = said(begins, f", which returned {self.show(last.result)}")
        relation = "<" if first == old and last == fresh.write else "must precede"
        return said(ends, " before ", begins, f", so {old.id} {relation} {fresh.write.id}")

    def _crossing_summary(self, core: Crossing) -> str:
        read, fresh = core.deciding, core.fresh
        value, newer = self.show(read.result), self.show(fresh.write.argument)
        if fresh.first == fresh.write:
            done = f"{self.call(fresh.write)} by {fresh.write.client} had completed"
            if is_initial(core.stale.write) or fresh.last == fresh.write:
                return f"{read.client} read {value} although {done}"
            return (
                f"{read.client} read {value} although {done}, and {fresh.last.client} read {newer} "
                f"although {value} had been written before"
            )
        who = "it" if fresh.first.client == read.client else fresh.first.client
        seen = newer if is_initial(core.stale.write) else f"the newer {newer}"
        return f"{read.client} read {value} after {who} had already read {seen}"

    def _reads_from(self, write: Operation, read: Operation) -> Edge:
        because = said(
            f"{read.id} returned {self.show(read.result)}",
            at(read.return_step),
            f"; only {self.named(write)} wrote it, so {write.id} < {read.id}",
        )
        return Edge(write.id, read.id, "reads-from", because)

    def real_time(self, before: Operation, after: Operation) -> Edge:
        because = said(real_time(before, after), f", so {before.id} < {after.id}")
        return Edge(before.id, after.id, "real-time", because)

    def call(self, write: Operation) -> str:
        return f"write({self.show(write.argument)})"

    def named(self, write: Operation) -> str:
        return f"{write.id} = {self.call(write)}"

    def _deed(self, op: Operation) -> str:
        """What an operation had done by its return."""
        if op.f == "write":
            return f"{self.named(op)} returned"
        return f"{op.id} returned {self.show(op.result)}"


@dataclass(frozen=True, slots=True)
class SingleWriterWords:
    """How operations and values of one register are put into words."""

    show: Callable[[Hashable], str]
    initial: Hashable
    failed: Sequence[Operation] = ()

    def explain(self, core: WrongRead | Inversion) -> Explanation:
        """Put a violation into words."""
        return replace(self._told(core), culprits=tuple(op.id for op in core.operations))

    def _told(self, core: WrongRead | Inversion) -> Explanation:
        match core:
            case UnwrittenRead():
                return self._shared.explain(core)
            case EarlyRead(read, write):
                return self._shared.early(read, write, "was the first to write it")
            case ReplacedRead(read, source, replaced_by):
                return self._replaced(read, source, replaced_by)
            case Inversion():
                return self._inverted(core)

    @property
    def _shared(self) -> RegisterWords:
        return RegisterWords(self.show, self.initial, self.failed)

    def _replaced(self, read: Operation, source: Operation, later: Operation) -> Explanation:
        words = self._shared
        edges = (self._reads_old(read, later), words.real_time(later, read))
        return Explanation(
            f"{read.client} read {self.show(read.result)} "
            f"although {words.call(later)} by {later.client} had completed",
            (self._in_order(source, later), *(edge.reason for edge in edges)),
            edges,
        )

    def _inverted(self, core: Inversion) -> Explanation:
        words = self._shared
        read, seen, write = core.read, core.fresh_read, core.fresh_write
        edges = (
            self._reads_old(read, write),
            self._reads_new(write, seen),
            words.real_time(seen, read),
        )
        who = "it" if seen.client == read.client else seen.client
        newer = "" if is_initial(core.stale_write) else "the newer "
        return Explanation(
            f"{read.client} read {self.show(read.result)} after {who} had already read "
            f"{newer}{self.show(seen.result)}",
            (self._in_order(core.stale_write, write), *(edge.reason for edge in edges)),
            edges,
        )

    def _in_order(self, older: Operation, newer: Operation) -> Reason:
        if is_initial(older):
            return said(f"{self.show(self.initial)} is the initial value, older than every write")
        if older.precedes(newer):
            return self._shared.real_time(older, newer).reason
        return said(
            f"{newer.client} called {self._shared.named(older)}",
            at(older.call_step),
            f" before {self._shared.named(newer)}",
            at(newer.call_step),
            f", and the writes of one writer take effect in order: {older.id} < {newer.id}",
        )

    def _reads_old(self, read: Operation, write: Operation) -> Edge:
        because = said(
            f"{read.id} returned {self.show(read.result)}",
            at(read.return_step),
            f", which no write from {self._shared.named(write)} on had carried by then: "
            f"{read.id} < {write.id}",
        )
        return Edge(read.id, write.id, "reads-old", because)

    def _reads_new(self, write: Operation, read: Operation) -> Edge:
        because = said(
            f"{read.id} returned {self.show(read.result)}",
            at(read.return_step),
            f", so it saw {self._shared.named(write)} or a later write: {write.id} < {read.id}",
        )
        return Edge(write.id, read.id, "reads-from", because)
