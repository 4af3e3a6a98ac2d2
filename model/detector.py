"""A failure detector: who is told of whose failures, and how far that can be relied on.

After Chandra and Toueg, "Unreliable failure detectors for reliable distributed systems" (J. ACM 43(2),
1996). Every failed node is suspected by whoever is told of it, sooner or later (completeness); whom
nothing ails is suspected only as often as the budget for `suspect` allows (accuracy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterpoint.model.mistakes import BadScenario
from counterpoint.model.values import NodeId


@dataclass(frozen=True, slots=True)
class FailureDetector:
    """Tells nodes of the failures of others, by the inputs `Suspect(node)` and `Trust(node)`.

    `tells` are the nodes that are told, `of` those that they are told of; None: all nodes. A node is
    never told of itself. Who is down or silent is suspected at some time, who is well again is trusted
    again at some time, and when the faults have stopped both happen before any timer goes off.

    Without a budget for `suspect` nobody is suspected who has not failed: a perfect detector. With one
    a node that is well may be suspected so often in a run; when the faults have stopped it is trusted
    again, unless the detector is not `is_eventually_accurate`, and may be wrong for good.
    """

    tells: Sequence[NodeId] | None = None
    of: Sequence[NodeId] | None = None
    is_eventually_accurate: bool = True

    def __post_init__(self) -> None:
        for name in ("tells", "of"):
            given = getattr(self, name)
            if isinstance(given, list):
                object.__setattr__(self, name, tuple(given))
            elif given is not None and not isinstance(given, tuple):
                raise BadScenario(
                    f"FailureDetector({name}={given!r}): a list of nodes is wanted, such as ['s1', 's2']"
                )

    def watched_by(self, node: NodeId, nodes: tuple[NodeId, ...]) -> tuple[NodeId, ...]:
        """Return whose failures a node is told of, in a system of these nodes.

        >>> FailureDetector(tells=("a",)).watched_by("a", ("a", "b", "c"))
        ('b', 'c')
        >>> FailureDetector(tells=("a",)).watched_by("b", ("a", "b", "c"))
        ()
        """
        if self.tells is not None and node not in self.tells:
            return ()
        return tuple(other for other in self.of or nodes if other != node)
