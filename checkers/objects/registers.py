"""Registers as sequential specifications: plain, with compare-and-set, and many at once.

A register that counts its writes, as a sequential specification.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from counterpoint.checkers.history import UNKNOWN, same
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Illegal,
    Prospect,
    Replacing,
    Role,
    Specification,
    StatePlace,
    UnknownOperation,
    agrees,
    replacing,
    told,
)


@dataclass(frozen=True, slots=True)
class Register:
    """One value: `write` replaces it, `read` returns it.

    >>> Register(initial=0).step(0, "write", 5, UNKNOWN), Register().step(5, "read", None, 6)
    (5, <Illegal.ILLEGAL: 'illegal'>)
    """

    keeps_any_values: ClassVar[bool] = True

    initial: Hashable = None

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The value after one operation."""
        match f:
            case "read":
                return state if agrees(result, state) else ILLEGAL
            case "write":
                return argument
            case _:
                raise UnknownOperation(f, ("read", "write"))

    def role(self, f: str, _argument: Hashable, _result: Hashable) -> Role:
        """Reads read, writes overwrite."""
        return Role.OVERWRITES if f == "write" else Role.READS

    def may_lead_to(self, state: Hashable, _f: str, _argument: Hashable, result: Hashable) -> bool:
        """Without a write the value stays."""
        return agrees(result, state)


@dataclass(frozen=True, slots=True)
class CasRegister:
    """A register with `cas`, compare and set: argument (old, new), result whether it did.

    >>> CasRegister().step(1, "cas", (1, 2), True), CasRegister().step(1, "cas", (3, 4), False)
    (2, 1)
    """

    keeps_any_values: ClassVar[bool] = True

    initial: Hashable = None

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The value after one operation."""
        match f:
            case "read":
                return state if agrees(result, state) else ILLEGAL
            case "write":
                return argument
            case "cas":
                old, new = pair(argument)
                is_old = same(state, old)
                if not told(result, is_old):
                    return ILLEGAL
                return new if is_old else state
            case _:
                raise UnknownOperation(f, ("read", "write", "cas"))

    def role(self, f: str, argument: Hashable, result: Hashable) -> Role:
        """A cas that failed, or sets what it compares with, changes nothing."""
        match f:
            case "read":
                return Role.READS
            case "write":
                return Role.OVERWRITES
            case _:
                old, new = pair(argument)
                return Role.READS if result is False or same(old, new) else Role.CONDITIONAL


def pair(argument: Hashable) -> tuple[Hashable, Hashable]:
    """The two values of an argument that must have two.

    Raises:
        ValueError: if it has not.
    """
    match argument:
        case (old, new):
            return old, new
        case _:
            raise ValueError(f"{argument!r} is not a pair (old, new)")


MicroOperation = tuple[str, Hashable, Hashable]
"""One step of a transaction: "r" or "w", the key, and the value read or written."""


@dataclass(frozen=True, slots=True)
class MultiRegister:
    """Registers that a `txn` reads and writes at one instant.

    The argument is a tuple of ("r", key, None) and ("w", key, value); the result the same with the
    values read. Keys that nobody wrote hold `default`. `read` (argument: key) and `write`
    (argument: (key, value)) are transactions of one step.

    >>> MultiRegister().step(frozenset(), "txn", (("w", "x", 1), ("r", "x", None)), UNKNOWN)
    frozenset({('x', 1)})
    """

    keeps_any_values: ClassVar[bool] = True

    default: Hashable = None
    initial: Hashable = frozenset()

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The pairs (key, value) after one transaction."""
        assert isinstance(state, frozenset), state
        values: dict[Hashable, Hashable] = dict(state)
        for kind, key, value in micro_of(f, argument, result):
            if kind == "w":
                values[key] = value
            elif not agrees(value, values.get(key, self.default)):
                return ILLEGAL
        return frozenset(values.items())

    def role(self, f: str, argument: Hashable, result: Hashable) -> Role:
        """A transaction without writes reads; one without known reads updates."""
        kinds = {
            kind
            for kind, _, value in micro_of(f, argument, result)
            if kind == "w" or value is not UNKNOWN
        }
        if "w" not in kinds:
            return Role.READS
        return Role.UPDATES if kinds == {"w"} else Role.CONDITIONAL

    def foresee(self, prospect: Prospect) -> Specification:
        """Registers in which no value is replaced that is still needed."""
        assert isinstance(self.initial, frozenset), self.initial
        at_first: dict[Hashable, Hashable] = dict(self.initial)
        known = replacing(
            prospect,
            initial=lambda key: at_first.get(key, self.default),
            reads=lambda op: outside_reads(micro_of(op.f, op.argument, op.result)),
            writes=lambda op: last_writes(micro_of(op.f, op.argument, op.result)),
        )
        return _ForesightedMultiRegister(self, known, _needless(prospect))


