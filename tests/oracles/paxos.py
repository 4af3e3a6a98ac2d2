"""A register that is written once: single-decree Paxos (Lamport, "Paxos made simple", 2001).

Every server may lead. A leader hears itself at once; a server that knows the decision only answers
reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from counterpoint.model.node import Input, Receive, Send, Step
from counterpoint.model.scenario import Network, Scenario
from tests.oracles.clients import Client, Get, GetOk, Put, PutOk, client
from tests.oracles.linearizable import linearizability
from tests.oracles.settings import one_of, whole

Ballot: TypeAlias = tuple[int, int]
"""(round, number of the leading server)."""

Proposal: TypeAlias = tuple[int, str, str]
"""(request, requester, value)."""

Accepted: TypeAlias = tuple[Ballot, Proposal]


@dataclass(frozen=True, slots=True)
class Prepare:
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class Prepared:
    ballot: Ballot
    accepted: Accepted | None


@dataclass(frozen=True, slots=True)
class Accept:
    ballot: Ballot
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class AcceptOk:
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class Decided:
    ballot: Ballot
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Server:
    ballot: Ballot = (0, 0)
    proposal: Proposal | None = None
    promises: frozenset[tuple[int, Accepted | None]] = frozenset()
    acceptors: frozenset[int] = frozenset()
    accepted: Accepted | None = None
    is_decided: bool = False


State = Server | Client


@dataclass(frozen=True)
class Paxos:
    servers: int
    clients: int
    put_count: int = 1

    @property
    def nodes(self) -> tuple[str, ...]:
        clients = range(self.servers, self.servers + self.clients)
        return (*(f"s{k}" for k in range(self.servers)), *(f"c{k}" for k in clients))

    @property
    def majority(self) -> int:
        return self.servers // 2 + 1

    def initial(self, node: str) -> State:
        return Server() if node[0] == "s" else Client()

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        number = int(node[1:])
        if isinstance(state, Client):
            step = client(number, state, given, self.servers, self.put_count)
            return Step(step.state, step.effects)
        if not isinstance(given, Receive):
            return Step(state)  # a server starts with nothing to do
        if state.is_decided:
            return self._after_decision(state, given)
        return self._serve(number, state, given.source, given.body)

    def _after_decision(self, state: Server, given: Receive) -> Step[State]:
        if isinstance(given.body, Get) and state.accepted is not None:
            _, (_, _, value) = state.accepted
            return Step(state, (Send(given.source, GetOk(given.body.request, value)),))
        return Step(state)  # whatever else comes is too late to matter

    def _peers(self, number: int, body: object) -> tuple[Send, ...]:
        return tuple(Send(f"s{k}", body) for k in range(self.servers) if k != number)

    def _serve(self, me: int, state: Server, source: str, body: object) -> Step[State]:
        match body:
            case Put(request, value) if state.proposal is None:
                return self._lead(me, state, (request, source, value))
            case Prepare(ballot) if state.ballot < ballot:
                answer = Prepared(ballot, state.accepted)
                return Step(replace(state, ballot=ballot), (Send(source, answer),))
            case Prepared(ballot, accepted) if ballot == state.ballot:
                return self._promised(me, state, (int(source[1:]), accepted))
            case Accept(ballot, proposal) if state.ballot <= ballot:
                taken = replace(state, ballot=ballot, accepted=(ballot, proposal))
                return Step(taken, (Send(source, AcceptOk(ballot)),))
            case AcceptOk(ballot) if ballot == state.ballot:
                return self._agreed(me, state, int(source[1:]))
            case Decided(ballot, proposal):
                known = replace(state, ballot=ballot, accepted=(ballot, proposal), is_decided=True)
                return Step(known)
        return Step(state)

    def _lead(self, me: int, state: Server, proposal: Proposal) -> Step[State]:
        ballot = (state.ballot[0] + 1, me)
        promises = frozenset({(me, state.accepted)})
        leading = replace(state, ballot=ballot, proposal=proposal, promises=promises)
        return Step(replace(leading, acceptors=frozenset()), self._peers(me, Prepare(ballot)))

    def _promised(
        self, me: int, state: Server, promise: tuple[int, Accepted | None]
    ) -> Step[State]:
        others = frozenset(p for p in state.promises if p[0] != promise[0])
        heard = replace(state, promises=others | {promise})
        if len(heard.promises) != self.majority:
            return Step(heard)
        accepted = [p for _, p in heard.promises if p is not None]
        proposal = max(accepted)[1] if accepted else state.proposal
        assert proposal is not None, f"s{me} leads without a proposal"
        proposing = replace(
            heard,
            proposal=proposal,
            accepted=(state.ballot, proposal),
            acceptors=heard.acceptors | {me},
        )
        return Step(proposing, self._peers(me, Accept(state.ballot, proposal)))

    def _agreed(self, me: int, state: Server, acceptor: int) -> Step[State]:
        acceptors = state.acceptors | {acceptor}
        heard = replace(state, acceptors=acceptors)
        if len(acceptors) != self.majority:
            return Step(heard)
        assert state.proposal is not None, f"s{me} decides without a proposal"
        request, requester, _ = state.proposal
        decided = self._peers(me, Decided(state.ballot, state.proposal))
        answer = Send(requester, PutOk(request))
        return Step(replace(heard, is_decided=True), (*decided, answer))


def system(
    servers: str = "3",
    clients: str = "2",
    put_count: str = "1",
    network: Network = "unordered",
    observer: bool = False,
) -> Scenario:
    """Return Paxos with so many servers and clients."""
    protocol = Paxos(
        whole("servers", servers, at_least=1),
        whole("clients", clients, at_least=1),
        whole("put_count", put_count),
    )
    return Scenario(
        name="paxos",
        system=protocol,
        calls={},
        properties=(linearizability(observer=observer),),
        network=one_of("network", network, "unordered", "ordered"),
        min_calls_per_run=0.0,
    )
