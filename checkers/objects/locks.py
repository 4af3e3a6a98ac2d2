"""Locks that know who holds them, as sequential specifications; the argument of a call is its owner."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.checkers.history import Operation
from counterpoint.checkers.links import at
from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, UnknownOperation
from counterpoint.model.verdict import Reason, said

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


TAKEN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "acquire": ("acquired the lock", "had it"),
        "lock": ("locked", "had the lock"),
        "enter": ("entered", "was inside"),
    }
)
"""What who takes a lock does, by each word for it, and what is true of it from then on ..."""

GIVEN: Mapping[str, str] = MappingProxyType(
    {"release": "released the lock", "unlock": "unlocked", "leave": "left"}
)
"""... and what who gives it back does."""


@dataclass(frozen=True, slots=True)
class LockStory:
    """Why no order of calls is that of a lock, in the words of who used it."""

    summary: str
    reasons: tuple[Reason, ...]


def told_of_lock(known: Sequence[Operation], deciding: Operation) -> LockStory | None:
    """Tell what is wrong with the calls of a `Mutex`, None where counting them does not show it.

    `known` is what was called until `deciding` was answered, in call order, those answered by then
    with their returns. More clients were let in than the lock can have been given back to and one
    more, or it was given back more often than anybody can have been let in: so no order is legal,
    whatever else happened.
    """
    came = [op for op in known if op.f in TAKEN]
    went = [op for op in known if op.f in GIVEN]
    inside = [op for op in came if op.returned <= deciding.returned]
    gone = [op for op in went if op.returned <= deciding.returned]
    if deciding.f in TAKEN and len(inside) > len(went) + 1:
        return _two_inside(_still_in(inside, went, deciding), deciding, len(inside), len(went))
    if deciding.f in GIVEN and len(gone) > len(came):
        did = f"{deciding.client} {GIVEN[deciding.f]}"
        summary = f"{did}, and so the lock was given back more often than taken"
        reason = said(f"{deciding.id}: {did}", at(deciding.return_step))
        return LockStory(summary, (reason, said(_counts(len(came), len(gone)))))
    return None


def _still_in(
    inside: Sequence[Operation], went: Sequence[Operation], deciding: Operation
) -> Operation | None:
    """Return how somebody else was let in who has not begun to go since, else how the client was."""
    held: dict[str, Operation] = {}
    for op in inside:
        goes = any(other.client == op.client and other.called > op.called for other in went)
        if op.id != deciding.id and not goes:
            held[op.client] = op
    own = held.pop(deciding.client, None)
    return next(reversed(held.values()), own)


def _two_inside(
    other: Operation | None, deciding: Operation, came: int, went: int
) -> LockStory | None:
    if other is None:
        return None
    did, is_in = TAKEN[deciding.f]
    before, _ = TAKEN[other.f]
    is_own = other.client == deciding.client
    summary = f"{deciding.client} {did} although it {is_in} already"
    if not is_own:
        summary = f"{deciding.client} {did} while {other.client} {is_in}"
    since = said(f"{other.id}: {other.client} {before}", at(other.return_step))
    reasons = [
        said(since, ", and had not begun to give the lock back"),
        said(f"{deciding.id}: {deciding.client} {did}", at(deciding.return_step)),
    ]
    if came > 2:
        reasons.append(said(_counts(came, went), ", so two have it"))
    return LockStory(summary, tuple(reasons))


def _counts(came: int, went: int) -> str:
    return f"by then the lock had been taken {_times(came)} and given back {_times(went)}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


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
