"""The token manager's servers: they keep the newest holding of each token, one epoch at a time."""

from __future__ import annotations

from dataclasses import replace

from counterpoint.impl.token_manager_client import AGAIN, after
from counterpoint.impl.token_manager_deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager_messages import (
    Ask,
    Closed,
    Holds,
    Impose,
    Install,
    Installed,
    Store,
    Stored,
    Told,
    Where,
    Wish,
)
from counterpoint.impl.token_manager_states import (
    Idle,
    Joining,
    Kept,
    Memory,
    Sealed,
    ServerState,
    Serving,
    State,
)
from counterpoint.impl.token_manager_words import (
    OK,
    Begins,
    Configuration,
    Keeps,
    Rejected,
    Reloads,
    Table,
    Transform,
    newest_of,
    replaced,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Note,
    Persist,
    Return,
    Send,
    SetTimer,
    Step,
)
from counterpoint.model.values import NodeId

DISK = "disk"
"""The timer of a server that writes to durable storage at leisure."""


# ---- calls of clients ----------------------------------------------------------------------------


def tell(deployment: Deployment, state: Serving, client: NodeId, ask: Ask) -> Step[State]:
    """Answer with the holding asked for, or with the whole table."""
    holdings = state.table
    if ask.token is not None:
        holdings = (deployment.holding_in(state.table, ask.token),)
    return Step(state, (Send(client, Told(ask.request, holdings)),))


def store(deployment: Deployment, state: Serving, client: NodeId, order: Store) -> Step[State]:
    """Keep a payment if it is newer, and confirm in either case."""
    kept = take(deployment, state, (order.payment,))
    return Step(kept.state, (*kept.effects, Send(client, Stored(order.request))))


def impose(deployment: Deployment, state: Serving, client: NodeId, order: Impose) -> Step[State]:
    """Keep what is newer of a view, and answer with the whole table."""
    kept = take(deployment, state, order.view)
    return Step(kept.state, (*kept.effects, Send(client, Holds(order.request, kept.state.table))))


def take(deployment: Deployment, state: Serving, holdings: Table) -> Step[Serving]:
    """Keep the newer of these holdings, durably, before anyone is told."""
    merge = newest_of if deployment.rules.keeps_newer else replaced
    table = merge(state.table, holdings)
    if table == state.table:
        return Step(state)
    kept = replace(state, table=table)
    note = Note(Keeps(changes(state.table, table)))
    if deployment.rules.stores_first:
        return Step(kept, (Persist(kept), note))
    return Step(kept, (note, SetTimer(DISK)))


def changes(before: Table, after: Table) -> Table:
    """Return the holdings that are new in a table."""
    return tuple(holding for holding in after if holding not in before)


def ask_directory(state: ServerState) -> Step[State]:
    """A client knows an epoch that was not installed here: ask for it, and serve nothing yet."""
    return Step(state, (Send(DIRECTORY, Where(state.memory.config.epoch)),))


def join_early(state: Joining, config: Configuration) -> Step[State]:
    """Serve an epoch that was not installed here. Wrong: the table lacks what came before."""
    newborn = Serving(replace(state.memory, config=config, wishes=False))
    begins = (Note(Begins(())), CancelTimer(AGAIN), Return(OK))
    return Step(newborn, (Persist(newborn), *begins))


# ---- changes of configuration --------------------------------------------------------------------


def seal(
    deployment: Deployment, node: NodeId, state: ServerState, following: Configuration
) -> Step[State]:
    """Serve no epoch before this one any more, and hand over the table."""
    rules, closed = deployment.rules, Send(DIRECTORY, Closed(following.epoch, state.table))
    if not rules.seals:
        return Step(state, (closed,))
    sealed: ServerState = Sealed(state.memory, following, state.table)
    if node in following.servers and not rules.installs_first:
        sealed = Serving(replace(state.memory, config=following), state.table)
    return Step(sealed, (Persist(sealed), closed))


def seal_unborn(
    deployment: Deployment, node: NodeId, state: Joining, following: Configuration
) -> Step[State]:
    """Become a server whose first epoch ended before it was installed; it has nothing to hand over.

    Counting it among the sealed is safe: it can have confirmed nothing in the epoch that ends.
    """
    memory = replace(state.memory, wishes=False)
    born = seal(deployment, node, Serving(memory), following)
    return after((CancelTimer(AGAIN), Return(OK), Note(Begins(()))), born)


def install(deployment: Deployment, state: ServerState, order: Install) -> Step[State]:
    """Serve a new epoch with the newer holdings of its first table and of the own one."""
    table = newest_of(state.table, transferred(deployment, order))
    memory = replace(state.memory, config=order.config)
    serving = Serving(memory, table)
    new = changes(state.table, table)
    note = (Note(Keeps(new)),) if new else ()
    again = wish_again(memory) if memory.wishes else ()
    return Step(serving, (Persist(serving), *note, *confirm(order), *again))


def join(deployment: Deployment, state: Joining, order: Install) -> Step[State]:
    """Become a server, with the first table of the epoch."""
    memory = replace(state.memory, config=order.config, wishes=False)
    serving = Serving(memory, transferred(deployment, order))
    note = Note(Begins(serving.table))
    return Step(serving, (Persist(serving), note, CancelTimer(AGAIN), Return(OK), *confirm(order)))


def transferred(deployment: Deployment, order: Install) -> Table:
    """Return the table that a new epoch starts from."""
    return order.table if deployment.rules.transfers else ()


def confirm(order: Install) -> tuple[Effect, ...]:
    """Return the message that tells the directory of an installation, first or repeated."""
    return (Send(DIRECTORY, Installed(order.config.epoch)),)


# ---- changes of role -----------------------------------------------------------------------------


def wish_to_leave(state: ServerState) -> Step[State]:
    """Ask the directory to make this server a client; until then it serves as before."""
    leaving = replace(state, memory=replace(state.memory, wishes=True))
    return Step(leaving, (Persist(leaving), *wish_again(leaving.memory), SetTimer(AGAIN)))


def wish_again(memory: Memory) -> tuple[Effect, ...]:
    """Return the message to the directory; it counts in the present epoch alone."""
    return (Send(DIRECTORY, Wish("client", memory.config.epoch)),)


def leave(state: ServerState, config: Configuration) -> Step[State]:
    """Become a client of a configuration without this server."""
    memory = Memory(config, state.memory.request)
    answer = (Return(OK),) if state.memory.wishes else ()
    return Step(Idle(memory), (Persist(Kept(memory)), CancelTimer(AGAIN), *answer))


def stay(state: ServerState, why: str) -> Step[State]:
    """Remain a server, as the directory decided."""
    staying = replace(state, memory=replace(state.memory, wishes=False))
    return Step(staying, (Persist(staying), CancelTimer(AGAIN), Return(Rejected(why))))


def resume(durable: ServerState) -> Step[State]:
    """Run again after a crash with the durable table, and repeat a wish that was not fulfilled."""
    note = (Note(Reloads(durable.table)),)
    if not durable.memory.wishes:
        return Step(durable, note)
    return Step(durable, (*note, Begin(Transform()), *wish_again(durable.memory), SetTimer(AGAIN)))
