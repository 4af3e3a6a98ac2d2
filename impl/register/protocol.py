"""The register: fail-silent replicated tokens with atomic semantics, one writer and N readers each.

    write   client -Ask-> writer: stamp the value; -Store-> all readers; a majority -Stored-> Answer
    read    client -Ask-> reader; -Query-> all readers; a majority -Have-> take the newest;
            -Store-> all readers; a majority -Stored-> Answer

After Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems" (J. ACM 42(1),
1995), and the read-impose write-all register of Guerraoui and Rodrigues. A reader keeps a record
only if its stamp is higher than that of its own, and persists it before it acknowledges it. Stamps
are the writer's own counter, persisted before use.

Nodes are fail-silent: they may stop, lose messages and come back with what they persisted, but they
never lie. Links between healthy nodes may delay, reorder and duplicate, but do not lose; therefore
nothing is sent twice, and no node keeps a list of what it has seen. An operation is answered if its
server stays well and, while it is under way, at most a minority of the readers fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from counterpoint.impl.register.access import AccessControl
from counterpoint.impl.register.messages import (
    NO_READ,
    NO_WRITE,
    Answer,
    Ask,
    Have,
    Query,
    Read,
    Refused,
    RegisterOperation,
    RegisterResult,
    Request,
    Store,
    Stored,
    Write,
)
from counterpoint.impl.register.rules import RIGHT, RegisterRules
from counterpoint.impl.register.values import Record, Written, newest_of, write_fault, written
from counterpoint.model.node import (
    Effect,
    Input,
    Invoke,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId, Value

CLOCK = "clock adjusted"
"""The timer of a writer that takes its stamps from a clock, when someone sets that clock."""

FLUSH = "flush"
"""The timer of a reader that acknowledges first and stores later, when it comes round to storing."""


# ---- a client: one operation at a time -----------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Idle:
    """A client that waits for nothing, after this many requests."""

    number: int = 0

    def __str__(self) -> str:
        return "idle"


@quick_init
@dataclass(frozen=True, slots=True)
class Waiting:
    """A client that waits for the answer to its request."""

    request: Request

    def __str__(self) -> str:
        return f"waits for {self.request}"


# ---- a server: any number of operations at a time, one for each client ---------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Writing:
    """A write that has sent its record to every reader and waits for a majority to store it."""

    request: Request
    record: Record
    stored: frozenset[NodeId] = frozenset()

    def __str__(self) -> str:
        return f"{self.request} writes ({len(self.stored)} stored it)"


@quick_init
@dataclass(frozen=True, slots=True)
class Querying:
    """A read that has asked every reader for its record and waits for a majority to answer."""

    request: Request
    newest: Record
    heard: frozenset[NodeId] = frozenset()

    def __str__(self) -> str:
        return f"{self.request} asks ({len(self.heard)} answered)"


@quick_init
@dataclass(frozen=True, slots=True)
class Imposing:
    """A read that knows its result, and waits for a majority to store it before it answers."""

    request: Request
    record: Record
    stored: frozenset[NodeId] = frozenset()

    def __str__(self) -> str:
        return f"{self.request} writes back ({len(self.stored)} stored it)"


RequestPhase: TypeAlias = Writing | Querying | Imposing


_client_of = attrgetter("client")


@quick_init
@dataclass(frozen=True, slots=True)
class Shelf:
    """What a server persists.

    `stamp` is the last one that it gave; `requests` holds the newest request of each client that
    asked it, so that no copy of a request is carried out again; `records` one for each token.
    """

    stamp: int = 0
    requests: tuple[Request, ...] = ()
    records: tuple[Record, ...] = ()

    def is_new(self, request: Request) -> bool:
        """Tell whether a request is newer than all that its client asked before."""
        asked = [r.number for r in self.requests if r.client == request.client]
        return not asked or max(asked) < request.number

    def having_begun(self, request: Request) -> Shelf:
        """Return this shelf with a request as the newest of its client."""
        others = [r for r in self.requests if r.client != request.client]
        requests = tuple(sorted((*others, request), key=_client_of))
        return Shelf(self.stamp, requests, self.records)

    def record(self, token: int) -> Record:
        """Return the record of a token; stamp 0 if there is none yet."""
        for record in self.records:
            if record.token == token:
                return record
        return Record(token)

    def keeping(self, record: Record) -> Shelf:
        """Return this shelf with a record in place of the one of its token."""
        others = (r for r in self.records if r.token != record.token)
        records = sorted((*others, record), key=lambda record: record.token)
        return Shelf(self.stamp, self.requests, tuple(records))


@quick_init
@dataclass(frozen=True, slots=True)
class Server:
    """A server: its shelf, and the phase of each request that it is carrying out."""

    shelf: Shelf = Shelf()
    phases: tuple[RequestPhase, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, (*self.shelf.records, *self.phases))) or "empty"

    def with_phase(self, phase: RequestPhase) -> Server:
        """Return this server in this phase of a request, in place of any other of that client."""
        others = self.without(phase.request.client).phases
        phases = sorted((*others, phase), key=lambda p: p.request.client)
        return Server(self.shelf, tuple(phases))

    def without(self, client: NodeId) -> Server:
        """Return this server with nothing under way for a client."""
        return Server(self.shelf, tuple([p for p in self.phases if p.request.client != client]))


RegisterState: TypeAlias = Idle | Waiting | Server


# ---- the protocol --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReplicatedRegister:
    """The system: the servers of a configuration, and clients.

    `rules` are the protocol's decisions. `copies` gives clients a configuration of their own, out of
    date perhaps; right clients do not look at it, for only a server can say what is allowed.
    """

    access: AccessControl
    clients: tuple[NodeId, ...]
    rules: RegisterRules = RIGHT
    copies: tuple[tuple[NodeId, AccessControl], ...] = ()
    nodes: tuple[NodeId, ...] = field(init=False)

    def __post_init__(self) -> None:
        nodes = (*self.clients, *self.access.servers)
        assert len(set(nodes)) == len(nodes), f"two nodes share a name: {nodes}"
        object.__setattr__(self, "nodes", nodes)

    def initial(self, node: NodeId) -> RegisterState:
        """Return an idle client, or a server that has seen nothing."""
        return Idle() if node in self.clients else Server(Shelf(self.rules.first_stamp))

    def handle(self, node: NodeId, state: RegisterState, given: Input) -> Step[RegisterState]:
        """Return what a node does with an input."""
        match state, given:
            case Server(), Receive(source, body):
                return self._served(node, state, source, body)

            case Idle(number), Invoke(Write() | Read() as operation):
                return self._ask(Request(node, number + 1), operation)
            case Waiting(request), Receive(_, Answer(answered, result)) if answered == request:
                return Step(Idle(request.number), (Return(result),))
            case Idle() | Waiting(), Receive(_, Answer()):
                return Step(state)  # a second copy of an answer, or one from before a crash

            case _, Start():
                return Step(state, self._clock(node))
            case Idle(), Recover(durable):
                return Step(Idle(durable if isinstance(durable, int) else 0))
            case Server(shelf), Recover(durable):
                return self._recover(node, durable if isinstance(durable, Shelf) else shelf)

            case Server(shelf), Timeout(timer) if timer == FLUSH:
                return Step(state, (Persist(shelf),))
            case Server(shelf), Timeout(timer) if timer == CLOCK:
                stamp = shelf.stamp + self.rules.clock_jump
                return Step(replace(state, shelf=replace(shelf, stamp=stamp)))
            case _:
                raise AssertionError(f"{node} in {state!r} was given {given!r}")

    def _served(
        self, node: NodeId, state: Server, source: NodeId, body: Value
    ) -> Step[RegisterState]:
        """Return what a server does with a message."""
        match body:
            case Query(request, token):
                return Step(state, (Send(source, Have(request, state.shelf.record(token))),))
            case Store(request, record):
                return self._keep(state, record, Send(source, Stored(request)))

            case Have(request, record) if isinstance(
                querying := self._phase(state, request), Querying
            ):
                return self._count_record(state, querying, source, record)
            case Stored(request) if isinstance(
                storing := self._phase(state, request), Writing | Imposing
            ):
                return self._count_stored(state, storing, source)
            case Have() | Stored():
                return Step(state)  # more than the majority, or for a request cut by a crash

            case Ask(request) if not state.shelf.is_new(request):
                return Step(state)  # a second copy: carried out again, an old write would come back
            case Ask(request, operation) if (why := self._refusal(node, operation)) is not None:
                return self._refuse(state, request, why)
            case Ask(request, Write() as write):
                return self._write(node, state, request, write)
            case Ask(request, Read() as read):
                return self._read(state, request, read)
            case _:
                raise AssertionError(f"{node} in {state!r} was given {Receive(source, body)!r}")

    # ---- a client

    def _ask(self, request: Request, operation: RegisterOperation) -> Step[RegisterState]:
        """Pass an operation to its server. The number is persisted, so that none is used twice."""
        if self.rules.checked_by == "client":
            copy = dict(self.copies).get(request.client, self.access)
            why = unauthorised(copy, operation)
            if why is not None:
                return Step(Idle(request.number), (Return(Refused(why)),))
        ask = Send(operation.at, Ask(request, operation))
        return Step(Waiting(request), (Persist(request.number), ask))

    # ---- a server, asked by a client

    def _refusal(self, node: NodeId, operation: RegisterOperation) -> str | None:
        """Say why this server does not carry out an operation, None if it does."""
        assert operation.at == node, f"{node} was asked for {operation}"
        if self.rules.checked_by == "server" or self.access.token(operation.token) is None:
            why = unauthorised(self.access, operation)
            if why is not None:
                return why
        match operation:
            case Write(_, name, low, mid, high):
                return write_fault(name, low, mid, high)
            case Read():
                return None

    def _refuse(self, state: Server, request: Request, why: str) -> Step[RegisterState]:
        shelf = state.shelf.having_begun(request)
        answer = Send(request.client, Answer(request, Refused(why)))
        return Step(Server(shelf, state.phases), (Persist(shelf), answer))

    def _write(
        self, node: NodeId, state: Server, request: Request, write: Write
    ) -> Step[RegisterState]:
        """Give the next stamp to what is written, and send it to all readers."""
        shelf = replace(state.shelf.having_begun(request), stamp=state.shelf.stamp + 1)
        value = written(write.name, write.low, write.mid, write.high)
        record = Record(write.token, shelf.stamp, value)
        votes = frozenset({node}) if self.rules.writer_votes else frozenset()
        first = (Persist(shelf),) if self.rules.is_durable_before_use else ()
        after = Server(shelf, state.phases).with_phase(Writing(request, record, votes))
        return Step(after, (*first, *self._to_readers(write.token, Store(request, record))))

    def _read(self, state: Server, request: Request, read: Read) -> Step[RegisterState]:
        """Ask all readers for their records."""
        shelf = state.shelf.having_begun(request)
        after = Server(shelf, state.phases).with_phase(Querying(request, Record(read.token)))
        return Step(
            after, (Persist(shelf), *self._to_readers(read.token, Query(request, read.token)))
        )

    # ---- a server, asked by a server

    def _keep(self, state: Server, offered: Record, reply: Send) -> Step[RegisterState]:
        """Keep a record if it is newer; an older one is acknowledged all the same."""
        if not self.rules.replaces(offered, state.shelf.record(offered.token)):
            return Step(state, (reply,))
        shelf = state.shelf.keeping(offered)
        is_durable_first = self.rules.is_durable_before_reply
        effects = (Persist(shelf), reply) if is_durable_first else (reply, SetTimer(FLUSH))
        return Step(Server(shelf, state.phases), effects)

    # ---- a server, answered by servers

    def _phase(self, state: Server, answered: Request) -> RequestPhase | None:
        """Return the phase that an answer to this request counts for, None if it is too late."""
        for phase in state.phases:
            if self.rules.counts_for(answered, phase.request):
                return phase
        return None

    def _count_record(
        self, state: Server, phase: Querying, source: NodeId, record: Record
    ) -> Step[RegisterState]:
        """Take a reader's record into account; with a majority of them, impose the newest."""
        newest = newest_of((phase.newest, record))
        heard = phase.heard | {source}
        if len(heard) < self._quorum(record.token):
            return Step(state.with_phase(Querying(phase.request, newest, heard)))
        if not self.rules.writes_back:
            return self._answer(state, phase.request, newest.written)
        store = Store(phase.request, newest)
        after = state.with_phase(Imposing(phase.request, newest))
        return Step(after, self._to_readers(newest.token, store))

    def _count_stored(
        self, state: Server, phase: Writing | Imposing, source: NodeId
    ) -> Step[RegisterState]:
        """Take a reader's acknowledgement into account; with a majority of them, answer."""
        phase = replace(phase, stored=phase.stored | {source})
        if len(phase.stored) < self._quorum(phase.record.token):
            return Step(state.with_phase(phase))
        match phase:
            case Writing(request, Record(written=Written(partial=partial))):
                return self._answer(state, request, partial)
            case _:
                return self._answer(state, phase.request, phase.record.written)

    def _answer(
        self, state: Server, request: Request, result: RegisterResult
    ) -> Step[RegisterState]:
        last = () if self.rules.is_durable_before_use else (Persist(state.shelf),)
        answer = Send(request.client, Answer(request, result))
        return Step(state.without(request.client), (*last, answer))

    # ---- a server, started

    def _recover(self, node: NodeId, shelf: Shelf) -> Step[RegisterState]:
        """Go on with what was persisted; what was under way is lost, and its clients wait in vain."""
        kept = replace(shelf, stamp=self.rules.recovered(shelf.stamp))
        return Step(Server(kept), self._clock(node))

    def _clock(self, node: NodeId) -> tuple[Effect, ...]:
        """Let a writer's clock be adjusted once, if stamps come from a clock."""
        is_writer = any(token.writer == node for token in self.access.tokens)
        return (SetTimer(CLOCK),) if is_writer and self.rules.clock_jump else ()

    # ---- the configuration

    def _readers(self, token_id: int) -> tuple[NodeId, ...]:
        token = self.access.token(token_id)
        assert token is not None, f"a message speaks of token {token_id}, which nobody knows"
        return token.readers

    def _to_readers(self, token_id: int, body: Query | Store) -> tuple[Send, ...]:
        """Send to all readers, over the network to oneself as well: then all are alike."""
        return tuple(Send(reader, body) for reader in self._readers(token_id))

    def _quorum(self, token_id: int) -> int:
        return self.rules.quorum(len(self._readers(token_id)))


def unauthorised(access: AccessControl, operation: RegisterOperation) -> str | None:
    """Return what a server must answer to an operation that is not allowed at it, else None."""
    match operation:
        case Write(token, at=at):
            return None if access.may_write(at, token) else NO_WRITE
        case Read(token, at):
            return None if access.may_read(at, token) else NO_READ
