"""Who made which version: the chains of payments that explain what a ledger's clients were told.

A payment spends the version that its payer owns. An owner asks for one thing at a time, so of its
payments of one token the next to take effect is the next that was answered "OK": the chain of a token
follows from the start without a choice. Only payments that were never answered leave one: each may
have taken effect, once, at any time after its call.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeAlias

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.links import at
from counterpoint.model.verdict import Reason, said

TokenOwner: TypeAlias = Hashable

OK = "OK"
NOT_OWNER = "not the owner"

CHAINS_MAX = 200
"""So many explanations of one token are tried before the answer is "unknown"."""


class Move(NamedTuple):
    """What a payment asks for; the argument of operations called "pay"."""

    payer: TokenOwner
    token: int
    to: TokenOwner


def move_of(op: Operation) -> Move:
    """Return what a payment asks for."""
    assert isinstance(op.argument, Move), f"{op.id} pays {op.argument!r}, which is no Move"
    return op.argument


def shown_by(op: Operation) -> tuple[tuple[int, int], ...]:
    """Return the tokens, with their versions, that a snapshot shows."""
    assert isinstance(op.result, tuple), f"{op.id} shows {op.result!r}, which is no table"
    return op.result


@dataclass(frozen=True, slots=True)
class Chain:
    """The versions of a token: `owners[k]` and `makers[k]` are those of version k + 1.

    The first version has no maker.
    """

    token: int
    owners: tuple[TokenOwner, ...]
    makers: tuple[Operation | None, ...]

    def spells(self, owner: TokenOwner) -> Iterator[tuple[Operation | None, Operation | None]]:
        """Return when an owner had the token: the payments that began and ended each time.

        None stands for the start and for an end that never came.
        """
        begin: int | None = None
        for index, holder in enumerate((*self.owners, None)):
            if begin is None and index < len(self.owners) and holder == owner:
                begin = index
            elif begin is not None and (index == len(self.owners) or holder != owner):
                end = self.makers[index] if index < len(self.makers) else None
                yield self.makers[begin], end
                begin = None


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Why no chain of a token explains the history: what is wrong, and with which operations."""

    summary: str
    because: tuple[Reason, ...]
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a history says of one token: the payments made, those unanswered, and the sightings.

    `seen` maps each version that a snapshot showed to its owner and the snapshot.
    """

    token: int
    start: TokenOwner
    made: tuple[Operation, ...]
    unanswered: tuple[Operation, ...]
    seen: Mapping[int, tuple[TokenOwner, Operation]]


def evidence_of(
    history: Sequence[Operation], start: Mapping[int, TokenOwner]
) -> dict[int, Evidence] | Unexplained:
    """Sort a history by token, or say why no ledger can have answered so."""
    made: dict[int, list[Operation]] = {token: [] for token in start}
    unanswered: dict[int, list[Operation]] = {token: [] for token in start}
    seen: dict[int, dict[int, tuple[TokenOwner, Operation]]] = {token: {} for token in start}
    for op in sorted(history, key=lambda op: op.called):
        if op.f == "pay":
            move = move_of(op)
            if op.result == OK:
                made[move.token].append(op)
            elif op.result is UNKNOWN:
                unanswered[move.token].append(op)
            continue
        for token, version in shown_by(op):
            known = seen[token].setdefault(version, (op.argument, op))
            if known[0] != op.argument:
                return _two_owners(token, version, known, op)
    return {
        token: Evidence(
            token, start[token], tuple(made[token]), tuple(unanswered[token]), seen[token]
        )
        for token in start
        if made[token] or unanswered[token] or seen[token]
    }


def _two_owners(
    token: int, version: int, known: tuple[TokenOwner, Operation], op: Operation
) -> Unexplained:
    return Unexplained(
        f"version {version} of token {token} has two owners: {known[0]} and {op.argument}",
        (
            said(
                f"{known[1].id} = get_tokens {known[0]} by {known[1].client} shows it",
                at(known[1].return_step),
            ),
            said(
                f"{op.id} = get_tokens {op.argument} by {op.client} shows it, too",
                at(op.return_step),
            ),
        ),
        (known[1].id, op.id),
    )


def chains_of(evidence: Evidence) -> tuple[Chain, ...]:
    """Return the chains that explain the evidence, those with fewer unanswered payments first.

    If there are more than `CHAINS_MAX` of them, so many plus one are returned.
    """
    start = Chain(evidence.token, (evidence.start,), (None,))
    found = (
        chain
        for spare in range(len(evidence.unanswered) + 1)
        for chain in _extended(evidence, start, spare, -math.inf)
    )
    return tuple(islice(found, CHAINS_MAX + 1))


def _extended(evidence: Evidence, chain: Chain, spare: int, latest_call: float) -> Iterator[Chain]:
    """Return the explaining chains that begin like this one and go on with `spare` unanswered ones.

    No payment may have returned before an earlier one of the chain was called.
    """
    version, owner = len(chain.owners), chain.owners[-1]
    sighted = evidence.seen.get(version)
    if sighted is not None and sighted[0] != owner:
        return
    has_all = all(op in chain.makers for op in evidence.made)
    if not spare and has_all and version >= max(evidence.seen, default=1):
        yield chain
    for op in _next_payments(evidence, chain):
        left = spare - (op.result is UNKNOWN)
        if left >= 0 and (op.result is UNKNOWN or op.returned >= latest_call):
            longer = Chain(chain.token, (*chain.owners, move_of(op).to), (*chain.makers, op))
            yield from _extended(evidence, longer, left, max(latest_call, op.called))


def _next_payments(evidence: Evidence, chain: Chain) -> Iterator[Operation]:
    """Return the payments that may spend the newest version: the owner's next, or an unanswered one."""
    owner = chain.owners[-1]
    mine = [op for op in evidence.made if op not in chain.makers and _payer(op) == owner]
    for op in mine:
        if not any(other.precedes(op) for other in mine):
            yield op  # one, unless a client called at the very instant of its last return
    for op in evidence.unanswered:
        if op not in chain.makers and _payer(op) == owner:
            yield op


