"""A register with several writers on replicated servers (Attiya, Bar-Noy, Dolev 1995; Lynch 1997).

The same protocol, message for message, as the `linearizable-register` example of the checker whose
counts design pages quote: a server coordinates one request at a time in two phases. What a busy
server is asked it ignores, or (`is_patient`) keeps for later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from counterpoint.model.actions import Deliver
from counterpoint.model.node import Input, Receive, Send, Step
from counterpoint.model.scenario import Goal, Network, Scenario, nothing_is_visible
from counterpoint.model.values import Value
from counterpoint.model.world import Action
from tests.oracles.clients import Client, Get, GetOk, Put, PutOk, client
from tests.oracles.linearizable import NOTHING, linearizability
from tests.oracles.settings import one_of, whole

Seq = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Query:
    request: int


@dataclass(frozen=True, slots=True)
class AckQuery:
    request: int
    seq: Seq
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    request: int
    seq: Seq
    value: str


@dataclass(frozen=True, slots=True)
class AckRecord:
    request: int


@dataclass(frozen=True, slots=True)
class Asking:
    """Phase 1: what this server and others hold."""

    request: int
    requester: str
    write: str | None
    responses: frozenset[tuple[int, Seq, str]]


@dataclass(frozen=True, slots=True)
class Recording:
    """Phase 2: who has recorded; `read` is the value for a read's answer."""

    request: int
    requester: str
    read: str | None
    acks: frozenset[int]


@dataclass(frozen=True, slots=True)
class Server:
    seq: Seq
    value: str = "\0"
    phase: Asking | Recording | None = None
    later: tuple[Receive, ...] = ()


State = Server | Client


@dataclass(frozen=True)
class Abd:
    servers: int
    clients: int
    put_count: int = 1
    is_patient: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        clients = range(self.servers, self.servers + self.clients)
        return (*(f"s{k}" for k in range(self.servers)), *(f"c{k}" for k in clients))

    def initial(self, node: str) -> State:
        return Server((0, int(node[1:]))) if node[0] == "s" else Client()

    def handle(self, node: str, state: State, given: Input) -> Step[State]:
        number = int(node[1:])
        if isinstance(state, Client):
            step = client(number, state, given, self.servers, self.put_count)
            return Step(step.state, step.effects)
        if not isinstance(given, Receive):
            return Step(state)
        return self._next(number, self._serve(number, state, given.source, given.body))

    def _next(self, me: int, step: Step[State]) -> Step[State]:
        """Begin what was kept for later, if the server is idle now."""
        state = step.state
        if not (isinstance(state, Server) and state.phase is None and state.later):
            return step
        request, *later = state.later
        idle = replace(state, later=tuple(later))
        begun = self._serve(me, idle, request.source, request.body)
        return self._next(me, Step(begun.state, (*step.effects, *begun.effects)))

    def _peers(self, number: int, body: object) -> tuple[Send, ...]:
        return tuple(Send(f"s{k}", body) for k in range(self.servers) if k != number)

    def _serve(self, me: int, state: Server, source: str, body: object) -> Step[State]:
        match body:
            case Put(request, value) if state.phase is None:
                return self._ask(me, state, Asking(request, source, value, frozenset()))
            case Get(request) if state.phase is None:
                return self._ask(me, state, Asking(request, source, None, frozenset()))
            case Put() | Get() if self.is_patient:
                return Step(replace(state, later=(*state.later, Receive(source, body))))
            case Query(request):
                return Step(state, (Send(source, AckQuery(request, state.seq, state.value)),))
            case Record(request, seq, value):
                newer = replace(state, seq=seq, value=value) if seq > state.seq else state
                return Step(newer, (Send(source, AckRecord(request)),))
            case AckQuery(request, seq, value):
                if isinstance(state.phase, Asking) and state.phase.request == request:
                    return self._heard(me, state, state.phase, (int(source[1:]), seq, value))
            case AckRecord(request):
                phase, acknowledger = state.phase, int(source[1:])
                if isinstance(phase, Recording) and phase.request == request:
                    return self._recorded(state, phase, acknowledger)
        return Step(state)

    def _ask(self, me: int, state: Server, phase: Asking) -> Step[State]:
        asking = replace(phase, responses=frozenset({(me, state.seq, state.value)}))
        return Step(replace(state, phase=asking), self._peers(me, Query(phase.request)))

    def _heard(
        self, me: int, state: Server, phase: Asking, response: tuple[int, Seq, str]
    ) -> Step[State]:
        others = frozenset(r for r in phase.responses if r[0] != response[0])
        responses = others | {response}
        if len(responses) != self.servers // 2 + 1:
            return Step(replace(state, phase=replace(phase, responses=responses)))
        _, seq, value = max(responses, key=lambda r: r[1])
        read = value if phase.write is None else None
        if phase.write is not None:
            seq, value = (seq[0] + 1, me), phase.write
        after = replace(state, seq=seq, value=value) if seq > state.seq else state
        recording = Recording(phase.request, phase.requester, read, frozenset({me}))
        record = Record(phase.request, seq, value)
        return Step(replace(after, phase=recording), self._peers(me, record))

    def _recorded(self, state: Server, phase: Recording, source: int) -> Step[State]:
        acks = phase.acks | {source}
        if acks == phase.acks:
            return Step(state)
        if len(acks) != self.servers // 2 + 1:
            return Step(replace(state, phase=replace(phase, acks=acks)))
        answer = PutOk(phase.request) if phase.read is None else GetOk(phase.request, phase.read)
        return Step(replace(state, phase=None), (Send(phase.requester, answer),))


def value_chosen(states: Mapping[str, State], messages: Sequence[tuple[str, str, Value]]) -> bool:
    """Tell whether an answer with a value that was written is on its way."""
    del states
    return any(isinstance(body, GetOk) and body.value != NOTHING for _, _, body in messages)


def begins_or_ends(action: Action) -> bool:
    """Tell whether an operation begins or ends here; a first write counts as begun when it arrives.

    The answer to a write is also the beginning of the read that follows it.
    """
    return isinstance(action, Deliver) and isinstance(action.body, (Put, PutOk, GetOk))


def system(
    servers: str = "2",
    clients: str = "2",
    put_count: str = "1",
    network: Network = "unordered",
    busy: str = "ignore",
    history: str = "partial",
    observer: bool = False,
) -> Scenario:
    """Return the register with so many servers and clients; `busy` servers "ignore" or "keep".

    `history` says when two runs are equivalent to partial-order reduction: the order of all that
    begins or ends an operation is the same in both ("total"), or need not be ("partial").
    """
    protocol = Abd(
        whole("servers", servers, at_least=1),
        whole("clients", clients, at_least=1),
        whole("put_count", put_count),
        is_patient=one_of("busy", busy, "ignore", "keep") == "keep",
    )
    is_total = one_of("history", history, "partial", "total") == "total"
    return Scenario(
        name="abd",
        system=protocol,
        calls={},
        properties=(linearizability(observer=observer),),
        goals=(Goal("value chosen", value_chosen),),
        network=one_of("network", network, "unordered", "ordered"),
        visible=begins_or_ends if is_total else nothing_is_visible,
        min_calls_per_run=0.0,
    )
