"""Histories by the numbers of their threads: a few hundred threads make a hundred thousand histories."""

from __future__ import annotations

from collections.abc import Iterable

from counterpoint.model.observer import Thread


class NumberedThreads:
    """Each thread that was met at a place of a history, once, by its number.

    Equal threads of one place have the same. Those of two places are kept apart: what one node was
    told may equal what another was, as 1 and True do, and be something else.
    """

    def __init__(self) -> None:
        self._threads: list[Thread] = []
        self._numbers: dict[tuple[int, Thread], int] = {}
        self._by_identity: dict[tuple[int, int], int] = {}

    def numbers(self, history: Iterable[Thread]) -> tuple[int, ...]:
        """Return the numbers of the threads of a history.

        Threads that were handed out are known by identity: a step makes one or two others.
        """
        return tuple([self._number(place, thread) for place, thread in enumerate(history)])

    def history(self, numbers: Iterable[int]) -> tuple[Thread, ...]:
        """Return the threads that have these numbers."""
        return tuple([self._threads[number] for number in numbers])

    def _number(self, place: int, thread: Thread) -> int:
        number = self._by_identity.get((place, id(thread)))
        if number is None:
            number = self._numbers.setdefault((place, thread), len(self._threads))
            if number == len(self._threads):
                # It is kept from now on, so that no other object gets its identity.
                self._threads.append(thread)
                self._by_identity[place, id(thread)] = number
        return number
