"""A run in the making under a person's hand: calls made as they are typed, messages as they are told.

By default a call is carried through: messages arrive, oldest first, until it is answered and nothing
is on its way any more; where that is not enough, timers go off. With a delay each message waits for
so many commands, and timers go off when none is left; in the mode "hand" nothing moves of its own
accord.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Literal, TypeAlias

from counterpoint.harness.play.console import (
    CALLS,
    SESSION,
    CommandError,
    Console,
    session_scenario,
    text_of_calls,
)
from counterpoint.harness.play.plain_console import PlainConsole
from counterpoint.harness.play.word_console import WordConsole
from counterpoint.model.actions import Call, Deliver, Fire
from counterpoint.model.event import Event
from counterpoint.model.faults import Mend, Omit
from counterpoint.model.legality import can_pass
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.replay import is_enabled, record, run
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import Action, Flight, World

DelayChoice: TypeAlias = int | Literal["hand"]
"""For how many commands each message waits; 0: each call is carried through at once."""

PATIENCE_ROUNDS = 20
"""How often all timers go off before a call is left without an answer."""

LOSS, RECOVERY = 0.25, 0.4
"""With faults: how likely a message is lost where it may be, and a faulty node well again a command."""


class LiveRun:
    """A run that grows by one action at a time, in a scenario that grows with the calls made.

    The same actions, seed and delays make the same run.
    """

    def __init__(
        self,
        scenario: Scenario,
        console: Console,
        *,
        delay: DelayChoice = 0,
        has_faults: bool = False,
        seed: int = 0,
    ) -> None:
        self.base = scenario
        self.console = console
        self.delay: DelayChoice = delay
        self._has_faults = has_faults
        self._random = Random(seed)
        self._calls: list[tuple[NodeId, Value]] = []
        self._recorder = record(self.scenario())
        self._clock = 0
        self._sent: dict[int, int] = {}

    @property
    def world(self) -> World:
        """The world as it is now."""
        return self._recorder.world

    @property
    def events(self) -> list[Event]:
        """All that has happened so far."""
        return self._recorder.events

    @property
    def failure(self) -> str | None:
        """What a handler raised; the run is over then."""
        return self._recorder.failure

    def scenario(self) -> Scenario:
        """Return the scenario of the calls made so far, with an origin that builds it again."""
        text = text_of_calls(self.console, self._calls)
        key = SESSION if isinstance(self.console, PlainConsole | WordConsole) else f"set.{CALLS}"
        origin = MappingProxyType({**self.base.origin, key: text})
        return session_scenario(self.base, self.console, text).replace(origin=origin)

    def trace(self) -> Trace:
        """Return the run so far, as one of the scenario that knew all its calls from the start."""
        return run(self.scenario(), self._recorder.choices)

    # ---- one action --------------------------------------------------------------------------------

    def call(self, node: NodeId, operation: Value) -> None:
        """Let a node that runs and is idle begin an operation."""
        self._plan(node, operation)
        self.take(Call(node, operation))

    def take(self, action: Action) -> None:
        """Perform a legal action."""
        assert is_enabled(action, self.world), f"{show(action)} is not legal"
        self._recorder.take(action)
        self._stamp()

    def require(self, action: Action, otherwise: str) -> None:
        """Perform an action.

        Raises:
            CommandError: it is not legal now; with the text `otherwise`.
        """
        if not is_enabled(action, self.world):
            raise CommandError(otherwise)
        self.take(action)

    def repeat(self, choice: Action) -> None:
        """Perform a choice of another run of the same system."""
        if isinstance(choice, Call):
            self._plan(choice.client, choice.operation)
        self.take(choice)

    def _plan(self, node: NodeId, operation: Value) -> None:
        """Add a call to the scenario, and to what the node has to do, as if it had always been there.

        No handler can tell: what a node has to do is no part of its state.
        """
        self._calls.append((node, operation))
        world = self.world
        index = world.scenario.index[node]
        node_state = replace(world.node_states[index], todo=(operation,))
        node_states = (*world.node_states[:index], node_state, *world.node_states[index + 1 :])
        self._recorder.worlds[-1] = replace(
            world, scenario=self.scenario(), node_states=node_states
        )

    # ---- time passes -------------------------------------------------------------------------------

    def go_on(self, *, is_patient: bool = True) -> None:
        """Let one command's worth of time pass."""
        if self._has_faults:
            self._mend_some()
        if self.delay == 0:
            self._carry_through(PATIENCE_ROUNDS if is_patient else 0)
        elif self.delay != "hand":
            self.drain(due=self._clock - self.delay)
            if is_patient and not self.ready() and self._waiting():
                self._fire_all()  # what is awaited was lost: somebody has to ask again
        self._clock += 1

    def _carry_through(self, rounds: int) -> None:
        """Let all messages arrive, and while somebody waits for an answer let timers go off."""
        self.drain()
        for _ in range(rounds):
            if not self._waiting() or not self._fire_all():
                return
            self.drain()

    def _stamp(self) -> None:
        for flight in self.world.flights:
            self._sent.setdefault(flight.id, self._clock)

    def drain(self, due: int | None = None) -> None:
        """Let messages arrive, oldest first: all, or those sent by then."""
        while self.failure is None:
            ready = self.ready()
            if due is not None:
                ready = [flight for flight in ready if self._sent[flight.id] <= due]
            if not ready:
                return
            self.deliver(ready[0])

    def ready(self) -> list[Flight]:
        """Return the messages that can arrive, oldest first."""
        world = self.world
        return [f for f in world.flights if can_pass(world.conditions, f.src, f.dst)]

    def deliver(self, flight: Flight) -> None:
        """Let a message arrive, unless the faults of the session take it."""
        lost = self._omission(flight) if self._has_faults and self._chance(LOSS) else None
        self.take(lost or Deliver(*flight.content))

    def _omission(self, flight: Flight) -> Action | None:
        """Return how the system may be hurt by this message, within what it promises to survive."""
        world, fallible = self.world, self.console.fallible
        options = [
            option
            for option in Omit.options(world, flight.dst)
            if (option.src, option.dst, option.body) == flight.content
            and (
                fallible is None
                or (world.role(option.by) if world.conditions.roles else option.by) in fallible
            )
        ]
        return self._random.choice(options) if options else None

    def _mend_some(self) -> None:
        for node in self.world.conditions.silent:
            if self._chance(RECOVERY):
                self.take(Mend(node))

    def _chance(self, likelihood: float) -> bool:
        return self._random.random() < likelihood

    def _waiting(self) -> bool:
        return any(node_state.pending is not None for node_state in self.world.node_states)

    def _fire_all(self) -> bool:
        """Let every timer of a running node go off once, and tell whether there was any."""
        world = self.world
        timers = [timer for node in self.base.system.nodes for timer in Fire.options(world, node)]
        for timer in timers:
            if is_enabled(timer, self.world):
                self.take(timer)
        return bool(timers)


def delay_of(text: str) -> DelayChoice:
    """Read how long messages wait.

    Raises:
        CommandError: neither a number nor "hand".

    >>> delay_of("3"), delay_of("hand")
    (3, 'hand')
    """
    if text == "hand":
        return "hand"
    count = count_of(text)
    if count is not None:
        return count
    raise CommandError(f"{text!r} is no delay; right would be: 3 (commands), 0, or hand")


def count_of(text: str) -> int | None:
    """Return a number of commands or messages, None for a text that is none.

    >>> count_of("12"), count_of("-1"), count_of("many")
    (12, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= 4 else None
