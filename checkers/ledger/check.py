"""Linearizability of `get_tokens` and `pay` against a ledger that serves one call at a time.

Versions tell the order of the payments of each token, so that the order of all operations is mostly
forced: the check builds the graph of what must come before what, and looks for a circle. It takes
quadratic time in general, and more only where payments were never answered. The answer is exact:
an order that explains the history, or a shortest circle that forbids every order, or "undecided"
when too many choices would have to be tried.

Operations are "get_tokens" with an owner as argument and ((token, version), ...) as result, and "pay"
with a `Move` as argument and "OK", "not the owner", "no such token" or "unknown payee" as result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from counterpoint.checkers.history import UNKNOWN, MalformedHistory, Operation
from counterpoint.checkers.judging import Explanation
from counterpoint.checkers.ledger.chains import (
    CHAINS_MAX,
    NOT_OWNER,
    OK,
    Chain,
    Move,
    TokenOwner,
    Unexplained,
    chains_of,
    evidence_of,
    move_of,
    shown_by,
    unexplained,
)
from counterpoint.checkers.ledger.explaining import (
    named,
    of_always,
    of_circle,
    of_unexplained,
)
from counterpoint.checkers.ledger.order import (
    Always,
    Circle,
    OutOfTries,
    Tries,
    decide,
    order_of,
)
from counterpoint.checkers.links import at
from counterpoint.checkers.objects.specifications import ILLEGAL, Illegal, Role, UnknownOperation
from counterpoint.model.verdict import Verdict, holds, said, undecided

NO_TOKEN = "no such token"
NO_PAYEE = "unknown payee"


@dataclass(frozen=True)
class TokenLedger:
    """Who owns which token at the start, at version 1, and all owners that there are.

    It is a sequential specification, too, whose state is ((version, owner), ...) by token.
    """

    start: Mapping[int, TokenOwner]
    owners: tuple[TokenOwner, ...]

    @property
    def initial(self) -> tuple[tuple[int, TokenOwner], ...]:
        """The state before the first operation."""
        return tuple((1, self.start[token]) for token in sorted(self.start))

    def step(self, state: object, f: str, argument: object, result: object) -> object | Illegal:
        """The state after one operation, or ILLEGAL where the operation cannot have that result."""
        assert isinstance(state, tuple), f"{state!r} is no state of a ledger"
        if f == "get_tokens":
            owned = tuple(
                (token, version)
                for token, (version, owner) in zip(sorted(self.start), state, strict=True)
                if owner == argument
            )
            return state if result is UNKNOWN or result == owned else ILLEGAL
        if f != "pay":
            raise UnknownOperation(f, ("get_tokens", "pay"))
        assert isinstance(argument, Move), f"{argument!r} is no Move"
        answer = self.refusal(argument) or self._answer(state, argument)
        if result is not UNKNOWN and result != answer:
            return ILLEGAL
        return self._after(state, argument) if answer == OK else state

    def role(self, f: str, _argument: object, _result: object) -> Role:
        """Snapshots change nothing."""
        return Role.READS if f == "get_tokens" else Role.CONDITIONAL

    def refusal(self, move: Move) -> str | None:
        """Say why no state of the ledger allows a payment, None if some does."""
        if move.token not in self.start:
            return NO_TOKEN
        return None if move.to in self.owners else NO_PAYEE

    def _answer(self, state: tuple[tuple[int, TokenOwner], ...], move: Move) -> str:
        position = sorted(self.start).index(move.token)
        return OK if state[position][1] == move.payer else NOT_OWNER

    def _after(
        self, state: tuple[tuple[int, TokenOwner], ...], move: Move
    ) -> tuple[tuple[int, TokenOwner], ...]:
        position = sorted(self.start).index(move.token)
        version = state[position][0] + 1
        return (*state[:position], (version, move.to), *state[position + 1 :])


def check_ledger(
    history: Sequence[Operation], ledger: TokenLedger, *, name: str = "linearizability"
) -> Verdict:
    """Judge whether some order of the operations explains what the clients were told.

    Raises:
        MalformedHistory: two clients pay in the name of one owner.
    """
    _require_one_client_per_owner(history)
    happened = [op for op in history if op.status != "fail"]
    answered = tuple(op for op in happened if not _is_open(op))
    refused = _false_refusal(answered, ledger)
    if refused is not None:
        return refused.verdict(name, examined=len(answered))
    unanswered = tuple(
        op
        for op in happened
        if _is_open(op) and op.f == "pay" and ledger.refusal(move_of(op)) is None
    )
    outcome = _decide(answered, unanswered, ledger)
    if isinstance(outcome, Explanation):
        return outcome.verdict(name, examined=len(answered))
    if isinstance(outcome, OutOfTries):
        why = f"{len(unanswered)} payments without an answer leave too many orders to try"
        return undecided(name, why, examined=len(answered))
    return holds(name, examined=len(answered), witness=outcome)


def _decide(
    answered: Sequence[Operation], unanswered: Sequence[Operation], ledger: TokenLedger
) -> tuple[str, ...] | Explanation | OutOfTries:
    """Return an order, the reason why there is none, or that it was not found in time."""
    possible = [op for op in answered if op.f != "pay" or ledger.refusal(move_of(op)) is None]
    evidence = evidence_of((*possible, *unanswered), ledger.start)
    if isinstance(evidence, Unexplained):
        return of_unexplained(evidence)
    alternatives = {token: chains_of(known) for token, known in evidence.items()}
    for token, chains in alternatives.items():
        if not chains:
            return of_unexplained(unexplained(evidence[token]))
    starts = {token: Chain(token, (owner,), (None,)) for token, owner in ledger.start.items()}
    try:
        return _first_explained(answered, unanswered, starts, alternatives)
    except OutOfTries as out:
        return out


def _first_explained(
    answered: Sequence[Operation],
    unanswered: Sequence[Operation],
    starts: Mapping[int, Chain],
    alternatives: Mapping[int, Sequence[Chain]],
) -> tuple[str, ...] | Explanation:
    """Try the ways in which unanswered payments took effect; return an order, or why the first fails.

    Raises:
        OutOfTries: there are too many ways, or too many choices in one.
    """
    tries = Tries()
    failure: Explanation | None = None
    for chosen in product(*alternatives.values()):
        operations = (*answered, *_used(chosen, unanswered))
        order = order_of(operations, {**starts, **dict(zip(alternatives, chosen, strict=True))})
        if isinstance(order, Always):
            tries.use()
            failure = failure or of_always(operations, order)
            continue
        outcome = decide(order, tries)
        if not isinstance(outcome, Circle):
            return tuple(operations[index].id for index in outcome)
        failure = failure or of_circle(outcome.order)
    if any(len(chains) > CHAINS_MAX for chains in alternatives.values()):
        raise OutOfTries
    assert failure is not None, "no chain was tried"
    return failure


def _used(chains: Sequence[Chain], unanswered: Sequence[Operation]) -> Iterator[Operation]:
    """Return the unanswered payments that some chain needs."""
    makers = {op.id for chain in chains for op in chain.makers if op is not None}
    return (op for op in unanswered if op.id in makers)


def _is_open(op: Operation) -> bool:
    return not op.is_answered or op.result is UNKNOWN


def _require_one_client_per_owner(history: Sequence[Operation]) -> None:
    clients: dict[TokenOwner, str] = {}
    for op in history:
        if op.f == "pay":
            owner = move_of(op).payer
            if clients.setdefault(owner, op.client) != op.client:
                raise MalformedHistory(
                    f"{op.id}: {op.client} pays for owner {owner}, as {clients[owner]} did before"
                )


def _false_refusal(answered: Sequence[Operation], ledger: TokenLedger) -> Explanation | None:
    """Return the first answer that no state of the ledger explains."""
    for op in answered:
        if op.f == "get_tokens":
            unknown = next((t for t, _ in shown_by(op) if t not in ledger.start), None)
            if unknown is None:
                continue
            summary = f"{op.client} saw token {unknown}, which does not exist"
        else:
            due = ledger.refusal(move_of(op))
            is_right = op.result == due if due else op.result in (OK, NOT_OWNER)
            if is_right:
                continue
            summary = f"{op.client}'s {named(op)} was answered {op.result!r}" + (
                f", and must be answered {due!r}" if due else ""
            )
        return Explanation(summary, (said(f"{op.id} returned", at(op.return_step)),), (), (op.id,))
    return None
