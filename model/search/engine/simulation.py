"""A run on the compiled form: the fast twin of `World`, changed in place.

It performs the same actions with the same legality, several times faster, and keeps no events:
only the choices, from which the reference world tells the whole story again, and the observations
that checkers of histories read. Tests hold it against `World` after every step of random runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from counterpoint.model.actions import Call, Deliver, Fire, Settle, Transform
from counterpoint.model.conditions import Conditions, Partition
from counterpoint.model.faults import (
    Crash,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Heal,
    Mend,
    Omit,
    Overtake,
    Release,
    Restart,
)
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.rules import (
    after_fire,
    can_pass,
    may_be_silent,
    may_drop,
    may_fail,
    may_fire,
    may_spend,
    obstacle,
)
from counterpoint.model.search.engine.compiled import (
    Choice,
    Compiled,
    Message,
    Outcome,
)
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, Content, Flight, Moved, World


class Simulation:
    """One run. `flights` and `held` are messages in the order in which they were sent.

    `violated` is the name of the first invariant that was broken on the way.
    """

    __slots__ = (
        "_offers",
        "choices",
        "compiled",
        "conditions",
        "cores",
        "flights",
        "held",
        "seen",
        "violated",
    )

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.cores = list(compiled.start_cores)
        self.flights: list[Message] = list(compiled.start_sends)
        self.held: list[Message] = []
        self.seen: list[int] = list(compiled.start_seen)
        self.conditions = Conditions(roles=compiled.start_roles)
        self.choices: list[Action] = []
        self.violated = self._violated_now() if compiled.has_invariants else None
        self._offers: list[Choice] | None = None

    # What is legal.

    @property
    def is_calm(self) -> bool:
        """Tell whether every message in flight can arrive: nobody down, cut off or silenced."""
        conditions = self.conditions
        return not (conditions.down or conditions.cuts or conditions.settled)

    @property
    def is_disturbed(self) -> bool:
        """Tell whether some interference is in force that could be undone."""
        conditions = self.conditions
        return bool(conditions.down or conditions.cuts or conditions.silent or self.held)

    def offers(self) -> list[Choice]:
        """Return the calls that may begin and the timers that may go off, by node."""
        found = self._offers
        if found is None:
            choices = self.compiled.choices
            found = self._offers = [choice for core in self.cores for choice in choices[core]]
        conditions = self.conditions
        if found and (conditions.down or not may_fire(self.compiled.scenario, conditions)):
            return [choice for choice in found if self._is_open(choice)]
        return found

    def _is_open(self, choice: Choice) -> bool:
        if self.compiled.nodes[choice.node] in self.conditions.down:
            return False
        return choice.is_call or may_fire(self.compiled.scenario, self.conditions)

    def can_arrive(self, position: int) -> bool:
        """Tell whether the message at a position of `flights` may be delivered now."""
        message = self.flights[position]
        src, dst, _ = self.compiled.contents[message]
        if not can_pass(self.conditions, src, dst):
            return False
        return self.compiled.scenario.network == "unordered" or self._is_head(position)

    def _is_head(self, position: int) -> bool:
        source, destination = self.compiled.source, self.compiled.destination
        ours = self.flights[position]
        link = (source[ours], destination[ours])
        return all((source[m], destination[m]) != link for m in self.flights[:position])

    # What happens.

    def deliver(self, position: int) -> None:
        """Give the message at a position of `flights` to its receiver."""
        message = self.flights.pop(position)
        self.choices.append(self.compiled.deliveries[message])
        self._arrive(message)

    def _arrive(self, message: Message) -> None:
        compiled = self.compiled
        node = compiled.destination[message]
        core = self.cores[node]
        outcome = compiled.reactions[core].get(message)
        self.become(node, compiled.deliver(core, message) if outcome is None else outcome)

    def choose(self, choice: Choice) -> None:
        """Begin a call, or let a timer go off."""
        name = self.compiled.nodes[choice.node]
        if choice.is_call:
            self.choices.append(Call(name, choice.value))
        else:
            assert isinstance(choice.value, str)
            self.choices.append(Fire(name, choice.value))
            self.conditions = after_fire(self.compiled.scenario, self.conditions)
        self.become(choice.node, self.compiled.choose(self.cores[choice.node], choice))

    def become(self, node: int, outcome: Outcome) -> None:
        """Let a node take the outcome of an input."""
        core, sends, seen, role, _ = outcome
        choices = self.compiled.choices
        if choices[core] or choices[self.cores[node]]:
            self._offers = None
        self.cores[node] = core
        self.flights += sends
        self.seen += seen
        if self.violated is None and self.compiled.has_invariants:
            self.violated = self._violated_now()
        if role and self.conditions.roles[node] != role:
            self.conditions = self.conditions.with_role(node, role)
            self.seen.append(self.compiled.role_change(node, role))

    def attempt(self, action: Action, *, leniently: bool = False) -> bool:
        """Perform an action if it is legal, and tell whether it was.

        Leniently, a message or call of the same type stands in for one that is not there, as in
        `replay.fit`.
        """
        match action:
            case Deliver():
                return any(map(self._try_delivery, self._positions(action, leniently)))
            case Drop() | Duplicate() | Overtake() | Delay() | Omit():
                by = action.by if isinstance(action, Omit) else None
                positions = self._positions(action, leniently)
                return any(self.disturb(action.kind, position, by) for position in positions)
            case Release():
                return self._release(action, leniently)
            case Call() | Fire():
                choice = self._offer(action, leniently)
                if choice is not None:
                    self.choose(choice)
                return choice is not None
            case Crash(node):
                return self.crash(node)
            case Restart(node):
                return self.restart(node)
            case Mend(node):
                return self.mend(node)
            case Transform(node):
                return self.transform(node)
            case Cut(side, direction):
                return self.cut(Partition(side, direction))
            case Heal(side, direction):
                return self.heal(Partition(side, direction))
            case Settle(silent):
                return self.settle(silent)
        return self._attempt_by_reference(action)

    def _attempt_by_reference(self, action: Action) -> bool:
        """Perform a kind of action that this form does not know, as the reference world does it."""
        world = self.world()
        if not any(option == action for option in type(action).options(world, action.at)):
            return False
        self.choices.append(action)
        moved = action.apply(world)
        self._adopt(moved)
        return True

    def _adopt(self, moved: Moved) -> None:
        compiled, world = self.compiled, moved.world
        self._offers = None
        self.cores = [compiled.core_id(node, core) for node, core in enumerate(world.cores)]
        self.flights = [compiled.message_id(flight.content) for flight in world.flights]
        self.held = [compiled.message_id(flight.content) for flight in world.held]
        self.conditions = world.conditions
        if self.violated is None and compiled.has_invariants:
            self.violated = self._violated_now()
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
        cores = tuple(compiled.cores[core] for core in self.cores)
        calls = tuple(None if core.pending is None else 0 for core in cores)
        latest = (-1,) * len(cores)
        return World(compiled.scenario, cores, flights, held, self.conditions, calls, latest)

    def _try_delivery(self, position: int) -> bool:
        if not self.can_arrive(position):
            return False
        self.deliver(position)
        return True

    def _positions(
        self, action: Deliver | Drop | Duplicate | Overtake | Delay | Omit, leniently: bool
    ) -> Iterator[int]:
        """Return where the message of an action is; leniently, then those that are like it."""
        content = (action.src, action.dst, action.body)
        message = self.compiled.known_message(content)
        if message is not None and message in self.flights:
            yield self.flights.index(message)
        if leniently:
            yield from self._alike(content, tuple(self.flights))

    def _alike(self, content: Content, among: Sequence[Message]) -> Iterator[int]:
        contents = self.compiled.contents
        for position, message in enumerate(among):
            src, dst, body = contents[message]
            if (src, dst) == content[:2] and type(body) is type(content[2]):
                yield position

    def disturb(self, kind: str, position: int, by: NodeId | None = None) -> bool:
        """Do to the message at a position of `flights` what a kind of fault does, if it is legal."""
        match kind:
            case "drop":
                return self.drop(position)
            case "omit":
                assert by is not None, "an omission needs the node that omits"
                return self.omit(position, by)
            case "duplicate":
                return self.duplicate(position)
            case "delay":
                return self.delay(position)
            case "reorder":
                return self.overtake(position)
        raise ValueError(f"{kind!r} is no fault of messages")

    def duplicate(self, position: int) -> bool:
        """Put a second copy of the message at a position of `flights` on its way."""
        src, dst, body = self.compiled.contents[self.flights[position]]
        if src == dst or not may_spend(self.compiled.scenario, self.conditions, "duplicate"):
            return False
        self.flights.append(self.flights[position])
        self._spend("duplicate", Duplicate(src, dst, body))
        return True

    def delay(self, position: int) -> bool:
        """Hold the message at a position of `flights` back."""
        contents = self.compiled.contents
        src, dst, body = contents[self.flights[position]]
        held = sum(contents[message][1] == dst for message in self.held)
        if not may_spend(self.compiled.scenario, self.conditions, "delay", held):
            return False
        self.held.append(self.flights.pop(position))
        self._spend("delay", Delay(src, dst, body))
        return True

    def overtake(self, position: int) -> bool:
        """Deliver the message at a position of `flights` before older ones of its link."""
        scenario, message = self.compiled.scenario, self.flights[position]
        src, dst, body = self.compiled.contents[message]
        if scenario.network == "unordered" or self._is_head(position):
            return False
        if not can_pass(self.conditions, src, dst):
            return False
        if not may_spend(scenario, self.conditions, "reorder"):
            return False
        self._spend("reorder", Overtake(src, dst, body))
        self._arrive(self.flights.pop(position))
        return True

    def drop(self, position: int) -> bool:
        """Lose the message at a position of `flights` on the network."""
        src, dst, body = self.compiled.contents[self.flights[position]]
        if not may_drop(self.compiled.scenario, self.conditions, src, dst):
            return False
        self.flights.pop(position)
        if obstacle(self.conditions, src, dst) is None:
            self.conditions = self.conditions.with_one_more("drop")
        self.choices.append(Drop(src, dst, body))
        return True

    def omit(self, position: int, by: NodeId) -> bool:
        """Let a node lose the message at a position of `flights`."""
        scenario = self.compiled.scenario
        src, dst, body = self.compiled.contents[self.flights[position]]
        if src == dst or not may_spend(scenario, self.conditions, "omit"):
            return False
        if not may_be_silent(scenario, self.conditions, by):
            return False
        self.flights.pop(position)
        self._spend("omit", Omit(src, dst, body, by))
        self.conditions = self.conditions.with_silent(by)
        return True

    def _spend(self, kind: str, action: Action) -> None:
        self.conditions = self.conditions.with_one_more(kind)
        self.choices.append(action)

    def _release(self, action: Release, leniently: bool) -> bool:
        content = (action.src, action.dst, action.body)
        message = self.compiled.known_message(content)
        if message in self.held:
            return self.release(self.held.index(message))
        position = next(self._alike(content, self.held), None) if leniently else None
        return position is not None and self.release(position)

    def release(self, position: int) -> bool:
        """Let the message at a position of `held` go on its way."""
        message = self.held.pop(position)
        self.flights.append(message)
        self.choices.append(Release(*self.compiled.contents[message]))
        return True

    def _offer(self, action: Call | Fire, leniently: bool) -> Choice | None:
        node = self.compiled.scenario.index[action.at]
        is_call = isinstance(action, Call)
        value = action.operation if isinstance(action, Call) else action.timer
        options = [
            choice
            for choice in self.compiled.choices[self.cores[node]]
            if choice.is_call == is_call and self._is_open(choice)
        ]
        exact = next((choice for choice in options if choice.value == value), None)
        if exact is None and leniently and is_call and options:
            return options[0]
        return exact

    def crash(self, node: NodeId) -> bool:
        """Stop a node."""
        scenario, conditions = self.compiled.scenario, self.conditions
        if node in conditions.down or not may_fail(scenario, conditions, node):
            return False
        if not may_spend(scenario, conditions, "crash", len(conditions.down)):
            return False
        index = scenario.index[node]
        self._spend("crash", Crash(node))
        self.conditions = self.conditions.after_crash(node)
        self.become(index, self.compiled.crash(self.cores[index]))
        return True

    def restart(self, node: NodeId) -> bool:
        """Let a node that is down run again."""
        conditions = self.conditions
        if node not in conditions.down or node in (conditions.settled or ()):
            return False
        index = self.compiled.scenario.index[node]
        self.choices.append(Restart(node))
        self.conditions = conditions.after_restart(node)
        self.become(index, self.compiled.restart(self.cores[index]))
        return True

    def mend(self, node: NodeId) -> bool:
        """Let a silent node be well again."""
        if node not in self.conditions.silent or self.conditions.settled is not None:
            return False
        self.choices.append(Mend(node))
        self.conditions = self.conditions.after_mend(node)
        return True

    def transform(self, node: NodeId) -> bool:
        """Pass an operator's wish for another role to a node."""
        scenario, conditions = self.compiled.scenario, self.conditions
        if node in conditions.down or not may_spend(scenario, conditions, "transform"):
            return False
        index = scenario.index[node]
        self._spend("transform", Transform(node))
        self.become(index, self.compiled.transform(self.cores[index]))
        return True

    def cut(self, cut: Partition) -> bool:
        """Begin a partition."""
        scenario, cuts = self.compiled.scenario, self.conditions.cuts
        if cut in cuts or cut.side not in scenario.partitions:
            return False
        if not may_spend(scenario, self.conditions, "cut", len(cuts)):
            return False
        self._spend("cut", Cut(cut.side, cut.direction))
        self.conditions = self.conditions.with_cut(cut)
        return True

    def heal(self, cut: Partition) -> bool:
        """End a partition."""
        if cut not in self.conditions.cuts:
            return False
        self.choices.append(Heal(cut.side, cut.direction))
        self.conditions = self.conditions.after_heal(cut)
        return True

    def settle(self, silent: tuple[NodeId, ...]) -> bool:
        """Stop the faults; these nodes stay silent for good."""
        if self.conditions.settled is not None:
            return False
        if silent and silent not in self.compiled.tolerated_failures(self.conditions):
            return False
        self.choices.append(Settle(silent))
        self.flights += self.held
        self.held.clear()
        self.conditions = self.conditions.after_settle(silent)
        return True

    # What it amounts to.

    def _violated_now(self) -> str | None:
        return self.compiled.violated(tuple(self.cores), self.conditions.down)

    def pending(self) -> Iterator[tuple[NodeId, Value]]:
        """Return the calls under way, with their clients."""
        for name, core in zip(self.compiled.nodes, self.cores, strict=True):
            operation = self.compiled.cores[core].pending
            if operation is not None:
                yield name, operation

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
            return (tuple(self.cores), frozenset(Counter(flights).items()), held, self.conditions)
        return (tuple(self.cores), self._by_link(flights), held, self.conditions)

    def _by_link(self, messages: list[Message]) -> Value:
        links: dict[tuple[int, int], list[Message]] = {}
        for message in messages:
            link = (self.compiled.source[message], self.compiled.destination[message])
            links.setdefault(link, []).append(message)
        return frozenset((link, tuple(cargo)) for link, cargo in links.items())
