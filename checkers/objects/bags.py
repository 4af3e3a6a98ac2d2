"""A queue without an order, as a sequential specification."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, Role, UnknownOperation


@dataclass(frozen=True, slots=True)
class Bag:
    """An unordered queue: `enqueue` an element, `dequeue` any one (None: there was none).

    >>> Bag().step(frozenset({(1, 2)}), "dequeue", None, 1)
    frozenset({(1, 1)})
    """

    keeps_any_values: ClassVar[bool] = True

    initial: Hashable = frozenset()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The elements after one operation, each with how often it is there.

        A dequeue whose answer nobody saw is taken not to have happened: more elements forbid
        nothing but the answer that there was none.
        """
        assert isinstance(state, frozenset), state
        counts: dict[Hashable, int] = dict(state)
        match f:
            case "enqueue":
                return frozenset((counts | {argument: counts.get(argument, 0) + 1}).items())
            case "dequeue" if result is UNKNOWN:
                return state
            case "dequeue" if result is None:
                return ILLEGAL if state else state
            case "dequeue":
                count = counts.pop(result, 0)
                if count == 0:
                    return ILLEGAL
                return frozenset((counts | ({result: count - 1} if count > 1 else {})).items())
            case _:
                raise UnknownOperation(f, ("enqueue", "dequeue"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """An enqueue is always legal; what takes nothing changes nothing."""
        if f == "enqueue":
            return Role.UPDATES
        return Role.READS if result is None or result is UNKNOWN else Role.CONDITIONAL
