"""Multi-decree Paxos: servers agree on a log, entry by entry, and a register is what the log says.

Source: L. Lamport, Paxos Made Simple (2001), 3; S. Haridi, L. Kroll and P. Carbone, Lecture Notes on
Leader-based Sequence Paxos (2020), for votes on whole logs, which only grow within a ballot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "forgets its votes", "proposes its own", "reads its memory", "asks once"]
Ballot = tuple[int, str]
SERVERS, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2")


@cp.value
class Entry:
    client: str
    number: int
    operation: cp.Value


@cp.value
class Answer:
    number: int
    result: cp.Value


@cp.value
class Prepare:
    ballot: Ballot


@cp.value
class Promise:
    ballot: Ballot
    voted: Ballot
    votes: tuple[Entry, ...]


@cp.value
class Accept:
    ballot: Ballot
    log: tuple[Entry, ...]


@cp.value
class Accepted:
    ballot: Ballot
    count: int


@cp.value
class Server:
    promised: Ballot = (0, "")
    voted: Ballot = (0, "")
    votes: tuple[Entry, ...] = ()
    ballot: Ballot | None = None  # its own, from the question on
    promises: tuple[tuple[str, Promise], ...] = ()
    log: tuple[Entry, ...] = ()  # what it wants, and then what it proposes
    heard: tuple[tuple[str, int], ...] = ()  # how much of that each server has accepted
    chosen: tuple[Entry, ...] = ()


@cp.value
class Client:
    number: int = 0
    operation: cp.Value = None  # the one under way
    at: int = 0


def everybody(body: cp.Value) -> list[cp.Send]:
    return [cp.Send(server, body) for server in SERVERS]


def server(variant: Variant, node: str, state: Server, given: cp.Input) -> cp.Step[Server] | None:
    leads = 2 * len(state.promises) > len(SERVERS)
    match given:
        case cp.Receive(_, Entry() as entry) if leads:
            if entry in state.chosen or (variant, entry.operation) == ("reads its memory", "read"):
                return cp.Step(state, answer((*state.chosen, entry), entry))
            return propose(state, state.log if entry in state.log else (*state.log, entry))
        case cp.Receive(_, Entry() as entry):
            ballot = (state.promised[0] + 1, node)
            now = replace(state, promised=ballot, ballot=ballot, promises=(), log=(entry,))
            return kept(variant, now, everybody(Prepare(ballot)))
        case cp.Receive(source, Prepare(ballot)) if ballot >= state.promised:
            promise = Promise(ballot, state.voted, state.votes)
            return kept(variant, following(state, ballot), cp.Send(source, promise))
        case cp.Receive(source, Promise(ballot) as promise) if ballot == state.ballot and not leads:
            promises = {**dict(state.promises), source: promise}
            now = replace(state, promises=tuple(promises.items()))
            if 2 * len(promises) <= len(SERVERS):
                return cp.Step(now)
            newest = max(promises.values(), key=lambda p: (p.voted, len(p.votes))).votes
            old = () if variant == "proposes its own" else newest  # it may have been chosen
            return propose(now, (*old, *(entry for entry in now.log if entry not in old)))
        case cp.Receive(source, Accept(ballot, log)) if ballot >= state.promised:
            now = following(state, ballot)
            if ballot > state.voted or len(log) > len(state.votes):
                now = replace(now, voted=ballot, votes=log)
            return kept(variant, now, cp.Send(source, Accepted(ballot, len(log))))
        case cp.Receive(source, Accepted(ballot, count)) if ballot == state.ballot and leads:
            counts = dict(state.heard)
            counts[source] = max(count, counts.get(source, 0))
            most = sorted([*counts.values(), 0, 0, 0], reverse=True)[len(SERVERS) // 2]
            chosen = max(state.log[:most], state.chosen, key=len)
            now = replace(state, heard=tuple(counts.items()), chosen=chosen)
            return cp.Step(now, [answer(chosen, entry) for entry in chosen[len(state.chosen) :]])
        case cp.Recover(Server() as remembered):
            return cp.Step(remembered)
    return None


def following(state: Server, ballot: Ballot) -> Server:
    if ballot == state.ballot:
        return state
    return Server(ballot, state.voted, state.votes, chosen=state.chosen)


def kept(variant: Variant, state: Server, sent: cp.Send | list[cp.Send]) -> cp.Step[Server]:
    promise = cp.Persist(Server(state.promised, state.voted, state.votes))
    return cp.Step(state, None if variant == "forgets its votes" else promise, sent)


def propose(state: Server, log: tuple[Entry, ...]) -> cp.Step[Server]:
    assert state.ballot is not None
    return cp.Step(replace(state, log=log), everybody(Accept(state.ballot, log)))


def answer(log: tuple[Entry, ...], entry: Entry) -> cp.Send:
    """Answer as of the place of the entry in the log: a read is told the last write before it."""
    writes = [e.operation[1] for e in log[: log.index(entry)] if isinstance(e.operation, tuple)]
    result = ([0, *writes])[-1] if entry.operation == "read" else "ok"
    return cp.Send(entry.client, Answer(entry.number, result))


def client(variant: Variant, node: str, state: Client, given: cp.Input) -> cp.Step[Client] | None:
    again = None if variant == "asks once" else cp.SetTimer("again")
    match given:
        case cp.Invoke(operation):
            state = Client(state.number + 1, operation, state.at)
        case cp.Timeout("again") if state.operation is not None:
            state = replace(state, at=(state.at + 1) % len(SERVERS))
        case cp.Receive(_, Answer(number, result)) if state.operation and number == state.number:
            now = replace(state, operation=None)
            return cp.Step(now, cp.Return(result), cp.CancelTimer("again"))
        case _:
            return None
    entry = Entry(node, state.number, state.operation)
    return cp.Step(state, cp.Send(SERVERS[state.at], entry), again)


def agreement(states: Mapping[str, Any]) -> bool:
    """Of what two servers know to be chosen, one is the beginning of the other."""
    logs = sorted((states[s].chosen for s in SERVERS), key=len)
    return all(longer[: len(log)] == log for log, longer in pairwise(logs))


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Three servers, one of which may crash, and two clients that write and read."""
    roles: dict[str, Any] = {s: (partial(server, variant), Server()) for s in SERVERS}
    roles |= {c: (partial(client, variant), Client(at=at)) for at, c in enumerate(CLIENTS)}
    return cp.Scenario(
        "Paxos",
        cp.system(roles),
        calls={c: [("write", number), "read"] for number, c in enumerate(CLIENTS, start=1)},
        properties=[cp.linearizable(cp.Register(0)), cp.answers()],
        invariants=[cp.always("agreement", agreement)],
        limits=cp.faults(crash=1, drop=1, fire=2),
        tolerates=cp.minority_of(*SERVERS),
    )


test_paxos = cp.verify(scenario())
