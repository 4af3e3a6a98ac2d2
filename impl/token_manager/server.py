"""The token manager's servers: they keep the newest holding of each token, one epoch at a time."""

from __future__ import annotations

from counterpoint.impl.token_manager import steps
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.messages import (
    Announce,
    Ask,
    Closed,
    Holds,
    Impose,
    Install,
    Installed,
    Refused,
    Seal,
    Store,
    Stored,
    Told,
    Where,
    Wish,
)
from counterpoint.impl.token_manager.states import (
    Idle,
    Kept,
    Memory,
    Sealed,
    ServerState,
    Serving,
    TokenState,
    is_news,
    is_over,
    is_to_come,
)
from counterpoint.impl.token_manager.steps import after, send_on, unexpected
from counterpoint.impl.token_manager.words import (
    OK,
    Configuration,
    HoldingTable,
    Keeps,
    Rejected,
    Reloads,
    TokenStatus,
    Transform,
    newest_of,
    replaced,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    ChangeRole,
    Effect,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Return,
    Send,
    SetTimer,
    Step,
    Timeout,
)
from counterpoint.model.quick_init import replace
from counterpoint.model.values import NodeId


def handle(here: Deployment, node: NodeId, state: ServerState, given: Input) -> Step[TokenState]:
    """Return what a server does."""
    match state, given:
        # -- clients of another epoch
        case _, Receive(client, Ask(_, config) | Store(_, config) | Impose(_, config)) if refuses(
            here, state, config
        ):
            return send_on(state, client)
        case _, Receive(_, Ask(_, config) | Store(_, config) | Impose(_, config)) if is_to_come(
            state, config
        ):
            return ask_directory(state)

        # -- clients of its epoch
        case Serving(), Receive(client, Ask() as order):
            return tell(here, state, client, order)
        case Serving(), Receive(client, Store() as order):
            return store(here, state, client, order)
        case Serving(), Receive(client, Impose() as order):
            return impose(here, state, client, order)
        case Serving(), Timeout(steps.DISK):
            return Step(state, (Persist(state),))

        # -- the directory
        case _, Receive(_, Seal(following)) if is_to_come(state, following):
            return seal(here, node, state, following)
        case _, Receive(_, Install(config) as order) if is_to_come(state, config):
            return install(here, state, order)
        case Serving(memory), Receive(_, Install(config) as order) if config == memory.config:
            return Step(state, confirm(order))
        case _, Receive(_, Announce(config)) if is_news(node, state.memory, config):
            return leave(state, config)
        case _, Receive(_, Refused(epoch, why)) if (
            state.memory.wishes and epoch == state.memory.config.epoch
        ):
            return stay(state, why)
        case _, Timeout(steps.AGAIN):
            return wish_to_leave(state)

        # -- its user, and the operator
        case _, Invoke(TokenStatus()):
            return Step(state, (Return(here.whole(state.table)),))
        case _, Invoke(Transform()):
            return wish_to_leave(state)
        case _, Invoke():
            return Step(state, (Return(Rejected(f"{node} is a server")),))
        case _, ChangeRole() if not state.memory.wishes:
            return after((Begin(Transform()),), wish_to_leave(state))
        case _, ChangeRole():
            return Step(state)  # it is leaving already

        case _, Receive() | Timeout():
            return Step(state)  # words of an epoch, or of a role, that is over
    raise unexpected(node, state, given)


# ---- calls of clients ----------------------------------------------------------------------------


def tell(deployment: Deployment, state: Serving, client: NodeId, ask: Ask) -> Step[TokenState]:
    """Answer with the holding asked for, or with the whole table."""
    holdings = state.table
    if ask.token is not None:
        holdings = (deployment.holding_in(state.table, ask.token),)
    return Step(state, (Send(client, Told(ask.request, holdings)),))


def store(deployment: Deployment, state: Serving, client: NodeId, order: Store) -> Step[TokenState]:
    """Keep a payment if it is newer, and confirm in either case."""
    kept = take(deployment, state, (order.payment,))
    return Step(kept.state, (*kept.effects, Send(client, Stored(order.request))))


def impose(
    deployment: Deployment, state: Serving, client: NodeId, order: Impose
) -> Step[TokenState]:
    """Keep what is newer of a view, and answer with the whole table."""
    kept = take(deployment, state, order.view)
    return Step(kept.state, (*kept.effects, Send(client, Holds(order.request, kept.state.table))))


