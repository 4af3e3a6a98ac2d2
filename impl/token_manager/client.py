"""The token manager's clients: payments and snapshots.

A phase asks every server of the configuration that the client knows, and ends with the answers of a
quorum of them. It is repeated, under a new request number, when its epoch turns out to be over.
"""

from __future__ import annotations

from counterpoint.impl.token_manager import steps
from counterpoint.impl.token_manager.deployment import (
    DIRECTORY,
    Deployment,
    Heard,
    merged,
    silent_in,
)
from counterpoint.impl.token_manager.joining import wish_to_join
from counterpoint.impl.token_manager.messages import (
    Announce,
    Ask,
    Holds,
    Impose,
    Stale,
    Store,
    Stored,
    Told,
    Where,
)
from counterpoint.impl.token_manager.states import (
    Asking,
    Busy,
    Collecting,
    Idle,
    Imposing,
    Kept,
    Memory,
    Paying,
    TokenState,
    is_news,
    is_over,
)
from counterpoint.impl.token_manager.steps import after, send_on, unexpected
from counterpoint.impl.token_manager.words import (
    NOT_OWNER,
    OK,
    TIMED_OUT,
    Configuration,
    Finish,
    GetTokens,
    Holding,
    HoldingTable,
    Pay,
    Pays,
    Rejected,
    Transform,
    newest_of,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    ChangeRole,
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
from counterpoint.model.values import NodeId, Value


def handle(here: Deployment, node: NodeId, state: Idle | Busy, given: Input) -> Step[TokenState]:
    """Return what a client does."""
    match state, given:
        # -- the servers that it has asked
        case Asking(memory), Receive(server, Told(n, table)) if n == memory.request:
            return hear_owner(here, node, state, (server, table))
        case Paying(memory), Receive(server, Stored(n)) if n == memory.request:
            return hear_stored(here, state, server)
        case Collecting(memory), Receive(server, Told(n, table)) if n == memory.request:
            return hear_table(here, state, (server, table))
        case Imposing(memory), Receive(server, Holds(n, table)) if n == memory.request:
            return hear_holds(here, state, (server, table))

        # -- news of configurations
        case _, Receive(_, Stale(config) | Announce(config)) if is_news(node, state.memory, config):
            return go_on_in(state, config)
        case (Asking() | Paying() | Collecting() | Imposing()) as busy, Receive(
            _, Announce(config)
        ) if config == state.memory.config:
            return remind(busy)  # its phase began before a majority served the epoch
        case _, Receive(client, Ask(_, config) | Store(_, config) | Impose(_, config)) if is_over(
            state, config
        ):
            return send_on(state, client)  # it was a server then

        # -- its patience
        case Paying(), Timeout(steps.AGAIN) if not here.rules.finishes_payments:
            return give_up(state)
        case (Asking() | Paying() | Collecting() | Imposing()) as busy, Timeout(steps.AGAIN):
            return remind(busy)

        # -- its user, and the operator
        case Idle(), Invoke(call) if (why := here.objection(call)) is not None:
            return Step(state, (Return(Rejected(why)),))
        case Idle(memory), Invoke(Pay() as call):
            return enter(Asking(memory, call))
        case Idle(memory), Invoke(GetTokens() as call):
            return enter(Collecting(memory, call))
        case Idle(memory), Invoke(Transform()):
            return wish_to_join(memory)
        case Idle(), Invoke():
            return Step(state, (Return(Rejected(f"{node} is a client")),))
        case Idle(memory), ChangeRole():
            return after((Begin(Transform()),), wish_to_join(memory))
        case (Asking() | Paying() | Collecting() | Imposing()) as busy, ChangeRole():
            return wish_later(busy)

        case _, Receive() | Timeout():
            return Step(state)  # words of a request, of an epoch, or of a role that is over
    raise unexpected(node, state, given)


# ---- phases --------------------------------------------------------------------------------------


def enter(state: Busy) -> Step[TokenState]:
    """Begin a phase, or repeat it in the configuration of its memory, under a new request number."""
    memory = replace(state.memory, request=state.memory.request + 1)
    entered = replace(state, memory=memory, heard=())
    question = question_of(entered)
    sends = tuple(Send(server, question) for server in memory.config.servers)
    return Step(entered, (Persist(kept(entered)), *sends, SetTimer(steps.AGAIN)))


def question_of(state: Busy) -> Ask | Store | Impose:
    """Return what a phase asks each server."""
    request, config = state.memory.request, state.memory.config
    match state:
        case Asking(call=call):
            return Ask(request, config, call.token)
        case Paying(payment=payment):
            return Store(request, config, payment)
        case Collecting():
            return Ask(request, config, None)
        case Imposing(view=view):
            return Impose(request, config, view)


def remind(state: Busy) -> Step[TokenState]:
    """Ask those again that have not answered, and the directory whether they are still servers."""
    question, config = question_of(state), state.memory.config
    sends = tuple(Send(server, question) for server in silent_in(state.heard, config))
    return Step(state, (*sends, Send(DIRECTORY, Where(config.epoch)), SetTimer(steps.AGAIN)))


def finish(state: Busy, result: Value) -> Step[TokenState]:
    """Answer the call, and go on with what waits."""
    closing = (Persist(Kept(state.memory)), CancelTimer(steps.AGAIN), Return(result))
    return after(closing, rest(state.memory))


def has_quorum(deployment: Deployment, state: Busy, heard: Heard) -> bool:
    """Tell whether a phase has enough answers."""
    counts_present = deployment.rules.recounts
    config = state.memory.config if counts_present else deployment.first_configuration
    return deployment.is_quorum(heard, config)


def kept(state: Idle | Busy) -> Kept:
    """Return what a client in this state has in durable storage."""
    return Kept(state.memory, state.payment if isinstance(state, Paying) else None)


# ---- payments ------------------------------------------------------------------------------------


def hear_owner(
    deployment: Deployment, node: NodeId, state: Asking, answer: tuple[NodeId, HoldingTable]
) -> Step[TokenState]:
    """Count who has the token; with a quorum, pay it, or find that it is not the caller's.

    A rejection needs no write-back, since it does not tell who has the token instead: a version of
    the caller's ends with a payment by the caller alone, and that is finished before the next call.
    """
    heard = deployment.counted(state.heard, *answer)
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    held = deployment.holding_in(merged(heard), state.call.token)
    if held.owner != deployment.number_of[node]:
        return finish(state, Rejected(NOT_OWNER))
    version = held.version + deployment.rules.version_step
    payment = Holding(held.token, version, state.call.to)
    return after((Note(Pays(payment)),), enter(Paying(state.memory, payment)))


def hear_stored(deployment: Deployment, state: Paying, server: NodeId) -> Step[TokenState]:
    """Count who has stored the payment, or a newer one; with a quorum it is made."""
    heard = deployment.counted(state.heard, server, ())
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    return finish(state, OK)


def give_up(state: Paying) -> Step[TokenState]:
    """Abandon a payment half-way. Wrong: the caller may pay the same version to someone else."""
    return finish(state, Rejected(TIMED_OUT))


# ---- snapshots -----------------------------------------------------------------------------------


def hear_table(
    deployment: Deployment, state: Collecting, answer: tuple[NodeId, HoldingTable]
) -> Step[TokenState]:
    """Count the tables; with a quorum, merge them and store the merge."""
    heard = deployment.counted(state.heard, *answer)
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    view = merged(heard)
    if deployment.rules.writes_back:
        return enter(Imposing(state.memory, state.call, view))
    return finish(state, deployment.tokens_of(state.call.owner, view))


def hear_holds(
    deployment: Deployment, state: Imposing, answer: tuple[NodeId, HoldingTable]
) -> Step[TokenState]:
    """Count who holds exactly the view; a newer table is merged into it, and the phase repeated.

    Any two views that were held exactly by a majority share a server, whose table only grows: one
    of them is contained in the other. Without this, two readers may each see one of two payments.
    """
    newer = newest_of(state.view, answer[1])
    if newer != state.view and deployment.rules.confirms:
        return enter(replace(state, view=newer))
    heard = deployment.counted(state.heard, *answer)
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    return finish(state, deployment.tokens_of(state.call.owner, state.view))


# ---- changes of role -----------------------------------------------------------------------------


def rest(memory: Memory) -> Step[TokenState]:
    """Return what a client does without a call: nothing, or what the operator wished meanwhile."""
    if not memory.wishes:
        return Step(Idle(memory))
    return after((Begin(Transform()),), wish_to_join(memory))


def wish_later(state: Busy) -> Step[TokenState]:
    """Remember the operator's wish: the call under way is finished first."""
    wishing = replace(state, memory=replace(state.memory, wishes=True))
    return Step(wishing, (Persist(kept(wishing)),))


def go_on_in(state: Idle | Busy, config: Configuration) -> Step[TokenState]:
    """Go by a newer configuration: repeat the phase in it, or remember it.

    Answers of two epochs are never counted together: the repeated phase has another request number.
    """
    memory = replace(state.memory, config=config)
    match state:
        case Idle():
            return Step(Idle(memory), (Persist(Kept(memory)),))
        case Asking() | Paying() | Collecting() | Imposing():
            return enter(replace(state, memory=memory))


def resume(durable: Kept) -> Step[TokenState]:
    """Run again after a crash: a payment that was begun is finished before anything else."""
    if durable.payment is None:
        return rest(durable.memory)
    begin = (Begin(Finish(durable.payment)),)
    return after(begin, enter(Paying(durable.memory, durable.payment)))
