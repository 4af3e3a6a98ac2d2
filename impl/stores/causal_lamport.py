"""A causally consistent store that orders by Lamport timestamps alone.

    write   client -Ask-> its server: stamp, queue; -Update-> other servers; -Answer-> when applied
    clock   a server that takes an update tells all others its clock: -Clock->
    apply   the first update of the queue, when every other server was heard with as high a clock
    read    client -Ask-> its server, which answers from its replica
    move    client -Ask(move, context)-> new server, which answers when the context is visible

The order is that of Lamport's mutual exclusion ("Time, clocks, and the ordering of events in a
distributed system", CACM 21(7), 1978): by clock, then by server. What happens before has a lower
clock, so the order respects causality; and as every server applies the same updates in the same
order, what it says of one moment is a prefix of what it says of a later one.

A server that was heard with clock t makes no update of clock t or below any more. That is so only if
its messages are taken in the order in which it sent them: links may delay, reorder and duplicate
messages, therefore these carry numbers. Links may be cut for a while; they do not lose. A write waits
for all servers, so during a partition for those on the other side (`waits_for`); a read never waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from counterpoint.impl.stores.causal_lamport_rules import RIGHT, CausalLamportRules, ServerOutlook
from counterpoint.impl.stores.client import (
    Client,
    Habits,
    Idle,
    Moving,
    Session,
    Waiting,
    client_step,
    everything,
    highest,
    nothing,
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
    Stamp,
    Update,
    Version,
    Waits,
    Write,
    Written,
)
from counterpoint.model.node import ChangeRole, Effect, Input, Note, Receive, Send, Start, Step
from counterpoint.model.quick_init import quick_init, replace
from counterpoint.model.values import NodeId

HABITS = Habits(seen=highest, wrote=highest, for_write=nothing, for_move=everything)
"""A client need not say what its writes depend on: the stamps do. It remembers the highest one."""


# ---- between servers -----------------------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True, order=True)
class Clock:
    """No update with this clock, or a lower one, will come from me any more."""

    clock: int

    def __str__(self) -> str:
        return f"clock {self.clock}"


@quick_init
@dataclass(frozen=True, slots=True)
class Numbered:
    """The number-th message from one server to all others."""

    number: int
    body: Update | Clock

    def __str__(self) -> str:
        return f"no. {self.number}: {self.body}"

    @property
    def clock(self) -> int:
        """The clock that it lets its sender be heard with."""
        return self.body.clock if isinstance(self.body, Clock) else self.body.stamp.clock


@quick_init
@dataclass(frozen=True, slots=True)
class Peer:
    """Another server, as seen from one: the messages taken from it, and the clock it was heard with.

    `early` are messages that came before others that it had sent earlier.
    """

    server: NodeId
    taken: int = 0
    clock: int = 0
    early: tuple[Numbered, ...] = ()


# ---- a server ------------------------------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Server:
    """A server: its Lamport clock, its replica, its queue, what it knows of the others, its clients.

    `sent` counts its messages to all others, `told` is the highest clock in them; `writing` are the
    requests that are to be answered, each with the stamp of its write.
    """

    peers: tuple[Peer, ...]
    clock: int = 0
    sent: int = 0
    told: int = 0
    replica: Replica = NOTHING_YET
    queue: tuple[Update, ...] = ()
    writing: tuple[tuple[Stamp, Request], ...] = ()
    clients: Clients = NOBODY

    def __str__(self) -> str:
        waits = (str(waits_for(self, update)) for update in self.queue)
        return "; ".join((str(self.replica), *waits))

    def peer(self, server: NodeId) -> Peer:
        """Return what is known of another server."""
        for peer in self.peers:
            if peer.server == server:
                return peer
        raise AssertionError(f"{server} is no other server")

    def with_peer(self, peer: Peer) -> Server:
        """Return this server with something else known of another one."""
        return replace(
            self, peers=tuple(peer if p.server == peer.server else p for p in self.peers)
        )

    def has(self, update: Update) -> bool:
        """Tell whether an update was taken here before."""
        return update.stamp in self.replica.applied or update in self.queue

    @property
    def outlook(self) -> ServerOutlook:
        """What decides whether an update may be applied."""
        lowest = min(peer.clock for peer in self.peers)
        return ServerOutlook(lowest, max(self.replica.applied, default=Stamp(0, 0)))


CausalLamportState: TypeAlias = Client | Server


def waits_for(server: Server, update: Update) -> Waits:
    """Say which servers may still make an update that comes before this one."""
    behind = (peer.server for peer in server.peers if peer.clock < update.stamp.clock)
    return Waits(update.version, tuple(behind))


def later(offered: Copy, held: Copy) -> bool:
    """Replace what a key holds, always: updates are applied in their order."""
    del offered, held
    return True


# ---- the protocol --------------------------------------------------------------------------------


@dataclass(frozen=True)
class CausalLamport:
    """The system: the servers and clients of a deployment; `rules` are the protocol's decisions."""

    deployment: StoreDeployment
    rules: CausalLamportRules = RIGHT
    nodes: tuple[NodeId, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", (*self.deployment.clients, *self.deployment.servers))

    def initial(self, node: NodeId) -> CausalLamportState:
        """Return a client at its home server, or a server that has heard nothing."""
        if node in self.deployment.clients:
            return Idle(Session(self.deployment.home(node)))
        peers = tuple(map(Peer, self.deployment.others(node)))
        return Server(peers, clients=Clients(self.deployment.attached(node)))

    def handle(
        self, node: NodeId, state: CausalLamportState, given: Input
    ) -> Step[CausalLamportState]:
        """Return what a node does with an input."""
        match state, given:
            case Idle() | Waiting() | Moving() as client, _:
                step = client_step(node, client, given, HABITS, self.deployment.servers)
                return Step(step.state, step.effects)

            case Server(clients=clients), Receive(_, Ask(request) | Leave(request)) if (
                not clients.is_new(request)
            ):
                return Step(state)  # a second copy: carried out again, a write would be made twice
            case Server(), Receive(_, Ask(request, Read(key))):
                return self._answer_read(state, request, key)
            case Server(), Receive(_, Ask(request, Write() as write)):
                return self._write(node, state, request, write)
            case Server(), Receive(_, Ask(operation=Move() | Await()) as ask):
                return self._answer_in_time(node, state, ask)
            case Server(clients=clients), Receive(_, Leave(request)):
                return Step(replace(state, clients=clients.having_left(request)))

            case Server(), Receive(source, Numbered() as message):
                return self._receive(node, state, state.peer(source), message)

            case Server(), Start() | ChangeRole():
                return Step(state)  # only clients move
            case _:
                raise AssertionError(f"{node} in {state!r} was given {given!r}")

    # ---- asked by a client

    def _answer_read(self, state: Server, request: Request, key: str) -> Step[CausalLamportState]:
        answer = Answer(request, state.replica.find(key))
        after = replace(state, clients=state.clients.having_heard(request))
        return Step(after, (Send(request.client, answer),))

    def _write(
        self, node: NodeId, state: Server, request: Request, write: Write
    ) -> Step[CausalLamportState]:
        """Stamp a write, tell all, and let it wait for its turn."""
        stamp = Stamp(state.clock + 1, self.deployment.number(node))
        update = Update(Copy(Version(stamp, write.key), write.value))
        after = replace(
            state,
            clock=stamp.clock,
            queue=self._queued(state, update),
            writing=(*state.writing, (stamp, request)),
            clients=state.clients.having_heard(request),
        )
        after, sends = self._tell(node, after, update)
        step = self._settle(node, after, sends)
        assert isinstance(step.state, Server)
        if update not in step.state.queue:
            return step
        return Step(step.state, (*step.effects, Note(waits_for(step.state, update))))

    def _answer_in_time(self, node: NodeId, state: Server, ask: Ask) -> Step[CausalLamportState]:
        """Let a client in when all that it has seen is visible here; or wait for a key, now or later."""
        clients = state.clients.having_to_wait(ask)
        seen = max((version.stamp.clock for version in ask.context), default=0)
        clock = max(state.clock, seen)
        return self._settle(node, replace(state, clock=clock, clients=clients))

    # ---- told by a server

    def _receive(
        self, node: NodeId, state: Server, peer: Peer, message: Numbered
    ) -> Step[CausalLamportState]:
        """Take what a server says in the order in which it said it; what is early is kept."""
        if not self.rules.is_in_order:
            return self._settle(node, *self._take(node, state, peer.server, message))
        if message.number <= peer.taken or message in peer.early:
            return Step(state)  # a second copy
        early = sorted((*peer.early, message), key=lambda message: message.number)
        effects: tuple[Effect, ...] = ()
        taken = peer.taken
        while early and early[0].number == taken + 1:
            state, more = self._take(node, state, peer.server, early.pop(0))
            effects, taken = (*effects, *more), taken + 1
        heard = replace(state.peer(peer.server), taken=taken, early=tuple(early))
        return self._settle(node, state.with_peer(heard), effects)

    def _take(
        self, node: NodeId, state: Server, source: NodeId, message: Numbered
    ) -> tuple[Server, tuple[Effect, ...]]:
        """Note how far the sender has come, and raise the own clock as far."""
        peer = state.peer(source)
        heard = state.with_peer(replace(peer, clock=max(peer.clock, message.clock)))
        state = replace(heard, clock=max(state.clock, message.clock))
        if not isinstance(message.body, Update) or state.has(message.body):
            return state, ()
        return self._confirm(node, state, message.body)

    def _confirm(
        self, node: NodeId, state: Server, update: Update
    ) -> tuple[Server, tuple[Effect, ...]]:
        """Queue an update, and tell all that no lower one will come from here, if they do not know.

        An update so asks every server for its clock, and each of them tells it at most once for
        that update. Nothing waits for ever, and no timer is needed.
        """
        state = replace(state, queue=self._queued(state, update))
        if not self.rules.tells or state.told >= update.stamp.clock:
            return state, ()
        return self._tell(node, state, Clock(self.rules.promised(state.clock)))

    def _tell(
        self, node: NodeId, state: Server, body: Update | Clock
    ) -> tuple[Server, tuple[Effect, ...]]:
        """Send the next message to all other servers."""
        message = Numbered(state.sent + 1, body)
        sends = tuple(Send(server, message) for server in self.deployment.others(node))
        return replace(state, sent=message.number, told=message.clock), sends

    # ---- making visible

    def _queued(self, state: Server, update: Update) -> tuple[Update, ...]:
        """Return the queue with one more update; sorting keeps equal places in order of arrival."""
        return tuple(sorted((*state.queue, update), key=lambda u: self.rules.place(u.stamp)))

    def _settle(
        self, node: NodeId, state: Server, effects: tuple[Effect, ...] = ()
    ) -> Step[CausalLamportState]:
        """Apply what is due, in the order of the queue; then answer who waited for it."""
        while (update := self._due(state)) is not None:
            queue = tuple(other for other in state.queue if other != update)
            state, more = self._apply(replace(state, queue=queue), update)
            effects = (*effects, *more)
        pushes = self.deployment.pushes
        clients, answers = answer_waiting(state.clients, state.replica, node, pushes=pushes)
        after = state if clients is state.clients else replace(state, clients=clients)
        return Step(after, (*effects, *answers))

    def _due(self, state: Server) -> Update | None:
        """Return the first update that is due; by the right rules that is the first of all or none."""
        if not state.queue:
            return None
        outlook, is_due = state.outlook, self.rules.is_due
        return next((update for update in state.queue if is_due(outlook, update.stamp)), None)

    def _apply(self, state: Server, update: Update) -> tuple[Server, tuple[Effect, ...]]:
        """Make an update visible, and answer its client if it was asked for here."""
        replica, effects = made_visible(state.replica, update.copy, later, state.clients.attached)
        asked = tuple(request for stamp, request in state.writing if stamp == update.stamp)
        writing = tuple(entry for entry in state.writing if entry[0] != update.stamp)
        answers = (Send(r.client, Answer(r, Written(update.version))) for r in asked)
        return replace(state, replica=replica, writing=writing), (*effects, *answers)
