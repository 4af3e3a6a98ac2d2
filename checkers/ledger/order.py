"""The order of a ledger's operations: what must come before what, and whether that can be.

Given the chain of every token, most of the order is forced: real time; the versions of a token; a
snapshot after the versions that it shows and before those that replaced them. What a snapshot does
not show, or whose payment was rejected because the token was another's, leaves a choice: it came
before the owner got the token, or after the owner gave it away. Such choices are decided by what is
already forced, round after round; for those that stay open both ways are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from counterpoint.checkers.history import OPEN, Operation
from counterpoint.checkers.ledger.chains import NOT_OWNER, Chain, TokenOwner, move_of, shown_by

TRIES_MAX = 2_000
"""So many ways of deciding the open choices are tried before the answer is "unknown"."""


class Relation(NamedTuple):
    """Why one operation comes before another; `given` is the chain of operations that forces it."""

    rule: str
    token: int = -1
    version: int = -1
    owner: TokenOwner = None
    given: tuple[int, ...] = ()


class UnseenOperation(NamedTuple):
    """An operation that did not see an owner's token: before `begin`, or after `end`."""

    op: int
    begin: int
    end: int
    token: int
    owner: TokenOwner


class OutOfTries(Exception):
    """The open choices are too many to try."""


@dataclass
class Tries:
    """How many more ways may be tried."""

    left: int = TRIES_MAX

    def use(self) -> None:
        """Count one try.

        Raises:
            OutOfTries: there was none left.
        """
        if self.left <= 0:
            raise OutOfTries
        self.left -= 1


@dataclass(frozen=True)
class Order:
    """Operations by position, the edges between them with reasons, and the choices not yet made.

    `precedes[i]` has a bit for each operation that returned before operation i was called.
    """

    operations: tuple[Operation, ...]
    precedes: tuple[int, ...]
    edges: Mapping[tuple[int, int], Relation]
    choices: tuple[UnseenOperation, ...] = ()


@dataclass(frozen=True, slots=True)
class Always:
    """An operation that did not see a token which the owner had all the time."""

    op: int
    token: int
    owner: TokenOwner


def order_of(operations: Sequence[Operation], chains: Mapping[int, Chain]) -> Order | Always:
    """Return what the chains force on the operations, all of which have taken effect."""
    position = {op.id: index for index, op in enumerate(operations)}
    edges: dict[tuple[int, int], Relation] = {}
    choices: list[UnseenOperation] = []
    for token, chain in chains.items():
        for version, (one, other) in enumerate(pairwise(chain.makers), start=2):
            if one is not None and other is not None:
                edges[position[one.id], position[other.id]] = Relation(
                    "version", token, version - 1
                )
    for index, op in enumerate(operations):
        if op.f == "get_tokens":
            edges.update(_shown(index, op, chains, position))
        for token, owner in _not_seen(op, chains):
            for begin, end in chains[token].spells(owner):
                if begin is None and end is None:
                    return Always(index, token, owner)
                if end is None:
                    assert begin is not None
                    edges[index, position[begin.id]] = Relation("unseen", token, owner=owner)
                elif begin is None:
                    edges[position[end.id], index] = Relation("gone", token, owner=owner)
                else:
                    ends = position[begin.id], position[end.id]
                    choices.append(UnseenOperation(index, *ends, token, owner))
    return Order(tuple(operations), real_time(operations), edges, tuple(choices))


def _shown(
    index: int, op: Operation, chains: Mapping[int, Chain], position: Mapping[str, int]
) -> Iterator[tuple[tuple[int, int], Relation]]:
    """Return the edges around a snapshot: after what it shows, before what replaced that."""
    for token, version in shown_by(op):
        makers = chains[token].makers if token in chains else (None,)
        maker = makers[version - 1]
        if maker is not None:
            yield (position[maker.id], index), Relation("shows", token, version)
        if version < len(makers):
            spender = makers[version]
            assert spender is not None
            yield (index, position[spender.id]), Relation("shows old", token, version)


