"""Tasks and futures that hash by the order of their creation.

Sets and dictionaries of tasks are everywhere in asyncio (`asyncio.wait` returns two), and an object
hashes by its address, which no hash seed makes the same again.

The hash ends in the number within the node. It begins with that of the loop, so that the one set that
asyncio keeps of all tasks finds them apart; a set of one node's tasks has the same order all the same,
as those bits come into play after more collisions than such a set has.
"""

from __future__ import annotations

import asyncio
from typing import Any


class NumberedFuture(asyncio.Future[Any]):
    """A future that hashes by its number."""

    __slots__ = ("number",)

    number: int

    def __hash__(self) -> int:
        """The number, which no other future or task of the node has."""
        return self.number


class NumberedTask(asyncio.Task[Any]):
    """A task that hashes by its number, which it must have before it is initialised."""

    __slots__ = ("number",)

    number: int

    def __hash__(self) -> int:
        """The number, which no other future or task of the node has."""
        return self.number
