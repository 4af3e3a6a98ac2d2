"""The dependencies among transactions that appended to lists and read them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise

from counterpoint.checkers.real_time import process_order, real_time_order
from counterpoint.checkers.transactions.list_versions import ListRead, Lists
from counterpoint.checkers.words import Link, shown
from counterpoint.model.verdict import said


def dependencies(lists: Lists) -> list[Link]:
    """Return every dependency between two transactions, one for each reason."""
    links = [
        *_write_write(lists),
        *(link for read in lists.reads for link in _around_a_read(lists, read)),
        *process_order(lists.transactions),
        *real_time_order(lists.transactions),
    ]
    return [link for link in links if link.before != link.after]


def _write_write(lists: Lists) -> Iterator[Link]:
    for key, order in lists.orders.items():
        for earlier, later in pairwise(order):
            yield _link(lists, (key, earlier), (key, later))
        if order:
            for later in lists.unread.get(key, ()):
                yield _link(lists, (key, order[-1]), (key, later))


def overwrites_after_reads(lists: Lists) -> Iterator[Link]:
    """Order the elements that nobody read, where first committer wins.

    Whoever read a list before appending to it must have appended before all those it did not see.
    """
    for read in lists.reads:
        unread = lists.unread.get(read.key, ())
        own = [e for e in unread if lists.appender[read.key, e] == read.number]
        if own and read.length == len(lists.orders.get(read.key, ())):
            for element in unread:
                if lists.appender[read.key, element] != read.number:
                    yield _link(lists, (read.key, own[-1]), (read.key, element))


def blind_appends(lists: Lists, order: Sequence[int]) -> Iterator[Link]:
    """Order the elements that nobody read as their transactions come in `order`."""
    place = {number: position for position, number in enumerate(order)}
    for key, elements in lists.unread.items():
        in_order = sorted(elements, key=lambda e: place[lists.appender[key, e]])
        for earlier, later in pairwise(in_order):
            link = _link(lists, (key, earlier), (key, later))
            if link.before != link.after:
                yield link


def _link(
    lists: Lists, earlier: tuple[Hashable, Hashable], later: tuple[Hashable, Hashable]
) -> Link:
    before, after = lists.appender[earlier], lists.appender[later]
    key, element = later
    because = (
        f"{lists.transactions[after].id} appended {element!r} to {shown(key)} after "
        f"{lists.transactions[before].id} appended {earlier[1]!r}"
    )
    return Link(before, after, "write-write", said(because))


def _around_a_read(lists: Lists, read: ListRead) -> Iterator[Link]:
    """Walk who the read came after, and who came after the read."""
    order = lists.orders.get(read.key, ())
    name = lists.transactions[read.number].id
    if read.length:
        last = order[read.length - 1]
        writer = lists.appender[read.key, last]
        because = (
            f"{name} read {last!r} in {shown(read.key)}, which "
            f"{lists.transactions[writer].id} appended"
        )
        yield Link(writer, read.number, "write-read", said(because))
    following = order[read.length : read.length + 1] or lists.unread.get(read.key, ())
    for element in following:
        writer = lists.appender[read.key, element]
        because = (
            f"{name} read {shown(read.key)} without {element!r}, which "
            f"{lists.transactions[writer].id} appended"
        )
        yield Link(read.number, writer, "read-write", said(because))
