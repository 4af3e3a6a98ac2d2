"""A node is one client: it has one call open at a time."""

from __future__ import annotations

from counterpoint.model.mistakes import BadScenario
from counterpoint.model.values import Value, show


class OneCall:
    """The call under way at a node, which is one client: it has one at a time."""

    def __init__(self, node: str, *, is_named: bool = True) -> None:
        self._node, self._is_named = node, is_named
        self._open: Value = None

    def refusal(self, operation: Value) -> BadScenario | None:
        """Begin a call; or return the error that says why it cannot be one."""
        if not self._is_named:
            return BadScenario(
                f"{self._node} calls {show(operation)}, and is none of the nodes that answers= names"
            )
        if self._open is not None:
            return BadScenario(
                f"{self._node} calls {show(operation)} while its call {show(self._open)} is open; a "
                "node is one client: what is called at the same time is called by another node"
            )
        self._open = operation
        return None

    def end(self) -> None:
        """End the call."""
        self._open = None
