"""Tokens that clients pay to each other, under omission faults and changes of role.

Servers keep the newest version of every token. A client that pays asks a majority who has the token,
stores the next version at a majority, and is done. A client that wants to see an owner's tokens reads
a majority, and stores what it read until a majority holds exactly that. When a node changes its role,
the directory seals the old servers, merges what a majority of them holds, and installs it at a
majority of the new ones. docs/explanation/token_manager.md says why this is right.

    Idle -> Asking -> Paying -> Idle            pay
    Idle -> Collecting -> Imposing -> Idle      get_tokens
    Idle -> Joining -> Serving                  transform, of a client
    Serving -> Sealed -> Serving | Idle         a change of configuration
    Watching -> Sealing -> Installing -> ...    the directory
"""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.impl import token_manager_client as client
from counterpoint.impl import token_manager_directory as directory
from counterpoint.impl import token_manager_server as server
from counterpoint.impl.token_manager_deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager_messages import (
    Announce,
    Ask,
    Closed,
    Holds,
    Impose,
    Install,
    Installed,
    Refused,
    Seal,
    Stale,
    Store,
    Stored,
    Told,
    Where,
    Wish,
)
from counterpoint.impl.token_manager_states import (
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
    State,
    Watching,
    is_news,
    is_over,
    is_to_come,
    newest_known,
)
from counterpoint.impl.token_manager_words import (
    GetTokens,
    Holding,
    Pay,
    Pays,
    Rejected,
    TokenStatus,
    Transform,
)
from counterpoint.model.node import (
    Begin,
    ChangeRole,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    Start,
    Step,
    Timeout,
)
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

    def initial(self, node: NodeId) -> State:
        """Return a node of the first configuration."""
        config = self.deployment.first_configuration
        if node == DIRECTORY:
            return Watching(config)
        return Serving(Memory(config)) if node in config.servers else Idle(Memory(config))

    def handle(self, node: NodeId, state: State, given: Input) -> Step[State]:
        """Return what a node does, whatever its role."""
        here, rules = self.deployment, self.deployment.rules
        match state, given:
            # -- every node
            case Idle(memory), Start() if node in dict(self.half_way):
                payment = dict(self.half_way)[node]
                resumed = client.resume(Kept(memory, payment))
                return Step(resumed.state, (*resumed.effects, Note(Pays(payment))))
            case _, Start():
                return Step(state)
            case _, Recover(Kept() as durable):
                return client.resume(durable)
            case _, Recover(Serving() | Sealed() as durable):
                return server.resume(durable)
            case _, Recover():
                return Step(state)  # it crashed before it had anything to remember

            # -- the user of a client
            case Idle(), Invoke(call) if (why := here.objection(call)) is not None:
                return Step(state, (Return(Rejected(why)),))
            case Idle(memory), Invoke(Pay() as call):
                return client.enter(Asking(memory, call))
            case Idle(memory), Invoke(GetTokens() as call):
                return client.enter(Collecting(memory, call))
            case Idle(memory), Invoke(Transform()):
                return client.wish_to_join(memory)
            case Idle(), Invoke():
                return Step(state, (Return(Rejected(f"{node} is a client")),))

            # -- the user of a server, or of the directory
            case Serving() | Sealed(), Invoke(TokenStatus()):
                return Step(state, (Return(here.whole(state.table)),))
            case Serving() | Sealed(), Invoke(Transform()):
                return server.wish_to_leave(state)
            case Serving() | Sealed(), Invoke():
                return Step(state, (Return(Rejected(f"{node} is a server")),))
            case Watching() | Sealing() | Installing(), Invoke():
                return Step(state, (Return(Rejected(f"{node} is the directory")),))

            # -- the operator
            case Idle(memory), ChangeRole():
                return client.after((Begin(Transform()),), client.wish_to_join(memory))
            case Asking() | Paying() | Collecting() | Imposing(), ChangeRole():
                return client.wish_later(state)
            case Serving() | Sealed(), ChangeRole() if not state.memory.wishes:
                return client.after((Begin(Transform()),), server.wish_to_leave(state))
            case _, ChangeRole():
                return Step(state)  # it is changing already, or is the directory

            # -- a client hears servers
            case Asking(memory), Receive(source, Told(n, table)) if n == memory.request:
                return client.hear_owner(here, node, state, (source, table))
            case Paying(memory), Receive(source, Stored(n)) if n == memory.request:
                return client.hear_stored(here, state, source)
            case Collecting(memory), Receive(source, Told(n, table)) if n == memory.request:
                return client.hear_table(here, state, (source, table))
            case Imposing(memory), Receive(source, Holds(n, table)) if n == memory.request:
                return client.hear_holds(here, state, (source, table))

            # -- a client hears of configurations
            case (
                Idle() | Asking() | Paying() | Collecting() | Imposing() | Joining(),
                Receive(_, Stale(config) | Announce(config)),
            ) if is_news(node, state.memory, config):
                return client.go_on_in(state, config)
            case (
                Asking() | Paying() | Collecting() | Imposing(),
                Receive(_, Announce(config)),
            ) if config == state.memory.config:
                return client.remind(state)  # its phase began before a majority served the epoch
            case Joining(memory), Receive(_, Refused(epoch, why)) if epoch == memory.config.epoch:
                return client.stay(state, why)

            # -- a client's patience
            case Paying(), Timeout(client.AGAIN) if not rules.finishes_payments:
                return client.give_up(state)
            case Asking() | Paying() | Collecting() | Imposing(), Timeout(client.AGAIN):
                return client.remind(state)
            case Joining(memory), Timeout(client.AGAIN):
                return client.wish_to_join(memory)

            # -- clients call in an epoch that is over, or still to come
            case (
                Idle()
                | Asking()
                | Paying()
                | Collecting()
                | Imposing()
                | Joining()
                | Serving()
                | Sealed(),
                Receive(source, Ask(_, config) | Store(_, config) | Impose(_, config)),
            ) if is_over(state, config) and not (isinstance(state, Serving) and not rules.seals):
                return Step(state, (Send(source, Stale(newest_known(state))),))
            case Joining(), Receive(_, Ask(_, config) | Store(_, config) | Impose(_, config)) if (
                is_to_come(state, config) and not rules.installs_first
            ):
                early = server.join_early(state, config)
                return client.after(early.effects, self.handle(node, early.state, given))
            case (
                Serving() | Sealed(),
                Receive(_, Ask(_, config) | Store(_, config) | Impose(_, config)),
            ) if is_to_come(state, config):
                return server.ask_directory(state)

            # -- clients call a server of their epoch
            case Serving(), Receive(source, Ask() as order):
                return server.tell(here, state, source, order)
            case Serving(), Receive(source, Store() as order):
                return server.store(here, state, source, order)
            case Serving(), Receive(source, Impose() as order):
                return server.impose(here, state, source, order)

            # -- a server changes epochs, or its role
            case Serving() | Sealed(), Receive(_, Seal(following)) if is_to_come(state, following):
                return server.seal(here, node, state, following)
            case Joining(), Receive(_, Seal(following)) if is_to_come(state, following):
                return server.seal_unborn(here, node, state, following)
            case Joining(), Receive(_, Install(config) as order) if is_to_come(state, config):
                return server.join(here, state, order)
            case Serving() | Sealed(), Receive(_, Install(config) as order) if is_to_come(
                state, config
            ):
                return server.install(here, state, order)
            case Serving(memory), Receive(_, Install(config) as order) if config == memory.config:
                return Step(state, server.confirm(order))
            case Serving() | Sealed(), Receive(_, Announce(config)) if is_news(
                node, state.memory, config
            ):
                return server.leave(state, config)
            case Serving() | Sealed(), Receive(_, Refused(epoch, why)) if (
                state.memory.wishes and epoch == state.memory.config.epoch
            ):
                return server.stay(state, why)
            case Serving() | Sealed(), Timeout(client.AGAIN):
                return server.wish_to_leave(state)
            case Serving(), Timeout(server.DISK):
                return Step(state, (Persist(state),))

            # -- the directory
            case Watching(config), Receive(source, Wish(role, epoch)) if epoch == config.epoch:
                return directory.decide(state, source, role)
            case Watching(config), Receive(source, Wish(_, epoch) | Where(epoch)) if (
                epoch < config.epoch
            ):
                return directory.inform(state, source)
            case Sealing() | Installing(), Receive(source, Wish(role, epoch)) if (
                epoch >= state.following.epoch - 1
            ):
                return directory.enqueue(state, source, role)
            case Sealing(following=following), Receive(source, Closed(epoch, table)) if (
                epoch == following.epoch
            ):
                return directory.hear_closed(here, state, (source, table))
            case Installing(following), Receive(source, Installed(epoch)) if (
                epoch == following.epoch
            ):
                return directory.hear_installed(here, state, source)
            case Sealing() | Installing(), Timeout(client.AGAIN):
                return directory.remind(state)

            case _, Receive() | Timeout():
                return Step(state)  # words of a request, of an epoch, or of a role that is over
        raise TypeError(f"{node} in {state!r} was given {given!r}")
