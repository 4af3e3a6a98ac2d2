"""The token manager's directory: it grants one change of role at a time, and carries it out.

A change seals the old servers, merges the tables of a majority of them, installs the merge at a
majority of the new servers, and is then announced.
"""

from __future__ import annotations

from dataclasses import replace

from counterpoint.impl.token_manager_client import AGAIN
from counterpoint.impl.token_manager_deployment import (
    SERVERS_MAX,
    SERVERS_MIN,
    Deployment,
    merged,
    silent_in,
)
from counterpoint.impl.token_manager_words import (
    Announce,
    Install,
    Installing,
    Refused,
    Seal,
    Sealing,
    State,
    Table,
    Watching,
    Wish,
)
from counterpoint.model.node import CancelTimer, Send, SetTimer, Step
from counterpoint.model.values import NodeId


def grant(state: Watching, node: NodeId, wish: Wish) -> Step[State]:
    """Begin the change that a node wishes, or say which bound forbids it."""
    why = objection(state, node, wish)
    if why is not None:
        return Step(state, (Send(node, Refused(wish.epoch, why)),))
    following = state.config.with_change(node)
    sends = tuple(Send(server, Seal(following)) for server in state.config.servers)
    return Step(Sealing(state.config, following), (*sends, SetTimer(AGAIN)))


def objection(state: Watching, node: NodeId, wish: Wish) -> str | None:
    """Return the bound that a wish would break, None if there is none."""
    count = len(state.config.servers)
    if wish.role == "client" and count <= SERVERS_MIN:
        return f"{node} stays a server: there are {count}, and at least {SERVERS_MIN} are needed"
    if wish.role == "server" and count >= SERVERS_MAX:
        return f"{node} stays a client: there are {count} servers, and at most {SERVERS_MAX} may be"
    return None


def is_fulfilled(state: Watching, node: NodeId, wish: Wish) -> bool:
    """Tell whether a node has the role that it wishes, or wished in an epoch that is over."""
    is_server = node in state.config.servers
    return wish.epoch < state.config.epoch or is_server == (wish.role == "server")


def inform(state: Watching, node: NodeId) -> Step[State]:
    """Tell a node of the present configuration: a server installs it, anyone else takes note."""
    if node in state.config.servers:
        return Step(state, (Send(node, Install(state.config, state.table)),))
    return Step(state, (Send(node, Announce(state.config)),))


def hear_closed(
    deployment: Deployment, state: Sealing, answer: tuple[NodeId, Table]
) -> Step[State]:
    """Count the sealed servers; with a quorum, install the merge of their tables."""
    heard = deployment.counted(state.heard, *answer)
    if not deployment.is_quorum(heard, state.config):
        return Step(replace(state, heard=heard))
    table = merged(heard)
    order = Install(state.following, table)
    sends = tuple(Send(server, order) for server in state.following.servers)
    return Step(Installing(state.following, table), (*sends, SetTimer(AGAIN)))


def hear_installed(deployment: Deployment, state: Installing, server: NodeId) -> Step[State]:
    """Count the installed servers; with a quorum, announce the new configuration."""
    heard = deployment.counted(state.heard, server, ())
    if not deployment.is_quorum(heard, state.following):
        return Step(replace(state, heard=heard))
    others = (node for node in deployment.owners if node not in state.following.servers)
    sends = tuple(Send(node, Announce(state.following)) for node in others)
    return Step(Watching(state.following, state.table), (CancelTimer(AGAIN), *sends))


def remind(state: Sealing | Installing) -> Step[State]:
    """Ask those again that have not answered."""
    order: Seal | Install
    if isinstance(state, Sealing):
        order, config = Seal(state.following), state.config
    else:
        order, config = Install(state.following, state.table), state.following
    sends = tuple(Send(server, order) for server in silent_in(state.heard, config))
    return Step(state, (*sends, SetTimer(AGAIN)))
