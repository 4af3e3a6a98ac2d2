"""Locks that know who holds them, as sequential specifications; the argument of a call is its owner."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, UnknownOperation

HeldLock = tuple[Hashable, int, int]
"""Who holds a lock, how often, and the greatest fence that was handed out."""


@dataclass(frozen=True, slots=True)
class Mutex:
    """A lock: `acquire` needs it free, `release` needs it held. The state tells whether it is held.

    `lock` and `unlock`, `enter` and `leave` are other words for the two.

    >>> Mutex().step(False, "acquire", None, None), Mutex().step(False, "release", None, None)
    (True, <Illegal.ILLEGAL: 'illegal'>)
    """

    initial: bool = False

    def step(
        self, state: Hashable, f: str, _argument: Hashable, _result: Hashable
    ) -> Hashable | Illegal:
        """Whether the lock is held after one operation."""
        match f:
            case "acquire" | "lock" | "enter":
                return ILLEGAL if state else True
            case "release" | "unlock" | "leave":
                return False if state else ILLEGAL
            case _:
                raise UnknownOperation(
                    f, ("acquire", "release", "lock", "unlock", "enter", "leave")
                )


@dataclass(frozen=True, slots=True)
class OwnedLock:
    """A lock with an owner: only who holds it can release it.

    A `reentrant` one can be acquired again by its owner, and is free when it was released as often.
    A `fenced` one answers each acquisition with a number, its fence, greater than every earlier one;
    an owner that acquires again gets the same fence again. A fence that nobody saw may be any.

    >>> OwnedLock().step((None, 0, 0), "acquire", "a", None)
    ('a', 1, 0)
    >>> OwnedLock().step(("a", 1, 0), "release", "b", None)
    <Illegal.ILLEGAL: 'illegal'>
    """

    reentrant: bool = False
    fenced: bool = False
    initial: Hashable = (None, 0, 0)

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """Who holds the lock after one operation."""
        match f, state:
            case "acquire", (holder, int(count), int(fence)):
                return self._acquired((holder, count, fence), argument, result)
            case "release", (holder, int(count), int(fence)):
                if holder != argument or count == 0:
                    return ILLEGAL
                return (holder, count - 1, fence) if count > 1 else (None, 0, fence)
            case _:
                raise UnknownOperation(f, ("acquire", "release"))

    def _acquired(self, held: HeldLock, owner: Hashable, result: Hashable) -> HeldLock | Illegal:
        holder, count, fence = held
        told = fence_of(result) if self.fenced else None
        if count == 0:
            if told is None:
                return owner, 1, fence
            return (owner, 1, told) if told > fence else ILLEGAL
        if not self.reentrant or holder != owner or (told is not None and told != fence):
            return ILLEGAL
        return holder, count + 1, fence


def fence_of(result: Hashable) -> int | None:
    """Return the fence that an answer tells: a number, or one under the name "fence".

    >>> fence_of(7), fence_of(((":client", "n1"), (":fence", 7))), fence_of(None)
    (7, 7, None)
    """
    if isinstance(result, tuple):
        named = {str(pair[0]).removeprefix(":"): pair[1] for pair in result if _is_pair(pair)}
        result = named.get("fence")
    return result if isinstance(result, int) and not isinstance(result, bool) else None


def _is_pair(value: Hashable) -> bool:
    return isinstance(value, tuple) and len(value) == 2


@dataclass(frozen=True, slots=True)
class Semaphore:
    """A number of permits: `acquire` takes one that is free, `release` gives back one of one's own.

    The argument of a call is its owner; the state tells who holds how many.

    >>> Semaphore(1).step(frozenset({("a", 1)}), "acquire", "b", None)
    <Illegal.ILLEGAL: 'illegal'>
    """

    permits: int
    initial: Hashable = frozenset()

    def step(
        self, state: Hashable, f: str, argument: Hashable, _result: Hashable
    ) -> Hashable | Illegal:
        """Who holds how many permits after one operation."""
        assert isinstance(state, frozenset), state
        held: dict[Hashable, int] = dict(state)
        own = held.get(argument, 0)
        match f:
            case "acquire":
                if sum(held.values()) >= self.permits:
                    return ILLEGAL
                return frozenset((held | {argument: own + 1}).items())
            case "release":
                if own == 0:
                    return ILLEGAL
                left = {owner: count for owner, count in held.items() if owner != argument}
                return frozenset((left | ({argument: own - 1} if own > 1 else {})).items())
            case _:
                raise UnknownOperation(f, ("acquire", "release"))
