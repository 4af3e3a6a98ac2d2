"""A register on one server for each client to choose from: linearizable with one server alone."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.model.node import Input, Receive, Send, Step
from counterpoint.model.scenario import Network, Scenario
from tests.oracles.clients import Client, Get, GetOk, Put, PutOk, client
from tests.oracles.linearizable import linearizability
from tests.oracles.settings import one_of, whole


@dataclass(frozen=True, slots=True)
class Server:
    value: str = "\0"


State = Server | Client


@dataclass(frozen=True)
class SingleCopy:
    servers: int
    clients: int
    put_count: int = 1

    @property
    def nodes(self) -> tuple[str, ...]:
        clients = range(self.servers, self.servers + self.clients)
        return (*(f"s{k}" for k in range(self.servers)), *(f"c{k}" for k in clients))

    def initial(self, node: str) -> State:
        return Server() if node[0] == "s" else Client()

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        if isinstance(state, Client):
            step = client(int(node[1:]), state, given, self.servers, self.put_count)
            return Step(step.state, step.effects)
        match given:
            case Receive(source, Put(request, value)):
                return Step(Server(value), (Send(source, PutOk(request)),))
            case Receive(source, Get(request)):
                return Step(state, (Send(source, GetOk(request, state.value)),))
            case _:  # a server starts with nothing to do
                return Step(state)


def system(
    servers: str = "1",
    clients: str = "2",
    put_count: str = "1",
    network: Network = "unordered",
    observer: bool = False,
) -> Scenario:
    """Return the unreplicated register with so many servers and clients."""
    protocol = SingleCopy(
        whole("servers", servers, at_least=1),
        whole("clients", clients, at_least=1),
        whole("put_count", put_count),
    )
    return Scenario(
        name="single-copy",
        system=protocol,
        calls={},
        properties=(linearizability(observer=observer),),
        network=one_of("network", network, "unordered", "ordered"),
        min_calls_per_run=0.0,
    )
