"""Histories by the numbers of their threads: a few hundred threads make a hundred thousand histories."""

from __future__ import annotations

from collections.abc import Iterable

from counterpoint.model.observer import Thread


class NumberedThreads:
    """Each thread that was met, once, by its number; equal threads have the same."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []
        self._numbers: dict[Thread, int] = {}
        self._by_identity: dict[int, int] = {}

    def numbers(self, history: Iterable[Thread]) -> tuple[int, ...]:
        """Return the numbers of the threads of a history.

        Threads that were handed out are known by identity: a step makes one or two others.
        """
        return tuple([self._number(thread) for thread in history])

    def history(self, numbers: Iterable[int]) -> tuple[Thread, ...]:
        """Return the threads that have these numbers."""
        return tuple([self._threads[number] for number in numbers])

    def _number(self, thread: Thread) -> int:
        number = self._by_identity.get(id(thread))
        if number is None:
            number = self._numbers.setdefault(thread, len(self._threads))
            if number == len(self._threads):
                # It is kept from now on, so that no other object gets its identity.
                self._threads.append(thread)
                self._by_identity[id(thread)] = number
        return number
