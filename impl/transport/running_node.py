"""A node that runs: a host core, its connections, its timers and its folder, in one asyncio loop."""

from __future__ import annotations

import asyncio
import logging
import random
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

from counterpoint.impl.host.backoff import pause_seconds
from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.frames import BadFrame, Frame, Tag
from counterpoint.impl.host.handshake import USER, PeerIdentity
from counterpoint.impl.host.link import LinkView, messages_in, taken_content, taken_in, taken_with
from counterpoint.impl.host.msgpack import BadBytes
from counterpoint.impl.host.node import ASK_BYTES_MAX, Batch, Host, InputRejected, LogDepth
from counterpoint.impl.transport.connection import Connection
from counterpoint.impl.transport.event_log import EventLogWriter
from counterpoint.impl.transport.folder import Folder
from counterpoint.impl.transport.user import Unreachable
from counterpoint.model.node import System
from counterpoint.model.values import NodeId, Value

Endpoint = tuple[str, int]
"""A host and a port."""

OWN_MESSAGES_MAX = 1_000
"""So many messages to itself a node takes in one go."""

CONNECTIONS_MAX = 512
"""So many connections are accepted at a time."""

TELL_SECONDS = 0.1
"""After so long a peer is told what was taken of it, if no message to it has gone out before."""

DEFAULT_DELAY = 0.3
"""Seconds until a timer goes off of which nothing else was said."""

_TICKET = struct.Struct(">Q")
_LOG = logging.getLogger("counterpoint.node")


@dataclass(frozen=True)
class Settings:
    """How a node of a system is run.

    `places` says where each node is to be reached, as seen from this one; a node without a place
    dials all others. `delays` are the seconds after which each timer goes off. `is_journaled`: the
    system promises never to lose this node, so it keeps a journal.
    """

    system: System[Any]
    node: NodeId
    codec: Codec
    identity: PeerIdentity
    places: Mapping[NodeId, Endpoint]
    folder: Path
    listens_at: Endpoint | None = None
    delays: Mapping[str, float] = field(default_factory=dict)
    is_journaled: bool = False
    is_synced: bool = True
    log: Path | None = None
    log_depth: LogDepth = "everything"
    tls_server: SSLContext | None = None
    tls_client: SSLContext | None = None


def _ignore(note: Value) -> None:
    """Notes are for those who listen."""


def _be_silent(defect: OSError) -> None:
    """Who has not asked to be told finds it in the log."""


def now() -> int:
    """Nanoseconds on the one clock that all processes of a machine share, and that never goes back."""
    return time.monotonic_ns()


