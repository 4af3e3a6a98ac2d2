"""What a program is given: its node, with a name, peers, a disk, and a word to say what it calls."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from counterpoint.model.values import Value


class Journalist(Protocol):
    """Who is told what a program calls, and what it is answered."""

    def began(self, operation: Value) -> None:
        """Hear of a call."""
        ...

    def returned(self, result: Value) -> None:
        """Hear of its answer."""
        ...

    def left_open(self) -> None:
        """Hear that nobody knows what came of it."""
        ...

    def noted(self, what: Value) -> None:
        """Hear of anything else."""
        ...


class Node:
    """A process of the system: what its program gets as its argument.

    `name` is its own and `peers` are the names of all nodes; the name of a node is its host name.
    `disk` is a dictionary that survives crashes, as all that was in it when the program last waited;
    it holds what JSON does, and bytes. `state` is for whatever `snapshot` and invariants look at.
    """

    def __init__(
        self, name: str, peers: tuple[str, ...], disk: dict[str, Any], journalist: Journalist
    ) -> None:
        self.name = name
        self.peers = peers
        self.disk = disk
        self.state: Any = None
        self._journalist = journalist

    def __repr__(self) -> str:
        return f"<node {self.name}>"

    def call(self, *operation: Value) -> AsyncCall:
        """Say what this node asks of the system; the block is from the call to its answer.

            async with node.call("write", "x", 3) as call:
                call.result = await store.write("x", 3)

        What the block raises leaves the call open: it may have had an effect, now or later.
        """
        return AsyncCall(self._journalist, _frozen(operation))

    def note(self, *what: Value) -> None:
        """Say something to checkers and readers of traces."""
        self._journalist.noted(_frozen(what))


class AsyncCall:
    """A call under way. `result` is what it is answered; None is an answer, too."""

    def __init__(self, journalist: Journalist, operation: Value) -> None:
        self._journalist, self._operation = journalist, operation
        self.result: Any = None

    async def __aenter__(self) -> AsyncCall:
        self._journalist.began(self._operation)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self._journalist.returned(_frozen(self.result))
        elif not issubclass(kind, GeneratorExit):
            self._journalist.left_open()


def _frozen(given: Any) -> Any:
    """Return what lists, dictionaries and sets say, as tuples and frozen sets."""
    match given:
        case list() | tuple() if not hasattr(given, "_fields"):
            return tuple(map(_frozen, given))
        case dict():
            return tuple((k, _frozen(v)) for k, v in given.items())
        case set() | frozenset():
            return frozenset(map(_frozen, given))
    return given
