"""A register that counts its writes, as a sequential specification."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.objects.registers import pair
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Illegal,
    Role,
    UnknownOperation,
    agrees,
)


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
