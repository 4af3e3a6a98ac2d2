"""Tokens that clients pay to each other, under omission faults and changes of role.

Servers keep the newest version of every token. A client that pays asks a majority who has the token,
stores the next version at a majority, and is done. A client that wants to see an owner's tokens reads
a majority, and stores what it read until a majority holds exactly that. When a node changes its role,
the directory seals the old servers, merges what a majority of them holds, and installs it at a
majority of the new ones. docs/explanation/token_manager.md says why this is right.

What each role does is in a file of its own, whose `handle` lists all that can happen to it: client,
joining (a client on its way to becoming a server), server, directory. words, messages and states
say what they speak of, say to each other, and remember; rules what the wrong variants change.

    Idle -> Asking -> Paying -> Idle            pay
    Idle -> Collecting -> Imposing -> Idle      get_tokens
    Idle -> Joining -> Serving                  transform, of a client
    Serving -> Sealed -> Serving | Idle         a change of configuration
    Watching -> Sealing -> Installing -> ...    the directory
"""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.impl.token_manager import client, directory, joining, server
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.states import (
    Asking,
    Collecting,
    Idle,
    Imposing,
    Installing,
    Joining,
    Kept,
    Memory,
    Paying,
    Sealed,
    Sealing,
    Serving,
    TokenState,
    Watching,
)
from counterpoint.impl.token_manager.words import Holding, Pays
from counterpoint.model.node import Input, Note, Recover, Start, Step
from counterpoint.model.values import NodeId


@dataclass(frozen=True)
class TokenManager:
    """The system: the deployment says who takes part and by which rules.

    `half_way` are payments, by payer, that a crash interrupted before the run: it begins with their
    payers running again, each about to finish its payment.
    """

    deployment: Deployment
    half_way: tuple[tuple[NodeId, Holding], ...] = ()

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Clients, servers, the directory."""
        return self.deployment.nodes

    def initial(self, node: NodeId) -> TokenState:
        """Return a node of the first configuration."""
        config = self.deployment.first_configuration
        if node == DIRECTORY:
            return Watching(config)
        return Serving(Memory(config)) if node in config.servers else Idle(Memory(config))

    def handle(self, node: NodeId, state: TokenState, given: Input) -> Step[TokenState]:
        """Return what a node does, whatever its role."""
        here = self.deployment
        match given:
            case Start():
                return self._start(node, state)
            case Recover(Kept() as durable):
                return client.resume(durable)
            case Recover(Serving() | Sealed() as durable):
                return server.resume(durable)
            case Recover():
                return Step(state)  # it crashed before it had anything to remember
        match state:
            case Serving() | Sealed():
                return server.handle(here, node, state, given)
            case Idle() | Asking() | Paying() | Collecting() | Imposing():
                return client.handle(here, node, state, given)
            case Joining():
                return joining.handle(here, node, state, given)
            case Watching() | Sealing() | Installing():
                return directory.handle(here, node, state, given)

    def _start(self, node: NodeId, state: TokenState) -> Step[TokenState]:
        payment = dict(self.half_way).get(node)
        if payment is None or not isinstance(state, Idle):
            return Step(state)
        resumed = client.resume(Kept(state.memory, payment))
        return Step(resumed.state, (*resumed.effects, Note(Pays(payment))))
