"""Histories: what clients asked, what they were told, and in which order they can tell.

A history is a tuple of operations. Time is a rank: the position of an event among all events, a
call before a return at equal times. One operation precedes another in real time exactly when its
return has a lower rank than the other's call; operations that touch at one instant are concurrent.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

OPEN = math.inf
"""The return rank of an operation that never returned, as far as the history tells."""

Status = Literal["ok", "fail", "info"]


class _Unknown:
    """The result of an operation whose answer was not seen; equal to nothing but itself."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
"""The result of an operation whose answer was not seen."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one client.

    `id` is how reports name it ("o3"); `f` what was asked ("read", "write", "cas", ...); `key` the
    object it was asked of; `argument` and `result` its values, `UNKNOWN` where not seen; `called`
    and `returned` ranks, `returned` is `OPEN` for a call without an answer. `status` is "ok",
    "fail" (surely had no effect) or "info" (may have had an effect, at any time after its call).
    `call_step` and `return_step` are the steps that a report shows, -1 where there are none.
    """

    id: str
    client: str
    f: str
    key: Hashable
    argument: Hashable
    result: Hashable
    called: float
    returned: float = OPEN
    status: Status = "ok"
    call_step: int = -1
    return_step: int = -1

    @property
    def is_open(self) -> bool:
        """Tell whether the call has no known answer."""
        return self.returned == OPEN

    def precedes(self, other: Operation) -> bool:
        """Tell whether this operation returned before the other was called."""
        return self.returned < other.called


History = tuple[Operation, ...]


class MalformedHistory(ValueError):
    """A history that no set of clients can have produced. Never a verdict."""


def well_formed(operations: Iterable[Operation]) -> History:
    """Return the operations in call order, or say why no clients can have produced them.

    Raises:
        MalformedHistory: a return before its call, or a client with two calls open at once. A
            client may call again after an "info", which stays open for ever.
    """
    # By return as well, so that the order in which operations were listed decides nothing.
    history = tuple(sorted(operations, key=lambda op: (op.called, op.returned)))
    open_until: dict[str, tuple[float, str]] = {}
    for op in history:
        if op.returned < op.called:
            raise MalformedHistory(
                f"{op.id} of {op.client} returned at {op.returned} before its call at {op.called}"
            )
        until, earlier = open_until.get(op.client, (-math.inf, ""))
        if until > op.called:
            raise MalformedHistory(
                f"{op.client} called {op.id} at {op.called} while {earlier} was still open; "
                "one client makes one call at a time"
            )
        if op.status != "info":
            open_until[op.client] = (op.returned, op.id)
    return history


def by_key(history: Sequence[Operation]) -> dict[Hashable, History]:
    """Split a history by the object asked; linearizability is local, so each part stands alone."""
    parts: dict[Hashable, list[Operation]] = {}
    for op in history:
        parts.setdefault(op.key, []).append(op)
    return {key: tuple(ops) for key, ops in parts.items()}
