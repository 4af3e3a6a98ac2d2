"""The token manager's clients: payments, snapshots, and the way to becoming a server.

A phase asks every server of the configuration that the client knows, and ends with the answers of a
quorum of them. It is repeated, under a new request number, when its epoch turns out to be over.
"""

from __future__ import annotations

from dataclasses import replace

from counterpoint.impl.token_manager_deployment import (
    DIRECTORY,
    Deployment,
    Heard,
    merged,
    silent_in,
)
from counterpoint.impl.token_manager_messages import Ask, Impose, Store, Where, Wish
from counterpoint.impl.token_manager_states import (
    Asking,
    Busy,
    ClientState,
    Collecting,
    Idle,
    Imposing,
    Joining,
    Kept,
    Memory,
    Paying,
    State,
)
from counterpoint.impl.token_manager_words import (
    NOT_OWNER,
    OK,
    TIMED_OUT,
    Configuration,
    Finish,
    Holding,
    Pays,
    Rejected,
    Table,
    Transform,
    newest_of,
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
from counterpoint.model.values import NodeId, Value

AGAIN = "again"
"""The one timer of clients, of servers that wish to leave, and of the directory."""


# ---- phases --------------------------------------------------------------------------------------


def enter(state: Busy) -> Step[State]:
    """Begin a phase, or repeat it in the configuration of its memory, under a new request number."""
    memory = replace(state.memory, request=state.memory.request + 1)
    entered = replace(state, memory=memory, heard=())
    question = question_of(entered)
    sends = tuple(Send(server, question) for server in memory.config.servers)
    return Step(entered, (Persist(kept(entered)), *sends, SetTimer(AGAIN)))


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


def remind(state: Busy) -> Step[State]:
    """Ask those again that have not answered, and the directory whether they are still servers."""
    question, config = question_of(state), state.memory.config
    sends = tuple(Send(server, question) for server in silent_in(state.heard, config))
    return Step(state, (*sends, Send(DIRECTORY, Where(config.epoch)), SetTimer(AGAIN)))


def finish(state: Busy, result: Value) -> Step[State]:
    """Answer the call, and go on with what waits."""
    closing = (Persist(Kept(state.memory)), CancelTimer(AGAIN), Return(result))
    return after(closing, rest(state.memory))


def has_quorum(deployment: Deployment, state: Busy, heard: Heard) -> bool:
    """Tell whether a phase has enough answers."""
    counts_present = deployment.rules.recounts
    config = state.memory.config if counts_present else deployment.first_configuration
    return deployment.is_quorum(heard, config)


def kept(state: Idle | Busy | Joining) -> Kept:
    """Return what a client in this state has in durable storage."""
    return Kept(state.memory, state.payment if isinstance(state, Paying) else None)


def after(effects: tuple[Effect, ...], step: Step[State]) -> Step[State]:
    """Return a step with these effects before its own."""
    return Step(step.state, (*effects, *step.effects))


# ---- payments ------------------------------------------------------------------------------------


def hear_owner(
    deployment: Deployment, node: NodeId, state: Asking, answer: tuple[NodeId, Table]
) -> Step[State]:
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


def hear_stored(deployment: Deployment, state: Paying, server: NodeId) -> Step[State]:
    """Count who has stored the payment, or a newer one; with a quorum it is made."""
    heard = deployment.counted(state.heard, server, ())
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    return finish(state, OK)


def give_up(state: Paying) -> Step[State]:
    """Abandon a payment half-way. Wrong: the caller may pay the same version to someone else."""
    return finish(state, Rejected(TIMED_OUT))


# ---- snapshots -----------------------------------------------------------------------------------


def hear_table(
    deployment: Deployment, state: Collecting, answer: tuple[NodeId, Table]
) -> Step[State]:
    """Count the tables; with a quorum, merge them and store the merge."""
    heard = deployment.counted(state.heard, *answer)
    if not has_quorum(deployment, state, heard):
        return Step(replace(state, heard=heard))
    view = merged(heard)
    if deployment.rules.writes_back:
        return enter(Imposing(state.memory, state.call, view))
    return finish(state, deployment.tokens_of(state.call.owner, view))


def hear_holds(
    deployment: Deployment, state: Imposing, answer: tuple[NodeId, Table]
) -> Step[State]:
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


def rest(memory: Memory) -> Step[State]:
    """Return what a client does without a call: nothing, or what the operator wished meanwhile."""
    if not memory.wishes:
        return Step(Idle(memory))
    return after((Begin(Transform()),), wish_to_join(memory))


def wish_to_join(memory: Memory) -> Step[State]:
    """Ask the directory to make this client a server; durable, so that a crash cannot undo it.

    The wish counts in the present epoch alone, so that a late copy of it grants nothing.
    """
    wishing = replace(memory, wishes=True)
    wish = Send(DIRECTORY, Wish("server", memory.config.epoch))
    return Step(Joining(wishing), (Persist(Kept(wishing)), wish, SetTimer(AGAIN)))


def wish_later(state: Busy) -> Step[State]:
    """Remember the operator's wish: the call under way is finished first."""
    wishing = replace(state, memory=replace(state.memory, wishes=True))
    return Step(wishing, (Persist(kept(wishing)),))


def stay(state: Joining, why: str) -> Step[State]:
    """Remain a client, as the directory decided."""
    memory = replace(state.memory, wishes=False)
    closing = (Persist(Kept(memory)), CancelTimer(AGAIN), Return(Rejected(why)))
    return Step(Idle(memory), closing)


def go_on_in(state: ClientState, config: Configuration) -> Step[State]:
    """Go by a newer configuration: repeat the phase in it, wish again in it, or remember it.

    Answers of two epochs are never counted together: the repeated phase has another request number.
    """
    memory = replace(state.memory, config=config)
    match state:
        case Idle():
            return Step(Idle(memory), (Persist(Kept(memory)),))
        case Joining():
            return wish_to_join(memory)
        case Asking() | Paying() | Collecting() | Imposing():
            return enter(replace(state, memory=memory))


def resume(durable: Kept) -> Step[State]:
    """Run again after a crash: a payment that was begun is finished before anything else."""
    if durable.payment is None:
        return rest(durable.memory)
    begin = (Begin(Finish(durable.payment)),)
    return after(begin, enter(Paying(durable.memory, durable.payment)))
