"""The newcomers of the token manager: clients that have asked to become servers."""

from __future__ import annotations

from counterpoint.impl.token_manager import server, steps
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.messages import (
    Announce,
    Ask,
    Impose,
    Install,
    Refused,
    Seal,
    Stale,
    Store,
    Wish,
)
from counterpoint.impl.token_manager.states import (
    Idle,
    Joining,
    Kept,
    Memory,
    Serving,
    TokenState,
    is_news,
    is_over,
    is_to_come,
)
from counterpoint.impl.token_manager.steps import after, send_on, unexpected
from counterpoint.impl.token_manager.words import OK, Begins, Configuration, Rejected
from counterpoint.model.node import (
    CancelTimer,
    ChangeRole,
    Input,
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


def handle(here: Deployment, node: NodeId, state: Joining, given: Input) -> Step[TokenState]:
    """Return what a newcomer does."""
    match given:
        case Receive(_, Install(config) as order) if is_to_come(state, config):
            return join(here, state, order)
        case Receive(_, Seal(following)) if is_to_come(state, following):
            return seal_unborn(here, node, state, following)
        case Receive(_, Refused(epoch, why)) if epoch == state.memory.config.epoch:
            return stay(state, why)
        case Receive(_, Stale(config) | Announce(config)) if is_news(node, state.memory, config):
            return wish_to_join(replace(state.memory, config=config))
        case Receive(client, Ask(_, config) | Store(_, config) | Impose(_, config)) if is_over(
            state, config
        ):
            return send_on(state, client)  # it was a server then
        case Receive(_, Ask(_, config) | Store(_, config) | Impose(_, config)) if (
            is_to_come(state, config) and not here.rules.installs_first
        ):
            early = join_early(state, config)
            return after(early.effects, server.handle(here, node, early.state, given))
        case Timeout(steps.AGAIN):
            return wish_to_join(state.memory)
        case ChangeRole():
            return Step(state)  # it is changing already
        case Receive() | Timeout():
            return Step(state)  # words of a request, of an epoch, or of a role that is over
    raise unexpected(node, state, given)


def wish_to_join(memory: Memory) -> Step[TokenState]:
    """Ask the directory to make this client a server; durable, so that a crash cannot undo it.

    The wish counts in the present epoch alone, so that a late copy of it grants nothing.
    """
    wishing = replace(memory, wishes=True)
    wish = Send(DIRECTORY, Wish("server", memory.config.epoch))
    return Step(Joining(wishing), (Persist(Kept(wishing)), wish, SetTimer(steps.AGAIN)))


def stay(state: Joining, why: str) -> Step[TokenState]:
    """Remain a client, as the directory decided."""
    memory = replace(state.memory, wishes=False)
    closing = (Persist(Kept(memory)), CancelTimer(steps.AGAIN), Return(Rejected(why)))
    return Step(Idle(memory), closing)


def join(deployment: Deployment, state: Joining, order: Install) -> Step[TokenState]:
    """Become a server, with the first table of the epoch."""
    memory = replace(state.memory, config=order.config, wishes=False)
    serving = Serving(memory, server.transferred(deployment, order))
    note = Note(Begins(serving.table))
    return Step(
        serving,
        (Persist(serving), note, CancelTimer(steps.AGAIN), Return(OK), *server.confirm(order)),
    )


def seal_unborn(
    deployment: Deployment, node: NodeId, state: Joining, following: Configuration
) -> Step[TokenState]:
    """Become a server whose first epoch ended before it was installed; it has nothing to hand over.

    Counting it among the sealed is safe: it can have confirmed nothing in the epoch that ends.
    """
    memory = replace(state.memory, wishes=False)
    born = server.seal(deployment, node, Serving(memory), following)
    return after((CancelTimer(steps.AGAIN), Return(OK), Note(Begins(()))), born)


def join_early(state: Joining, config: Configuration) -> Step[Serving]:
    """Serve an epoch that was not installed here. Wrong: the table lacks what came before."""
    newborn = Serving(replace(state.memory, config=config, wishes=False))
    begins = (Note(Begins(())), CancelTimer(steps.AGAIN), Return(OK))
    return Step(newborn, (Persist(newborn), *begins))
