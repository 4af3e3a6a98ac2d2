"""Raft: elections, log replication, and clients that ask again.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm (ATC 2014), 5;
section 8 has the entry without content with which a leader begins its term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "never backs off", "does not begin its term", "forgets its vote"]
RESIGNS = (cp.CancelTimer("beat"), cp.SetTimer("election"))
SERVERS, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2")


@cp.value
class Entry:
    client: str
    number: int
    operation: cp.Value
    term: int = 0  # set by the leader


@cp.value
class Answer:
    number: int
    result: cp.Value


@cp.value
class RequestVote:
    term: int
    last: tuple[int, int]


@cp.value
class Vote:
    term: int
    granted: bool


@cp.value
class Append:
    term: int
    before: tuple[int, int]  # the term of the entry before these, and how many there are to it
    entries: tuple[Entry, ...]
    committed: int


@cp.value
class Appended:
    term: int
    known: int
    fits: bool


@cp.value
class Server:
    term: int = 0
    voted: str | None = None
    log: tuple[Entry, ...] = ()
    role: str = "follower"
    votes: tuple[str, ...] = ()
    committed: int = 0
    known: tuple[int, ...] = (0, 0, 0)

    @property
    def kept(self) -> Server:
        return Server(self.term, self.voted, self.log)


@cp.value
class Client:
    number: int = 0
    operation: cp.Value = None  # the one under way
    at: int = 0


def server(variant: Variant, node: str, state: Server, given: cp.Input) -> cp.Step[Server] | None:
    done = acts(variant, node, state, given)
    if done is None or done.state.kept == state.kept or variant == "forgets its vote":
        return done
    return cp.Step(done.state, cp.Persist(done.state.kept), done.effects)


def acts(variant: Variant, node: str, state: Server, given: cp.Input) -> cp.Step[Server] | None:
    duels = variant == "never backs off" and state.role == "candidate"
    match given:
        case cp.Start():
            return cp.Step(state, cp.SetTimer("election"))
        case cp.Recover(kept):
            return cp.Step(kept if isinstance(kept, Server) else state, cp.SetTimer("election"))
        case cp.Timeout("election") if state.role != "leader":
            return stand(node, state, state.term + 1)
        case cp.Timeout("beat") if state.role == "leader":
            return cp.Step(state, appends(node, state), cp.SetTimer("beat"))
        case cp.Receive(_, Entry() as entry) if state.role == "leader":
            return ask(node, state, replace(entry, term=state.term))
        case cp.Receive(_, RequestVote(term)) if term > state.term and duels:
            return stand(node, state, term + 1)
        case cp.Receive(source, RequestVote() | Vote() | Append() | Appended() as message):
            if message.term <= state.term:
                return hear(variant, node, state, source, message)
            resigns = RESIGNS if state.role == "leader" else ()
            state = replace(state, term=message.term, voted=None, role="follower", votes=())
            done = hear(variant, node, state, source, message)
            return cp.Step(done.state, resigns, done.effects)
    return None


def hear(variant: Variant, node: str, state: Server, source: str, message: Any) -> cp.Step[Server]:
    match message:
        case RequestVote(term, last):
            grants = term == state.term and state.voted in (None, source) and last >= end(state.log)
            vote = cp.Send(source, Vote(state.term, grants))
            if not grants:
                return cp.Step(state, vote)
            return cp.Step(replace(state, voted=source), vote, cp.SetTimer("election"))
        case Vote(term, True) if term == state.term and state.role == "candidate":
            state = replace(state, votes=tuple(sorted({*state.votes, source})))
            wins = 2 * len(state.votes) > len(SERVERS)
            return lead(variant, node, state) if wins else cp.Step(state)
        case Append(term) if term < state.term:
            return cp.Step(state, cp.Send(source, Appended(state.term, 0, False)))
        case Append(term, (_, count) as before, entries, committed):
            state, again = replace(state, role="follower", votes=()), cp.SetTimer("election")
            if end(state.log[:count]) != before:
                known = min(count - 1, len(state.log))
                return cp.Step(state, cp.Send(source, Appended(term, known, False)), again)
            known = count + len(entries)
            if state.log[count:known] != entries:
                state = replace(state, log=state.log[:count] + entries)
            state = replace(state, committed=max(state.committed, min(committed, known)))
            return cp.Step(state, cp.Send(source, Appended(term, known, True)), again)
        case Appended(term, known, fits) if term == state.term and state.role == "leader":
            at = SERVERS.index(source)
            now = max(state.known[at], known) if fits else min(state.known[at], known)
            state = replace(state, known=(*state.known[:at], now, *state.known[at + 1 :]))
            return commit(state) if fits else cp.Step(state, append(state, source))
    return cp.Step(state)


def stand(node: str, state: Server, term: int) -> cp.Step[Server]:
    asked = RequestVote(term, end(state.log))
    state = replace(state, term=term, voted=node, role="candidate", votes=(node,))
    requests = [cp.Send(other, asked) for other in SERVERS if other != node]
    return cp.Step(state, requests, cp.SetTimer("election"))


def lead(variant: Variant, node: str, state: Server) -> cp.Step[Server]:
    known, first = (len(state.log),) * len(SERVERS), Entry(node, 0, "nothing", state.term)
    log = state.log if variant == "does not begin its term" else (*state.log, first)
    state = replace(state, role="leader", votes=(), known=known, log=log)
    return cp.Step(state, appends(node, state), cp.CancelTimer("election"), cp.SetTimer("beat"))


def ask(node: str, state: Server, entry: Entry) -> cp.Step[Server]:
    for at, old in enumerate(state.log):
        if (old.client, old.number) == (entry.client, entry.number):
            return cp.Step(state, [answer(state.log, at)] if at < state.committed else [])
    state = replace(state, log=(*state.log, entry))
    return cp.Step(state, appends(node, state))


def appends(node: str, state: Server) -> list[cp.Send]:
    return [append(state, other) for other in SERVERS if other != node]


def append(state: Server, other: str) -> cp.Send:
    count = state.known[SERVERS.index(other)]
    before = end(state.log[:count])
    return cp.Send(other, Append(state.term, before, state.log[count:], state.committed))


def commit(state: Server) -> cp.Step[Server]:
    """Commit what a majority has, up to an entry of this term (5.4.2)."""
    for last in range(len(state.log), state.committed, -1):
        count = 1 + sum(known >= last for known in state.known)
        if 2 * count > len(SERVERS) and state.log[last - 1].term == state.term:
            done = [at for at in range(state.committed, last) if state.log[at].number]
            return cp.Step(replace(state, committed=last), [answer(state.log, at) for at in done])
    return cp.Step(state)


def answer(log: tuple[Entry, ...], at: int) -> cp.Send:
    writes = [entry.operation[1] for entry in log[:at] if isinstance(entry.operation, tuple)]
    result = ([0, *writes])[-1] if log[at].operation == "read" else "ok"
    return cp.Send(log[at].client, Answer(log[at].number, result))


def end(log: tuple[Entry, ...]) -> tuple[int, int]:
    return (log[-1].term, len(log)) if log else (0, 0)


def client(node: str, state: Client, given: cp.Input) -> cp.Step[Client] | None:
    match given:
        case cp.Invoke(operation):
            state = replace(state, number=state.number + 1, operation=operation)
        case cp.Timeout() if state.operation is not None:
            state = replace(state, at=(state.at + 1) % len(SERVERS))
        case cp.Receive(_, Answer(number, result)) if state.operation and number == state.number:
            now = replace(state, operation=None)
            return cp.Step(now, cp.Return(result), cp.CancelTimer("ask"))
        case _:
            return None
    entry = Entry(node, state.number, state.operation)
    return cp.Step(state, cp.Send(SERVERS[state.at], entry), cp.SetTimer("ask"))


def one_leader(states: Mapping[str, Any]) -> bool:
    terms = [states[s].term for s in SERVERS if states[s].role == "leader"]
    return len(terms) == len(set(terms))


def agreement(states: Mapping[str, Any]) -> bool:
    """Of what two servers know to be committed, one is the beginning of the other."""
    logs = sorted((states[s].log[: states[s].committed] for s in SERVERS), key=len)
    return all(longer[: len(log)] == log for log, longer in pairwise(logs))


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Three servers, one of which may crash, and two clients that write and read."""
    roles: dict[str, Any] = {s: (partial(server, variant), Server()) for s in SERVERS}
    return cp.Scenario(
        "Raft",
        cp.system(roles | {c: (client, Client()) for c in CLIENTS}),
        calls={c: [("write", at), "read"] for at, c in enumerate(CLIENTS, start=1)},
        properties=[cp.linearizable(cp.Register(0)), cp.answers()],
        invariants=[cp.always("one leader a term", one_leader), cp.always("agreement", agreement)],
        limits=cp.faults(fire=3, crash=1, drop=1),
        tolerates=cp.minority_of(*SERVERS),
    )


test_raft = cp.verify(scenario())
