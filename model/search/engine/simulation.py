"""A run on the compiled form: the fast twin of `World`, changed in place.

It performs the same actions with the same legality, several times faster, and keeps no events:
only the choices, from which the reference world tells the whole story again, and the observations
that checkers of histories read. Tests hold it against `World` after every step of random runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress, count
from types import MappingProxyType
from typing import Any, Protocol
from warnings import warn

from counterpoint.model.actions import Call, Deliver, Fire, Settle
from counterpoint.model.exact import is_same
from counterpoint.model.fault_state import FaultState, OpenCalls
from counterpoint.model.kind import ActionKind, Content
from counterpoint.model.legality import after_fire, may_fire
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.owed import LinkEnds, after_step, failing
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.in_place import InPlace
from counterpoint.model.search.engine.transition_tables import (
    Compiled,
    LocalChoice,
    Message,
    TransitionEntry,
)
from counterpoint.model.search.replay import fit
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, Flight, Moved, World


class TimerListener(Protocol):
    """What wants to be told which timers are set."""

    def set(self, node: int, timers: Sequence[str]) -> None:
        """Note that a node has set or cancelled timers."""
        ...


class Simulation:
    """One run. `flights` and `held` are messages in the order in which they were sent.

    `violated` is the name of the first invariant that was broken on the way. `failed` has who fails
    from an observation on, by its position in `seen`, and `lost` on which link a message was lost while
    that was so, by its position in `failed`; `clock` is told which timers are set, while anybody asks.
    """

    __slots__ = (
        "_fires",
        "_judged",
        "_offers",
        "_passes",
        "choices",
        "clock",
        "compiled",
        "conditions",
        "failed",
        "flights",
        "held",
        "lost",
        "node_states",
        "seen",
        "violated",
    )

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.node_states = list(compiled.start_node_states)
        self.flights: list[Message] = list(compiled.start_sends)
        self.held: list[Message] = []
        self.seen: list[int] = list(compiled.start_seen)
        self.conditions = FaultState(roles=compiled.start_roles)
        self.choices: list[Action] = []
        self.failed: list[tuple[int, tuple[NodeId, ...]]] = [(0, ())]
        self.lost: list[tuple[int, LinkEnds]] = []
        self.clock: TimerListener | None = None
        self.violated = self._violated_now() if compiled.has_invariants else None
        if compiled.goals:
            self._look_for_goals()
        self._offers: list[LocalChoice] | None = None
        self._judge_anew()

    # What may be asked of it (`kind.View`), and what is legal.

    @property
    def scenario(self) -> Scenario:
        """What the run is made of."""
        return self.compiled.scenario

    def is_up(self, node: NodeId) -> bool:
        """Tell whether a node is running."""
        return node not in self.conditions.down

    def core(self, node: NodeId) -> NodeState:
        """Return all there is of one node: the former name of `node_state`."""
        warn("View.core is View.node_state now", DeprecationWarning, stacklevel=2)
        return self.node_state(node)

    def node_state(self, node: NodeId) -> NodeState:
        """Return the node state of a node."""
        return self.compiled.node_states[self.node_states[self.compiled.scenario.index[node]]]

    def waiting(self, at: NodeId) -> Iterable[Content]:
        """Return each content on its way to a node once, oldest first, cut off or not."""
        compiled = self.compiled
        node, destination = compiled.scenario.index[at], compiled.destination
        distinct = dict.fromkeys(m for m in self.flights if destination[m] == node)
        return [compiled.contents[message] for message in distinct]

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way."""
        return self.compiled.known_message(content) in self.flights

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link, or lane, has this content."""
        message = self.compiled.known_message(content)
        return message in self.flights and self._is_head(self.flights.index(message))

    def held_at(self, at: NodeId) -> Iterable[Content]:
        """Return the messages held back on their way to a node, oldest first."""
        contents = (self.compiled.contents[message] for message in self.held)
        return [content for content in contents if content[1] == at]

    @property
    def is_free(self) -> bool:
        """Tell whether every message in flight can arrive, in any order."""
        conditions = self.conditions
        return self.compiled.is_free and not (
            conditions.down or conditions.cuts or conditions.settled
        )

    @property
    def is_disturbed(self) -> bool:
        """Tell whether some interference may be in force that could be undone."""
        conditions = self.conditions
        return bool(
            conditions.down
            or conditions.cuts
            or conditions.silent
            or self.held
            or self.compiled.has_own_undoing
        )

    def offers(self) -> list[LocalChoice]:
        """Return the calls that may begin and the timers that may go off, by node."""
        if self.conditions is not self._judged:
            self._judge_anew()
        found = self._offers
        if found is None:
            choices = self.compiled.choices
            found = [choice for node_state in self.node_states for choice in choices[node_state]]
            if found and (self.conditions.down or not self._may_fire()):
                found = list(filter(self._is_open, found))
            self._offers = found
        return found

    def _judge_anew(self) -> None:
        """Forget what was legal under other conditions: they are values, and rarely change."""
        self._judged, self._offers = self.conditions, None
        self._passes = self.compiled.passes(self.conditions)
        self._fires = may_fire(self.compiled.scenario, self.conditions)

    def _is_open(self, choice: LocalChoice) -> bool:
        if self.compiled.nodes[choice.node] in self.conditions.down:
            return False
        return choice.is_call or self._may_fire()

    def _may_fire(self) -> bool:
        if self.compiled.fires_freely:
            return True
        if self.conditions is not self._judged:
            self._judge_anew()
        return self._fires

    def can_arrive(self, position: int) -> bool:
        """Tell whether the message at a position of `flights` may be delivered now."""
        compiled = self.compiled
        if not self.passes(compiled.link[self.flights[position]]):
            return False
        return compiled.is_unordered or self._is_head(position)

    def passes(self, link: int) -> bool:
        """Tell whether messages may arrive on a link now, its oldest one at least."""
        if self.conditions is not self._judged:
            self._judge_anew()
        return self._passes[link] and not (self.held and self._is_blocked(link))

    def _is_blocked(self, link: int) -> bool:
        """Tell whether a lane stands still: what is held back holds back what is behind it there."""
        links = self.compiled.link
        return self.compiled.has_lanes and any(links[message] == link for message in self.held)

    def links(self) -> list[int]:
        """Return the link of each message in flight, or its lane where there are some."""
        return list(map(self.compiled.link.__getitem__, self.flights))

    def heads(self) -> list[int]:
        """Return the position of the oldest message of each link or lane, oldest first."""
        links = self.links()
        if self.held and self.compiled.has_lanes:
            moving = (link for link in dict.fromkeys(links) if not self._is_blocked(link))
            return list(map(links.index, moving))
        return list(map(links.index, dict.fromkeys(links)))

    def arriving(self) -> Sequence[int]:
        """Return the positions of the messages that may arrive, oldest first."""
        if self.is_free:
            return range(len(self.flights))
        if self.conditions is not self._judged:
            self._judge_anew()
        passes = self._passes
        if self.compiled.is_unordered:
            links_now = map(self.compiled.link.__getitem__, self.flights)
            return list(compress(count(), map(passes.__getitem__, links_now)))
        links = self.links()
        if self.held:
            return [links.index(link) for link in dict.fromkeys(links) if self.passes(link)]
        return [links.index(link) for link in dict.fromkeys(links) if passes[link]]

    def _is_head(self, position: int) -> bool:
        links = self.links()
        if self.held and self._is_blocked(links[position]):
            return False
        return links.index(links[position]) == position

    # What happens.

    def deliver(self, position: int) -> None:
        """Give the message at a position of `flights` to its receiver."""
        compiled, message = self.compiled, self.flights.pop(position)
        self.choices.append(compiled.deliveries[message])
        node = compiled.destination[message]  # as in `arrive`: this is what a walk does most
        node_state = self.node_states[node]
        outcome = compiled.reactions[node_state].get(message)
        self.become(node, compiled.deliver(node_state, message) if outcome is None else outcome)

    def arrive(self, message: Message) -> None:
        """Give a message that was taken off the network to its receiver."""
        compiled = self.compiled
        node = compiled.destination[message]
        node_state = self.node_states[node]
        outcome = compiled.reactions[node_state].get(message)
        self.become(node, compiled.deliver(node_state, message) if outcome is None else outcome)

    def choose(self, choice: LocalChoice) -> None:
        """Begin a call, or let a timer go off."""
        self.choices.append(self.compiled.action_of(choice))
        if not choice.is_call:
            self.conditions = after_fire(self.compiled.scenario, self.conditions)
        self.become(choice.node, self.compiled.choose(self.node_states[choice.node], choice))

    def change(self, conditions: FaultState) -> None:
        """Let these conditions be in force from now on."""
        self.conditions = conditions
        fails = failing(conditions)
        if fails != self.failed[-1][1]:
            self.failed.append((len(self.seen), fails))

    def put(self, node: NodeId, node_state: NodeState) -> None:
        """Let a node be in this node state, which is no reaction of its own."""
        index = self.compiled.scenario.index[node]
        self.node_states[index] = self.compiled.node_state_id(index, node_state)
        self._offers = None

    def become(self, node: int, outcome: TransitionEntry) -> None:
        """Let a node take the outcome of an input."""
        node_state, sends, seen, role, _, sets = outcome
        if sets and self.clock is not None:
            self.clock.set(node, sets)
        compiled, states = self.compiled, self.node_states
        choices = compiled.choices
        if choices[node_state] is not choices[states[node]]:
            self._offers = None
        states[node] = node_state
        if sends:
            self.flights += sends
        if seen:
            self.seen += seen
        if compiled.watches:
            self._watch()
        if role and self.conditions.roles[node] != role:
            self.conditions = self.conditions.with_role(node, role)
            self.seen.append(self.compiled.role_change(node, role))

    def attempt(
        self, action: Action, *, leniently: bool = False, takes_newest: bool = False
    ) -> bool:
        """Perform an action if it is legal, and tell whether it was.

        Leniently, a message or call of the same type stands in for one that is not there, the oldest
        or, with `takes_newest`, the newest of them, as in `replay.fit`.
        """
        kind = type(action)
        if kind not in self.compiled.kinds and kind is not Settle:
            return False
        fast = _FAST.get(kind)
        if fast is not None:
            return fast(self, action, leniently, takes_newest)
        if self._do(action):
            return True
        if leniently and not isinstance(action, ActionKind):
            fitting = fit(action, self.world(), takes_newest=takes_newest)
            return fitting is not None and self._do(fitting)
        if leniently and isinstance(action, ActionKind) and action.target in ("message", "held"):
            among = self.flights if action.target == "message" else self.held
            alike = self._alike(action.content, tuple(reversed(among) if takes_newest else among))
            return any(self._do(replace_body(action, body)) for body in alike)
        return False

    def _do(self, action: Action) -> bool:
        if not isinstance(action, ActionKind):
            return self._attempt_by_reference(action)
        if not action.is_legal(self):
            return False
        self.perform(action)
        return True

    def perform(self, action: ActionKind) -> None:
        """Perform an action that is legal, as its class says."""
        self.choices.append(action)
        conditions = action.conditions_after(self)
        if conditions is not self.conditions:
            self.conditions = conditions
        violated = self.violated
        action.perform(self.mover())
        if violated is None and self.violated is not None:  # what counts is the state after it
            self.violated = self._violated_now()

    def mover(self) -> InPlace:
        """Return what changes this run."""
        return InPlace(self)

    def options(self, kind: type[Action], at: NodeId | None) -> Iterable[Action]:
        """Return the legal actions of a kind at one place."""
        state: Any = self if issubclass(kind, ActionKind) else self.world()
        return kind.options(state, at)

    def everywhere(self, kind: type[Action]) -> list[Action]:
        """Return the legal actions of a kind, node by node, and those of the network last."""
        if issubclass(kind, ActionKind) and not self._may_be_open(kind):
            return []
        return [option for at in (*self.compiled.nodes, None) for option in self.options(kind, at)]

    def _may_be_open(self, kind: type[ActionKind]) -> bool:
        return kind.is_open(self) and (kind.target != "held" or bool(self.held))

    def settle(self, silent: tuple[NodeId, ...]) -> bool:
        """Stop the faults; these nodes stay silent for good. Tell whether that is legal."""
        if self.conditions.settled is not None:
            return False
        if silent and silent not in self.compiled.tolerated_failures(self.conditions):
            return False
        self.choices.append(Settle(silent))  # as `Settle.perform` says, by hand: every walk settles
        end = 0 if self.compiled.has_lanes else len(self.flights)
        self.flights[end:end] = self.held
        self.held.clear()
        self.change(self.conditions.after_settle(silent))
        return True

    def _attempt_delivery(self, action: Action, leniently: bool, takes_newest: bool) -> bool:
        assert isinstance(action, Deliver)
        deliveries = self.compiled.deliveries
        for position, message in enumerate(self.flights):  # the very object is found soonest
            if deliveries[message] is action:
                if self._try_delivery(position):
                    return True
                break
        positions = self._positions(action.content, leniently, takes_newest)
        return any(map(self._try_delivery, positions))

    def _attempt_settle(self, action: Action, leniently: bool, takes_newest: bool) -> bool:
        del leniently, takes_newest
        assert isinstance(action, Settle)
        return self.settle(action.silent)

    def _attempt_choice(self, action: Action, leniently: bool, takes_newest: bool) -> bool:
        del takes_newest  # calls are made in their order
        choice = self._offer(action, leniently)
        if choice is not None:
            self.choose(choice)
        return choice is not None

    def _attempt_by_reference(self, action: Action) -> bool:
        """Perform a kind of action that this form does not know, as the reference world does it."""
        world = self.world()
        if not any(option == action for option in type(action).options(world, action.at)):
            return False
        self.choices.append(action)
        moved = action.apply(world)
        self._adopt(moved)
        return True

    def _watch(self) -> None:
        """Look at the states of the nodes: whether an invariant is broken, or a goal met."""
        if self.violated is None and self.compiled.has_invariants:
            self.violated = self._violated_now()
        if self.compiled.goals:
            self._look_for_goals()

    def _look_for_goals(self) -> None:
        """Strike off what the state that the run is in now meets: nobody looks for it any more."""
        contents = self.compiled.contents
        on_the_way = [contents[message] for message in (*self.flights, *self.held)]
        self.compiled.goals.look_at(tuple(self.node_states), on_the_way)

    def _adopt(self, moved: Moved) -> None:
        compiled, world = self.compiled, moved.world
        self._offers = None
        self.node_states = [
            compiled.node_state_id(node, node_state)
            for node, node_state in enumerate(world.node_states)
        ]
        self.flights = [compiled.message_id(flight.content) for flight in world.flights]
        self.held = [compiled.message_id(flight.content) for flight in world.held]
        self.change(world.conditions)
        for event in moved.events:
            if event.kind == "lose" and event.src is not None and event.dst is not None:
                self.lost.append((len(self.failed) - 1, (event.src, event.dst)))
        if compiled.watches:
            self._watch()
        self.seen += [
            compiled.observation_id(Observation(event.kind, event.node, event.value))
            for event in moved.events
            if event.kind in OBSERVED and event.node is not None
        ]

    def world(self) -> World:
        """Return the reference world in this state; its identities are not those of the run."""
        compiled = self.compiled
        flights = tuple(Flight(-1, *compiled.contents[m], sent=-1) for m in self.flights)
        held = tuple(Flight(-1, *compiled.contents[m], sent=-1) for m in self.held)
        node_states = tuple(compiled.node_states[node_state] for node_state in self.node_states)
        calls = tuple(None if node_state.pending is None else 0 for node_state in node_states)
        latest = (-1,) * len(node_states)
        return World(compiled.scenario, node_states, flights, held, self.conditions, calls, latest)

    def _try_delivery(self, position: int) -> bool:
        if not self.can_arrive(position):
            return False
        self.deliver(position)
        return True

    def _positions(self, content: Content, leniently: bool, takes_newest: bool) -> Iterator[int]:
        """Return where the message of an action is; leniently, then those that are like it."""
        message = self.compiled.known_message(content)
        if message is not None and message in self.flights:
            yield self.flights.index(message)
        if leniently:
            flights, contents = tuple(enumerate(self.flights)), self.compiled.contents
            for position, other in reversed(flights) if takes_newest else flights:
                if _is_alike(contents[other], content):
                    yield position

    def _alike(self, content: Content, among: Sequence[Message]) -> Iterator[Value]:
        """Return the bodies of the messages that are like one, oldest first."""
        contents = (self.compiled.contents[message] for message in among)
        return (other[2] for other in contents if _is_alike(other, content))

    def _offer(self, action: Action, leniently: bool) -> LocalChoice | None:
        assert isinstance(action, Call | Fire)
        node = self.compiled.scenario.index[str(action.at)]
        is_call = isinstance(action, Call)
        value = action.operation if isinstance(action, Call) else action.timer
        options = [
            choice
            for choice in self.compiled.choices[self.node_states[node]]
            if choice.is_call == is_call and self._is_open(choice)
        ]
        exact = next((choice for choice in options if is_same(choice.value, value)), None)
        if exact is None and leniently and is_call and options:
            return options[0]
        return exact

    # What it amounts to.

    def _violated_now(self) -> str | None:
        return self.compiled.judged.violated(self.node_states, self.conditions.down)

    def pending(self) -> Iterator[tuple[NodeId, Value]]:
        """Return the calls under way, with their clients."""
        for name, node_state in zip(self.compiled.nodes, self.node_states, strict=True):
            operation = self.compiled.node_states[node_state].pending
            if operation is not None:
                yield name, operation

    def open_calls(self) -> OpenCalls:
        """Return the calls under way, and who failed since each was made."""
        calls: OpenCalls = ()
        if not any(True for _ in self.pending()):
            return calls
        observations, ends = self.compiled.observations, [at for at, _ in self.failed[1:]]
        spans = zip(self.failed, [*ends, len(self.seen)], strict=True)
        for position, ((start, fails), end) in enumerate(spans):
            seen = [observations[o] for o in self.seen[start:end]]
            lost = [link for at, link in self.lost if at == position]
            calls = after_step(calls, seen, fails, lost)
        return calls

    def identity(self) -> Value:
        """Return a hashable value, equal for equal states of one scenario, whatever the order.

        As in `World.identity`, messages from and to nodes that stay silent for good do not count.
        """
        gone = self.conditions.settled or ()
        contents = self.compiled.contents
        flights = [
            message
            for message in self.flights
            if contents[message][0] not in gone and contents[message][1] not in gone
        ]
        held = frozenset(Counter(self.held).items())
        if self.compiled.scenario.network == "unordered":
            return (
                tuple(self.node_states),
                frozenset(Counter(flights).items()),
                held,
                self.conditions,
            )
        return (tuple(self.node_states), self._by_link(flights), held, self.conditions)

    def _by_link(self, messages: list[Message]) -> Value:
        links: dict[int, list[Message]] = {}
        for message in messages:
            links.setdefault(self.compiled.link[message], []).append(message)
        return frozenset((link, tuple(cargo)) for link, cargo in links.items())


def _is_alike(one: Content, other: Content) -> bool:
    return one[:2] == other[:2] and type(one[2]) is type(other[2])


def replace_body(action: ActionKind, body: Value) -> ActionKind:
    """Return an action about another message of the same link."""
    thing: Any = action
    changed: ActionKind = replace(thing, body=body)
    return changed


Fast = Callable[[Simulation, Action, bool, bool], bool]

_FAST: Mapping[type[Action], Fast] = MappingProxyType(
    {
        Deliver: Simulation._attempt_delivery,
        Call: Simulation._attempt_choice,
        Fire: Simulation._attempt_choice,
        Settle: Simulation._attempt_settle,
    }
)
"""The kinds that are found by hand, for speed: what most steps of a run are, and how each ends. All
others are done as their class says, and so are these in a world; tests hold the two together."""
