"""An interactive session with a system: one command in, a few lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.play.console import CommandError, Console, require_node, told_by
from counterpoint.harness.play.run import DelayChoice, LiveRun, count_of, delay_of
from counterpoint.model.actions import Deliver, Fire, Transform
from counterpoint.model.event import Event
from counterpoint.model.faults import Crash, Drop, Mend, Omit, Restart
from counterpoint.model.scenario import Scenario
from counterpoint.model.suspicions import IS_WELL, Accuse, Clear, Detect
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import Flight

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "status": "every node's role, who is faulty, what is on its way",
        "history": "the calls so far, and their answers",
        "messages": "what is on its way, by number",
        "deliver [n|all|m5]": "let the oldest message arrive; or n of them, all, or message m5",
        "drop [m5]": "the network loses the oldest message, or message m5",
        "omit m5 s2": "s2 silently fails to send or receive message m5, and is faulty from then on",
        "mend s2": "s2 is not faulty any more",
        "crash s2": "s2 stops, and forgets what it has not persisted",
        "restart [s2]": "s2, or all that are down, run again",
        "fire c1 [timer]": "a timer of c1 goes off",
        "suspect s1 s2": "the failure detector tells s1 that s2 has failed, rightly or wrongly",
        "trust s1 s2": "it tells s1 that s2 is well",
        "delay 3|0|hand": "messages wait for 3 commands; for none; until you deliver them",
        "wait [n]": "let n commands pass",
        "next c1": "c1 makes the next call of the run that this session goes on from",
        "help": "this list",
        "close": "end the session",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command brought: lines to show; `is_error` for what could not be done or was refused."""

    lines: tuple[str, ...]
    is_error: bool = False
    is_end: bool = False