@dataclass(frozen=True, slots=True)
class _ForesightedMultiRegister:
    registers: MultiRegister
    known: Replacing
    needless: frozenset[tuple[str, Hashable]]

    @property
    def initial(self) -> Hashable:
        return self.registers.initial

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        if (f, argument) in self.needless:
            return ILLEGAL
        after = self.registers.step(state, f, argument, result)
        if after is ILLEGAL or after == state:
            return after
        assert isinstance(state, frozenset), state
        assert isinstance(after, frozenset), after
        before: dict[Hashable, Hashable] = dict(state)
        for key, new in after - state:
            old = before.get(key, self.registers.default)
            if not self.known.allows((key, old), (key, new)):
                return ILLEGAL
        return after


def _needless(prospect: Prospect) -> frozenset[tuple[str, Hashable]]:
    """The calls, never answered, of which nobody read anything: no order needs them."""
    answered = (*prospect.due, *prospect.optional)
    read = {p for op in answered for p in outside_reads(micro_of(op.f, op.argument, op.result))}
    asked = {(op.f, op.argument) for op in answered}
    return frozenset(
        (op.f, op.argument)
        for op in prospect.pending
        if (op.f, op.argument) not in asked
        and read.isdisjoint(last_writes(micro_of(op.f, op.argument, op.result)))
    )


def micro_of(f: str, argument: Hashable, result: Hashable) -> tuple[MicroOperation, ...]:
    """What an operation did step by step; the value of a read is `UNKNOWN` where not told."""
    match f, argument:
        case "read", key:
            return (("r", key, result),)
        case "write", (key, value):
            return (("w", key, value),)
        case "txn", tuple(asked):
            return _told(asked, result)
        case _:
            raise UnknownOperation(f, ("read", "write", "txn"))


def _told(asked: tuple[MicroOperation, ...], result: Hashable) -> tuple[MicroOperation, ...]:
    """The steps of a transaction with what its reads were told.

    Raises:
        ValueError: if the answer is to another transaction.
    """
    if not isinstance(result, tuple):
        return tuple((kind, key, UNKNOWN if kind == "r" else value) for kind, key, value in asked)
    told: tuple[MicroOperation, ...] = result
    for one, other in zip_longest(asked, told, fillvalue=("", None, None)):
        if one[:2] != other[:2] or (one[0] == "w" and one[2] != other[2]):
            raise ValueError(f"{result!r} is no answer to the transaction {asked!r}")
    return told


def outside_reads(steps: tuple[MicroOperation, ...]) -> list[StatePlace]:
    """What a transaction saw of the registers before it: reads before its own writes."""
    seen: dict[Hashable, Hashable] = {}
    written: set[Hashable] = set()
    for kind, key, value in steps:
        if kind == "w":
            written.add(key)
        elif key not in written and value is not UNKNOWN:
            seen.setdefault(key, value)
    return list(seen.items())


def last_writes(steps: tuple[MicroOperation, ...]) -> list[StatePlace]:
    """What a transaction left in the registers."""
    return list({key: value for kind, key, value in steps if kind == "w"}.items())


@dataclass(frozen=True, slots=True)
class VersionedRegister:
    """A value and its version: every `write`, and every `cas` that did, makes the version one more.

    A read answers (version, value); a write or a cas answers its new version, or nothing. None in an
    answer is what nobody saw. A cas (old, new) compares values and answers False where it did not.

    >>> VersionedRegister().step((1, "a"), "write", "b", 2)
    (2, 'b')
    >>> VersionedRegister().step((1, "a"), "read", None, (2, "a"))
    <Illegal.ILLEGAL: 'illegal'>
    """

    keeps_any_values: ClassVar[bool] = True

    value: Hashable = None

    @property
    def initial(self) -> Hashable:
        """Version 0 of the initial value."""
        return 0, self.value

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """Version and value after one operation."""
        version, value = pair(state)
        assert isinstance(version, int), state
        match f:
            case "read":
                return state if _shows(result, version, value) else ILLEGAL
            case "write":
                after = version + 1, payload(argument)
                return after if _is_version(result, version + 1) else ILLEGAL
            case "cas":
                old, new = pair(payload(argument))
                if result is False or (result is UNKNOWN and old != value):
                    return state if old != value else ILLEGAL
                done = old == value and _is_version(result, version + 1)
                return (version + 1, new) if done else ILLEGAL
            case _:
                raise UnknownOperation(f, ("read", "write", "cas"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A write whose version nobody saw is always legal; no write forgets the version."""
        match f:
            case "read":
                return Role.READS
            case "write" if result is None or result is UNKNOWN:
                return Role.UPDATES
            case "cas" if result is False:
                return Role.READS
            case _:
                return Role.CONDITIONAL


def payload(argument: Hashable) -> Hashable:
    """Return what is written, without the version in front of it that the caller left open.

    >>> payload((None, 5)), payload(5), payload((None, (1, 2)))
    (5, 5, (1, 2))
    """
    return argument[1] if isinstance(argument, tuple) and argument[:1] == (None,) else argument


def _is_version(said: Hashable, version: int) -> bool:
    """Tell whether an answer fits a new version; an answer that is no number does not tell one."""
    if isinstance(said, tuple) and len(said) == 2:
        said = said[0]
    return said is True or not isinstance(said, int) or said == version


def _shows(said: Hashable, version: int, value: Hashable) -> bool:
    if said is UNKNOWN or said is None:
        return True
    seen_version, seen_value = pair(said)
    return (seen_version is None or seen_version == version) and agrees(seen_value, value)
