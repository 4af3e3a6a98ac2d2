"""The event loop of one node: asyncio's own, with the network, the time and the executors taken out.

Inside a node asyncio's own order holds: it is a guarantee that programs rely on. So between two
inputs from outside there is nothing to choose, and the ready queue is drained.
"""

from __future__ import annotations

import asyncio
import heapq
import socket
from asyncio import events
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from itertools import count
from typing import Any, NoReturn, Protocol
from weakref import WeakValueDictionary

from counterpoint.harness.aio.escapes import Escaped, escaped
from counterpoint.harness.aio.numbered import NumberedFuture, NumberedTask
from counterpoint.harness.aio.traffic import Body
from counterpoint.harness.aio.transport import End, Listening
from counterpoint.model.mistakes import BadScenario

CALLBACKS_MAX = 50_000
"""So many callbacks in one step mean that the program never waits."""

LOCAL = ("", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1")
"""Names by which a node means itself."""

PORTS_FROM = 49_152
"""Ports that a node is given when it asks for any."""

SECOND = 1_000_000
"""Microseconds in a second."""


class NeverWaits(Exception):
    """A program went on and on in one step, without waiting for anything from outside."""


class Outside(Protocol):
    """What a loop asks of the node that it runs in."""

    name: str
    clock: int
    is_awake: bool
    refused: BadScenario | None

    def send(self, to: str, body: Body) -> None:
        """Put a message on its way."""
        ...

    def node_at(self, host: str) -> str | None:
        """Return the node of a host name, None where there is none."""
        ...

    def dial(self, to: str, port: int, factory: Callable[[], Any]) -> Any:
        """Open a connection; return a future of its end and its protocol."""
        ...

    def job(self, function: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Give a function to an executor."""
        ...


class Turn(events.Handle):
    """A callback in the ready queue: a handle that knows its context, and is made in half the time."""

    __slots__ = ()

    _source_traceback = None
    _repr = None

    def __init__(self, callback: Any, args: Any, loop: Any, context: Any) -> None:
        self._callback, self._args, self._loop, self._context = callback, args, loop, context
        self._cancelled = False


_LOOPS = count()

_IS_DONE = asyncio.Task.done

LOOP_SHIFT = 52
"""The bits of a task's hash from here on tell the loop."""

TASK_NUMBER = (1 << LOOP_SHIFT) - 1
"""The bits that tell the task."""


class NodeLoop(asyncio.BaseEventLoop):
    """The loop of one incarnation of a node."""

    _ready: Any
    _scheduled: list[Any]

    def __init__(self, outside: Outside) -> None:
        super().__init__()
        self._outside = outside
        self._numbers = count(((next(_LOOPS) & 0xFF) << LOOP_SHIFT) + 1)
        self.tasks: dict[int, Any] = {}
        self.listening: dict[int, Listening] = {}
        self.failures: list[dict[str, Any]] = []
        self._generators: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self.generator_hooks = (self._generator_begins, self._generator_is_left)
        self._dialled: dict[int, tuple[str, int]] = {}
        self._next_port = PORTS_FROM
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    def __del__(self, *_: object) -> None:
        """It holds nothing that must be closed."""

    def __repr__(self) -> str:
        return f"<loop of {self._outside.name}>"

    def _refuse(self, what: str, kind: str) -> Escaped:
        """Return the error, which the run remembers even if the program catches it."""
        refusal = self._outside.refused = escaped(what, kind)
        return refusal

    # Time, tasks and futures.

    def time(self) -> float:
        """Return the seconds since the run began."""
        return self._outside.clock / SECOND

    def create_future(self) -> NumberedFuture:
        """Return a future that hashes by its number."""
        future = NumberedFuture(loop=self)
        future.number = next(self._numbers)
        return future

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None, **more: Any) -> Any:
        """Return a task that hashes by its number."""
        if self._task_factory is not None:  # type: ignore[attr-defined]
            return super().create_task(coro, name=name, context=context, **more)
        number = next(self._numbers)
        named = f"Task-{number & TASK_NUMBER}" if name is None else str(name)
        if context is not None:
            more["context"] = context
        task: Any = NumberedTask.__new__(NumberedTask)
        task.number = number  # first, as making a task puts it into a set
        task.__init__(coro, loop=self, name=named, **more)
        self.tasks[number] = task
        return task

    def forget_done(self) -> None:
        """Let go of the tasks that are done: one whose exception nobody holds any more says so now."""
        if any(map(_IS_DONE, self.tasks.values())):
            for number in [n for n, task in self.tasks.items() if task.done()]:
                del self.tasks[number]

    # Asynchronous generators.

    def _generator_begins(self, generator: Any) -> None:
        """Hear that a generator is asked for its first value."""
        self._generators[next(self._numbers)] = generator

    def _generator_is_left(self, generator: Any) -> None:
        """Hear that nobody holds a generator any more, as after a `break`: it is closed by a task.

        That is in the step in which the last reference goes, so the same in every run. What the
        collector of cycles finds between two steps, whenever that is, is closed by nobody.
        """
        if self._outside.is_awake:
            self.call_soon(self._close_generator, generator)

    def _close_generator(self, generator: Any) -> None:
        self.create_task(generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close all generators, the oldest first."""
        self._asyncgens = list(self._generators.values())
        await super().shutdown_asyncgens()

    get_debug = staticmethod(bool)
    """It is never in debug mode; every future asks for that, so it is answered without a frame."""

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        """Put a callback at the end of the ready queue."""
        turn = Turn(callback, args, self, copy_context() if context is None else context)
        self._ready.append(turn)
        return turn

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        """There are no threads, so it is `call_soon`."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """Give a function to an executor: that it gets its turn is an action of the run."""
        del executor
        return self._outside.job(func, args)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""

    # The network.

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """Return the name of a node as its address."""
        self._node_at(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port or 0))]

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """Return host and port as they are."""
        del flags
        return (sockaddr[0], str(sockaddr[1]))

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Open a connection to a node."""
        if options.get("ssl"):
            raise self._refuse("create_connection(ssl=…)", "tls")
        sock = options.get("sock")
        if sock is not None:
            if sock.fileno() not in self._dialled:
                raise self._refuse("create_connection(sock=…)", "socket")
            host, port = self._dialled.pop(sock.fileno())
            sock.close()
        to = self._node_at(host)
        end = await self._outside.dial(to, port, protocol_factory)
        return end, end.get_protocol()

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Listen at a port of this node."""
        if options.get("ssl"):
            raise self._refuse("create_server(ssl=…)", "tls")
        if options.get("sock") is not None:
            raise self._refuse("create_server(sock=…)", "socket")
        for each in (host,) if isinstance(host, str) or host is None else host:
            if self._node_at(each or "") != self._outside.name:
                raise OSError(99, f"{self._outside.name} cannot listen as {each}")
        port = port or self._free_port()
        if port in self.listening:
            raise OSError(98, f"{self._outside.name} listens at port {port} already")
        server = Listening(self, self._outside.name, port, protocol_factory)
        self.listening[port] = server
        return server

    def unlisten(self, server: Listening) -> None:
        """Let nobody listen at a port any more."""
        if self.listening.get(server.port) is server:
            del self.listening[server.port]

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Remember where a socket is to lead, for `create_connection(sock=…)`; it is never connected."""
        self._dialled[sock.fileno()] = (address[0], address[1])

    def _free_port(self) -> int:
        self._next_port += 1
        return self._next_port - 1

    def _node_at(self, host: Any) -> str:
        found = self._outside.node_at(str(host))
        if found is None:
            raise socket.gaierror(-2, f"no node is named {host!r}")
        return found

    # What no scheduler can hold.

    async def start_tls(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise self._refuse("start_tls", "tls")

    def add_reader(self, *_: Any) -> NoReturn:  # type: ignore[override]
        """Refused."""
        raise self._refuse("add_reader", "descriptor")

    def add_writer(self, *_: Any) -> NoReturn:  # type: ignore[override]
        """Refused."""
        raise self._refuse("add_writer", "descriptor")

    def remove_reader(self, fd: Any) -> bool:
        """There is none."""
        del fd
        return False

    remove_writer = remove_reader

    async def _no_socket(self, *_: Any, **__: Any) -> NoReturn:
        raise self._refuse("a socket method of the loop", "socket")

    sock_recv = sock_recv_into = sock_recvfrom = sock_sendall = sock_sendto = sock_accept = (
        _no_socket
    )
    sock_sendfile = sendfile = connect_accepted_socket = _no_socket

    async def _no_pipe(self, *_: Any, **__: Any) -> NoReturn:
        raise self._refuse("a pipe of the loop", "pipe")

    connect_read_pipe = connect_write_pipe = _no_pipe

    async def _no_subprocess(self, *_: Any, **__: Any) -> NoReturn:
        raise self._refuse("a subprocess of the loop", "subprocess")

    subprocess_exec = subprocess_shell = _no_subprocess

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise self._refuse("create_datagram_endpoint", "datagram")

    async def _no_unix(self, *_: Any, **__: Any) -> NoReturn:
        raise self._refuse("a Unix socket of the loop", "unix")

    create_unix_connection = create_unix_server = _no_unix

    def add_signal_handler(self, *_: Any) -> None:  # type: ignore[override]
        """No signal ever comes."""

    def remove_signal_handler(self, sig: int) -> bool:
        """No signal ever comes."""
        del sig
        return False

    def run_forever(self) -> NoReturn:
        """It runs already, step by step."""
        raise RuntimeError("This event loop is already running")

    def is_running(self) -> bool:
        """It runs as long as its node does."""
        return True

    def stop(self) -> None:
        """The program has no say in that; it ends when it ends."""

    def _process_events(self, event_list: Any) -> None:
        """No event comes from a selector."""

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    # What drives it.

    def drain(self) -> None:
        """Do all that the program does before it waits for something from outside.

        Raises:
            NeverWaits: it does not come to an end.
        """
        ready = self._ready
        left = CALLBACKS_MAX
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                try:  # as `Handle._run` does it
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self.callback_failed(error)
            left -= 1
            if not left:
                raise NeverWaits(f"never waits: {CALLBACKS_MAX} callbacks in one step")
        handle = None  # this frame may be kept by an exception, and the last task by this frame

    def callback_failed(self, error: BaseException) -> None:
        """Hear that a callback raised an exception."""
        self.call_exception_handler({"message": f"a callback raised {error!r}", "exception": error})

    def due(self) -> int | None:
        """Return when the next timer is to go off, in microseconds, None if none is set."""
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if len(scheduled) > 100:
            self._forget_cancelled()
        return max(0, round(scheduled[0]._when * SECOND)) if scheduled else None

    def _forget_cancelled(self) -> None:
        alive = [handle for handle in self._scheduled if not handle._cancelled]
        if 2 * len(alive) < len(self._scheduled):
            for handle in self._scheduled:
                handle._scheduled = not handle._cancelled
            heapq.heapify(alive)
            self._scheduled[:] = alive

    def let_go_off(self, until: int) -> None:
        """Make ready all timers that are due by then."""
        while (due := self.due()) is not None and due <= until:
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            self._ready.append(handle)

    def bury(self) -> None:
        """End what is left of the program; whatever it still does is done by nobody."""
        self._ready.clear()
        self._scheduled.clear()
        while self.tasks:  # what ends may begin something more
            task = self.tasks.pop(next(iter(self.tasks)))
            task._log_destroy_pending = False
            task._log_traceback = False
            _close(task.get_coro())
        self._ready.clear()
        self._scheduled.clear()


CLOSES_MAX = 16
"""A coroutine that waits in a `finally` block is closed so often, until it is at its end."""


def _close(coroutine: Any) -> None:
    for _ in range(CLOSES_MAX):
        with suppress(BaseException):
            coroutine.close()
            return


__all__ = ["LOCAL", "SECOND", "End", "NeverWaits", "NodeLoop"]
