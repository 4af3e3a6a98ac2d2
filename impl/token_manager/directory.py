"""The token manager's directory: it grants one change of role at a time, and carries it out.

A change seals the old servers, merges the tables of a majority of them, installs the merge at a
majority of the new servers, and is then announced.
"""

from __future__ import annotations

from counterpoint.impl.token_manager import steps
from counterpoint.impl.token_manager.deployment import (
    SERVERS_MAX,
    SERVERS_MIN,
    Deployment,
    merged,
    silent_in,
)
from counterpoint.impl.token_manager.messages import (
    Announce,
    Closed,
    Install,
    Installed,
    Refused,
    Seal,
    Where,
    Wish,
)
from counterpoint.impl.token_manager.states import (
    DirectoryState,
    Installing,
    Sealing,
    TokenState,
    TransformQueue,
    Watching,
)
from counterpoint.impl.token_manager.steps import after, unexpected
from counterpoint.impl.token_manager.words import Configuration, HoldingTable, Rejected, RoleName
from counterpoint.model.node import (
    CancelTimer,
    ChangeRole,
    Effect,
    Input,
    Invoke,
    Receive,
    Return,
    Send,
    SetTimer,
    Step,
    Timeout,
)
from counterpoint.model.quick_init import replace
from counterpoint.model.values import NodeId


def handle(here: Deployment, node: NodeId, state: DirectoryState, given: Input) -> Step[TokenState]:
    """Return what the directory does."""
    match state, given:
        case Watching(config), Receive(source, Wish(role, epoch)) if epoch == config.epoch:
            return decide(state, source, role)
        case Watching(config), Receive(source, Wish(_, epoch) | Where(epoch)) if (
            epoch < config.epoch
        ):
            return inform(state, source)
        case (Sealing() | Installing()) as busy, Receive(source, Wish(role, epoch)) if (
            epoch >= busy.following.epoch - 1
        ):
            return enqueue(busy, source, role)
        case Sealing(following=following), Receive(server, Closed(epoch, table)) if (
            epoch == following.epoch
        ):
            return hear_closed(here, state, (server, table))
        case Installing(following), Receive(server, Installed(epoch)) if epoch == following.epoch:
            return hear_installed(here, state, server)
        case (Sealing() | Installing()) as busy, Timeout(steps.AGAIN):
            return remind(busy)
        case _, Invoke():
            return Step(state, (Return(Rejected(f"{node} is the directory")),))
        case _, ChangeRole():
            return Step(state)  # it has one role
        case _, Receive() | Timeout():
            return Step(state)  # words of an epoch that is over
    raise unexpected(node, state, given)


def decide(state: Watching, node: NodeId, role: RoleName) -> Step[TokenState]:
    """Begin the change that a node wishes, or say which bound forbids it, or that it is made."""
    config = state.config
    if (node in config.servers) == (role == "server"):
        return inform(state, node)
    why = objection(config, node, role)
    if why is not None:
        return Step(state, (Send(node, Refused(config.epoch, why)),))
    following = config.with_change(node)
    sends = tuple(Send(server, Seal(following)) for server in config.servers)
    return Step(Sealing(config, following), (*sends, SetTimer(steps.AGAIN)))


def objection(config: Configuration, node: NodeId, role: RoleName) -> str | None:
    """Return the bound that a change of role would break, None if there is none."""
    count = len(config.servers)
    if role == "client" and count <= SERVERS_MIN:
        return f"{node} stays a server: there are {count}, and at least {SERVERS_MIN} are needed"
    if role == "server" and count >= SERVERS_MAX:
        return f"{node} stays a client: there are {count} servers, and at most {SERVERS_MAX} may be"
    return None


def inform(state: Watching, node: NodeId) -> Step[TokenState]:
    """Tell a node of the present configuration: a server installs it, anyone else takes note."""
    if node in state.config.servers:
        return Step(state, (Send(node, Install(state.config, state.table)),))
    return Step(state, (Send(node, Announce(state.config)),))


def enqueue(state: Sealing | Installing, node: NodeId, role: RoleName) -> Step[TokenState]:
    """Keep a wish until the change under way is made; one per node."""
    others = tuple(entry for entry in state.queue if entry[0] != node)
    return Step(replace(state, queue=(*others, (node, role))))


def hear_closed(
    deployment: Deployment, state: Sealing, answer: tuple[NodeId, HoldingTable]
) -> Step[TokenState]:
    """Count the sealed servers; with a quorum, install the merge of their tables."""
    heard = deployment.counted(state.heard, *answer)
    if not deployment.is_quorum(heard, state.config):
        return Step(replace(state, heard=heard))
    table = merged(heard)
    order = Install(state.following, table)
    sends = tuple(Send(server, order) for server in state.following.servers)
    installing = Installing(state.following, table, queue=state.queue)
    return Step(installing, (*sends, SetTimer(steps.AGAIN)))


def hear_installed(deployment: Deployment, state: Installing, server: NodeId) -> Step[TokenState]:
    """Count the installed servers; with a quorum, the change is made."""
    heard = deployment.counted(state.heard, server, ())
    if not deployment.is_quorum(heard, state.following):
        return Step(replace(state, heard=heard))
    made = go_on(Watching(state.following, state.table), state.queue)
    if isinstance(made.state, Watching):
        return after((CancelTimer(steps.AGAIN), *announce(deployment, made.state)), made)
    return made


def go_on(state: Watching, queue: TransformQueue) -> Step[TokenState]:
    """Decide the wishes that have waited, up to the first that begins another change.

    Then the change just made is not announced: its servers are being sealed, and say so themselves.
    """
    effects: tuple[Effect, ...] = ()
    for position, (node, role) in enumerate(queue):
        decided = decide(state, node, role)
        effects += decided.effects
        if isinstance(decided.state, Sealing):
            return Step(replace(decided.state, queue=queue[position + 1 :]), effects)
    return Step(state, effects)


def announce(deployment: Deployment, state: Watching) -> tuple[Effect, ...]:
    """Tell all who are no servers which configuration a majority serves now."""
    others = (node for node in deployment.owners if node not in state.config.servers)
    return tuple(Send(node, Announce(state.config)) for node in others)


def remind(state: Sealing | Installing) -> Step[TokenState]:
    """Ask those again that have not answered."""
    order: Seal | Install
    if isinstance(state, Sealing):
        order, config = Seal(state.following), state.config
    else:
        order, config = Install(state.following, state.table), state.following
    sends = tuple(Send(server, order) for server in silent_in(state.heard, config))
    return Step(state, (*sends, SetTimer(steps.AGAIN)))
