"""Sentences about reads and writes: who did what, and how one thing led to another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from counterpoint.checkers.history import Operation
from counterpoint.model.verdict import Edge, Reason, at_step, said

READS_FROM = "reads-from"
PROGRAM_ORDER = "program order"
CONFLICT = "conflict"


class Link(NamedTuple):
    """One reason why the operation at `before` comes before the one at `after`."""

    before: int
    after: int
    rule: str
    reason: Reason

    @property
    def because(self) -> str:
        """The sentence of its reason."""
        return self.reason.text


def shown(value: Hashable) -> str:
    """A key or value as reports show it: plain where that is clear.

    >>> shown("found"), shown("lost ring"), shown(None), shown(1)
    ('found', "'lost ring'", 'None', '1')
    """
    if isinstance(value, str) and value.isidentifier():
        return value
    return repr(value)


def pair(key: Hashable, value: Hashable) -> str:
    """A key with its value.

    >>> pair("x", 1), pair(0, "one two")
    ('x=1', "0='one two'")
    """
    return f"{shown(key)}={value!r}"


def content(op: Operation) -> str:
    """The key of an operation with the value it wrote or returned."""
    return pair(op.key, op.argument if op.f == "write" else op.result)


def deed(op: Operation) -> str:
    """What an operation did: "alice wrote x=1"."""
    return f"{op.client} {'wrote' if op.f == 'write' else 'read'} {content(op)}"


def label(op: Operation) -> Reason:
    """The identity of an operation, with its step where there is one: "(o3, step 12)"."""
    return (
        said(f"({op.id}, ", at_step(op.call_step), ")") if op.call_step >= 0 else said(f"({op.id})")
    )


def named(op: Operation) -> Reason:
    """What an operation did, and its label: "alice wrote x=1 (o3)"."""
    return said(f"{deed(op)} ", label(op))


def at(step: int) -> Reason:
    """A step in brackets, if there is one.

    >>> at(7), at(-1)
    (Reason(text=' (step 7)', steps=(7,)), Reason(text='', steps=()))
    """
    return said(" (", at_step(step), ")") if step >= 0 else said()


def real_time(before: Operation, after: Operation) -> Reason:
    """That one operation was over before another began."""
    returned = said(f"{before.id} returned", at(before.return_step))
    return said(returned, f" before {after.id} was called", at(after.call_step))


def story(operations: Sequence[Operation], path: Sequence[Link]) -> str:
    """A path of links in words: "alice wrote x=1, bob read it, bob wrote y=1"."""
    parts = [deed(operations[path[0].before])]
    for link in path:
        reader = operations[link.after]
        if link.rule == READS_FROM:
            parts.append(f"{reader.client} read it")
        elif link.rule == CONFLICT:
            parts.append(f"which must come before {content(reader)}")
        else:
            parts.append(deed(reader))
    return ", ".join(parts)


def program_link(operations: Sequence[Operation], before: int, after: int, rule: str) -> Link:
    """The link between two operations of one session."""
    first, second = operations[before], operations[after]
    return Link(before, after, rule, said(named(first), " before ", named(second)))


def reads_from_link(operations: Sequence[Operation], write: int, read: int) -> Link:
    """The link between a write and a read that saw it."""
    writer, reader = operations[write], operations[read]
    because = said(named(reader), f", which {writer.client} wrote ", label(writer))
    return Link(write, read, READS_FROM, because)


def edges(operations: Sequence[Operation], links: Iterable[Link]) -> tuple[Edge, ...]:
    """The links as a verdict carries them."""
    return tuple(
        Edge(operations[link.before].id, operations[link.after].id, link.rule, link.reason)
        for link in links
    )