class PlaySession:
    """One person's session. The same commands and the same seed make the same run."""

    def __init__(
        self,
        scenario: Scenario,
        console: Console,
        *,
        delay: DelayChoice = 0,
        has_faults: bool = False,
        seed: int = 0,
    ) -> None:
        self._run = LiveRun(scenario, console, delay=delay, has_faults=has_faults, seed=seed)
        self._base = scenario
        self._console = console
        self._planned: dict[NodeId, tuple[Value, ...]] = {}
        self._operations: dict[str, Event] = {}
        self._told = 0

    # ---- what others may ask -----------------------------------------------------------------------

    def execute(self, line: str) -> Reply:
        """Follow a command. One that cannot be followed says what would be right."""
        words = line.split()
        if not words:
            return Reply(())
        try:
            return self._follow(words)
        except CommandError as error:
            return Reply((str(error),), is_error=True)

    def go_on_from(self, trace: Trace, step: int) -> None:
        """Make the first `step` choices of a trace of the same system, before any command.

        Raises:
            CommandError: the trace has not so many steps.
        """
        assert self._run.world.step == 0, "the session has begun"
        if not 0 <= step <= len(trace.choices):
            raise CommandError(f"there is no step {step}; steps go from 0 to {len(trace.choices)}")
        for choice in trace.choices[:step]:
            self._run.repeat(choice)
        made = trace.worlds[min(step, len(trace.worlds) - 1)]
        self._planned = {
            node: node_state.todo
            for node, node_state in zip(trace.scenario.system.nodes, made.node_states, strict=True)
            if node_state.todo
        }
        self._tell()

    def trace(self) -> Trace:
        """Return the session as the run of a scenario that can be built again from its origin."""
        return self._run.trace()

    def completions(self, line: str) -> list[str]:
        """Return the words that may stand in the place of the last word of a line."""
        *before, start = line.split(" ")
        nodes = self._base.system.nodes
        if not before:
            choices = [*nodes, *(command.split()[0] for command in COMMANDS)]
        elif len(before) == 1 and before[0] in nodes:
            choices = [command.split()[1] for command in self._console.commands]
        else:
            choices = list(nodes)
        return [word for word in dict.fromkeys(choices) if word.startswith(start)]

    # ---- commands ----------------------------------------------------------------------------------

    def _follow(self, words: Sequence[str]) -> Reply:
        name, *rest = words
        looks: dict[str, Callable[[], Iterator[str]]] = {
            "status": self._status,
            "history": self._history,
            "messages": self._messages,
            "help": self._help,
        }
        acts: dict[str, Callable[[Sequence[str]], None]] = {
            "deliver": self._deliver,
            "drop": self._drop,
            "omit": self._omit,
            "mend": self._mend,
            "crash": self._crash,
            "restart": self._restart,
            "fire": self._fire,
            "suspect": self._suspect,
            "trust": self._trust,
            "wait": self._wait,
            "next": self._next,
        }
        if name == "close":
            return Reply(("closed",), is_end=True)
        if name == "delay":
            return Reply((self._set_delay(rest),))
        if name in looks:
            return Reply(tuple(looks[name]()))
        if self._run.failure is not None:
            raise CommandError(f"the run has ended: {self._run.failure}")
        if name in acts:
            acts[name](rest)
            return self._tell()
        if name in self._base.system.nodes:
            return self._call(name, rest)
        raise CommandError(
            f"{name!r} is no command and no node; commands: "
            f"{', '.join(command.split()[0] for command in COMMANDS)}; "
            f"nodes: {' '.join(self._base.system.nodes)}"
        )

    def _call(self, node: NodeId, words: Sequence[str]) -> Reply:
        if words[:1] == ["wait"] and (len(words) == 1 or count_of(words[1]) is not None):
            self._wait(words[1:])
            return self._tell()
        operation = self._console.operation(self._base, node, words)
        self._ask(node, operation)
        reply = self._tell()
        if self._run.world.node_state(node).pending is None:
            return reply
        lines = [line for line in reply.lines if not line.startswith("messages: ")]
        return Reply((*lines, f"{node} {show(operation)}: no answer yet"), is_error=reply.is_error)

    def _ask(self, node: NodeId, operation: Value) -> None:
        world = self._run.world
        if not world.is_up(node):
            raise CommandError(f"{node} is down; first: restart {node}")
        pending = world.node_state(node).pending
        if pending is None:
            self._run.call(node, operation)
        elif self._console.is_wish(operation):
            self._run.require(Transform(node), f"{node} cannot be asked now")
        else:
            raise CommandError(
                f"{node} still waits for the answer to {show(pending)}; first: deliver, wait or fire"
            )
        self._run.go_on()

    def _next(self, words: Sequence[str]) -> None:
        node = self._node(words, "next c1")
        planned = self._planned.get(node, ())
        if not planned:
            raise CommandError(f"no call of {node} is planned; type one: {node} COMMAND")
        self._ask(node, planned[0])
        self._planned[node] = planned[1:]

    def _deliver(self, words: Sequence[str]) -> None:
        ready = self._run.ready()
        if not ready:
            raise CommandError("nothing is on its way that could arrive")
        match words:
            case []:
                self._run.deliver(ready[0])
            case ["all"]:
                self._run.drain()
            case [text] if (count := count_of(text)) is not None:
                for _ in range(count):
                    if ready := self._run.ready():
                        self._run.deliver(ready[0])
            case [name]:
                flight = self._flight(name)
                self._run.require(Deliver(*flight.content), f"{name} cannot arrive now")
            case _:
                raise CommandError("right would be: deliver, deliver 3, deliver all, deliver m5")

    def _drop(self, words: Sequence[str]) -> None:
        flights = self._run.world.flights
        if not flights:
            raise CommandError("nothing is on its way that could be lost")
        flight = self._flight(words[0]) if words else flights[0]
        self._run.require(Drop(*flight.content), f"m{flight.id} cannot be lost")

    def _omit(self, words: Sequence[str]) -> None:
        if len(words) != 2:
            raise CommandError("right would be: omit m5 s2")
        flight, by = self._flight(words[0]), require_node(self._base, words[1])
        if by not in (flight.src, flight.dst):
            raise CommandError(f"m{flight.id} goes from {flight.src} to {flight.dst}, not to {by}")
        self._run.require(Omit(*flight.content, by), f"{by} cannot fail now: {self._bound()}")

    def _mend(self, words: Sequence[str]) -> None:
        node = self._node(words, "mend s2")
        self._run.require(Mend(node), f"{node} is not faulty")

    def _crash(self, words: Sequence[str]) -> None:
        node = self._node(words, "crash s2")
        is_down = not self._run.world.is_up(node)
        why = f"{node} is down already" if is_down else f"{node} cannot crash: {self._bound()}"
        self._run.require(Crash(node), why)
        self._run.go_on()

    def _restart(self, words: Sequence[str]) -> None:
        down = self._run.world.conditions.down
        nodes = (self._node(words, "restart s2"),) if words else down
        if not nodes:
            raise CommandError("no node is down")
        for node in nodes:
            self._run.require(Restart(node), f"{node} is not down")
        self._run.go_on()

    def _fire(self, words: Sequence[str]) -> None:
        node = self._node(words[:1], "fire c1")
        timers = self._run.world.node_state(node).timers
        if not timers:
            raise CommandError(f"{node} has no timer that could go off")
        timer = words[1] if len(words) > 1 else timers[0]
        self._run.require(
            Fire(node, timer), f"{node} has no timer {timer!r}; it has: {' '.join(timers)}"
        )
        self._run.go_on(is_patient=False)

    def _suspect(self, words: Sequence[str]) -> None:
        failed = self._run.world.conditions.failed
        self._detect(words, Detect if words[-1:] and words[-1] in failed else Accuse)

    def _trust(self, words: Sequence[str]) -> None:
        self._detect(words, Clear)

    def _detect(self, words: Sequence[str], kind: type[Detect | Accuse | Clear]) -> None:
        if len(words) != 2:
            raise CommandError("right would be: suspect s1 s2, trust s1 s2")
        node, other = (require_node(self._base, name) for name in words)
        self._run.require(
            kind(node, other), f"{node} cannot be told so; {told_by(self._run.world, node)}"
        )
        self._run.go_on()

    def _wait(self, words: Sequence[str]) -> None:
        count = count_of(" ".join(words) or "1")
        if count is None:
            raise CommandError(
                f"{' '.join(words)!r} is no number of commands; right would be: wait 3"
            )
        for _ in range(count):
            self._run.go_on()

    def _set_delay(self, words: Sequence[str]) -> str:
        self._run.delay = delay = delay_of(" ".join(words))
        if delay == "hand":
            return "messages wait until you deliver them"
        return f"messages wait for {delay} commands" if delay else "calls are carried through"

    # ---- telling -----------------------------------------------------------------------------------

    def _tell(self) -> Reply:
        """Return what has happened since the last time, as far as a person at the console cares."""
        events = self._run.events[self._told :]
        self._told = len(self._run.events)
        lost = sum(event.kind == "lose" for event in events)
        lines, is_refused = [], False
        for event in events:
            text, refused = self._line(event)
            lines += [text] if text else []
            is_refused |= refused
        if lost:
            lines.append(f"{lost} message{'s were' if lost > 1 else ' was'} lost")
        if self._run.failure is not None:
            return Reply((*lines, self._run.failure), is_error=True)
        if events and not lines:
            arrived = sum(event.kind == "deliver" for event in events)
            left = len(self._run.world.flights)
            lines.append(f"messages: {arrived} arrived, {left} on their way")
        return Reply(tuple(lines), is_error=is_refused)

    def _line(self, event: Event) -> tuple[str, bool]:
        match event.kind:
            case "invoke":
                self._operations[str(event.operation)] = event
            case "return":
                call = self._operations[str(event.operation)]
                text, is_refusal = self._console.answer(self._base, event.value)
                return f"{event.operation} {event.node} {show(call.value)}: {text}", is_refusal
            case "role":
                return f"{event.node} is now {show(event.value)}", False
            case "suspect":
                wrongly = ", wrongly" if event.why == IS_WELL else ""
                return f"{event.node} suspects {show(event.value)}{wrongly}", False
            case "trust":
                return f"{event.node} trusts {show(event.value)}", False
            case "silence":
                return f"{show(event.value)} is faulty", False
            case "mend":
                return f"{show(event.value)} is well again", False
            case "crash":
                return f"{event.node} is down", False
            case "recover":
                return f"{event.node} runs again", False
        return "", False

    def _status(self) -> Iterator[str]:
        world = self._run.world
        width = max(map(len, world.scenario.system.nodes))
        for node, node_state in zip(world.scenario.system.nodes, world.node_states, strict=True):
            parts = [world.role(node) if world.conditions.roles else "node"]
            if not world.is_up(node):
                parts.append("down")
            if node in world.conditions.silent:
                parts.append("faulty")
            if node_state.pending is not None:
                parts.append(f"waits for {show(node_state.pending)}")
            if self._planned.get(node):
                parts.append(f"planned: {show(self._planned[node][0])}")
            yield f"{node:<{width}}  {', '.join(parts)}"
        yield from self._console.status(world)
        yield f"faulty now: {' '.join(world.conditions.failed) or 'none'}"
        yield f"on their way: {len(world.flights)} messages"

    def _history(self) -> Iterator[str]:
        for span in TraceExplanation(self._run.trace()).spans:
            answer = "no answer" if span.crash_step is None else "no answer: the node crashed"
            if span.return_step is not None:
                answer = self._console.answer(self._base, span.result)[0].partition("\n")[0]
            yield f"{span.id} {span.client} {show(span.operation)}: {answer}"

    def _messages(self) -> Iterator[str]:
        for flight in self._run.world.flights:
            yield f"m{flight.id} {flight.src} → {flight.dst} {plain(show(flight.body), 60)}"

    def _help(self) -> Iterator[str]:
        commands = {**self._console.commands, **COMMANDS}
        width = max(map(len, commands))
        for form, text in commands.items():
            yield f"{form:<{width}}  {text}"

    # ---- reading -----------------------------------------------------------------------------------

    def _node(self, words: Sequence[str], example: str) -> NodeId:
        if len(words) != 1:
            raise CommandError(f"right would be: {example}")
        return require_node(self._base, words[0])

    def _flight(self, name: str) -> Flight:
        flights = self._run.world.flights
        found = next((flight for flight in flights if f"m{flight.id}" == name), None)
        if found is None:
            names = " ".join(f"m{flight.id}" for flight in flights[:12])
            raise CommandError(f"no message {name!r} is on its way; there are: {names or 'none'}")
        return found

    def _bound(self) -> str:
        failed = " ".join(self._run.world.conditions.failed)
        return (
            f"no more may fail than the system promises to survive; failed now: {failed or 'none'}"
        )
