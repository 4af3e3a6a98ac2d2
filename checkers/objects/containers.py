"""Containers as sequential specifications: counter, set, queue, stack, list, text, bag.

Where None is an element as well, the answer that there was none may mean either."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Illegal,
    Leaving,
    Prospect,
    Role,
    Specification,
    UnknownOperation,
    agrees,
    leaving,
    told,
)


@dataclass(frozen=True, slots=True)
class Counter:
    """A number: `add` (argument: how much) changes it and may return it, `read` returns it.

    >>> Counter().step(5, "add", 2, None), Counter().step(5, "add", 2, 6)
    (7, <Illegal.ILLEGAL: 'illegal'>)
    """

    initial: int = 0

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The number after one operation."""
        assert isinstance(state, int), state
        match f, argument:
            case "read", _:
                return state if agrees(result, state) else ILLEGAL
            case "add", int(amount):
                return state + amount if told(result, state + amount) else ILLEGAL
            case _:
                raise UnknownOperation(f, ("add", "read"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """An addition that tells nothing is always legal."""
        if f == "read":
            return Role.READS
        return Role.UPDATES if result is None or result is UNKNOWN else Role.CONDITIONAL


@dataclass(frozen=True, slots=True)
class Set:
    """Elements: `add` and `remove` (may tell whether they changed it), `contains`, `read` (all).

    >>> sorted(Set().step(frozenset({1}), "add", 2, True))
    [1, 2]
    """

    keeps_any_values: ClassVar[bool] = True

    initial: frozenset[Hashable] = frozenset()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The elements after one operation."""
        assert isinstance(state, frozenset), state
        match f:
            case "read":
                return state if result is UNKNOWN or _elements(result) == state else ILLEGAL
            case "contains":
                return state if agrees(result, argument in state) else ILLEGAL
            case "add":
                return state | {argument} if told(result, argument not in state) else ILLEGAL
            case "remove":
                return state - {argument} if told(result, argument in state) else ILLEGAL
            case _:
                raise UnknownOperation(f, ("add", "remove", "contains", "read"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A change that does not tell whether it changed anything is always legal."""
        if f in ("read", "contains"):
            return Role.READS
        return Role.UPDATES if result is None or result is UNKNOWN else Role.CONDITIONAL

    def foresee(self, prospect: Prospect) -> Specification:
        """A set to which nothing is added in vain."""
        answered = (*prospect.due, *prospect.optional)
        return _ForesightedSet(self, frozenset().union(*map(_shown_elements, answered)))


@dataclass(frozen=True, slots=True)
class _ForesightedSet:
    """A set to which nothing is added that nobody saw and nobody surely added."""

    whole: Set
    needed: frozenset[Hashable]

    @property
    def initial(self) -> Hashable:
        return self.whole.initial

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        if f == "add" and argument not in self.needed:
            return ILLEGAL
        return self.whole.step(state, f, argument, result)


def _shown_elements(op: Operation) -> frozenset[Hashable]:
    """The elements that an answer tells to have been there, or that a call surely added."""
    match op.f, op.result:
        case "read", result if result is not UNKNOWN:
            return _elements(result)
        case ("add", _) | ("contains", True) | ("remove", True):
            return frozenset({op.argument})
        case _:
            return frozenset()


def _elements(result: Hashable) -> frozenset[Hashable]:
    """The elements of a set that was read, in whatever form.

    Raises:
        ValueError: for anything but a collection.
    """
    if isinstance(result, frozenset | tuple):
        return frozenset(result)
    raise ValueError(f"{result!r} is no collection of elements")


@dataclass(frozen=True, slots=True)
class Queue:
    """First in, first out: `enqueue` an element, `dequeue` the oldest (None: it was empty).

    >>> Queue().step((1, 2), "dequeue", None, 1), Queue().step((1, 2), "dequeue", None, 2)
    ((2,), <Illegal.ILLEGAL: 'illegal'>)
    """

    keeps_any_values: ClassVar[bool] = True
    puts: ClassVar[str] = "enqueue"

    initial: tuple[Hashable, ...] = ()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The elements after one operation, the oldest first."""
        assert isinstance(state, tuple), state
        match f:
            case "enqueue":
                return (*state, argument)
            case "dequeue":
                return state[1:] if agrees(result, state[0] if state else None) else ILLEGAL
            case _:
                raise UnknownOperation(f, ("enqueue", "dequeue"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A dequeue that found nothing changes nothing; an enqueue is always legal."""
        if f == "enqueue":
            return Role.UPDATES
        return Role.READS if result is None else Role.CONDITIONAL

    def foresee(self, prospect: Prospect) -> Specification:
        """A queue in which nothing stands behind what can leave only later."""
        return _ForesightedQueue(
            self, leaving(prospect, initial=self.initial, put="enqueue", take="dequeue")
        )


@dataclass(frozen=True, slots=True)
class _ForesightedQueue:
    queue: Queue
    leaving: Leaving

    @property
    def initial(self) -> Hashable:
        return tuple(map(self.leaving.form, self.queue.initial))

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        assert isinstance(state, tuple), state
        if f == "enqueue":
            if self.leaving.is_needless(argument):
                return ILLEGAL
            argument = self.leaving.form(argument)
            latest = self.leaving.must_leave_by(argument)
            if any(self.leaving.can_leave_from(before) > latest for before in state):
                return ILLEGAL
        return self.queue.step(state, f, argument, result)


@dataclass(frozen=True, slots=True)
class Stack:
    """Last in, first out: `push` an element, `pop` the newest (None: it was empty).

    >>> Stack().step((1, 2), "pop", None, 2), Stack().step((1, 2), "pop", None, 1)
    ((1,), <Illegal.ILLEGAL: 'illegal'>)
    """

    keeps_any_values: ClassVar[bool] = True
    puts: ClassVar[str] = "push"

    initial: tuple[Hashable, ...] = ()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The elements after one operation, the newest last."""
        assert isinstance(state, tuple), state
        match f:
            case "push":
                return (*state, argument)
            case "pop":
                return state[:-1] if agrees(result, state[-1] if state else None) else ILLEGAL
            case _:
                raise UnknownOperation(f, ("push", "pop"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A pop that found nothing changes nothing; a push is always legal."""
        if f == "push":
            return Role.UPDATES
        return Role.READS if result is None else Role.CONDITIONAL

    def foresee(self, prospect: Prospect) -> Specification:
        """A stack in which nothing lies on what must leave earlier."""
        return _ForesightedStack(
            self, leaving(prospect, initial=self.initial, put="push", take="pop")
        )


@dataclass(frozen=True, slots=True)
class _ForesightedStack:
    stack: Stack
    leaving: Leaving

    @property
    def initial(self) -> Hashable:
        return tuple(map(self.leaving.form, self.stack.initial))

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        assert isinstance(state, tuple), state
        if f == "push":
            if self.leaving.is_needless(argument):
                return ILLEGAL
            argument = self.leaving.form(argument)
            earliest = self.leaving.can_leave_from(argument)
            if any(self.leaving.must_leave_by(below) < earliest for below in state):
                return ILLEGAL
        return self.stack.step(state, f, argument, result)


@dataclass(frozen=True, slots=True)
class AppendList:
    """A list: `append` an element, `put` (argument: a tuple) replaces all, `read` returns all.

    >>> AppendList().step((1,), "append", 2, None), AppendList().step((1,), "read", None, ())
    ((1, 2), <Illegal.ILLEGAL: 'illegal'>)
    """

    keeps_any_values: ClassVar[bool] = True

    initial: tuple[Hashable, ...] = ()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The elements after one operation."""
        assert isinstance(state, tuple), state
        match f:
            case "read":
                return state if agrees(result, state) else ILLEGAL
            case "append":
                return (*state, argument)
            case "put":
                return argument
            case _:
                raise UnknownOperation(f, ("read", "append", "put"))

    def role(self, f: str, _argument: Hashable, _result: Hashable) -> Role:
        """Appending updates, putting overwrites."""
        return _appending_role(f)

    def may_lead_to(self, state: Hashable, _f: str, _argument: Hashable, result: Hashable) -> bool:
        """Only a list that begins with the state can follow from it."""
        assert isinstance(state, tuple), state
        return not isinstance(result, tuple) or result[: len(state)] == state


@dataclass(frozen=True, slots=True)
class Text:
    """A string: `append` to its end, `put` replaces it, `get` returns it.

    >>> Text().step("ab", "append", "c", None), Text().step("ab", "get", None, "ab")
    ('abc', 'ab')
    """

    initial: str = ""

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The string after one operation."""
        match f, state, argument:
            case "get", _, _:
                return state if agrees(result, state) else ILLEGAL
            case "append", str(text), str(more):
                return text + more
            case "put", _, _:
                return argument
            case _:
                raise UnknownOperation(f, ("get", "append", "put"))

    def role(self, f: str, _argument: Hashable, _result: Hashable) -> Role:
        """Appending updates, putting overwrites."""
        return _appending_role(f)

    def may_lead_to(self, state: Hashable, _f: str, _argument: Hashable, result: Hashable) -> bool:
        """Only a string that begins with the state can follow from it."""
        return not (isinstance(result, str) and isinstance(state, str)) or result.startswith(state)


def _appending_role(f: str) -> Role:
    match f:
        case "append":
            return Role.UPDATES
        case "put":
            return Role.OVERWRITES
        case _:
            return Role.READS


@dataclass(frozen=True, slots=True)
class Bag:
    """An unordered queue: `enqueue` an element, `dequeue` any one (None: there was none).

    What a dequeue takes that nobody was told of is not determined: no automaton that lets calls take
    effect before their answers can follow it.

    >>> Bag().step(frozenset({(1, 2)}), "dequeue", None, 1)
    frozenset({(1, 1)})
    """

    keeps_any_values: ClassVar[bool] = True
    puts: ClassVar[str] = "enqueue"
    is_determined: ClassVar[bool] = False

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
            case "dequeue" if result is None and not state:
                return state
            case "dequeue":
                count = counts.pop(result, 0)
                if count == 0:
                    return ILLEGAL
                return frozenset((counts | ({result: count - 1} if count > 1 else {})).items())
            case _:
                raise UnknownOperation(f, ("enqueue", "dequeue"))

    def certain(self, history: History) -> History:
        """Leave out each answer that there was none, where a dequeue may have taken what was there.

        That is one without an answer, called no later than that answer was given.
        """
        taking = [op for op in history if op.f == "dequeue"]
        untold = (op.called for op in taking if op.result is UNKNOWN or not op.is_answered)
        first = min(untold, default=math.inf)
        doubtful = {op for op in taking if op.result is None and op.returned >= first}
        return tuple(op for op in history if op not in doubtful)

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """An enqueue is always legal; what takes nothing changes nothing."""
        if f == "enqueue":
            return Role.UPDATES
        return Role.READS if result is None or result is UNKNOWN else Role.CONDITIONAL
