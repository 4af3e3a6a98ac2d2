"""Raft, elections and log replication, with clients that ask again; and its wrong variants.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm (ATC 2014), 5.
Section 8 has the entry without content with which a leader begins its term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Union

import counterpoint as cp
from counterpoint.checkers.liveness import check_liveness

State = Union["Server", "Client"]
Effects = tuple[cp.Effect, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    term: int
    client: str
    number: int
    operation: Any


@dataclass(frozen=True, slots=True)
class RequestVote:
    term: int
    last: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Vote:
    term: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Append:
    term: int
    before: int
    before_term: int
    entries: tuple[Entry, ...]
    committed: int


@dataclass(frozen=True, slots=True)
class Appended:
    term: int
    known: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Ask:
    number: int
    operation: cp.Value


@dataclass(frozen=True, slots=True)
class Answer:
    number: int
    value: cp.Value


Message = RequestVote | Vote | Append | Appended


@dataclass(frozen=True, slots=True)
class Kept:
    term: int = 0
    voted: str | None = None
    log: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    kept: Kept = Kept()
    role: str = "follower"
    votes: tuple[str, ...] = ()
    committed: int = 0
    known: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    number: int = 0
    operation: cp.Value = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class Raft:
    """A cluster and its clients. What each variant leaves out:

    `backs_off`         a candidate who hears of a higher term follows, and waits
    `begins_its_term`   a new leader begins with an entry of its own, which commits older ones
    `remembers`         term, vote and log survive a crash
    """

    servers: tuple[str, ...]
    clients: tuple[str, ...]
    backs_off: bool = True
    begins_its_term: bool = True
    remembers: bool = True

    @property
    def nodes(self) -> tuple[str, ...]:
        return (*self.servers, *self.clients)

    def initial(self, node: str) -> Server | Client:
        return Server(known=(0,) * len(self.servers)) if node in self.servers else Client()

    def handle(self, node: str, state: Server | Client, given: cp.Input) -> cp.Step[Any]:
        if isinstance(state, Client):
            return self.client(state, given)
        after, effects = self.server(node, state, given)
        kept = (cp.Persist(after.kept),) if self.remembers and after.kept != state.kept else ()
        return cp.Step(after, (*kept, *effects))

    def client(self, state: Client, given: cp.Input) -> cp.Step[Any]:
        match given:
            case cp.Invoke(operation):
                state = replace(state, number=state.number + 1, operation=operation)
            case cp.Timeout() if state.operation is not None:
                state = replace(state, at=(state.at + 1) % len(self.servers))
            case cp.Receive(_, Answer(number, value)) if (
                number == state.number and state.operation is not None
            ):
                return cp.Step(
                    replace(state, operation=None), (cp.Return(value), cp.CancelTimer("ask"))
                )
            case _:
                return cp.Step(state)
        ask = cp.Send(self.servers[state.at], Ask(state.number, state.operation))
        return cp.Step(state, (ask, cp.SetTimer("ask")))

    def server(self, node: str, state: Server, given: cp.Input) -> tuple[Server, Effects]:
        match given:
            case cp.Start():
                return state, (cp.SetTimer("election"),)
            case cp.Recover(kept):
                return replace(state, kept=kept if isinstance(kept, Kept) else Kept()), (
                    cp.SetTimer("election"),
                )
            case cp.Timeout("election") if state.role != "leader":
                return self.stand(node, state, state.kept.term + 1)
            case cp.Timeout("beat") if state.role == "leader":
                return state, (*self.appends(node, state), cp.SetTimer("beat"))
            case cp.Receive(client, Ask(number, operation)) if state.role == "leader":
                return self.ask(node, state, Entry(state.kept.term, client, number, operation))
            case cp.Receive(sender, RequestVote() | Vote() | Append() | Appended() as message):
                effects: Effects = ()
                if message.term > state.kept.term:
                    if (
                        not self.backs_off
                        and state.role == "candidate"
                        and isinstance(message, RequestVote)
                    ):
                        return self.stand(node, state, message.term + 1)
                    back = (
                        (cp.CancelTimer("beat"), cp.SetTimer("election"))
                        if state.role == "leader"
                        else ()
                    )
                    state = replace(
                        state,
                        kept=Kept(message.term, None, state.kept.log),
                        role="follower",
                        votes=(),
                    )
                    effects = back
                after, more = self.message(node, state, sender, message)
                return after, (*effects, *more)
        return state, ()

    def message(
        self, node: str, state: Server, sender: str, message: Message
    ) -> tuple[Server, Effects]:
        kept = state.kept
        match message:
            case RequestVote(term, last):
                grants = (
                    term == kept.term and kept.voted in (None, sender) and last >= last_of(kept.log)
                )
                if grants:
                    state = replace(state, kept=replace(kept, voted=sender))
                armed = (cp.SetTimer("election"),) if grants else ()
                return state, (cp.Send(sender, Vote(kept.term, grants)), *armed)
            case Vote(term, True) if term == kept.term and state.role == "candidate":
                votes = tuple(sorted({*state.votes, sender}))
                return self.elected(node, replace(state, votes=votes))
            case Append(term) if term < kept.term:
                return state, (cp.Send(sender, Appended(kept.term, 0, False)),)
            case Append(term, before, before_term, entries, committed):
                state = replace(state, role="follower", votes=())
                again = cp.SetTimer("election")
                log = kept.log
                if before > len(log) or (before and log[before - 1].term != before_term):
                    return state, (
                        cp.Send(sender, Appended(term, min(before - 1, len(log)), False)),
                        again,
                    )
                known = before + len(entries)
                if log[before:known] != entries:
                    log = log[:before] + entries
                state = replace(
                    state,
                    kept=replace(kept, log=log),
                    committed=max(state.committed, min(committed, known)),
                )
                return state, (cp.Send(sender, Appended(term, known, True)), again)
            case Appended(term, known, fits) if term == kept.term and state.role == "leader":
                at = self.servers.index(sender)
                now = max(state.known[at], known) if fits else min(state.known[at], known)
                state = replace(state, known=(*state.known[:at], now, *state.known[at + 1 :]))
                if not fits:
                    return state, (self.append(state, sender),)
                return self.commit(state)
        return state, ()

    def stand(self, node: str, state: Server, term: int) -> tuple[Server, Effects]:
        state = replace(
            state, kept=Kept(term, node, state.kept.log), role="candidate", votes=(node,)
        )
        ask = RequestVote(term, last_of(state.kept.log))
        sent = tuple(cp.Send(other, ask) for other in self.servers if other != node)
        state, more = self.elected(node, state)
        return state, (*sent, cp.SetTimer("election"), *more)

    def elected(self, node: str, state: Server) -> tuple[Server, Effects]:
        if 2 * len(state.votes) <= len(self.servers):
            return state, ()
        known = (len(state.kept.log),) * len(self.servers)
        kept = state.kept
        if self.begins_its_term:
            kept = replace(kept, log=(*kept.log, Entry(kept.term, node, 0, ("nothing",))))
        state = replace(state, role="leader", votes=(), known=known, kept=kept)
        return state, (*self.appends(node, state), cp.CancelTimer("election"), cp.SetTimer("beat"))

    def ask(self, node: str, state: Server, entry: Entry) -> tuple[Server, Effects]:
        for at, old in enumerate(state.kept.log):
            if (old.client, old.number) == (entry.client, entry.number):
                done = at < state.committed
                return state, (self.answer(state.kept.log, at),) if done else ()
        state = replace(state, kept=replace(state.kept, log=(*state.kept.log, entry)))
        return state, self.appends(node, state)

    def appends(self, node: str, state: Server) -> Effects:
        return tuple(self.append(state, other) for other in self.servers if other != node)

    def append(self, state: Server, other: str) -> cp.Send:
        log, before = state.kept.log, state.known[self.servers.index(other)]
        term = log[before - 1].term if before else 0
        return cp.Send(other, Append(state.kept.term, before, term, log[before:], state.committed))

    def commit(self, state: Server) -> tuple[Server, Effects]:
        log, was = state.kept.log, state.committed
        for last in range(len(log), was, -1):
            count = 1 + sum(known >= last for known in state.known)
            if 2 * count > len(self.servers) and log[last - 1].term == state.kept.term:
                answers = tuple(self.answer(log, at) for at in range(was, last) if log[at].number)
                return replace(state, committed=last), answers
        return state, ()

    def answer(self, log: tuple[Entry, ...], at: int) -> cp.Send:
        entry = log[at]
        value: cp.Value = "ok"
        if entry.operation[0] == "read":
            writes = [e.operation[1] for e in log[:at] if e.operation[0] == "write"]
            value = writes[-1] if writes else 0
        return cp.Send(entry.client, Answer(entry.number, value))


def last_of(log: tuple[Entry, ...]) -> tuple[int, int]:
    return (log[-1].term, len(log)) if log else (0, 0)


def two_leaders(states: Mapping[str, Server | Client]) -> str | None:
    leaders: dict[int, str] = {}
    for name, s in states.items():
        if (
            isinstance(s, Server)
            and s.role == "leader"
            and leaders.setdefault(s.kept.term, name) != name
        ):
            return f"{leaders[s.kept.term]} and {name} both lead term {s.kept.term}"
    return None


def disagree(states: Mapping[str, Server | Client]) -> str | None:
    servers = [(n, s) for n, s in states.items() if isinstance(s, Server)]
    for a, one in servers:
        for b, other in servers:
            short = min(one.committed, other.committed)
            if one.kept.log[:short] != other.kept.log[:short]:
                return f"{a} and {b} committed different entries"
    return None


def raft(
    *, backs_off: bool = True, begins_its_term: bool = True, remembers: bool = True
) -> cp.Scenario:
    """Three servers, one of which may crash, and two clients that write and read."""
    servers, clients = ("s1", "s2", "s3"), ("c1", "c2")
    return cp.Scenario(
        name="raft",
        system=Raft(servers, clients, backs_off, begins_its_term, remembers),
        calls={client: (("write", client), ("read",)) for client in clients},
        properties=(cp.Property("liveness", check_liveness, reads="end"),),
        invariants=(
            cp.Invariant("one leader a term", two_leaders),
            cp.Invariant("agreement", disagree),
        ),
        limits=cp.budgets(fire=3, crash=1, drop=1),
        tolerates=cp.minority_of(*servers),
    )
