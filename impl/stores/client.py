"""The client of both stores: it makes one call at a time, remembers what it has seen, and may move.

What a client has seen, its context, is what its writes depend on, and what a server must hold before
the client can work with it. A server tells its clients of every update that it applies; the client
takes these in the server's order, by number, whatever order they arrive in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.impl.stores.words import (
    Answer,
    Arrived,
    Ask,
    Await,
    Found,
    Leave,
    Move,
    Push,
    Read,
    Request,
    StoreOperation,
    Told,
    Version,
    Write,
    Written,
    listed,
)
from counterpoint.model.node import (
    Begin,
    ChangeRole,
    Effect,
    Input,
    Invoke,
    Note,
    Receive,
    Return,
    Send,
    Start,
    Step,
)
from counterpoint.model.quick_init import quick_init, replace
from counterpoint.model.values import NodeId

Context: TypeAlias = tuple[Version, ...]
"""Versions, sorted: the client has seen these and, through them, whatever they depend on."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a client remembers, and what of it goes into which message.

    `seen(context, version)` is the context after a read of, or the news of, a version;
    `wrote(context, version)` the one after a write; `for_write(context, key)` what goes with a
    write of a key, and `for_move(context)` what goes with a move.
    """

    seen: Callable[[Context, Version], Context]
    wrote: Callable[[Context, Version], Context]
    for_write: Callable[[Context, str], Context]
    for_move: Callable[[Context], Context]


@quick_init
@dataclass(frozen=True, slots=True)
class Session:
    """What a client carries through its phases.

    `number` counts its requests; `taken` the updates of the server that it was told of, or that
    were applied there before it came; `early` those that it was told of too early, or while it waited.
    """

    server: NodeId
    number: int = 0
    context: Context = ()
    taken: int = 0
    early: tuple[Push, ...] = ()

    def keeping(self, push: Push) -> Session:
        """Return this session with news kept for later, each once."""
        return replace(self, early=tuple(sorted({*self.early, push})))

    def __str__(self) -> str:
        seen = f", saw {listed(self.context)}" if self.context else ""
        return f"at {self.server}{seen}"


@quick_init
@dataclass(frozen=True, slots=True)
class Idle:
    """A client that waits for nothing, and so takes any news."""

    session: Session

    @property
    def source(self) -> NodeId:
        """The server whose news counts."""
        return self.session.server

    def __str__(self) -> str:
        return str(self.session)


@quick_init
@dataclass(frozen=True, slots=True)
class Waiting:
    """A client that waits for its server to answer.

    It keeps news for later: the answer may have been given before them, and must not be older than
    what the client has learnt.
    """

    session: Session

    @property
    def source(self) -> NodeId:
        """The server whose news counts."""
        return self.session.server

    def __str__(self) -> str:
        return f"{self.session}, waits"


@quick_init
@dataclass(frozen=True, slots=True)
class Moving:
    """A client that waits to be let in at another server.

    It takes no news of its old server any more: the new one may not have them. News of the new
    server is kept for later.
    """

    session: Session
    to: NodeId

    @property
    def source(self) -> NodeId:
        """The server whose news counts."""
        return self.to

    def __str__(self) -> str:
        return f"{self.session}, moves to {self.to}"


Client: TypeAlias = Idle | Waiting | Moving


def client_step(
    client: NodeId, state: Client, given: Input, habits: Habits, servers: tuple[NodeId, ...]
) -> Step[Client]:
    """Return what a client does with an input."""
    request = Request(client, state.session.number)
    match state, given:
        case Idle(session), Invoke(Move(to)):
            return _move(client, session, to, habits)
        case Idle(session), Invoke(Write() | Read() | Await() as operation):
            return _ask(client, session, operation, habits)
        case Idle(session), ChangeRole():
            to = servers[(servers.index(session.server) + 1) % len(servers)]
            step = _move(client, session, to, habits)
            return Step(step.state, (Begin(Move(to)), *step.effects))
        case Waiting() | Moving(), ChangeRole():
            return Step(state)  # busy: an operator who still wants it will ask again

        case Waiting(session), Receive(_, Answer(answered, result)) if answered == request:
            session, news = _take(_learning(session, result, habits), (), habits)
            return Step(Idle(session), (Return(result), *news))
        case Moving(session), Receive(_, Answer(answered, Arrived() as result)) if (
            answered == request
        ):
            return _arrive(client, session, result, habits)
        case _, Receive(_, Answer()):
            return Step(state)  # a second copy of an answer

        case _, Receive(source, Push()) if source != state.source:
            return Step(state)  # news of a server that the client has left
        case Idle(session), Receive(_, Push() as push):
            session, news = _take(session, (push,), habits)
            return Step(Idle(session), news)
        case Waiting(session) | Moving(session), Receive(_, Push() as push):
            return Step(replace(state, session=session.keeping(push)))

        case _, Start():
            return Step(state)
        case _:
            raise AssertionError(f"{client} in {state!r} was given {given!r}")


def _ask(
    client: NodeId, session: Session, operation: StoreOperation, habits: Habits
) -> Step[Client]:
    """Ask the server. A write stands for all that it depends on: only what comes later is kept."""
    request = Request(client, session.number + 1)
    after = replace(session, number=request.number)
    if not isinstance(operation, Write):
        return Step(Waiting(after), (Send(session.server, Ask(request, operation)),))
    ask = Ask(request, operation, habits.for_write(session.context, operation.key))
    return Step(Waiting(replace(after, context=())), (Send(session.server, ask),))


def _move(client: NodeId, session: Session, to: NodeId, habits: Habits) -> Step[Client]:
    """Ask to be let in. Nothing that the old server has told, but too early, is of use any more."""
    after = replace(session, number=session.number + 1, early=())
    ask = Ask(Request(client, after.number), Move(to), habits.for_move(session.context))
    return Step(Moving(after, to), (Send(to, ask),))


def _learning(session: Session, result: object, habits: Habits) -> Session:
    """Return the session of a client that was given a result."""
    match result:
        case Written(version):
            return replace(session, context=habits.wrote(session.context, version))
        case Found(copy=copy) if copy is not None:
            return replace(session, context=habits.seen(session.context, copy.version))
        case _:
            return session


def _arrive(client: NodeId, session: Session, arrived: Arrived, habits: Habits) -> Step[Client]:
    """Work with the new server, beginning with what it has told since, and leave the old one."""
    leaves = arrived.server != session.server
    request = Request(client, session.number)
    farewell = (Send(session.server, Leave(request)),) if leaves else ()
    known = tuple(push for push in session.early if push.number > arrived.after)
    there = replace(session, server=arrived.server, taken=arrived.after, early=())
    there, effects = _take(there, known, habits)
    return Step(Idle(there), (*farewell, Return(arrived), *effects))


def _take(
    session: Session, pushes: tuple[Push, ...], habits: Habits
) -> tuple[Session, tuple[Effect, ...]]:
    """Take news, these and what was kept, in the order of the server; what is too early is kept."""
    if not pushes and not session.early:
        return session, ()
    early = sorted({push for push in (*pushes, *session.early) if push.number > session.taken})
    taken, context = session.taken, session.context
    told: list[Effect] = []
    while early and early[0].number == taken + 1:
        copy = early.pop(0).copy
        taken, context = taken + 1, habits.seen(context, copy.version)
        told.append(Note(Told(copy)))
    return replace(session, context=context, taken=taken, early=tuple(early)), tuple(told)


# ---- habits --------------------------------------------------------------------------------------


def adding(context: Context, version: Version) -> Context:
    """Remember one more version.

    A newer version of the same key replaces none: it may be concurrent, and then says nothing of
    what the other one depends on.
    """
    return context if version in context else tuple(sorted((*context, version)))


def highest(context: Context, version: Version) -> Context:
    """Remember the version with the highest stamp alone: enough where stamps are the order.

    >>> from counterpoint.impl.stores.words import Stamp
    >>> print(*highest((Version(Stamp(3, 1), "x"),), Version(Stamp(2, 3), "y")))
    x@3.1
    """
    return (max((*context, version)),)


def everything(context: Context) -> Context:
    """Say all that one remembers."""
    return context


def nothing(context: Context, key: str = "") -> Context:
    """Say nothing."""
    del context, key
    return ()
