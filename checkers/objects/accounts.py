"""Accounts as sequential specifications: money between accounts, tokens between owners."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.objects.sequential import ILLEGAL, Illegal, Role, UnknownOperation, told


@dataclass(frozen=True, slots=True)
class Bank:
    """Accounts with balances: `transfer` (source, target, amount) moves money, `read` shows all.

    A transfer tells whether it happened; it must not, if that would overdraw the source and
    `overdraft` is not allowed. `initial` and what is read are pairs (account, balance).

    >>> Bank((("a", 5), ("b", 0))).step(frozenset({("a", 5), ("b", 0)}), "transfer",
    ...     ("a", "b", 9), False) == frozenset({("a", 5), ("b", 0)})
    True
    """

    accounts: tuple[tuple[Hashable, int], ...]
    overdraft: bool = False

    @property
    def initial(self) -> Hashable:
        """The balances before the first transfer."""
        return frozenset(self.accounts)

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The pairs (account, balance) after one operation."""
        assert isinstance(state, frozenset), state
        match f, argument:
            case "read", _:
                fits = result is UNKNOWN or (
                    isinstance(result, frozenset | tuple) and frozenset(result) == state
                )
                return state if fits else ILLEGAL
            case "transfer", (source, target, int(amount)):
                balances: dict[Hashable, int] = dict(state)
                possible = self.overdraft or balances[source] >= amount
                if not told(result, possible):
                    return ILLEGAL
                if possible:
                    balances[source] -= amount
                    balances[target] += amount
                return frozenset(balances.items())
            case _:
                raise UnknownOperation(f, ("transfer", "read"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A refused transfer changes nothing; one that tells nothing is always legal."""
        if f == "read" or result is False:
            return Role.READS
        return Role.UPDATES if result is None or result is UNKNOWN else Role.CONDITIONAL


@dataclass(frozen=True, slots=True)
class Ledger:
    """Tokens with owners: `pay` (token, payer, payee) hands one on, `get_tokens` lists an owner's.

    `owners[token]` owns the token at first, with version 1; each payment adds one to the version.
    A payment answers True, or "OK"; any other answer is a refusal, right only if the payer is not
    the owner, or payer, payee or token is unknown. `get_tokens` (argument: the owner) answers with
    the pairs (token, version), in any order.

    >>> Ledger((1, 2)).step(((1, 1), (2, 1)), "pay", (0, 1, 2), "OK")
    ((2, 2), (2, 1))
    """

    owners: tuple[Hashable, ...]

    @property
    def initial(self) -> Hashable:
        """The pairs (owner, version), one per token."""
        return tuple((owner, 1) for owner in self.owners)

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The pairs (owner, version) after one operation."""
        assert isinstance(state, tuple), state
        match f, argument:
            case "get_tokens", owner:
                held = {(token, held[1]) for token, held in enumerate(state) if held[0] == owner}
                return state if result is UNKNOWN or _pairs(result) == held else ILLEGAL
            case "pay", (token, payer, payee):
                return self._pay(state, (token, payer, payee), result)
            case _:
                raise UnknownOperation(f, ("pay", "get_tokens"))

    def role(self, f: str, _argument: Hashable, result: Hashable) -> Role:
        """A refused payment changes nothing."""
        if f == "get_tokens" or _is_refusal(result):
            return Role.READS
        return Role.UPDATES if result is UNKNOWN else Role.CONDITIONAL

    def _pay(
        self,
        state: tuple[tuple[Hashable, int], ...],
        payment: tuple[Hashable, Hashable, Hashable],
        result: Hashable,
    ) -> Hashable | Illegal:
        token, payer, payee = payment
        known = isinstance(token, int) and 0 <= token < len(state) and payee in self.owners
        possible = known and isinstance(token, int) and state[token][0] == payer
        if result is not UNKNOWN and _is_refusal(result) is possible:
            return ILLEGAL
        if not possible:
            return state
        assert isinstance(token, int), token
        return (*state[:token], (payee, state[token][1] + 1), *state[token + 1 :])


def _is_refusal(result: Hashable) -> bool:
    return result is not UNKNOWN and result is not True and result != "OK"


def _pairs(result: Hashable) -> frozenset[Hashable]:
    """What a list of tokens says, whatever its order.

    Raises:
        ValueError: for anything but a collection.
    """
    if isinstance(result, frozenset | tuple):
        return frozenset(result)
    raise ValueError(f"{result!r} is no collection of (token, version)")
