"""One incarnation of a node: its program on its loop, driven by one input after the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from counterpoint.harness.aio.disk import durable_and_clock, read_back, written
from counterpoint.harness.aio.executor import Executor
from counterpoint.harness.aio.given_node import Node
from counterpoint.harness.aio.loop import LOCAL, NeverWaits, NodeLoop
from counterpoint.harness.aio.one_call import OneCall
from counterpoint.harness.aio.patches import Patches, StepOf
from counterpoint.harness.aio.traffic import (
    Accepted,
    Body,
    Broke,
    Chunk,
    Ended,
    Job,
    NotAccepted,
    Opening,
    way_back,
)
from counterpoint.harness.aio.transport import End, Listening
from counterpoint.harness.aio.waiting import line_of_longest, place_of_origin, programs_error, stuck
from counterpoint.harness.aio.wellformed import coroutine_of
from counterpoint.harness.interruption import raise_waiting, send_again
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import (
    Begin,
    Effect,
    GaveUp,
    Input,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    Start,
    Timeout,
)
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.values import Value

Program = Callable[[Node], Any]
"""A coroutine function of one node."""


EXPECTED: tuple[type[BaseException], ...] = (ConnectionError, asyncio.IncompleteReadError)
"""What a task may end with: a server goes on when one of its connections breaks."""


class ProgramFailed(HandlerFailed):
    """A program did what none may: an exception that nobody caught, or work without end."""


class Process:
    """A running program. `send`, `dial` and the like are what its loop and connections ask for."""

    def __init__(
        self,
        name: str,
        program: Program,
        nodes: tuple[str, ...],
        open_from_boot: frozenset[tuple[str, int]],
        patches: Patches,
        expected: tuple[type[BaseException], ...] = EXPECTED,
        may_call: bool = True,
    ) -> None:
        self.name, self.nodes = name, nodes
        self.clock = 0
        self.is_awake = False
        self.refused: BadScenario | None = None
        self._calls = OneCall(name, is_named=may_call)
        self.endless_at = ""
        self._chance: random.Random | None = None
        self._luck = ""
        self.has_drawn = False
        self.loop = NodeLoop(self)
        self.ends: dict[str, End] = {}
        self._lanes: tuple[str, ...] | None = ()
        self._ports: tuple[int, ...] = ()
        self.node: Node | None = None
        self._program, self._expected = program, expected
        self._step_of = StepOf(self, patches)
        self._open_from_boot = open_from_boot
        self._dialling: dict[str, tuple[asyncio.Future[Any], Callable[[], Any], str]] = {}
        self._executor = Executor(name)
        self._connections: dict[str, int] = {}
        self._closed: set[str] = set()
        self._effects: list[Effect] = []
        self._boots = 1
        self._disk_looks = ""
        self._main: asyncio.Task[Any] | None = None
        self._context = Context()

    # What is given to it.

    def take(self, given: Input) -> tuple[Effect, ...]:
        """Do what the program does on an input, until it waits; return what that was.

        Raises:
            ProgramFailed: an exception that nobody caught, or work without end.
            Escaped: it reached for what no scheduler can hold.
            BadScenario: it calls, and was said to call nothing.
        """
        self._effects = []
        self._steps((given,))
        self._judge()
        self._save()
        return tuple(self._effects)

    def take_again(self, inputs: Iterable[Input]) -> None:
        """Do once more what was done before, of which everything is known."""
        self._steps(inputs)
        self.loop.failures.clear()
        self._disk_looks = repr(self.node.disk) if self.node is not None else ""

    def _steps(self, inputs: Iterable[Input]) -> None:
        """Do what the program does on these inputs, then raise the signal that came meanwhile."""
        try:
            with self._step_of:
                for given in inputs:
                    self._step(given)
        finally:
            raise_waiting()

    def _step(self, given: Input) -> None:
        self.is_awake = True
        try:
            self._hear(given)
            self.loop.drain()
            self.loop.forget_done()
            if self.endless_at:
                raise ProgramFailed(f"computes on and on without waiting ({self.endless_at})")
        except NeverWaits as error:
            raise ProgramFailed(f"{error}, {line_of_longest(self.loop)}") from None
        finally:
            self.is_awake = False

    def _hear(self, given: Input) -> None:
        match given:
            case Receive(source, body):
                self._receive(source, body)
            case Start():
                self._boot(None)
            case Recover(what):
                durable, self.clock = durable_and_clock(what)
                self._boot(durable)
            case Timeout(timer):
                self._tick(timer)
            case _:
                raise TypeError(f"a program cannot be given {given!r}")

    def _boot(self, durable: str | None) -> None:
        disk, boots = read_back(durable)
        self._boots = boots if durable is None else boots + 1
        self._disk_looks = repr(disk) if self._boots == boots else ""
        self.node = Node(self.name, self.nodes, disk, self)
        self._main = self._context.run(self._started)

    def _started(self) -> Any:
        program = coroutine_of(self.name, self._program, self.node)
        return self.loop.create_task(program, name=self.name)

    def _tick(self, timer: str) -> None:
        """Let it be a later moment: "timer 5000" lets go off what is due, "clock 5000" is time alone.

        And "luck 3" is no moment: from then on it draws other random numbers.
        """
        kind, _, moment = timer.partition(" ")
        if kind == "luck":
            self._luck = f", luck {moment}"
            self._chance = None
            return
        self.clock = max(self.clock, int(moment))
        if kind == "timer":
            self.loop.let_go_off(int(moment))

    @property
    def random(self) -> random.Random:
        """The chance of this incarnation, which few programs ask for."""
        if self._chance is None:
            self.has_drawn = True
            self._chance = random.Random(f"{self.name}, boot {self._boots}{self._luck}")
        return self._chance

    # The network.

    def _receive(self, source: str, body: Any) -> None:
        match body:
            case Chunk(lane, _, data):
                self._arrived(source, lane, data)
            case Ended(lane):
                self._arrived(source, lane, None)
            case Opening():
                self._asked(source, body)
            case Accepted(lane):
                self._answered(lane)
            case NotAccepted(lane):
                self._not_opened(lane)
            case Broke(lane):
                self._broken(lane, ConnectionResetError(104, "Connection reset by peer"))
            case Job(lane):
                self._executor.work(lane)

    def _arrived(self, source: str, lane: str, data: bytes | None) -> None:
        end = self.ends.get(lane)
        if end is not None:
            end.arrive(data)
        elif data is not None and lane in self._closed:
            self._closed.discard(lane)  # what is written to a closed connection is answered once
            self.send(source, Broke(way_back(lane), self.clock))

    def _asked(self, source: str, opening: Opening) -> None:
        server = self.loop.listening.get(opening.port)
        back = way_back(opening.lane)
        if server is None:
            self.send(source, NotAccepted(back, self.clock))
            return
        if opening.is_asked:
            self.send(source, Accepted(back, self.clock))
        self._connect(source, opening.lane, server)

    def _connect(self, source: str, lane: str, server: Listening) -> None:
        protocol = self._context.run(server.factory)
        end = End(
            self, source, way_back(lane), protocol,
            peername=(source, _number_of(lane)), sockname=(self.name, server.port),
        )  # fmt: skip
        self._keep(lane, end)
        self.at_once(protocol.connection_made, end)

    def dial(self, to: str, port: int, factory: Callable[[], Any]) -> Any:
        """Open a connection; a place that listens from boot on takes it without being asked."""
        number = self._connections[to] = self._connections.get(to, 0) + 1
        boot = "" if self._boots == 1 else f"{self._boots}."
        lane = f"{self.name}>{to}#{boot}{number}"
        is_asked = (to, port) not in self._open_from_boot
        self.send(to, Opening(lane, port, is_asked, self.clock))
        future = self.loop.create_future()
        self._dialling[way_back(lane)] = (future, factory, f"{to}:{port}")
        if not is_asked:
            self._answered(way_back(lane))
        return future

    def _answered(self, lane: str) -> None:
        future, factory, place = self._dialling.pop(lane)
        if future.cancelled():
            self.send(place.rpartition(":")[0], Broke(way_back(lane), self.clock))
            return
        to, _, port = place.rpartition(":")
        protocol = factory()
        end = End(
            self, to, way_back(lane), protocol,
            peername=(to, int(port)), sockname=(self.name, _number_of(lane)),
        )  # fmt: skip
        self._keep(lane, end)
        protocol.connection_made(end)
        future.set_result(end)

    def _not_opened(self, lane: str) -> None:
        if lane not in self._dialling:
            self._broken(lane, ConnectionResetError(104, "Connection reset by peer"))
            return
        future, _, place = self._dialling.pop(lane)
        if not future.done():
            future.set_exception(ConnectionRefusedError(111, f"Connect call failed {place}"))

    def _broken(self, lane: str, error: Exception) -> None:
        if lane in self._dialling:
            self._not_opened(lane)
        elif (end := self.ends.get(lane)) is not None:
            end.break_off(error)

    def _keep(self, lane: str, end: End) -> None:
        self.ends[lane] = end
        self._lanes = None

    def forget(self, end: End) -> None:
        """Take a connection off the open ones."""
        lane = way_back(end.lane)
        self._lanes = None
        if self.ends.pop(lane, None) is not None:
            self._closed.add(lane)

    def node_at(self, host: str) -> str | None:
        """Return the node of a host name."""
        if host in self.nodes:
            return host
        return self.name if host in LOCAL else None

    def send(self, to: str, body: Body) -> None:
        """Put a message on its way."""
        self._effects.append(Send(to, body))

    def soon(self, function: Any, *args: Any) -> None:
        """Call a function when the program waits next."""
        self.loop.call_soon(function, *args, context=self._context)

    def at_once(self, function: Any, *args: Any) -> None:
        """Call a function as the first thing of a step, before which nothing waits for its turn."""
        try:
            self._context.run(function, *args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.loop.callback_failed(error)

    def job(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Give a function to an executor: that it gets its turn is an action of the run."""
        future = self.loop.create_future()
        lane, name = self._executor.put(future, function, args)
        self.send(self.name, Job(lane, name, self.clock))
        return future

    def all_tasks(self) -> set[Any]:
        """Return the tasks that are not done."""
        return {task for task in self.loop.tasks.values() if not task.done()}

    # What the program says of itself (`node.Journalist`).

    def began(self, operation: Value) -> None:
        """Note a call."""
        refused = self._calls.refusal(operation) if self.is_awake else None
        if refused is not None:
            self.refused = refused
            raise refused
        self._say(Begin(operation))

    def returned(self, result: Value) -> None:
        """Note its answer."""
        self._calls.end()
        self._say(Return(result))

    def left_open(self) -> None:
        """Note that nobody knows what came of it."""
        self._calls.end()
        self._say(Return(GaveUp()))

    def noted(self, what: Value) -> None:
        """Note anything else."""
        self._say(Note(what))

    def _say(self, effect: Effect) -> None:
        if self.is_awake:
            self._effects.append(effect)

    def never_awaited(self, coroutine: Any) -> None:
        """Hear that a coroutine is gone that nobody awaited; one that was buried does not count."""
        if self.is_awake:
            origin = getattr(coroutine, "cr_origin", None)
            where = place_of_origin(origin) if origin else "nobody knows where"
            name = getattr(coroutine, "__qualname__", "a coroutine")
            self.loop.failures.append({"message": f"never awaited {name}, made at {where}"})

    # What is seen of it.

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes that it reads; the same tuple as long as they are the same."""
        if self._lanes is None:
            self._lanes = tuple(self.ends)
        return self._lanes

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports at which it listens; the same tuple as long as they are the same."""
        ports = tuple(self.loop.listening)
        if ports != self._ports:
            self._ports = ports
        return self._ports

    def _judge(self) -> None:
        if self.refused is not None:
            raise self.refused
        main = self._main
        assert main is not None, f"{self.name} was not booted"
        if main.done() and not main.cancelled():
            error = main.exception()
            if error is not None:
                raise programs_error(error)
        for context in self.loop.failures:
            failure = context.get("exception")
            if failure is None:
                raise ProgramFailed(str(context.get("message")))
            if not isinstance(failure, self._expected):
                raise programs_error(failure)
        self.loop.failures.clear()
        if not self._can_go_on():
            raise ProgramFailed(
                f"is in a deadlock, its tasks wait for each other alone: {stuck(self)}"
            )

    def _can_go_on(self) -> bool:
        """Tell whether something from outside may still happen to it, or nothing is left to be done."""
        if self.ends or self.loop.listening or self._dialling or self._executor.jobs:
            return True
        return not self.loop.tasks or self.loop.due() is not None

    def _save(self) -> None:
        assert self.node is not None, f"{self.name} was not booted"
        disk = self.node.disk
        looks = repr(disk) if disk else "{}"  # sooner made than the text, and other where that is
        if looks != self._disk_looks:
            self._disk_looks = looks
            self._effects.append(Persist(written(disk, self._boots, self.name)))

    def bury(self) -> None:
        """End what is left of the program. For finalisers: it raises nothing, no signal either."""
        with self._step_of:
            self.loop.bury()
        send_again()
        self.ends.clear()


def _number_of(lane: str) -> int:
    return 40_000 + int(lane.rpartition("#")[2].rpartition(".")[2])