class RunningNode:
    """A node that runs until it is stopped. Everything happens in the loop in which it was started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.identity = settings.identity
        self.on_note: Callable[[Value], None] = _ignore
        self.on_defect: Callable[[OSError], None] = _be_silent
        self.refused_count = 0
        self.why_closed = ""
        self._folder = Folder(settings.folder, is_synced=settings.is_synced)
        self._log = EventLogWriter(settings.log) if settings.log else None
        self.host = Host(
            settings.system,
            settings.node,
            settings.codec,
            incarnation=time.time_ns(),
            keeps_journal=settings.is_journaled,
            log="nothing" if self._log is None else settings.log_depth,
        )
        self._connections: dict[NodeId, Connection] = {}
        self._accepted: set[Connection] = set()
        self._dialled_now: set[Connection] = set()
        self._untold: set[NodeId] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._users: dict[int, Callable[[Value | None, str], None]] = {}
        self._callers: set[asyncio.Future[Value]] = set()
        self._ticket = 0
        self._is_flush_due = self._is_stopped = False
        self._dialling: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._telling: asyncio.TimerHandle | None = None

    # ---- beginning and end ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Load what is durable, listen, and dial.

        Raises:
            DamagedFile: durable state is not as it was written.
            OSError: the port is taken, or the log or the folder cannot be written.
        """
        settings = self.settings
        self._begin()
        if settings.listens_at is not None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                self._accept, *settings.listens_at, ssl=settings.tls_server
            )
        self._dialling = [asyncio.create_task(self._dial(p)) for p in self._dialled()]
        _LOG.info("started node=%s at=%s", settings.node, settings.listens_at)
        self._flush()

    def _begin(self) -> None:
        """Give the node its first input, or what it was before."""
        if self._log is not None:
            self.host.line_count = 0 if self.settings.is_journaled else self._log.last
        if self.settings.is_journaled:
            self._restore()
            return
        saved = self._folder.load()
        if saved is None and not (self._folder.path / "begun").exists():
            (self._folder.path / "begun").touch()
            self.host.start(now())
        else:
            self.host.recover(None if saved is None else self.settings.codec.decode(saved), now())

    def _restore(self) -> None:
        records = self._folder.open_journal()
        if records:
            self.host.restore(records)
        else:
            self.host.start(now())
        lines = self.host.take().lines
        if not records:
            self._folder.begin_journal(self.host.snapshot())
        if self._log is not None:
            self._log.write(lines)
        for timer in self.host.node_state.timers:
            self._arm(timer)

    async def stop(self) -> None:
        """Let go of everything; what was answered stays answered."""
        self._is_stopped = True
        for task in self._dialling:
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        await self._stop_listening()
        for timer in self._timers.values():
            timer.cancel()
        if self._telling is not None:
            self._telling.cancel()
        open_ones = {*self._connections.values(), *self._accepted, *self._dialled_now}
        await asyncio.gather(*(connection.gone() for connection in open_ones))
        self._folder.close()
        if self._log is not None:
            self._log.close()
        _LOG.info("stopped node=%s", self.settings.node)

    async def _stop_listening(self) -> None:
        """Accept nobody any more, hear of who was accepted, and only then close the port.

        Of a connection that it has accepted asyncio tells in the next turn of its loop; one whose
        server is closed by then, or whose loop has ended, it forgets, and leaves the socket open.
        """
        if self._server is None:
            return
        loop = asyncio.get_running_loop()
        for listener in self._server.sockets:
            loop.remove_reader(listener.fileno())
        await asyncio.sleep(0)
        self._server.close()

    # ---- users ---------------------------------------------------------------------------------------

    async def call(self, operation: Value) -> Value:
        """Ask this node for an operation, and return its answer.

        Raises:
            InputRejected: it cannot be asked that.
            Unreachable: the node has stopped, for its disk failed; nobody knows what came of it.
        """
        answered: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._callers.add(answered)
        answered.add_done_callback(self._callers.discard)

        def done(result: Value | None, failure: str) -> None:
            if answered.done():
                return
            if failure:
                answered.set_exception(InputRejected(failure))
            else:
                answered.set_result(result)

        self._ask(operation, done)
        return await answered

    def crash(self) -> None:
        """Forget everything but what was persisted, and go on from there: as if killed and restarted."""
        self._users.clear()
        self.host.crash(now())
        self.host.recover(self.host.node_state.durable, now())
        self._soon()

    def _ask(self, operation: Value, done: Callable[[Value | None, str], None]) -> None:
        self._ticket += 1
        self._users[self._ticket] = done
        self.host.ask(self._ticket, operation, now())
        self._soon()

    def status(self) -> str:
        """Say in a line how this node is."""
        state = str(self.host.node_state.state)
        connected = sorted(peer for peer, link in self._connections.items() if link.is_open)
        return f"{state} · connected to {' '.join(connected) or 'nobody'}"

    # ---- what connections tell ------------------------------------------------------------------------

    def is_expected(self, source: str) -> bool:
        """A user may call, and a node that is to dial this one."""
        if source == USER:
            return len(self._accepted) < CONNECTIONS_MAX
        nodes = self.settings.system.nodes
        return source in nodes and source != self.settings.node

    def view_of(self, peer: str) -> LinkView:
        """What to say of a link when connecting."""
        return LinkView(0) if USER in (peer, self.identity.node) else self.host.link(peer).view

    def opened(self, connection: Connection, view: LinkView) -> None:
        """Use a connection from now on, in place of an older one with the same peer."""
        if connection.peer == USER:
            return
        former = self._connections.get(connection.peer)
        self._connections[connection.peer] = connection
        if former is not None and former is not connection:
            former.close("replaced by a newer connection")
        self.host.link(connection.peer).connect(view)
        _LOG.info("connected node=%s peer=%s", self.settings.node, connection.peer)
        self._write_to(connection.peer)

    def heard(self, connection: Connection, frame: Frame) -> None:
        """Take a frame of a peer or of a user."""
        match frame.tag:
            case Tag.NEWS if connection.peer != USER:
                self._write_to(connection.peer)
            case Tag.MESSAGES if connection.peer != USER:
                self._take(connection, frame.content)
            case Tag.TAKEN if connection.peer != USER:
                self.host.note_taken(connection.peer, taken_in(frame.content))
            case Tag.ASK if connection.peer == USER:
                self._hear_user(connection, frame.content)
            case Tag.STATUS if connection.peer == USER:
                connection.send(Frame(Tag.STATUS, self.status().encode()[:100_000]))
            case Tag.NEWS:
                pass
            case tag:
                raise BadFrame(f"a frame of kind {tag.name}, which {connection.peer} does not send")

    def closed(self, connection: Connection, why: str) -> None:
        """Do without a connection."""
        self._accepted.discard(connection)
        if self._connections.get(connection.peer) is connection:
            del self._connections[connection.peer]
        if not self._is_stopped:
            self.refused_count += not connection.is_dialled
            self.why_closed = why
            _LOG.info("closed node=%s peer=%s why=%r", self.settings.node, connection.peer, why)

    def _take(self, connection: Connection, content: bytes) -> None:
        moment = now()
        self.host.note_taken(connection.peer, taken_with(content))
        try:
            for number, data in messages_in(content):
                self._take_message(connection.peer, number, data, moment)
        finally:  # a frame that ends in garbage may begin with messages
            self._untold.add(connection.peer)
            self._tell_soon()
            self._soon()

    def _take_message(self, peer: NodeId, number: int, data: bytes, moment: int) -> None:
        try:
            self.host.receive(peer, number, data, moment)
        except (BadBytes, InputRejected) as error:
            # What one peer says must not stop this node, and what others say must not wait.
            what = (self.settings.node, peer, str(error)[:300])
            _LOG.warning("refused node=%s peer=%s why=%r", *what)

    def _hear_user(self, connection: Connection, content: bytes) -> None:
        number = content[: _TICKET.size]
        if len(content) > ASK_BYTES_MAX:
            why = f"an operation of {len(content):,} bytes; {ASK_BYTES_MAX:,} is the most"
            connection.send(Frame(Tag.SORRY, number + why.encode()))
            return
        operation = self.settings.codec.decode(content[_TICKET.size :])

        def done(result: Value | None, failure: str) -> None:
            if failure:
                connection.send(Frame(Tag.SORRY, number + failure.encode()[:1_000]))
            else:
                answer = self.settings.codec.encode(result)
                connection.send(Frame(Tag.ANSWER, number + answer))

        self._ask(operation, done)

    # ---- the one place where effects leave ------------------------------------------------------------

    def _soon(self) -> None:
        """Let what other connections have brought meanwhile share the next sync, and the frames.

        The loop looks for it once more before: under load a second turn halves the frames.
        """
        if not self._is_flush_due:
            self._is_flush_due = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._is_stopped:
            return
        host = self.host
        for _ in range(min(len(host.own), OWN_MESSAGES_MAX)):
            self._take_own()
        batch = host.take()
        try:
            self._keep(batch)
        except OSError as defect:
            self._give_up(defect)
            return
        for timer, is_armed in batch.timers.items():
            self._arm(timer) if is_armed else self._disarm(timer)
        for ticket, result in batch.answers:
            self._answer(ticket, result, "")
        for ticket, failure in batch.failures:
            self._answer(ticket, None, failure)
        for note in batch.notes:
            self.on_note(note)
        for peer in host.take_touched():
            self._write_to(peer)
        if host.own:
            self._soon()
        if self._folder.is_journal_long:
            self._compact()

    def _compact(self) -> None:
        try:
            self._folder.begin_journal(self.host.snapshot())
        except OSError as defect:
            self._give_up(defect)

    def _keep(self, batch: Batch) -> None:
        """Write what must not be forgotten, and what the log is to tell, before anything leaves."""
        if batch.journal:
            self._folder.append(batch.journal)
        if batch.durable:
            self._folder.save(batch.durable[0])
        if self._log is not None:
            self._log.write(batch.lines)

    def _give_up(self, defect: OSError) -> None:
        """Stop as if killed: what this node is now rests on what its disk has not taken."""
        self._is_stopped = True
        _LOG.error("defect node=%s why=%r", self.settings.node, str(defect))
        for connection in {*self._connections.values(), *self._accepted, *self._dialled_now}:
            connection.close("its disk has failed")
        error = Unreachable(f"{self.settings.node} has stopped, for its disk has failed: {defect}")
        for caller in tuple(self._callers):
            caller.set_exception(error)
        self.on_defect(defect)

    def _take_own(self) -> None:
        try:
            self.host.receive_own(now())
        except InputRejected as error:
            _LOG.error("refused node=%s peer=itself why=%r", self.settings.node, str(error)[:300])

    def _answer(self, ticket: int, result: Value | None, failure: str) -> None:
        done = self._users.pop(ticket, None)
        if done is not None:
            done(result, failure)

    def _write_to(self, peer: NodeId) -> None:
        connection = self._connections.get(peer)
        if connection is None or not connection.is_open:
            return
        if self._is_flush_due:
            self.host.touch(peer)  # what is to be written may rest on what is not on disk yet
            return
        link = self.host.link(peer)
        while link.has_unwritten and not connection.is_paused:
            connection.send(Frame(Tag.MESSAGES, link.unwritten()))
            self._untold.discard(peer)

    def _tell_taken(self, peer: NodeId) -> None:
        """Say how far messages were taken: with the next messages, or a little later."""
        connection = self._connections.get(peer)
        if peer in self._untold and connection is not None and not self._is_flush_due:
            self._untold.discard(peer)
            connection.send(Frame(Tag.TAKEN, taken_content(self.host.link(peer).taken)))

    def _tell_all_taken(self) -> None:
        self._telling = None
        if self._is_flush_due:
            self._tell_soon()
        for peer in tuple(self._untold):
            self._tell_taken(peer)

    def _tell_soon(self) -> None:
        if self._telling is None and self._untold and not self._is_stopped:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(TELL_SECONDS, self._tell_all_taken)

    # ---- timers --------------------------------------------------------------------------------------

    def _arm(self, timer: str) -> None:
        if timer not in self._timers:
            seconds = self.settings.delays.get(timer, DEFAULT_DELAY)
            loop = asyncio.get_running_loop()
            self._timers[timer] = loop.call_later(seconds, self._fire, timer)

    def _disarm(self, timer: str) -> None:
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    def _fire(self, timer: str) -> None:
        self._timers.pop(timer, None)
        try:
            self.host.fire(timer, now())
        except InputRejected as error:
            _LOG.error(
                "refused node=%s timer=%s why=%r", self.settings.node, timer, str(error)[:300]
            )
        self._soon()

    # ---- connections ---------------------------------------------------------------------------------

    def _accept(self) -> Connection:
        connection = Connection(self)
        self._accepted.add(connection)
        if self._is_stopped:
            connection.close("stopped")
        return connection

    def _dialled(self) -> tuple[NodeId, ...]:
        """The peers that this node dials: those that come after it, and have a place.

        Of two nodes with a place, the one that comes first dials; one without is never dialled.
        """
        nodes, here = self.settings.system.nodes, self.settings.node
        is_placed = here in self.settings.places
        return tuple(
            peer
            for k, peer in enumerate(nodes)
            if peer in self.settings.places
            and peer != here
            and (k > nodes.index(here) or not is_placed)
        )

    async def _dial(self, peer: NodeId) -> None:
        """Connect to a peer, again and again."""
        failures = 0
        loop = asyncio.get_running_loop()
        host, port = self.settings.places[peer]
        while True:
            connection = Connection(self, peer)
            self._dialled_now.add(connection)
            try:
                await loop.create_connection(
                    lambda made=connection: made,
                    host,
                    port,
                    ssl=self.settings.tls_client,
                )
                await connection.finished
            except OSError as error:
                _LOG.debug("unreachable node=%s peer=%s why=%s", self.settings.node, peer, error)
            self._dialled_now.discard(connection)
            failures = 0 if connection.was_open else failures + 1
            await asyncio.sleep(pause_seconds(max(failures, 1), random.random()))