def take(deployment: Deployment, state: Serving, holdings: HoldingTable) -> Step[Serving]:
    """Keep the newer of these holdings, durably, before anyone is told."""
    merge = newest_of if deployment.rules.keeps_newer else replaced
    table = merge(state.table, holdings)
    if table == state.table:
        return Step(state)
    kept = replace(state, table=table)
    note = Note(Keeps(changes(state.table, table)))
    if deployment.rules.stores_first:
        return Step(kept, (Persist(kept), note))
    return Step(kept, (note, SetTimer(steps.DISK)))


def changes(before: HoldingTable, after: HoldingTable) -> HoldingTable:
    """Return the holdings that are new in a table."""
    return tuple(holding for holding in after if holding not in before)


def refuses(deployment: Deployment, state: ServerState, config: Configuration) -> bool:
    """Tell whether a server refuses calls of a configuration, as one that is over."""
    is_lax = isinstance(state, Serving) and not deployment.rules.seals
    return is_over(state, config) and not is_lax


def ask_directory(state: ServerState) -> Step[TokenState]:
    """A client knows an epoch that was not installed here: ask for it, and serve nothing yet."""
    return Step(state, (Send(DIRECTORY, Where(state.memory.config.epoch)),))


# ---- changes of configuration --------------------------------------------------------------------


def seal(
    deployment: Deployment, node: NodeId, state: ServerState, following: Configuration
) -> Step[TokenState]:
    """Serve no epoch before this one any more, and hand over the table."""
    rules, closed = deployment.rules, Send(DIRECTORY, Closed(following.epoch, state.table))
    if not rules.seals:
        return Step(state, (closed,))
    sealed: ServerState = Sealed(state.memory, following, state.table)
    if node in following.servers and not rules.installs_first:
        sealed = Serving(replace(state.memory, config=following), state.table)
    return Step(sealed, (Persist(sealed), closed))


def install(deployment: Deployment, state: ServerState, order: Install) -> Step[TokenState]:
    """Serve a new epoch with the newer holdings of its first table and of the own one."""
    table = newest_of(state.table, transferred(deployment, order))
    memory = replace(state.memory, config=order.config)
    serving = Serving(memory, table)
    new = changes(state.table, table)
    note = (Note(Keeps(new)),) if new else ()
    again = wish_again(memory) if memory.wishes else ()
    return Step(serving, (Persist(serving), *note, *confirm(order), *again))


def transferred(deployment: Deployment, order: Install) -> HoldingTable:
    """Return the table that a new epoch starts from."""
    return order.table if deployment.rules.transfers else ()


def confirm(order: Install) -> tuple[Effect, ...]:
    """Return the message that tells the directory of an installation, first or repeated."""
    return (Send(DIRECTORY, Installed(order.config.epoch)),)


# ---- changes of role -----------------------------------------------------------------------------


def wish_to_leave(state: ServerState) -> Step[TokenState]:
    """Ask the directory to make this server a client; until then it serves as before."""
    leaving = replace(state, memory=replace(state.memory, wishes=True))
    return Step(leaving, (Persist(leaving), *wish_again(leaving.memory), SetTimer(steps.AGAIN)))


def wish_again(memory: Memory) -> tuple[Effect, ...]:
    """Return the message to the directory; it counts in the present epoch alone."""
    return (Send(DIRECTORY, Wish("client", memory.config.epoch)),)


def leave(state: ServerState, config: Configuration) -> Step[TokenState]:
    """Become a client of a configuration without this server."""
    memory = Memory(config, state.memory.request)
    answer = (Return(OK),) if state.memory.wishes else ()
    return Step(Idle(memory), (Persist(Kept(memory)), CancelTimer(steps.AGAIN), *answer))


def stay(state: ServerState, why: str) -> Step[TokenState]:
    """Remain a server, as the directory decided."""
    staying = replace(state, memory=replace(state.memory, wishes=False))
    return Step(staying, (Persist(staying), CancelTimer(steps.AGAIN), Return(Rejected(why))))


def resume(durable: ServerState) -> Step[TokenState]:
    """Run again after a crash with the durable table, and repeat a wish that was not fulfilled."""
    note = (Note(Reloads(durable.table)),)
    if not durable.memory.wishes:
        return Step(durable, note)
    return Step(
        durable, (*note, Begin(Transform()), *wish_again(durable.memory), SetTimer(steps.AGAIN))
    )
