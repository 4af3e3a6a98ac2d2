"""Identifiers that are handed out differ from each other."""

from __future__ import annotations

from collections.abc import Hashable

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds

NAME = "unique ids"


def check_unique_ids(history: History) -> Verdict:
    """Tell whether no two answers of "generate" are equal. `examined` counts the answers."""
    first: dict[tuple[type, Hashable], Operation] = {}
    examined = 0
    for op in history:
        if op.f != "generate" or op.status != "ok" or op.result is UNKNOWN:
            continue
        examined += 1
        earlier = first.setdefault((type(op.result), op.result), op)
        if earlier is not op:
            return broken(
                NAME,
                f"{earlier.client} and {op.client} both got {quoted(op.result)}",
                examined=examined,
                culprits=(earlier.id, op.id),
            )
    return holds(NAME, examined=examined)