def _not_seen(op: Operation, chains: Mapping[int, Chain]) -> Iterator[tuple[int, TokenOwner]]:
    """Return the tokens that an operation found not to be an owner's."""
    if op.f == "get_tokens":
        shown = {token for token, _ in shown_by(op)}
        for token, chain in chains.items():
            if token not in shown and op.argument in chain.owners:
                yield token, op.argument
    elif op.result == NOT_OWNER and move_of(op).token in chains:
        yield move_of(op).token, move_of(op).payer


def real_time(operations: Sequence[Operation]) -> tuple[int, ...]:
    """Return, for each operation, the set of those that returned before its call, as bits."""
    by_return = sorted(
        (op.returned, index) for index, op in enumerate(operations)
        if op.status == "ok" and op.returned != OPEN
    )  # fmt: skip
    by_call = sorted((op.called, index) for index, op in enumerate(operations))
    precedes = [0] * len(operations)
    returned, gone = 0, 0
    for called, index in by_call:
        while gone < len(by_return) and by_return[gone][0] < called:
            returned |= 1 << by_return[gone][1]
            gone += 1
        precedes[index] = returned
    return tuple(precedes)


# ---- deciding ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Circle:
    """An order that goes round in a circle. `is_forced`: no choice was merely tried on the way."""

    order: Order
    is_forced: bool


def decide(order: Order, tries: Tries, *, is_forced: bool = True) -> tuple[int, ...] | Circle:
    """Return the operations in an order that the edges and choices allow, or why there is none.

    Raises:
        OutOfTries: too many choices stay open.
    """
    tries.use()
    while True:
        sequence, past = sorted_by(order)
        if len(sequence) < len(order.operations):
            return Circle(order, is_forced)
        forced = _forced(order, past)
        if not forced.edges:
            break
        order = Order(
            order.operations, order.precedes, {**order.edges, **forced.edges}, forced.choices
        )
    if not forced.choices:
        return sequence
    first, *rest = forced.choices
    failure: Circle | None = None
    for edge in ((first.op, first.begin), (first.end, first.op)):
        reason = Relation("tried", first.token, owner=first.owner)
        tried = Order(order.operations, order.precedes, {**order.edges, edge: reason}, tuple(rest))
        outcome = decide(tried, tries, is_forced=False)
        if not isinstance(outcome, Circle):
            return outcome
        failure = failure or outcome
    assert failure is not None
    return failure


def sorted_by(order: Order) -> tuple[tuple[int, ...], list[int]]:
    """Return the operations in topological order, as far as there is one, and the past of each.

    A past is a set of operations as bits. Among operations that may come next the one called first
    does.
    """
    count = len(order.operations)
    direct = list(order.precedes)
    for before, after in order.edges:
        direct[after] |= 1 << before
    past = [0] * count
    waiting = sorted(range(count), key=lambda index: order.operations[index].called)
    sequence: list[int] = []
    done = 0
    while waiting:
        ready = next((index for index in waiting if not direct[index] & ~done), None)
        if ready is None:
            break
        waiting.remove(ready)
        sequence.append(ready)
        done |= 1 << ready
        past[ready] = _closed(direct[ready], past)
    return tuple(sequence), past


def _closed(direct: int, past: list[int]) -> int:
    whole, rest = direct, direct
    while rest:
        newest = rest.bit_length() - 1
        whole |= past[newest]
        rest &= ~(past[newest] | 1 << newest)
    return whole


class _Forced(NamedTuple):
    edges: dict[tuple[int, int], Relation]
    choices: tuple[UnseenOperation, ...]


def _forced(order: Order, past: list[int]) -> _Forced:
    """Make the choices that what is known leaves no freedom for."""
    edges: dict[tuple[int, int], Relation] = {}
    still_open: list[UnseenOperation] = []
    for choice in order.choices:
        op, begin, end, token, owner = choice
        if past[op] >> end & 1 or past[begin] >> op & 1:
            continue  # it is on one side of the owner's time already
        if past[op] >> begin & 1:
            edges[end, op] = Relation("gone", token, owner=owner, given=(begin, op))
        elif past[end] >> op & 1:
            edges[op, begin] = Relation("unseen", token, owner=owner, given=(op, end))
        else:
            still_open.append(choice)
    return _Forced(edges, tuple(still_open))
