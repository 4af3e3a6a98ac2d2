"""The token manager's histories, seen at a glance: the books, and one order that explains the answers.

The ledger is served one call at a time, in the order in which it must be: a payment takes effect when
it is answered, or sooner where an answer to somebody else shows it, or needs it. An answer that fits
no moment of its call then says nothing: another order may explain it, and that is for the check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from counterpoint.checkers.conservation import NO_STEP, Books, Copies, NoteReader, Payment
from counterpoint.checkers.ledger.chains import Move
from counterpoint.checkers.ledger.check import TokenLedger
from counterpoint.impl.token_manager.words import (
    NO_PAYEE,
    NO_TOKEN,
    NOT_OWNER,
    OK,
    TIMED_OUT,
    GetTokens,
    Pay,
    Rejected,
)
from counterpoint.model.glance import Look, LookByTelling, Telling
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value

CONSERVATION = "conservation"
LINEARIZABILITY = "linearizability"

UNANSWERED_MAX = 3
"""With so many payments that were never answered there are few orders to try."""

LedgerState: TypeAlias = dict[int, tuple[int, object]]
"""The version and the owner of each token."""


class _Unclear(Exception):
    """The answers fit no order that was tried."""


class _Call:
    """A call: what was asked, the number of the state in which it began, and whether it is to be."""

    __slots__ = ("asked", "began", "is_open")

    def __init__(self, asked: Move | GetTokens | None, began: int) -> None:
        self.asked, self.began = asked, began
        self.is_open = isinstance(asked, Move)


class ServedLedger:
    """A ledger that has served what was answered so far, state by state."""

    def __init__(self, ledger: TokenLedger) -> None:
        self.answered_count = 0
        self._ledger = ledger
        self._states: list[LedgerState] = [{t: (1, o) for t, o in sorted(ledger.start.items())}]
        self._calls: dict[NodeId, _Call] = {}
        self._payments: list[_Call] = []
        self._payments_answered = 0

    @property
    def is_explained(self) -> bool:
        """Tell whether a check is bound to find an order: it may not where much was never answered."""
        unanswered = len(self._payments) - self._payments_answered
        return self.answered_count > 0 and unanswered <= UNANSWERED_MAX

    def asks(self, client: NodeId, what: Move | GetTokens | None) -> None:
        """A client makes a call; None for one that is not about the ledger."""
        if client in self._calls:
            raise _Unclear
        call = self._calls[client] = _Call(what, len(self._states) - 1)
        if call.is_open:
            self._payments.append(call)

    def crashes(self, client: NodeId) -> None:
        """A client crashes: a payment of its may have an effect all the same, now or later."""
        self._calls.pop(client, None)

    def answers(self, client: NodeId, answer: Value) -> None:
        """A client is told the answer to its call."""
        call = self._calls.pop(client)
        refusal = answer.why if isinstance(answer, Rejected) else None
        self._payments_answered += isinstance(call.asked, Move) and refusal != TIMED_OUT
        match call.asked:
            case Move() as move if refusal in (None, NOT_OWNER, NO_TOKEN, NO_PAYEE):
                self.answered_count += 1
                self._paid(call, move, refusal or answer)
            case Move() if refusal != TIMED_OUT:
                self._is_not_made(call)
            case GetTokens(owner) if refusal is None:
                self.answered_count += 1
                self._shows(call, owner, answer)

    # Payments.

    def _paid(self, call: _Call, move: Move, answer: Value) -> None:
        due = self._ledger.refusal(move)
        if answer == OK and due is None:
            if call.is_open:
                self._make(call)
            return
        self._is_not_made(call)
        states = self._states[call.began :]
        was_refused = answer == NOT_OWNER and any(s[move.token][1] != move.payer for s in states)
        if not (was_refused if due is None else answer == due):
            raise _Unclear

    def _is_not_made(self, call: _Call) -> None:
        if not call.is_open:
            raise _Unclear
        call.is_open = False

    def _make(self, call: _Call) -> None:
        """Let a payment take effect now, after those that its payer has the token from."""
        move = call.asked
        assert isinstance(move, Move)
        if self._states[-1][move.token][1] != move.payer:
            self._make_some(lambda other: other.token == move.token and other.to == move.payer)
        version, owner = self._states[-1][move.token]
        if owner != move.payer:
            raise _Unclear
        call.is_open = False
        self._states.append({**self._states[-1], move.token: (version + 1, move.to)})

    def _make_some(self, is_wanted: Callable[[Move], bool]) -> None:
        """Let an open payment that may be made now, and is wanted, take effect."""
        for call in self._payments:
            move = call.asked
            if call.is_open and isinstance(move, Move) and is_wanted(move) and self._may_be(move):
                self._make(call)
                return

    def _may_be(self, move: Move) -> bool:
        if self._ledger.refusal(move) is not None:
            return False
        return self._states[-1][move.token][1] == move.payer

    # Snapshots.

    def _shows(self, call: _Call, owner: object, answer: Value) -> None:
        """Find a state of the time of a snapshot that it shows, or the payments that make one."""
        if any(_owned(state, owner) == answer for state in reversed(self._states[call.began :])):
            return
        if not isinstance(answer, tuple):
            raise _Unclear
        shown = dict(answer)
        for _ in self._payments:
            if _owned(self._states[-1], owner) == answer:
                return
            self._make_some(
                lambda move: (
                    self._states[-1][move.token][0] < shown.get(move.token, 0)
                    if move.to == owner
                    else move.payer == owner and move.token not in shown
                )
            )
        if _owned(self._states[-1], owner) != answer:
            raise _Unclear


def _owned(state: LedgerState, owner: object) -> tuple[tuple[int, int], ...]:
    return tuple([(token, version) for token, (version, has) in state.items() if has == owner])


class TokenHistory:
    """What was seen so far: of the books, and of the ledger."""

    def __init__(self, start: Mapping[int, int], ledger: TokenLedger) -> None:
        self.books, self.served = Books(start), ServedLedger(ledger)
        self._note_count, self._is_conserved, self._is_explained = 0, True, True

    def notes(self, node: NodeId, meaning: Payment | Copies) -> None:
        """A node says what it pays, or keeps."""
        self._note_count += 1
        if not self._is_conserved:
            return
        if isinstance(meaning, Payment):
            self._is_conserved = self.books.pay(meaning, NO_STEP) is None
        else:
            self._is_conserved = self.books.hold(node, meaning, NO_STEP) is None

    def calls(self, take: Callable[..., None], *told: object) -> None:
        """Something happens to a call, which is for the ledger."""
        if self._is_explained:
            try:
                take(self.served, *told)
            except (KeyError, ValueError, _Unclear):
                self._is_explained = False

    def holding(self) -> frozenset[str]:
        """Return the names of the properties that hold."""
        enough = (
            *((CONSERVATION,) if self._note_count else ()),
            *((LINEARIZABILITY,) if self.served.is_explained else ()),
        )
        return self.unbroken().intersection(enough)

    def unbroken(self) -> frozenset[str]:
        """Return the names of those that are not broken by what was seen so far."""
        return _UNBROKEN[self._is_conserved, self._is_explained]


_UNBROKEN: Mapping[tuple[bool, bool], frozenset[str]] = MappingProxyType(
    {
        (True, True): frozenset({CONSERVATION, LINEARIZABILITY}),
        (True, False): frozenset({CONSERVATION}),
        (False, True): frozenset({LINEARIZABILITY}),
        (False, False): frozenset(),
    }
)
"""Where the books are right, or the answers explained, what is not broken."""


def _nothing(history: TokenHistory) -> None:
    del history


@dataclass(frozen=True)
class TokenGlance:
    """Conservation and linearizability in one pass; not where payments were half-way at the start."""

    start: Mapping[int, int]
    ledger: TokenLedger
    number_of: Mapping[NodeId, int]
    reading: NoteReader

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search: what an observation does to a history is worked out once."""
        return LookByTelling(
            observations, self._telling, partial(TokenHistory, self.start, self.ledger)
        )

    def _telling(self, seen: Observation) -> Telling:
        match seen.kind:
            case "note":
                meaning = self.reading(seen.node, seen.value)
                if meaning is not None:
                    return TokenHistory.notes, (seen.node, meaning)
            case "invoke":
                return TokenHistory.calls, (ServedLedger.asks, seen.node, self._asked(seen))
            case "return" if not isinstance(seen.value, GaveUp):
                return TokenHistory.calls, (ServedLedger.answers, seen.node, seen.value)
            case "return" | "crash":
                return TokenHistory.calls, (ServedLedger.crashes, seen.node)
        return _nothing, ()

    def _asked(self, seen: Observation) -> Move | GetTokens | None:
        match seen.value:
            case Pay(token, to):
                return Move(self.number_of[seen.node], token, to)
            case GetTokens() as asked:
                return asked
        return None
