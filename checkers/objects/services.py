"""Services as sequential specifications: money between accounts, tokens between owners, etcd.

etcd is as its robustness tests ask for it: every change makes the revision of the whole store one
more, and each key knows the revision that changed it last and how often it was written since it
was made.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

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


Entry = tuple[Hashable, int, int, Hashable]
"""Value, revision, version, lease (0 for none)."""

FUNCTIONS = ("range", "txn", "leaseGrant", "leaseRevoke", "defragment", "compact")


@dataclass(frozen=True, slots=True)
class _Store:
    """A state: the revision, the entries by key, and the leases there are."""

    revision: int
    entries: frozenset[tuple[Hashable, Entry]]
    leases: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class EtcdStore:
    """The whole store. Arguments and results are those of `etcd_requests`; 0 in a result is not told.

    >>> put = ((), (("put", "k", "v", 0),), ())
    >>> EtcdStore().step(EtcdStore().initial, "txn", put, (2, (False, (((), 0, 0),)))).revision
    2
    """

    revision: int = 1

    @property
    def initial(self) -> Hashable:
        """An empty store."""
        return _Store(self.revision, frozenset(), frozenset())

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The store after one request."""
        assert isinstance(state, _Store), state
        if f not in FUNCTIONS:
            raise UnknownOperation(f, FUNCTIONS)
        after, shown = _served(state, f, argument)
        if result is UNKNOWN:
            return after
        revision, said = result if isinstance(result, tuple) else (0, None)
        if revision not in (0, after.revision):
            return ILLEGAL
        return after if said is None or shown is None or _fits(said, shown) else ILLEGAL

    def role(self, f: str, argument: Hashable, _result: Hashable) -> Role:
        """A range reads, and so does a transaction of ranges."""
        if f in ("range", "defragment", "compact"):
            return Role.READS
        if f == "txn" and isinstance(argument, tuple):
            _, on_success, on_failure = _transaction_parts(argument)
            if all(one[0] == "range" for one in (*on_success, *on_failure)):
                return Role.READS
        return Role.CONDITIONAL


def _served(store: _Store, f: str, argument: Hashable) -> tuple[_Store, Hashable]:
    """Return the store after a request, and what its answer shows; None for nothing to compare."""
    if f == "leaseGrant":
        return _Store(store.revision, store.entries, store.leases | {argument}), None
    if f == "leaseRevoke":
        kept = frozenset(one for one in store.entries if one[1][3] != argument)
        is_changed = len(kept) != len(store.entries)
        return _Store(store.revision + is_changed, kept, store.leases - {argument}), None
    if f == "range" and isinstance(argument, tuple):
        start, end, limit, revision = argument
        return store, _ranged(dict(store.entries), start, end, limit) if not revision else None
    if f == "txn" and isinstance(argument, tuple):
        return _transacted(store, argument)
    return store, None


EtcdSteps = tuple[tuple[Any, ...], ...]


def _transaction_parts(argument: tuple[Hashable, ...]) -> tuple[EtcdSteps, EtcdSteps, EtcdSteps]:
    """Take a transaction apart: conditions, what is done where they hold, what is done otherwise.

    Raises:
        ValueError: it is none.
    """
    match argument:
        case (tuple() as conditions, tuple() as on_success, tuple() as on_failure):
            steps: EtcdSteps = (*conditions, *on_success, *on_failure)
            if all(isinstance(step, tuple) and step for step in steps):
                return conditions, on_success, on_failure
    raise ValueError(f"{argument!r} is no transaction of conditions and two lists of operations")


def _transacted(store: _Store, argument: tuple[Hashable, ...]) -> tuple[_Store, Hashable]:
    conditions, on_success, on_failure = _transaction_parts(argument)
    entries: dict[Hashable, Entry] = dict(store.entries)
    failed = not all(_holds(entries, *condition) for condition in conditions)
    results: list[Hashable] = []
    is_changed = False
    operations = on_failure if failed else on_success
    for kind, *parts in operations:
        if kind == "range":
            results.append(_ranged(entries, *parts))
        elif kind == "put":
            key, value, lease = parts
            results.append(((), 0, 0))
            if lease == 0 or lease in store.leases:
                version = entries[key][2] if key in entries else 0
                entries[key] = value, store.revision + 1, version + 1, lease
                is_changed = True
        else:
            was_there = entries.pop(parts[0], None) is not None
            results.append(((), 0, int(was_there)))
            is_changed = is_changed or was_there
    after = _Store(store.revision + is_changed, frozenset(entries.items()), store.leases)
    return after, (failed, tuple(results))


def _holds(
    entries: dict[Hashable, Entry], key: Hashable, revision: Hashable, version: Hashable
) -> bool:
    """Tell whether a key was changed last at a revision, or has a version; 0 is a key that is not there.

    A condition names one of the two; the other is 0.
    """
    entry = entries.get(key)
    if entry is None:
        return revision == 0 and version == 0
    if version:
        return entry[2] == version
    return entry[1] == revision


def _ranged(
    entries: dict[Hashable, Entry], start: Hashable, end: Hashable, limit: Hashable
) -> Hashable:
    if not end:
        found = [(start, *entries[start][:3])] if start in entries else []
    else:
        found = sorted(
            (key, *entry[:3]) for key, entry in entries.items() if str(start) <= str(key) < str(end)
        )
    shown = found[:limit] if isinstance(limit, int) and limit else found
    return tuple(shown), len(found), 0


def _fits(said: Hashable, shown: Hashable) -> bool:
    """Compare an answer with what the store shows; a 0 in the answer says nothing of a version.

    >>> _fits((("k", "v", 2, 0), 1), (("k", "v", 2, 1), 1)), _fits((False,), (True,))
    (True, False)
    """
    if isinstance(said, tuple) and isinstance(shown, tuple):
        if len(said) == len(shown) == 4 and said[3] == 0:
            said, shown = said[:3], shown[:3]
        return len(said) == len(shown) and all(map(_fits, said, shown))
    return said == shown
