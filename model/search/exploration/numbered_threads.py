"""Histories by the numbers of their threads: a few hundred threads make a hundred thousand histories."""

from __future__ import annotations

from collections.abc import Iterable
from operator import lshift

from counterpoint.model.exact import ExactNumbers
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.observer import Thread

THREAD_BITS = 24
"""A number of a thread has no more: there are a few hundred of them, or some thousands."""


class NumberedThreads:
    """Each thread that was met at a place of a history, once, by its number; a history is one of these.

    Equal threads of one place have the same. Those of two places are kept apart: what one node was
    told may equal what another was, as 1 and True do, and be something else.
    """

    def __init__(self, count: int) -> None:
        """`count` is how many threads each history has."""
        self._shifts = tuple(THREAD_BITS * place for place in range(count))
        self._threads = ExactNumbers[tuple[int, Thread]]()
        self._by_identity: dict[tuple[int, int], int] = {}

    def number(self, history: Iterable[Thread]) -> int:
        """Return the number of a history: those of its threads side by side.

        Threads that were handed out are known by identity: a step makes one or two others.
        """
        numbers = map(self._number, self._shifts, history)
        return sum(map(lshift, numbers, self._shifts))

    def history(self, number: int) -> tuple[Thread, ...]:
        """Return the history that has this number."""
        mask = (1 << THREAD_BITS) - 1
        return tuple([self._threads.values[number >> shift & mask][1] for shift in self._shifts])

    def _number(self, place: int, thread: Thread) -> int:
        number = self._by_identity.get((place, id(thread)))
        if number is None:
            count = len(self._threads.values)
            number = self._threads.number((place, thread))
            if number == count:
                if number >> THREAD_BITS:
                    raise OwnDefect(f"there are more than {number:,} threads of histories")
                # It is kept from now on, so that no other object gets its identity.
                self._by_identity[place, id(thread)] = number
        return number