def _payer(op: Operation) -> TokenOwner:
    return move_of(op).payer


def unexplained(evidence: Evidence) -> Unexplained:
    """Say why no chain explains the evidence: follow the payments as far as they go."""
    chain = Chain(evidence.token, (evidence.start,), (None,))
    while True:
        sighted = evidence.seen.get(len(chain.owners))
        if sighted is not None and sighted[0] != chain.owners[-1]:
            return _wrong_owner(chain, sighted[1])
        op = next(_next_payments(evidence, chain), None)
        if op is None:
            break
        chain = Chain(chain.token, (*chain.owners, move_of(op).to), (*chain.makers, op))
    left = next((op for op in evidence.made if op not in chain.makers), None)
    if left is not None:
        return _not_owned(chain, left)
    newest = max(evidence.seen, default=1)
    if newest > len(chain.owners):
        return _unmade(chain, newest, evidence.seen[newest][1])
    return Unexplained(
        f"no order of the payments of token {evidence.token} explains what was seen of it",
        tuple(_steps(chain)),
        tuple(op.id for op in (*evidence.made, *evidence.unanswered)),
    )


def _unmade(chain: Chain, version: int, snapshot: Operation) -> Unexplained:
    shows = said(
        f"{snapshot.id} = get_tokens {snapshot.argument} shows version {version}",
        at(snapshot.return_step),
    )
    return Unexplained(
        f"{snapshot.client} saw version {version} of token {chain.token}, which nobody made",
        (*_steps(chain), shows),
        (snapshot.id,),
    )


def _wrong_owner(chain: Chain, snapshot: Operation) -> Unexplained:
    version, maker = len(chain.owners), chain.makers[-1]
    return Unexplained(
        f"{snapshot.client} saw version {version} of token {chain.token} with "
        f"{snapshot.argument}, but it belongs to {chain.owners[-1]}",
        (
            *_steps(chain)[-2:],
            said(
                f"{snapshot.id} = get_tokens {snapshot.argument} shows it",
                at(snapshot.return_step),
            ),
        ),
        tuple(op.id for op in (maker, snapshot) if op is not None),
    )


def _not_owned(chain: Chain, left: Operation) -> Unexplained:
    move, makers = move_of(left), [op for op in chain.makers if op is not None]
    last = next((op for op in reversed(makers) if _payer(op) == move.payer), None)
    spent, back = ("", "") if last is None else (f" after {last.id} had spent it", "back ")
    return Unexplained(
        f"{left.client} paid token {move.token} to {move.to}{spent}, "
        f"but it belonged to {chain.owners[-1]}",
        (
            *_steps(chain),
            said(
                f"{left.id} = pay {move.token} {move.to} by {left.client} was answered OK",
                at(left.return_step),
                f", and nobody had paid the token {back}to {move.payer}",
            ),
        ),
        tuple(op.id for op in (*makers, left)),
    )


def _steps(chain: Chain) -> list[Reason]:
    """Say, a line a version, who made it for whom; at most the last three."""
    versions = enumerate(zip(chain.owners, chain.makers, strict=True), start=1)
    lines = [
        said(
            f"{op.id} = pay {chain.token} {owner} by {op.client} made version {version}",
            at(op.return_step),
        )
        if op is not None
        else said(f"token {chain.token} starts with {owner} at version 1")
        for version, (owner, op) in versions
    ]
    return lines[-3:]
