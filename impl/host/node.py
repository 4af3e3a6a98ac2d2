"""A node that is hosted: inputs come in, and what is to be done about them comes out, in batches.

The host runs the same `handle` as every search, through the same `react`. It adds what a world has by
itself: links, timers that are armed, durable state, and users who wait for answers. Nothing here
waits, reads a clock or touches a socket or a file; a transport does, and keeps this order:

    give inputs -> take a batch -> write its durable part and sync -> everything else in the batch

A node that its system promises never to lose (its handler knows no `Recover`, or relies on being
spared) keeps a journal of its inputs in place of a state: after a crash the same inputs give the same
state, and to all others it has only been slow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.link import MESSAGE_BYTES_MAX, Link
from counterpoint.impl.host.msgpack import BadBytes
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
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    System,
    Timeout,
)
from counterpoint.model.quick_init import quick_init
from counterpoint.model.reaction import HandlerFailed, IllegalEffect, NodeState, react
from counterpoint.model.values import Json, NodeId, Value, canonical

LogRecord: TypeAlias = dict[str, Json]
"""One thing that a node did, as its log tells it."""

LogDepth = Literal["nothing", "calls", "everything"]
"""How much of what a node does its log tells."""

CALL_EVENTS = frozenset({"invoke", "begin", "return", "note", "crash", "recover"})
"""What a log tells that is to show the calls alone: all that a history is made of."""

ASKS_MAX = 64
"""So many users may wait for a node that is busy."""

ASK_BYTES_MAX = 64 * 2**10
"""No operation that a user asks for is longer: what a protocol makes of it must fit into messages."""


class InputRejected(Exception):
    """The handler has no answer to this input: nobody who follows the protocol gives it.

    The node is as it was before, for a handler that fails has changed nothing.
    """


@quick_init
@dataclass(frozen=True, slots=True)
class Batch:
    """What a transport has to do about the inputs since the last batch.

    `durable` is a 1-tuple of the bytes to persist, empty if nothing is; `journal` are the records to
    append: both come first. Then `lines` go to the log; `timers` are those that changed, with whether
    they are armed; `answers` and `failures` are for the users with these tickets.
    """

    durable: tuple[bytes, ...]
    journal: tuple[bytes, ...]
    lines: tuple[LogRecord, ...]
    timers: Mapping[str, bool]
    answers: tuple[tuple[int, Value], ...]
    failures: tuple[tuple[int, str], ...]
    notes: tuple[Value, ...]


class Host:
    """One node of a system, its links, and the users who wait for it. `now` is in nanoseconds."""

    def __init__(
        self,
        system: System[Any],
        node: NodeId,
        codec: Codec,
        *,
        incarnation: int,
        keeps_journal: bool = False,
        log: LogDepth = "nothing",
    ) -> None:
        self.system, self.node, self.codec = system, node, codec
        self.incarnation = incarnation
        self.keeps_journal = keeps_journal
        self._tells_all, self._tells_calls = log == "everything", log != "nothing"
        self.node_state = NodeState(system.initial(node))
        self.links: dict[NodeId, Link] = {}
        self.own: deque[tuple[int, Value]] = deque()
        self.own_count = 0
        self.line_count = 0
        self._touched: dict[NodeId, None] = {}
        self._asks: deque[tuple[int, Value]] = deque()
        self._ticket: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._durable: tuple[bytes, ...] = ()
        self._journal: list[bytes] = []
        self._lines: list[LogRecord] = []
        self._timers: dict[str, bool] = {}
        self._answers: list[tuple[int, Value]] = []
        self._failures: list[tuple[int, str]] = []
        self._notes: list[Value] = []

    def link(self, peer: NodeId) -> Link:
        """Return this end of the link with a peer."""
        link = self.links.get(peer)
        if link is None:
            link = self.links[peer] = Link(self.incarnation)
        return link

    def take(self) -> Batch:
        """Return what is to be done, and begin the next batch."""
        batch = Batch(
            self._durable,
            tuple(self._journal),
            tuple(self._lines),
            self._timers,
            tuple(self._answers),
            tuple(self._failures),
            tuple(self._notes),
        )
        self._clear()
        return batch

    def touch(self, peer: NodeId) -> None:
        """Count a peer among those to whom something was sent."""
        self._touched[peer] = None

    def take_touched(self) -> tuple[NodeId, ...]:
        """Return the peers to whom something was sent since this was last asked."""
        touched = tuple(self._touched)
        self._touched.clear()
        return touched

    # ---- inputs --------------------------------------------------------------------------------------

    def start(self, now: int) -> None:
        """Begin, for the first time."""
        self._give(Start(), ("start", now), ("start", {}))

    def recover(self, durable: Value, now: int) -> None:
        """Begin again after a crash, with what was persisted last."""
        self.node_state = replace(self.node_state, durable=durable)
        self._give(Recover(durable), ("recover", now), ("recover", {"body": durable}))

    def crash(self, now: int) -> None:
        """Lose everything but what was persisted, as a process does that is killed."""
        assert not self.keeps_journal, f"{self.node} never forgets"
        self._log("crash", now)
        self._timers |= dict.fromkeys(self.node_state.timers, False)
        self.node_state = NodeState(self.system.initial(self.node), self.node_state.durable)
        self._ticket = None
        self._asks.clear()
        self.own.clear()

    def receive(self, peer: NodeId, number: int, data: bytes, now: int) -> None:
        """Take a message of a peer, unless it was taken before.

        Raises:
            BadBytes: no peer of this version can have sent it.
            InputRejected: no peer that follows the protocol can have sent it.
        """
        link = self.link(peer)
        if not link.is_news(number):
            return
        body = self.codec.decode(data)
        entry = ("receive", now, peer, link.peer, number, data)
        self._give(Receive(peer, body), entry, ("recv", self._told(peer, link.peer, number, body)))

    def receive_own(self, now: int) -> None:
        """Take the oldest message that this node sent to itself; there must be one."""
        number, body = self.own.popleft()
        told = self._told(self.node, self.incarnation, number, body)
        self._give(Receive(self.node, body), ("own", now), ("recv", told))

    def _told(
        self, source: NodeId, incarnation: int, number: int, body: Value
    ) -> Mapping[str, Value]:
        """Return what a log says of a message that was taken."""
        if not self._tells_all:
            return {}
        name = message_name(source, incarnation, self.node, number)
        return {"from": source, "msg": name, "body": body}

    def fire(self, timer: str, now: int) -> None:
        """Let a timer go off; one that is not armed any more does nothing."""
        if timer not in self.node_state.timers:
            return
        kept = tuple(other for other in self.node_state.timers if other != timer)
        self.node_state = replace(self.node_state, timers=kept)
        self._timers[timer] = False
        self._give(Timeout(timer), ("fire", now, timer), ("timer", {"body": timer}))

    def change_role(self, now: int) -> None:
        """Pass on the wish of an operator that the node take its other role."""
        self._give(ChangeRole(), ("role", now), ("role", {}))

    def ask(self, ticket: int, operation: Value, now: int) -> None:
        """Ask for an operation, now or when those before it are answered.

        The answer, or why there is none, is in a batch to come, with this ticket.
        """
        if len(self._asks) >= ASKS_MAX:
            self._failures.append((ticket, f"{ASKS_MAX} calls wait for {self.node} already"))
            return
        self._asks.append((ticket, operation))
        self._serve(now)

    def _serve(self, now: int) -> None:
        """Begin the next operation that a user has asked for, if the node is free."""
        while self._asks and self.node_state.pending is None:
            ticket, operation = self._asks.popleft()
            free, self._ticket = self.node_state, ticket
            self.node_state = replace(free, pending=operation)
            try:
                self._give(
                    Invoke(operation), ("ask", now, operation), ("invoke", {"body": operation})
                )
            except InputRejected as error:
                self.node_state, self._ticket = free, None
                self._failures.append((ticket, f"{self.node} cannot be asked this ({error})"))

    # ---- the one step --------------------------------------------------------------------------------

    def _give(
        self, given: Input, entry: tuple[Value, ...], line: tuple[str, Mapping[str, Value]]
    ) -> None:
        """Give an input to the handler, and note what has to be done about its effects."""
        try:
            reaction = react(self.system, self.node, self.node_state, given, is_trusted=True)
            encoded = self._all_encoded(reaction.effects)
            record = (self.codec.encode(entry),) if self.keeps_journal else ()
        except (HandlerFailed, IllegalEffect, BadBytes) as error:
            raise InputRejected(str(error)) from error
        now = cast(int, entry[1])
        self.node_state = reaction.node_state
        self._journal += record
        if self._tells_calls:
            self._log(line[0], now, **line[1])
        for effect, data in zip(reaction.effects, encoded, strict=True):
            self._do(effect, data, now)
        if self._asks:
            self._serve(now)

    def _all_encoded(self, effects: tuple[Effect, ...]) -> list[bytes]:
        """Return the bytes of what each effect sends or persists; one body for many is written once.

        Raises:
            BadBytes: it cannot be written, or is too long to be sent.
        """
        encoded: list[bytes] = []
        last: tuple[Value, bytes] | None = None
        for effect in effects:
            match effect:
                case Send(to, body) if to != self.node:
                    if last is None or last[0] is not body:
                        last = (body, self._message(to, body))
                    encoded.append(last[1])
                case Persist(value) if not self.keeps_journal:
                    encoded.append(self.codec.encode(value))
                case _:
                    encoded.append(b"")
        return encoded

    def _message(self, to: NodeId, body: Value) -> bytes:
        data = self.codec.encode(body)
        if len(data) > MESSAGE_BYTES_MAX:
            raise BadBytes(
                f"a message to {to} has {len(data):,} bytes; {MESSAGE_BYTES_MAX:,} is the most"
            )
        return data

    def _do(self, effect: Effect, data: bytes, now: int) -> None:
        """Note what an effect asks for; `data` are its bytes, where it has any."""
        match effect:
            case Send(to, body):
                self._send(to, body, data, now)
            case SetTimer(timer):
                self._timers[timer] = True
                self._log("set-timer", now, body=timer)
            case CancelTimer(timer):
                self._timers[timer] = False
                self._log("cancel-timer", now, body=timer)
            case Begin(operation):
                self._log("begin", now, body=operation)
            case Return(result):
                self._log("return", now, body=result)
                if self._ticket is not None:
                    self._answers.append((self._ticket, result))
                self._ticket = None
            case Persist(value):
                if not self.keeps_journal:
                    self._durable = (data,)
                self._log("persist", now, body=value)
            case Note(what):
                self._notes.append(what)
                self._log("note", now, body=what)

    def _send(self, to: NodeId, body: Value, data: bytes, now: int) -> None:
        if to == self.node:
            number = self.own_count = self.own_count + 1
            self.own.append((number, body))
        else:
            number = self.link(to).put(data)
            self._touched[to] = None
        if self._tells_all:
            name = message_name(self.node, self.incarnation, to, number)
            self._log("send", now, to=to, msg=name, body=body)

    def _log(self, ev: str, now: int, **told: Value) -> None:
        if self._tells_all or (self._tells_calls and ev in CALL_EVENTS):
            self.line_count += 1
            line: LogRecord = {"node": self.node, "n": self.line_count, "ev": ev, "t": now}
            self._lines.append(line | {key: canonical(value) for key, value in told.items()})

    # ---- the journal ---------------------------------------------------------------------------------

    def note_taken(self, peer: NodeId, number: int) -> None:
        """Forget messages that a peer has taken."""
        if self.link(peer).trim(number) and self.keeps_journal:
            self._journal.append(self.codec.encode(("taken", 0, peer, number)))

    def snapshot(self) -> bytes:
        """Return everything that this node is, as the first record of a journal. No batch is open."""
        node_state = self.node_state
        links = tuple(
            (peer, link.sent, link.peer, link.taken, tuple(link.waiting))
            for peer, link in sorted(self.links.items())
        )
        state = (node_state.state, node_state.durable, node_state.timers, node_state.pending)
        own = (self.own_count, tuple(self.own))
        return self.codec.encode(("snapshot", self.incarnation, self.line_count, state, own, links))

    def restore(self, records: Iterable[bytes]) -> None:
        """Become what a journal says; its first record is a snapshot.

        Raises:
            BadBytes: the records are of another version, or of another node.
        """
        for position, record in enumerate(records):
            match self.codec.decode(record):
                case ("snapshot", int(incarnation), int(lines), state, own, links) if position == 0:
                    self._become(incarnation, lines, state, own, links)
                case ("receive", int(now), str(peer), int(incarnation), int(number), bytes(data)):
                    link = self.link(peer)
                    if link.peer != incarnation:
                        link.peer, link.taken = incarnation, 0
                    self.receive(peer, number, data, now)
                case ("own", int(now)):
                    self.receive_own(now)
                case ("fire", int(now), str(timer)):
                    self.fire(timer, now)
                case ("role", int(now)):
                    self.change_role(now)
                case ("ask", int(now), operation):
                    self.ask(0, operation, now)
                case ("taken", 0, str(peer), int(number)):
                    self.link(peer).trim(number)
                case other:
                    raise BadBytes(f"record {position} of the journal is {str(other)[:80]}")
        self._journal.clear()
        self._ticket = None

    def _become(self, incarnation: int, lines: int, state: Any, own: Any, links: Any) -> None:
        self.incarnation, self.line_count = incarnation, lines
        self.node_state = NodeState(state[0], state[1], state[2], (), state[3])
        self.own_count, self.own = own[0], deque(own[1])
        for peer, sent, peer_incarnation, taken, waiting in links:
            link = self.links[peer] = Link(incarnation)
            link.sent, link.peer, link.taken = sent, peer_incarnation, taken
            link.waiting.extend(waiting)


def message_name(source: NodeId, incarnation: int, to: NodeId, number: int) -> str:
    """Return the name that a message has in the logs of both its ends."""
    return f"{source}.{incarnation:x}-{to}-{number}"
