"""Sentences and edges for the violations of a one-writer register."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.register.core import EarlyRead, UnwrittenRead, is_initial
from counterpoint.checkers.register.single_writer_core import Inversion, ReplacedRead, WrongRead
from counterpoint.checkers.register.words import Explanation, RegisterWords
from counterpoint.checkers.words import at
from counterpoint.model.verdict import Edge, Reason, said


@dataclass(frozen=True, slots=True)
class SingleWriterWords:
    """How operations and values of one register are put into words."""

    show: Callable[[Hashable], str]
    initial: Hashable
    failed: Sequence[Operation] = ()

    def explain(self, core: WrongRead | Inversion) -> Explanation:
        """Put a violation into words."""
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
