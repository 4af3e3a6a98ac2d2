"""A causally consistent store that checks explicit dependencies; available under partition.

    write   client -Ask(write, context)-> its server: stamp, apply, -Answer->; -Update-> other servers
    update  a server applies it when all that it needs is visible there; until then it stalls
    read    client -Ask-> its server, which answers from its replica
    move    client -Ask(move, context)-> new server, which answers when all of the context is visible

After Lloyd, Freedman, Kaminsky and Andersen, "Don't settle for eventual" (SOSP 2011), with a full
replica at each server. A write needs the versions that its client has read or written since its last
write, and that write itself: the nearest dependencies. They are enough, because whatever they need
was visible before them wherever they are visible. Concurrent writes of a key are settled by the
higher stamp, the same everywhere.

Links may delay, reorder and duplicate messages, and may be cut for a while; they do not lose, so
nothing is sent twice. A read or a write is answered by one server alone, whatever the others do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from counterpoint.impl.stores.causal_deps_rules import RIGHT, CausalDepsRules
from counterpoint.impl.stores.client import (
    Client,
    Context,
    Habits,
    Idle,
    Moving,
    Session,
    Waiting,
    adding,
    client_step,
)
from counterpoint.impl.stores.replica import (
    NOBODY,
    NOTHING_YET,
    Clients,
    Replica,
    StoreDeployment,
    answer_waiting,
    made_visible,
)
from counterpoint.impl.stores.words import (
    Answer,
    Ask,
    Await,
    Copy,
    Leave,
    Move,
    Read,
    Request,
    Stalled,
    Stamp,
    Update,
    Version,
    Write,
    Written,
)
from counterpoint.model.node import ChangeRole, Effect, Input, Note, Receive, Send, Start, Step
from counterpoint.model.quick_init import quick_init, replace
from counterpoint.model.values import NodeId


@quick_init
@dataclass(frozen=True, slots=True)
class Server:
    """A server: its Lamport clock, its replica, the updates that stall here, and its clients."""

    clock: int = 0
    replica: Replica = NOTHING_YET
    stalled: tuple[Update, ...] = ()
    clients: Clients = NOBODY

    def __str__(self) -> str:
        stalls = (str(stall(self, update)) for update in self.stalled)
        return "; ".join((str(self.replica), *stalls))

    def has(self, update: Update) -> bool:
        """Tell whether an update has arrived here before."""
        return update.stamp in self.replica.applied or update in self.stalled


CausalDepsState: TypeAlias = Client | Server


def stall(server: Server, update: Update) -> Stalled:
    """Say what an update still waits for at a server."""
    return Stalled(update.version, server.replica.lacks(update.needs))


@dataclass(frozen=True)
class CausalDeps:
    """The system: the servers and clients of a deployment; `rules` are the protocol's decisions."""

    deployment: StoreDeployment
    rules: CausalDepsRules = RIGHT
    nodes: tuple[NodeId, ...] = field(init=False)
    habits: Habits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", (*self.deployment.clients, *self.deployment.servers))
        rules = self.rules
        habits = Habits(rules.seen, adding, rules.needs, rules.brings)
        object.__setattr__(self, "habits", habits)

    def initial(self, node: NodeId) -> CausalDepsState:
        """Return a client at its home server, or a server that has seen nothing."""
        if node in self.deployment.clients:
            return Idle(Session(self.deployment.home(node)))
        return Server(clients=Clients(self.deployment.attached(node)))

    def handle(self, node: NodeId, state: CausalDepsState, given: Input) -> Step[CausalDepsState]:
        """Return what a node does with an input."""
        match state, given:
            case Idle() | Waiting() | Moving() as client, _:
                step = client_step(node, client, given, self.habits, self.deployment.servers)
                return Step(step.state, step.effects)

            case Server(clients=clients), Receive(_, Ask(request) | Leave(request)) if (
                not clients.is_new(request)
            ):
                return Step(state)  # a second copy: carried out again, a write would be made twice
            case Server(), Receive(_, Ask(request, Read(key))):
                return self._answer_read(state, request, key)
            case Server(), Receive(_, Ask(request, Write() as write, context)):
                return self._write(node, state, request, write, context)
            case Server(), Receive(_, Ask(operation=Move() | Await()) as ask):
                return self._answer_in_time(node, state, ask)
            case Server(clients=clients), Receive(_, Leave(request)):
                return Step(replace(state, clients=clients.having_left(request)))

            case Server(), Receive(_, Update() as update) if state.has(update):
                return Step(state)  # a second copy
            case Server(), Receive(_, Update() as update):
                return self._receive(node, state, update)

            case Server(), Start() | ChangeRole():
                return Step(state)  # only clients move
            case _:
                raise AssertionError(f"{node} in {state!r} was given {given!r}")

    # ---- asked by a client

    def _answer_read(self, state: Server, request: Request, key: str) -> Step[CausalDepsState]:
        answer = Answer(request, state.replica.find(key))
        after = replace(state, clients=state.clients.having_heard(request))
        return Step(after, (Send(request.client, answer),))

    def _write(
        self, node: NodeId, state: Server, request: Request, write: Write, context: Context
    ) -> Step[CausalDepsState]:
        """Make a version, visible here at once: whatever it needs is visible here already."""
        stamp = Stamp(state.clock + 1, self.deployment.number(node))
        version = Version(stamp, write.key)
        update = Update(Copy(version, write.value), context)
        heard = replace(state, clock=stamp.clock, clients=state.clients.having_heard(request))
        after, effects = self._apply(heard, update)
        sends = (Send(server, update) for server in self.deployment.others(node))
        answer = Send(request.client, Answer(request, Written(version)))
        return self._settle(node, after, (*effects, *sends, answer))

    def _answer_in_time(self, node: NodeId, state: Server, ask: Ask) -> Step[CausalDepsState]:
        """Let a client in when all that it has seen is visible here; or wait for a key, now or later."""
        clients = state.clients.having_to_wait(ask)
        clock = self._raised(state.clock, ask.context)
        return self._settle(node, replace(state, clock=clock, clients=clients))

    # ---- told by a server

    def _receive(self, node: NodeId, state: Server, update: Update) -> Step[CausalDepsState]:
        """Apply an update and all that waited for it, or let it stall."""
        clock = self._raised(state.clock, (update.version,))
        stalled = tuple(sorted((*state.stalled, update)))
        step = self._settle(node, replace(state, clock=clock, stalled=stalled))
        assert isinstance(step.state, Server)
        if update not in step.state.stalled:
            return step
        return Step(step.state, (*step.effects, Note(stall(step.state, update))))

    def _raised(self, clock: int, heard: tuple[Version, ...]) -> int:
        """Return a clock that is not below that of anything heard of."""
        for version in heard:
            clock = self.rules.raised(clock, version.stamp.clock)
        return clock

    # ---- making visible

    def _settle(
        self, node: NodeId, state: Server, effects: tuple[Effect, ...] = ()
    ) -> Step[CausalDepsState]:
        """Apply what misses nothing any more, one after the other; then answer who waited for it."""
        while (update := self._ready(state)) is not None:
            stalled = tuple(other for other in state.stalled if other != update)
            state, more = self._apply(replace(state, stalled=stalled), update)
            effects = (*effects, *more)
        pushes = self.deployment.pushes
        clients, answers = answer_waiting(state.clients, state.replica, node, pushes=pushes)
        after = state if clients is state.clients else replace(state, clients=clients)
        return Step(after, (*effects, *answers))

    def _ready(self, state: Server) -> Update | None:
        """Return the first stalled update that may be applied."""
        may_apply, lacks = self.rules.may_apply, state.replica.lacks
        if not state.stalled:
            return None
        return next((u for u in state.stalled if may_apply(lacks(u.needs))), None)

    def _apply(self, state: Server, update: Update) -> tuple[Server, tuple[Effect, ...]]:
        replica, effects = made_visible(
            state.replica, update.copy, self.rules.wins, state.clients.attached
        )
        return replace(state, replica=replica), effects
