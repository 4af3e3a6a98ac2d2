"""Whether messages may pass each link under some conditions, worked out once for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from counterpoint.model.fault_state import FaultState
from counterpoint.model.legality import can_pass
from counterpoint.model.values import NodeId

KEPT_MAX = 1_000
"""Under so many conditions it is known; runs come back to few of them, and past that it begins anew."""

Passable: TypeAlias = Mapping[int, bool]
"""Whether messages may pass, by the number of a link or of a lane; asked of those that are in use."""


class LinkPasses:
    """What passes under which conditions: who is down, cut off, or silent for good; no more counts."""

    def __init__(self, nodes: tuple[NodeId, ...], *, has_deliveries: bool) -> None:
        self._nodes, self._has_deliveries = nodes, has_deliveries
        self._known: dict[tuple[object, ...], _Passes] = {}

    def under(self, conditions: FaultState) -> Passable:
        """Return what passes under these conditions."""
        key = (conditions.down, conditions.cuts, conditions.settled)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= KEPT_MAX:
                self._known.clear()
            known = self._known[key] = _Passes(self._nodes, conditions, self._has_deliveries)
        return known


class _Passes(dict[int, bool]):
    def __init__(self, nodes: tuple[NodeId, ...], conditions: FaultState, is_open: bool) -> None:
        self._nodes, self._conditions, self._is_open = nodes, conditions, is_open

    def __missing__(self, link: int) -> bool:
        nodes = self._nodes
        src, dst = (nodes[end] for end in divmod(link % len(nodes) ** 2, len(nodes)))
        self[link] = found = self._is_open and can_pass(self._conditions, src, dst)
        return found
