"""Token conservation as an automaton: the books of `check_conservation`, without who paid when.

A payment needs the newest owner of its token, and a copy the owner of its version; so the owners of
all versions, and the versions that every server holds, decide about all that is still to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.conservation.check import Books, Copies, Link, Owner, Reading
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value

NO_STEP = -1
"""Steps are for reports; an exploration makes those from the run that it found."""


class Accounts(NamedTuple):
    """What was paid and what is held so far.

    `chains` has the owners of all versions of each token that was ever paid, `copies` the version
    of each token that a server holds, if not the first; all sorted.
    """

    chains: tuple[tuple[int, tuple[Owner, ...]], ...] = ()
    copies: tuple[tuple[NodeId, tuple[tuple[int, int], ...]], ...] = ()
    is_broken: bool = False


@dataclass(frozen=True)
class ConservationObserver:
    """Payments form one chain per token, and servers hold parts of it; see `check_conservation`."""

    start: Mapping[int, Owner]
    reading: Reading

    @property
    def initial(self) -> Accounts:
        """Nothing was paid."""
        return Accounts()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Accounts:
        """Enter the notes of one step; after a breach nothing matters any more."""
        assert isinstance(memory, Accounts), f"{memory!r} is no memory of this observer"
        said = [
            (observation.node, meaning)
            for observation in seen
            if observation.kind == "note"
            and (meaning := self.reading(observation.node, observation.value)) is not None
        ]
        if not said or memory.is_broken:
            return memory
        books = self._opened(memory)
        for node, meaning in said:
            if isinstance(meaning, Copies):
                breach = books.hold(node, meaning, NO_STEP)
            else:
                breach = books.pay(meaning, NO_STEP)
            if breach is not None:
                return Accounts(is_broken=True)
        return self._closed(books)

    def is_broken(self, memory: Value) -> bool:
        """Tell whether the books are wrong."""
        assert isinstance(memory, Accounts), f"{memory!r} is no memory of this observer"
        return memory.is_broken

    def _opened(self, memory: Accounts) -> Books:
        books = Books(self.start)
        for token, owners in memory.chains:
            books.chains[token] = [Link(owner) for owner in owners]
        books.copies = {node: dict(held) for node, held in memory.copies}
        return books

    def _closed(self, books: Books) -> Accounts:
        chains = sorted(
            (token, tuple(link.owner for link in chain))
            for token, chain in books.chains.items()
            if len(chain) > 1
        )
        copies = (
            (node, tuple(sorted(entry for entry in held.items() if entry[1] > 1)))
            for node, held in books.copies.items()
        )
        return Accounts(tuple(chains), tuple(sorted(entry for entry in copies if entry[1])))
