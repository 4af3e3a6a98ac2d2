"""The rules of a network that an exploration goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

NoOp: TypeAlias = Literal["keep", "consume", "forget"]
"""What becomes of a message that its receiver ignores: it stays and nothing happened, or is gone.

"forget": it stays, and is gone at once when it can never matter again; see `dead_messages`.
"""


@dataclass(frozen=True, slots=True)
class Semantics:
    """The rules of a network that counts of states depend on; see docs/reference/exploration.

    With `has_open_calls` the conditions remember of each open call who failed since it was made.
    """

    no_op: NoOp
    is_lossy: bool = False
    has_open_calls: bool = False
