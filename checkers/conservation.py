"""Token conservation: every version of every token has one owner, and only that owner spends it.

The checker follows the payments and what servers say that they keep, one at a time, so that it costs
next to nothing per step and names the first step that breaks the rule. It judges a run by its notes;
`conservation_cuts` judges the same law by what happened before what.

Token conservation as an automaton: the books of `check_conservation`, without who paid when.

A payment needs the newest owner of its token, and a copy the owner of its version; so the owners of
all versions, and the versions that every server holds, decide about all that is still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.judging import OfToken
from counterpoint.checkers.links import at
from counterpoint.model.observer import Observation
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Reason, Verdict, at_step, broken, holds, said

Owner: TypeAlias = int
TokenHolding: TypeAlias = tuple[int, int, Owner]
"""A token, a version of it, and the owner of that version."""


class Payment(NamedTuple):
    """An owner makes a version of a token for another owner."""

    payer: Owner
    made: TokenHolding


class Copies(NamedTuple):
    """A server holds these. `is_all`: and nothing newer than version 1 of any other token.

    `is_new`: whatever it held in an earlier life counts no more.
    """

    holdings: tuple[TokenHolding, ...]
    is_all: bool = False
    is_new: bool = False


NoteReader: TypeAlias = Callable[[NodeId, Value], Payment | Copies | None]
"""What a note means, None for notes about something else."""


class ChainLink(NamedTuple):
    """One version in the chain of a token: who owns it, who made it, and at which step."""

    owner: Owner
    payer: Owner | None = None
    step: int = -1


@dataclass(frozen=True, slots=True)
class Breach:
    """What breaks conservation: a sentence, the reasons, and the token that it is about."""

    summary: str
    because: tuple[Reason, ...]
    token: int


class Books:
    """The chains of all tokens and the copies of all servers so far. Told of one thing at a time."""

    def __init__(self, start: Mapping[int, Owner]) -> None:
        self.chains = {token: [ChainLink(owner)] for token, owner in start.items()}
        self.copies: dict[NodeId, dict[int, int]] = {}

    def pay(self, payment: Payment, step: int) -> Breach | None:
        """Enter a payment, or say why there cannot be one."""
        token, version, owner = payment.made
        chain = self.chains.get(token)
        if chain is None:
            return self._unknown(token, f"owner {payment.payer} pays token {token}", step)
        last = chain[-1]
        if version == len(chain) + 1 and payment.payer == last.owner:
            chain.append(ChainLink(owner, payment.payer, step))
            return None
        return self._bad_payment(payment, chain, step)

    def hold(self, node: NodeId, copies: Copies, step: int) -> Breach | None:
        """Enter what a server holds, or say why it cannot hold that."""
        known = self.copies.setdefault(node, {})
        if copies.is_new:
            known.clear()
        for token, version, owner in copies.holdings:
            chain = self.chains.get(token)
            if chain is None:
                return self._unknown(token, f"{node} holds token {token}", step)
            if version > len(chain) or chain[version - 1].owner != owner:
                return self._false_copy(node, (token, version, owner), chain, step)
            if version < known.get(token, 1):
                return self._fallen(node, token, version, step)
            known[token] = version
        if copies.is_all:
            named = {token for token, _, _ in copies.holdings}
            for token, version in known.items():
                if version > 1 and token not in named:
                    return self._fallen(node, token, 1, step)
        return None

    def story(self, token: int) -> tuple[Reason, ...]:
        """Return the history of a token in words, a line a version."""
        return tuple(
            said(
                f"version {version} of token {token} belongs to {link.owner}",
                said() if link.payer is None else said(f", paid by {link.payer}", at(link.step)),
            )
            for version, link in enumerate(self.chains.get(token, ()), start=1)
        )

    def _unknown(self, token: int, what: str, step: int) -> Breach:
        count = len(self.chains)
        return Breach(f"{what}, and there are only {count} tokens", (at_step(step),), token)

    def _bad_payment(self, payment: Payment, chain: list[ChainLink], step: int) -> Breach:
        token, version, owner = payment.made
        paid = said(f"{payment.payer} pays version {version} of token {token} to {owner}", at(step))
        if version > len(chain) + 1:
            newest = f"the newest version is {len(chain)}"
            return Breach(f"version {version} of token {token} skips one: {newest}", (paid,), token)
        if version == len(chain) + 1:
            holder = chain[-1].owner
            summary = f"{payment.payer} pays token {token}, which belongs to {holder}"
            return Breach(summary, (*self.story(token), paid), token)
        link = chain[version - 1]
        count = len(self.chains)
        summary = (
            f"version {version} of token {token} has two owners: {link.owner} and {owner}; "
            f"there are {count + 1} tokens, there {'was' if count == 1 else 'were'} {count}"
        )
        return Breach(summary, (self.story(token)[version - 1], paid), token)

    def _false_copy(
        self, node: NodeId, holding: TokenHolding, chain: list[ChainLink], step: int
    ) -> Breach:
        token, version, owner = holding
        kept = said(f"{node} holds version {version} of token {token} for {owner}", at(step))
        if version > len(chain):
            return Breach(f"{node} holds version {version} of token {token}, which nobody paid",
                          (*self.story(token), kept), token)  # fmt: skip
        link = chain[version - 1]
        summary = f"version {version} of token {token} has two owners: {link.owner} and {owner}"
        return Breach(summary, (self.story(token)[version - 1], kept), token)

    def _fallen(self, node: NodeId, token: int, version: int, step: int) -> Breach:
        before = self.copies[node][token]
        summary = f"{node} held version {before} of token {token} and now holds version {version}"
        return Breach(summary, (said("it fell at ", at_step(step)), *self.story(token)), token)


def check_conservation(
    trace: Trace, start: Mapping[int, Owner], reading: NoteReader, *, name: str = "conservation"
) -> Verdict:
    """Judge the notes of a run: payments form one chain per token, and servers hold parts of it.

    `start` gives the owner of version 1 of every token. Examined are payments and copies.
    """
    books = Books(start)
    examined = payments = 0
    for event in trace.events:
        if event.kind != "note":
            continue
        said = reading(event.node or "", event.value)
        if said is None:
            continue
        examined += 1
        if isinstance(said, Payment):
            payments += 1
            breach = books.pay(said, event.step)
        else:
            breach = books.hold(event.node or "", said, event.step)
        if breach is not None:
            return broken(
                name,
                breach.summary,
                examined=examined,
                because=breach.because,
                evidence=(OfToken(breach.token),),
            )
    return holds(name, examined=examined, summary=f"{len(start)} tokens, {payments} payments")


NO_STEP = -1
"""Steps are for reports; an exploration makes those from the run that it found."""


class Accounts(NamedTuple):
    """What was paid and what is held so far.

    `chains` has the owners of all versions of each token that was ever paid, `copies` the version
    of each token that a server holds, if not the first; all sorted.
    """

    chains: tuple[tuple[int, tuple[Owner, ...]], ...] = ()
    copies: tuple[tuple[NodeId, tuple[tuple[int, int], ...]], ...] = ()
    is_broken: bool = False


@dataclass(frozen=True)
class ConservationObserver:
    """Payments form one chain per token, and servers hold parts of it; see `check_conservation`."""

    notes_may_swap: ClassVar[bool] = True

    start: Mapping[int, Owner]
    reading: NoteReader

    @property
    def initial(self) -> Accounts:
        """Nothing was paid."""
        return Accounts()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Accounts:
        """Enter the notes of one step; after a breach nothing matters any more."""
        assert isinstance(memory, Accounts), f"{memory!r} is no memory of this observer"
        said = [
            (observation.node, meaning)
            for observation in seen
            if observation.kind == "note"
            and (meaning := self.reading(observation.node, observation.value)) is not None
        ]
        if not said or memory.is_broken:
            return memory
        books = self._opened(memory)
        for node, meaning in said:
            if isinstance(meaning, Copies):
                breach = books.hold(node, meaning, NO_STEP)
            else:
                breach = books.pay(meaning, NO_STEP)
            if breach is not None:
                return Accounts(is_broken=True)
        return self._closed(books)

    def is_broken(self, memory: Value) -> bool:
        """Tell whether the books are wrong."""
        assert isinstance(memory, Accounts), f"{memory!r} is no memory of this observer"
        return memory.is_broken

    def _opened(self, memory: Accounts) -> Books:
        books = Books(self.start)
        for token, owners in memory.chains:
            books.chains[token] = [ChainLink(owner) for owner in owners]
        books.copies = {node: dict(held) for node, held in memory.copies}
        return books

    def _closed(self, books: Books) -> Accounts:
        chains = sorted(
            (token, tuple(link.owner for link in chain))
            for token, chain in books.chains.items()
            if len(chain) > 1
        )
        copies = (
            (node, tuple(sorted(entry for entry in held.items() if entry[1] > 1)))
            for node, held in books.copies.items()
        )
        return Accounts(tuple(chains), tuple(sorted(entry for entry in copies if entry[1])))
