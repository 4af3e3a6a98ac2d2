"""Sentences for a core of any object: what was told, and what it cannot be reconciled with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.words import at
from counterpoint.model.verdict import Reason, said

OBSERVING = frozenset({"read", "get", "contains", "dequeue", "pop", "get_tokens"})
"""Operations whose answer is what matters about them."""


@dataclass(frozen=True, slots=True)
class CoreWords:
    """How the operations of a core are put into words.

    `show` prints a value; `possible` are answers that the deciding operation could have got;
    `context` counts earlier operations whose answers are taken for granted.
    """

    show: Callable[[Hashable], str]
    possible: Sequence[Hashable] = ()
    context: int = 0

    def summary(self, core: Sequence[Operation]) -> str:
        """The violation in one sentence; the deciding operation is the last of the core."""
        *others, deciding = core
        told = self.deed(deciding)
        match others:
            case [] if self.possible:
                return f"{told} where {self._possible()} was possible"
            case [] if self.context:
                return f"{told}, which the earlier answers rule out"
            case []:
                return f"{told}, which nothing before it can have led to"
            case [other] if other.precedes(deciding):
                return f"{told} {self._although(other, deciding)}"
            case [other]:
                return f"{told} while {self.deed(other)}, and neither can come first"
            case _ if len(others) <= 4:
                return f"{told}, which has no place in any order with {self._list(others)}"
            case _:
                return f"{told}, which no order of the {len(others)} operations before it allows"

    def because(self, core: Sequence[Operation], *, bystanders: int) -> tuple[Reason, ...]:
        """At most four reasons: what was told when, and that nothing else helps."""
        *others, deciding = core
        lines = [self._told(op) for op in others]
        if len(lines) > 4:
            lines = [said(f"{len(lines)} operations, from ", lines[0], ", to ", lines[-1])]
        elif len(lines) > 2:
            lines = [lines[0], said(lines[1], *(said("; ", line) for line in lines[2:]))]
        instead = f", where {self._possible()} would have been possible" if self.possible else ""
        lines.append(said(self._told(deciding), instead))
        given = f"given the answers of the {self.context} before, and " if self.context else ""
        if bystanders or given:
            lines.append(
                said(
                    f"{given}whether the other {bystanders} operations took effect or not, "
                    "no order within their times makes all of this true"
                )
            )
        return tuple(lines)

    def deed(self, op: Operation) -> str:
        """What a client was told.

        >>> read = Operation("o1", "c2", "read", "x", None, 5, 0, 1)
        >>> CoreWords(repr).deed(read)
        'c2 read 5'
        """
        match op.f, op.result:
            case (("read" | "get"), answer):
                return f"{op.client} read {self.show(answer)}"
            case _, True:
                return f"{self.call(op)} by {op.client} succeeded"
            case _, False:
                return f"{self.call(op)} by {op.client} failed"
            case f, answer if f in OBSERVING or (answer is not None and answer is not UNKNOWN):
                return f"{self.call(op)} by {op.client} returned {self.show(answer)}"
            case _:
                return f"{self.call(op)} by {op.client} completed"

    def call(self, op: Operation) -> str:
        """An operation as it was asked.

        >>> CoreWords(repr).call(Operation("o1", "c2", "cas", "x", (1, 2), True, 0, 1))
        'cas(1, 2)'
        """
        match op.argument:
            case None:
                return f"{op.f}()"
            case tuple() as several:
                return f"{op.f}({', '.join(map(self.show, several))})"
            case one:
                return f"{op.f}({self.show(one)})"

    def _although(self, other: Operation, deciding: Operation) -> str:
        who = "it" if other.client == deciding.client else other.client
        match other.f, other.result:
            case (("read" | "get"), answer):
                return f"after {who} had already read {self.show(answer)}"
            case _, True:
                return f"although {self.call(other)} by {other.client} had succeeded"
            case _, False:
                return f"although {self.call(other)} by {other.client} had failed"
            case f, answer if f in OBSERVING or (answer is not None and answer is not UNKNOWN):
                return f"after {self.call(other)} by {who} had returned {self.show(answer)}"
            case _:
                return f"although {self.call(other)} by {other.client} had completed"

    def _told(self, op: Operation) -> Reason:
        called = said("called", at(op.call_step), ", ") if op.call_step >= 0 else said()
        return said(f"{op.id}: ", called, self.deed(op), at(op.return_step))

    def _possible(self) -> str:
        return " or ".join(map(self.show, self.possible))

    def _list(self, operations: Sequence[Operation]) -> str:
        """Name a few operations with what was told.

        >>> CoreWords(repr)._list([Operation("o1", "c2", "read", "x", None, 5, 0, 1)])
        'o1 (c2 read 5)'
        """
        return ", ".join(f"{op.id} ({self.deed(op)})" for op in operations)
