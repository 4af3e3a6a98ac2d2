"""Random small histories of a ledger: crowded, with crashes, and in many of them a spoiled answer.

Clients make one call at a time. A real ledger serves each call at some instant before its return; a
call that a crash cuts off is served at that moment, later or never. Then some answers or intervals
are spoiled, so that verdicts of both kinds come out often.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from random import Random
from typing import cast

from counterpoint.checkers.history import (
    OPEN,
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    well_formed,
)
from counterpoint.checkers.ledger.chains import NOT_OWNER, OK, Move
from counterpoint.checkers.ledger.check import TokenLedger
from counterpoint.checkers.objects.specifications import ILLEGAL


@dataclass(frozen=True)
class Shape:
    """How many clients, tokens and operations a history has, and how odd it is."""

    clients: int = 3
    tokens: int = 2
    operations: int = 7
    crash_rate: float = 0.12
    spoil_rate: float = 0.55
    shift_rate: float = 0.4
    """How many of the spoiled calls get another interval, and not another answer."""


def small_ledger(shape: Shape) -> TokenLedger:
    """A ledger whose token t belongs to owner t % clients + 1."""
    owners = tuple(range(1, shape.clients + 1))
    return TokenLedger({token: token % shape.clients + 1 for token in range(shape.tokens)}, owners)


def random_history(random: Random, ledger: TokenLedger, shape: Shape) -> History:
    """Return a history that is right, or was right before it was spoiled."""
    served = Served(random, ledger, shape)
    while served.is_running():
        served.tick()
    operations = served.done
    while operations and random.random() < shape.spoil_rate:
        spoil(random, operations, ledger, shape)
    return tuple(sorted(operations, key=lambda op: op.called))


class Served:
    """A ledger at work: calls begin, take effect, return and are cut off."""

    def __init__(self, random: Random, ledger: TokenLedger, shape: Shape) -> None:
        self.done: list[Operation] = []
        self._random, self._ledger, self._shape = random, ledger, shape
        self._state: object = ledger.initial
        self._now = 0
        self._begun = 0
        self._open: dict[int, Operation] = {}
        self._lost: list[Operation] = []

    def is_running(self) -> bool:
        """Tell whether calls are still to begin or to return."""
        return self._begun < self._shape.operations or bool(self._open)

    def tick(self) -> None:
        """Let one thing happen."""
        self._now += self._random.random() < 0.8
        client = self._random.randint(1, self._shape.clients)
        op = self._open.get(client)
        if op is None:
            if self._begun < self._shape.operations:
                self._begin(client)
        elif self._random.random() < self._shape.crash_rate:
            self._cut_off(client, op)
        elif op.result is UNKNOWN:
            self._open[client] = self._serve(op)
        else:
            self.done.append(replace(self._open.pop(client), returned=float(self._now)))
        if self._lost and self._random.random() < 0.2:
            self._serve(self._lost.pop())

    def _begin(self, client: int) -> None:
        random, shape = self._random, self._shape
        owner = random.randint(1, shape.clients)
        f, argument = "get_tokens", cast("Hashable", owner)
        if random.random() < 0.6:
            f, argument = "pay", Move(client, random.randrange(shape.tokens), owner)
        name = f"o{self._begun}"
        self._begun += 1
        self._open[client] = Operation(
            name, f"c{client}", f, None, argument, UNKNOWN, float(self._now)
        )

    def _serve(self, op: Operation) -> Operation:
        result = answer(self._ledger, self._state, op)
        self._state = self._ledger.step(self._state, op.f, op.argument, result)
        return replace(op, result=result)

    def _cut_off(self, client: int, op: Operation) -> None:
        del self._open[client]
        self.done.append(replace(op, result=UNKNOWN, returned=OPEN, status="info"))
        if op.result is UNKNOWN and op.f == "pay":
            self._lost.append(op)


def answer(ledger: TokenLedger, state: object, op: Operation) -> object:
    """Return the answer that a ledger gives in a state."""
    if op.f == "pay":
        is_ok = ledger.step(state, op.f, op.argument, OK) is not ILLEGAL
        return OK if is_ok else NOT_OWNER
    assert isinstance(state, tuple)
    return tuple(
        (token, version) for token, (version, owner) in enumerate(state) if owner == op.argument
    )


def spoil(random: Random, operations: list[Operation], ledger: TokenLedger, shape: Shape) -> None:
    """Change an answer, or the interval of a call, so that the history may be wrong."""
    index = random.randrange(len(operations))
    op = operations[index]
    if op.status != "ok":
        return
    if random.random() < shape.shift_rate:
        called = float(random.randint(0, int(op.called)))
        shifted = replace(op, called=called, returned=max(called, op.returned - 1))
        if is_possible([*operations[:index], shifted, *operations[index + 1 :]]):
            operations[index] = shifted
        return
    operations[index] = replace(op, result=another(random, op, ledger))


def is_possible(operations: list[Operation]) -> bool:
    """Tell whether clients that make one call at a time can have made these."""
    try:
        well_formed(operations)
    except MalformedHistory:
        return False
    return True


def another(random: Random, op: Operation, ledger: TokenLedger) -> object:
    """Return some answer that the call might have been given."""
    if op.f == "pay":
        return random.choice((OK, NOT_OWNER))
    assert isinstance(op.result, tuple)
    kept = dict(op.result)
    token = random.randrange(len(ledger.start))
    if token in kept and random.random() < 0.5:
        del kept[token]
    else:
        kept[token] = max(1, kept.get(token, 1) + random.choice((-1, 0, 1, 1)))
    return tuple(sorted(kept.items()))
