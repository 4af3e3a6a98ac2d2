"""Slots: a node with the messages on their way to it, as one small integer.

A global state is one slot a node, the conditions, and what an observer remembers. An action at a
node depends on that node's slot and the conditions alone, so its outcome is computed once for each
pair: `expand`. Messages sent to another node change its slot in a way that depends on that slot and
the messages alone: `push`. A step of an exploration is two or three look-ups.

Every table is filled in the order of the questions asked, and keeps them in a journal: the same
questions again give the same numbers, which is how an exploration resumes from a checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from counterpoint.model.actions import FAULTS, Call, Deliver, Fire
from counterpoint.model.conditions import Conditions
from counterpoint.model.faults import Drop
from counterpoint.model.rules import after_fire, can_pass, may_fire
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.compiled import Choice, Compiled, CoreId, Message, Outcome
from counterpoint.model.search.engine.relevance import Relevance
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

NoOp: TypeAlias = Literal["keep", "consume", "forget"]
"""What becomes of a message that its receiver ignores: it stays and nothing happened, or is gone.

"forget": it stays, and is gone at once when it can never matter again; see `relevance`.
"""

SlotId: TypeAlias = int
EnvironmentId: TypeAlias = int


class Slot(NamedTuple):
    """A node's core with its inbox: the messages on their way to it, and those held back.

    On an unordered network the inbox is sorted, a multiset; on an ordered one it is in the order of
    sending by source, sources sorted.
    """

    core: CoreId
    inbox: tuple[Message, ...]
    held: tuple[Message, ...]


class Transition(NamedTuple):
    """What one action at a node does: to its slot, the conditions, other nodes; what is seen of it.

    `bundles` pairs each other node with the bundle of messages sent to it.
    """

    slot: SlotId
    environment: EnvironmentId
    bundles: tuple[tuple[int, int], ...]
    seen: int
    action: Action


@dataclass(frozen=True, slots=True)
class Semantics:
    """The rules of a network that counts of states depend on; see docs/reference/exploration."""

    no_op: NoOp
    is_lossy: bool = False


class HandlerBroke(Exception):
    """A handler failed while a slot was expanded: the last action of the counterexample."""

    def __init__(
        self, action: Action, error: Exception, node: int, slot: SlotId, environment: EnvironmentId
    ) -> None:
        self.action = action
        self.node, self.slot, self.environment = node, slot, environment
        super().__init__(str(error))


class Slots:
    """The tables of an exploration."""

    def __init__(self, scenario: Scenario, semantics: Semantics) -> None:
        self.scenario = scenario
        self.semantics = semantics
        self.compiled = Compiled(scenario)
        self._relevance = self._bound() if semantics.no_op == "forget" else None
        self.slots: list[list[Slot]] = [[] for _ in self.compiled.nodes]
        self.environments: list[Conditions] = []
        self.bundles: list[tuple[Message, ...]] = [()]
        self.sightings: list[tuple[int, ...]] = [()]
        self._slot_ids: list[dict[Slot, SlotId]] = [{} for _ in self.compiled.nodes]
        self._environment_ids: dict[Conditions, EnvironmentId] = {}
        self._bundle_ids: dict[tuple[Message, ...], int] = {(): 0}
        self._sighting_ids: dict[tuple[int, ...], int] = {(): 0}
        self._is_ordered = scenario.network == "ordered"
        self._delivers = Deliver in scenario.actions
        self._own_kinds = frozenset(a.kind for a in scenario.actions if a in (Call, Fire))
        self._others = tuple(
            action
            for action in scenario.actions
            if action.kind not in ("deliver", "call", "fire") and _may_happen(action, scenario)
        )
        self.start_environment = self.environment_id(Conditions(roles=self.compiled.start_roles))
        self.start_seen = self.sighting_id(self.compiled.start_seen)
        self.start_slots = tuple(self._start())

    def _bound(self) -> Relevance:
        if self.scenario.network == "ordered":
            raise ValueError(
                "--no-op forget is for unordered networks: in a queue every place counts"
            )
        return Relevance(self.compiled)

    # Interning.

    def _start(self) -> list[SlotId]:
        compiled = self.compiled
        inboxes: list[list[Message]] = [[] for _ in compiled.nodes]
        for message in compiled.start_sends:
            inboxes[compiled.destination[message]].append(message)
        return [
            self.slot_id(node, Slot(core, self.filed(inboxes[node]), ()))
            for node, core in enumerate(compiled.start_cores)
        ]

    def filed(self, inbox: list[Message]) -> tuple[Message, ...]:
        """Return an inbox in its canonical order; a stable sort by source keeps each link's order."""
        if self._is_ordered:
            return tuple(sorted(inbox, key=self.compiled.source.__getitem__))
        return tuple(sorted(inbox))

    def slot_id(self, node: int, slot: Slot) -> SlotId:
        """Intern a slot of a node."""
        if self._relevance is not None and slot.inbox:
            slot = slot._replace(inbox=self._relevant(slot.core, slot.inbox))
        ids = self._slot_ids[node]
        known = ids.setdefault(slot, len(ids))
        if known == len(self.slots[node]):
            self.slots[node].append(slot)
        return known

    def _relevant(self, core: CoreId, inbox: tuple[Message, ...]) -> tuple[Message, ...]:
        assert self._relevance is not None
        return tuple(m for m in inbox if self._relevance.may_matter(core, m))

    def environment_id(self, conditions: Conditions) -> EnvironmentId:
        """Intern the conditions of a state."""
        known = self._environment_ids.setdefault(conditions, len(self.environments))
        if known == len(self.environments):
            self.environments.append(conditions)
        return known

    def sighting_id(self, seen: tuple[int, ...]) -> int:
        """Intern the observations of one step."""
        known = self._sighting_ids.setdefault(seen, len(self.sightings))
        if known == len(self.sightings):
            self.sightings.append(seen)
        return known

    def _bundle_id(self, messages: tuple[Message, ...]) -> int:
        known = self._bundle_ids.setdefault(messages, len(self.bundles))
        if known == len(self.bundles):
            self.bundles.append(messages)
        return known

    # The two questions of an exploration, and the third about the network as a whole.

    def push(self, node: int, slot: SlotId, bundle: int) -> SlotId:
        """Return the slot of a node after a bundle of messages was sent to it."""
        core, inbox, held = self.slots[node][slot]
        return self.slot_id(node, Slot(core, self.filed([*inbox, *self.bundles[bundle]]), held))

    def expand(self, node: int, slot: SlotId, environment: EnvironmentId) -> tuple[Transition, ...]:
        """Return what can happen at a node, in the order of `replay.enabled`."""
        found = [*self._deliveries(node, slot, environment), *self._own(node, slot, environment)]
        if self._others:
            found += self._interferences(node, slot, environment)
        return tuple(found)

    def expand_network(self, environment: EnvironmentId) -> tuple[Transition, ...]:
        """Return what can happen to the network as a whole; `slot` of the outcome means nothing."""
        if not self._others:
            return ()
        run = Simulation(self.compiled)
        run.flights.clear()
        run.conditions = self.environments[environment]
        world = run.world()
        found = []
        for kind in self._others:
            for action in kind.options(world, None):
                after = action.apply(world).world.conditions
                found.append(Transition(0, self.environment_id(after), (), 0, action))
        return tuple(found)

    def _deliveries(self, node: int, slot: SlotId, environment: EnvironmentId) -> list[Transition]:
        core, inbox, held = self.slots[node][slot]
        compiled, conditions = self.compiled, self.environments[environment]
        found: list[Transition] = []
        if not self._delivers:
            return found
        previous: int | None = None
        for position, message in enumerate(inbox):
            same = compiled.source[message] if self._is_ordered else message
            if same == previous:
                continue
            previous = same
            src, dst, body = compiled.contents[message]
            if not can_pass(conditions, src, dst):
                continue
            rest = inbox[:position] + inbox[position + 1 :]
            action = compiled.deliveries[message]
            try:
                outcome = compiled.deliver(core, message)
            except Exception as error:
                raise HandlerBroke(action, error, node, slot, environment) from error
            if not (outcome.is_ignored and self.semantics.no_op != "consume"):
                found.append(self._transition(node, outcome, rest, held, conditions, action))
            if self.semantics.is_lossy:
                gone = self.slot_id(node, Slot(core, rest, held))
                found.append(Transition(gone, environment, (), 0, Drop(src, dst, body)))
        return found

    def _own(self, node: int, slot: SlotId, environment: EnvironmentId) -> list[Transition]:
        core, inbox, held = self.slots[node][slot]
        compiled, conditions = self.compiled, self.environments[environment]
        name = compiled.nodes[node]
        if name in conditions.down:
            return []
        found: list[Transition] = []
        for choice in compiled.choices[core]:
            after = conditions
            if ("call" if choice.is_call else "fire") not in self._own_kinds:
                continue
            if not choice.is_call:
                if not may_fire(self.scenario, conditions):
                    continue
                after = after_fire(self.scenario, conditions)
            action = _action(name, choice)
            try:
                outcome = compiled.choose(core, choice)
            except Exception as error:
                raise HandlerBroke(action, error, node, slot, environment) from error
            found.append(self._transition(node, outcome, inbox, held, after, action))
        return found

    def _transition(
        self,
        node: int,
        outcome: Outcome,
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
        conditions: Conditions,
        action: Action,
    ) -> Transition:
        own = list(inbox)
        away: dict[int, list[Message]] = {}
        for message in outcome.sends:
            destination = self.compiled.destination[message]
            (own if destination == node else away.setdefault(destination, [])).append(message)
        seen = outcome.seen
        if outcome.role and conditions.roles[node] != outcome.role:
            conditions = conditions.with_role(node, outcome.role)
            seen = (*seen, self.compiled.role_change(node, outcome.role))
        return Transition(
            self.slot_id(node, Slot(outcome.core, self.filed(own), held)),
            self.environment_id(conditions),
            tuple((other, self._bundle_id(self.filed(ms))) for other, ms in sorted(away.items())),
            self.sighting_id(seen),
            action,
        )

    def _interferences(
        self, node: int, slot: SlotId, environment: EnvironmentId
    ) -> list[Transition]:
        """Let the action classes speak for themselves, in a world where this node is alone."""
        run = self._alone(node, slot, environment)
        world, name = run.world(), self.compiled.nodes[node]
        found: list[Transition] = []
        for kind in self._others:
            for action in kind.options(world, name):
                after = self._alone(node, slot, environment)
                try:
                    was_done = after.attempt(action)
                except Exception as error:
                    raise HandlerBroke(action, error, node, slot, environment) from error
                assert was_done, f"{action!r} is legal in one engine alone"
                found.append(self._outcome(node, after, action))
        return found

    def _alone(self, node: int, slot: SlotId, environment: EnvironmentId) -> Simulation:
        core, inbox, held = self.slots[node][slot]
        run = Simulation(self.compiled)
        run.cores[node] = core
        run.flights, run.held, run.seen = list(inbox), list(held), []
        run.conditions = self.environments[environment]
        return run

    def _outcome(self, node: int, run: Simulation, action: Action) -> Transition:
        own: list[Message] = []
        away: dict[int, list[Message]] = {}
        for message in run.flights:
            destination = self.compiled.destination[message]
            (own if destination == node else away.setdefault(destination, [])).append(message)
        others = [c for n, c in enumerate(run.cores) if n != node]
        starts = [c for n, c in enumerate(self.compiled.start_cores) if n != node]
        assert others == starts, f"{action!r} acts at another node than its own"
        return Transition(
            self.slot_id(node, Slot(run.cores[node], self.filed(own), tuple(sorted(run.held)))),
            self.environment_id(run.conditions),
            tuple((other, self._bundle_id(self.filed(ms))) for other, ms in sorted(away.items())),
            self.sighting_id(tuple(run.seen)),
            action,
        )


def _action(name: NodeId, choice: Choice) -> Action:
    if choice.is_call:
        return Call(name, choice.value)
    assert isinstance(choice.value, str)
    return Fire(name, choice.value)


def _may_happen(action: type[Action], scenario: Scenario) -> bool:
    """Tell whether a kind of fault can occur at all: it has a budget, or undoes one that has."""
    undone = {"release": "delay", "mend": "omit", "restart": "crash", "heal": "cut"}
    needed = undone.get(action.kind, action.kind)
    if action not in FAULTS:
        return True
    if needed == "drop":
        return any(kind in scenario.limits for kind in ("drop", "crash", "cut"))
    return needed in scenario.limits
