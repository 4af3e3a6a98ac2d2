"""Slots: a node with the messages on their way to it, as one small integer.

A global state is one slot a node, the conditions, and what an observer remembers. An action at a
node depends on that node's slot and the conditions alone, so its outcome is computed once for each
pair: `expand`. Messages sent to another node change its slot in a way that depends on that slot and
the messages alone: `push`. A step of an exploration is two or three look-ups.

Every table is filled in the order of the questions asked, and keeps them in a journal: the same
questions again give the same numbers, which is how an exploration resumes from a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, TypeAlias

from counterpoint.model.actions import NORMAL, Call, Fire, Settle
from counterpoint.model.fault_state import FaultState, OpenCalls
from counterpoint.model.faults import Drop
from counterpoint.model.legality import after_fire, can_pass, may_fire
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.owed import LinkEnds, after_step, failing
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.dead_messages import Relevance
from counterpoint.model.search.engine.effects import (
    ActionEffect,
    EnvironmentId,
    Moves,
    NodeStateStep,
    SlotFields,
    SlotId,
)
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import (
    Compiled,
    EnginesDisagree,
    LocalChoice,
    Message,
    NodeStateId,
    TransitionEntry,
)
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

NoOp: TypeAlias = Literal["keep", "consume", "forget"]
"""What becomes of a message that its receiver ignores: it stays and nothing happened, or is gone.

"forget": it stays, and is gone at once when it can never matter again; see `relevance`.
"""


class Slot(NamedTuple):
    """A node's node state with its inbox: the messages on their way to it, and those held back.

    On an unordered network the inbox is sorted, a multiset; on an ordered one it is in the order of
    sending by source, sources sorted.
    """

    node_state: NodeStateId
    inbox: tuple[Message, ...]
    held: tuple[Message, ...]


class Situation(NamedTuple):
    """A slot of a node under some conditions. What happens there depends on its node state alone."""

    node: int
    slot: SlotId
    environment: EnvironmentId
    node_state: NodeStateId


class NumberedSlots(Protocol):
    """The slots of one node, each with its number: they are counted as they come."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, slot: SlotId, /) -> Slot:
        """Return the slot with this number."""

    def __iter__(self) -> Iterator[Slot]:
        """Go through them in the order of their numbers."""

    def number(self, slot: SlotFields) -> SlotId:
        """Return the number of a slot; one that is new gets the next."""


class ListedSlots(list[Slot]):
    """The slots of one node as a list."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[SlotFields, SlotId] = {}

    def number(self, slot: SlotFields) -> SlotId:
        """Return the number of a slot; one that is new gets the next."""
        known = self._ids.get(slot)
        if known is None:
            fresh = Slot(*slot)
            known = self._ids[fresh] = len(self)
            self.append(fresh)
        return known


class Transition(NamedTuple):
    """What one action at a node does: the slot after it, and its effect."""

    slot: SlotId
    environment: EnvironmentId
    batches: tuple[tuple[int, int], ...]
    seen: int
    action: Action
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Semantics:
    """The rules of a network that counts of states depend on; see docs/reference/exploration.

    With `has_open_calls` the conditions remember of each open call who failed since it was made.
    """

    no_op: NoOp
    is_lossy: bool = False
    has_open_calls: bool = False


class HandlerBroke(Exception):
    """A handler failed while a slot was expanded: the last action of the counterexample."""

    def __init__(
        self, action: Action, error: Exception, node: int, slot: SlotId, environment: EnvironmentId
    ) -> None:
        self.action = action
        self.node, self.slot, self.environment = node, slot, environment
        super().__init__(str(error))


class ActsElsewhere(ValueError):
    """A kind of action changes more than its place, which tables of places cannot tell."""

    def __init__(self, action: Action, what: str) -> None:
        super().__init__(
            f"{type(action).__name__} ({action.kind!r}) cannot be explored: {what}, and it changes "
            "something else; let `at` name the node that it changes, or search by walks"
        )


class Slots:
    """The tables of an exploration."""

    def __init__(
        self,
        scenario: Scenario,
        semantics: Semantics,
        numbered: Callable[[], NumberedSlots] = ListedSlots,
    ) -> None:
        """`numbered` makes what the slots of one node are kept in."""
        self.scenario = scenario
        self.semantics = semantics
        self.compiled = Compiled(scenario)
        self.relevance = self._bound() if semantics.no_op == "forget" else None
        self.slots = [numbered() for _ in self.compiled.nodes]
        self.effects: list[list[ActionEffect]] = [[] for _ in (*self.compiled.nodes, "network")]
        self.environments: list[FaultState] = []
        self.batches: list[tuple[Message, ...]] = [()]
        self.sightings: list[tuple[int, ...]] = [()]
        self._steps: dict[
            tuple[NodeStateId, EnvironmentId], dict[Message | None, tuple[NodeStateStep, ...]]
        ] = {}
        self._environment_ids: dict[FaultState, EnvironmentId] = {}
        self._batch_ids: dict[tuple[Message, ...], int] = {(): 0}
        self._sighting_ids: dict[tuple[int, ...], int] = {(): 0}
        if scenario.network == "lanes":
            raise BadScenario(
                f"scenario {scenario.name!r} has a network of lanes, which no exploration of states "
                "knows: explore it with --reduction dpor, or search by walks (fuzz, verify)"
            )
        self.is_ordered = scenario.network == "ordered"
        self._interfering = tuple(kind for kind in self.compiled.kinds if kind not in NORMAL)
        start = FaultState(roles=self.compiled.start_roles)
        self.start_environment = self.environment_id(
            self.remembering(start, (), self.compiled.start_seen, ())
        )
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
            self.slot_id(node, Slot(node_state, self.filed(inboxes[node]), ()))
            for node, node_state in enumerate(compiled.start_node_states)
        ]

    def filed(self, inbox: Iterable[Message]) -> tuple[Message, ...]:
        """Return an inbox in its canonical order; a stable sort by source keeps each link's order."""
        if self.is_ordered:
            return tuple(sorted(inbox, key=self.compiled.source.__getitem__))
        return tuple(sorted(inbox))

    def slot_id(self, node: int, slot: SlotFields) -> SlotId:
        """Intern a slot of a node, given as the tuple that a slot is."""
        if self.relevance is not None and slot[1]:
            node_state, inbox, held = slot
            slot = (node_state, self._relevant(node_state, inbox), held)
        return self.slots[node].number(slot)

    def _relevant(self, node_state: NodeStateId, inbox: tuple[Message, ...]) -> tuple[Message, ...]:
        assert self.relevance is not None
        return tuple(m for m in inbox if self.relevance.may_matter(node_state, m))

    def environment_id(self, conditions: FaultState) -> EnvironmentId:
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

    def _batch_id(self, messages: tuple[Message, ...]) -> int:
        known = self._batch_ids.setdefault(messages, len(self.batches))
        if known == len(self.batches):
            self.batches.append(messages)
        return known

    @property
    def is_quiet(self) -> bool:
        """Whether nothing can happen but deliveries, losses, calls and timers."""
        return not self._interfering

    # The two questions of an exploration, and the third about the network as a whole.

    def push(self, node: int, slot: SlotId, batch: int) -> SlotId:
        """Return the slot of a node after a batch of messages was sent to it."""
        node_state, inbox, held = self.slots[node][slot]
        return self.slot_id(node, (node_state, self.filed(inbox + self.batches[batch]), held))

    def expand(self, node: int, slot: SlotId, environment: EnvironmentId) -> tuple[Transition, ...]:
        """Return what can happen at a node, in the order of `replay.enabled`."""
        return self._told(node, self.moves(node, slot, environment))

    def expand_network(self, environment: EnvironmentId) -> tuple[Transition, ...]:
        """Return what can happen to the network as a whole; `slot` of the outcome means nothing."""
        return self._told(-1, self.network_moves(environment))

    def _told(self, place: int, moves: Moves) -> tuple[Transition, ...]:
        effects = self.effects[place]
        return tuple(Transition(s, *effects[e]) for s, e in zip(*moves, strict=True))

    def moves(self, node: int, slot: SlotId, environment: EnvironmentId) -> Moves:
        """Return what can happen at a node as numbers, in the order of `replay.enabled`."""
        moves: Moves = ([], [])
        node_state, inbox, held = self.slots[node][slot]
        at = Situation(node, slot, environment, node_state)
        if self.compiled.has_deliveries:
            self._add_deliveries(moves, at, inbox, held)
        self._add_own(moves, at, inbox, held)
        if self._interfering:
            self._add_interferences(moves, node, slot, environment)
        return moves

    def steps(self, at: Situation, message: Message | None) -> tuple[NodeStateStep, ...]:
        """Return what may become of a message that is next at a node; None: what it does by itself.

        It is the same in all slots with this node state, and worked out once.

        Raises:
            HandlerBroke: a handler failed.
        """
        known = self._steps_at(at)
        steps = known.get(message)
        if steps is None:
            steps = known[message] = (
                tuple(self._own(at)) if message is None else self._arrival(at, message)
            )
        return steps

    def _steps_at(self, at: Situation) -> dict[Message | None, tuple[NodeStateStep, ...]]:
        return self._steps.setdefault((at.node_state, at.environment), {})

    def network_moves(self, environment: EnvironmentId) -> Moves:
        """Return what can happen to the network as a whole; the slots after it mean nothing."""
        moves: Moves = ([], [])
        if not self._interfering:
            return moves
        run = self._nowhere(environment)
        for kind in self._interfering:
            for action in run.options(kind, None):
                after = self._nowhere(environment)
                self._must(after, action)
                if (after.node_states, after.flights, after.held, after.seen) != (
                    run.node_states,
                    [],
                    [],
                    [],
                ):
                    raise ActsElsewhere(action, "its `at` is the network as a whole")
                conditions = self._after(environment, after)
                moves[0].append(0)
                moves[1].append(
                    self._effect_id(
                        -1, ActionEffect(self.environment_id(conditions), (), 0, action)
                    )
                )
        return moves

    def _after(self, environment: EnvironmentId, run: Simulation) -> FaultState:
        """Return the conditions after an action that was done in a run of its own."""
        before = self.environments[environment].open_calls
        return self.remembering(run.conditions, before, run.seen, [lost for _, lost in run.lost])

    def remembering(
        self,
        conditions: FaultState,
        before: OpenCalls,
        seen: Sequence[int],
        lost: Iterable[LinkEnds],
    ) -> FaultState:
        """Return the conditions after a step, with what is remembered of open calls, if anything is."""
        if not self.semantics.has_open_calls:
            return conditions
        observations = [self.compiled.observations[o] for o in seen]
        open_calls = after_step(before, observations, failing(conditions), lost)
        return replace(conditions, open_calls=open_calls)

    def _nowhere(self, environment: EnvironmentId) -> Simulation:
        """Return a run in which there is nothing but the conditions."""
        run = Simulation(self.compiled)
        run.flights, run.held, run.seen = [], [], []
        run.conditions = self.environments[environment]
        return run

    def _must(self, run: Simulation, action: Action) -> None:
        if not run.attempt(action):
            raise EnginesDisagree(f"{action!r} is legal by its options, and cannot be done")

    def settled(
        self, node: int, slot: SlotId, environment: EnvironmentId, silent: tuple[NodeId, ...]
    ) -> tuple[SlotId, EnvironmentId]:
        """Return a node's slot and the conditions after the faults stopped."""
        run = self._alone(node, slot, environment)
        run.perform(Settle(silent))
        node_state, inbox = run.node_states[node], self.filed(run.flights)
        return self.slot_id(node, (node_state, inbox, ())), self.environment_id(
            self._after(environment, run)
        )

    def _effect_id(self, place: int, effect: ActionEffect) -> int:
        """Return a number for an effect. Equal ones have several: 1 and True are equal in actions."""
        self.effects[place].append(effect)
        return len(self.effects[place]) - 1

    def _add_deliveries(
        self,
        moves: Moves,
        at: Situation,
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
    ) -> None:
        # What a message does to a node state is worked out once for all slots with that node state, and
        # only the inbox differs. With numpy this loop is one of arrays where there are many slots.
        known = self._steps_at(at)
        source, is_ordered = self.compiled.source, self.is_ordered
        slots, effects = moves
        previous: int | None = None
        for position, message in enumerate(inbox):
            same = source[message] if is_ordered else message
            if same == previous:
                continue
            previous = same
            steps = known.get(message)
            if steps is None:
                steps = self.steps(at, message)
            if steps:
                rest = inbox[:position] + inbox[position + 1 :]
                for node_state, own, effect in steps:
                    left = self.filed(rest + own) if own else rest
                    slots.append(self.slot_id(at.node, (node_state, left, held)))
                    effects.append(effect)

    def _arrival(self, at: Situation, message: Message) -> tuple[NodeStateStep, ...]:
        """Return what may become of a message that is next: it arrives, or it is lost on the way."""
        node, slot, environment, node_state = at
        compiled, conditions = self.compiled, self.environments[environment]
        src, dst, body = compiled.contents[message]
        if not can_pass(conditions, src, dst):
            return ()
        action, found = compiled.deliveries[message], []
        try:
            outcome = compiled.deliver(node_state, message)
        except HandlerFailed as error:
            raise HandlerBroke(action, error, node, slot, environment) from error
        if not (outcome.is_ignored and self.semantics.no_op != "consume"):
            found.append(self._step(node, outcome, conditions, action))
        if self.semantics.is_lossy:
            after = self.remembering(conditions, conditions.open_calls, (), [(src, dst)])
            lost = ActionEffect(self.environment_id(after), (), 0, Drop(src, dst, body))
            found.append(NodeStateStep(node_state, (), self._effect_id(node, lost)))
        return tuple(found)

    def _add_own(
        self,
        moves: Moves,
        at: Situation,
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
    ) -> None:
        for node_state, own, effect in self.steps(at, None):
            left = self.filed(inbox + own) if own else inbox
            moves[0].append(self.slot_id(at.node, (node_state, left, held)))
            moves[1].append(effect)

    def _own(self, at: Situation) -> Iterator[NodeStateStep]:
        """Yield what a node may do by itself: begin a call, let a timer go off."""
        node, slot, environment, node_state = at
        compiled, conditions = self.compiled, self.environments[environment]
        name = compiled.nodes[node]
        if name in conditions.down:
            return
        for choice in compiled.choices[node_state]:
            after = conditions
            if not choice.is_call:
                if not may_fire(self.scenario, conditions):
                    continue
                after = after_fire(self.scenario, conditions)
            action = _action(name, choice)
            try:
                outcome = compiled.choose(node_state, choice)
            except HandlerFailed as error:
                raise HandlerBroke(action, error, node, slot, environment) from error
            yield self._step(node, outcome, after, action)

    def _step(
        self, node: int, outcome: TransitionEntry, conditions: FaultState, action: Action
    ) -> NodeStateStep:
        own, batches = self._addressed(node, outcome.sends)
        seen = outcome.seen
        if outcome.role and conditions.roles[node] != outcome.role:
            conditions = conditions.with_role(node, outcome.role)
            seen = (*seen, self.compiled.role_change(node, outcome.role))
        conditions = self.remembering(conditions, conditions.open_calls, seen, ())
        sighting = self.sighting_id(seen)
        effect = ActionEffect(
            self.environment_id(conditions), batches, sighting, action, outcome.sets
        )
        return NodeStateStep(outcome.node_state, tuple(own), self._effect_id(node, effect))

    def _addressed(
        self, node: int, messages: Iterable[Message]
    ) -> tuple[list[Message], tuple[tuple[int, int], ...]]:
        """Return which messages a node sends itself, and the batch that each other node is sent."""
        own: list[Message] = []
        away: dict[int, list[Message]] = {}
        for message in messages:
            destination = self.compiled.destination[message]
            (own if destination == node else away.setdefault(destination, [])).append(message)
        return own, tuple(
            (other, self._batch_id(self.filed(away[other]))) for other in sorted(away)
        )

    def _add_interferences(
        self, moves: Moves, node: int, slot: SlotId, environment: EnvironmentId
    ) -> None:
        """Let the action classes speak for themselves, in a world where this node is alone."""
        run = self._alone(node, slot, environment)
        name = self.compiled.nodes[node]
        for kind in self._interfering:
            for action in run.options(kind, name):
                after = self._alone(node, slot, environment)
                try:
                    self._must(after, action)
                except HandlerFailed as error:
                    raise HandlerBroke(action, error, node, slot, environment) from error
                self._add_outcome(moves, node, slot, environment, after, action)

    def _alone(self, node: int, slot: SlotId, environment: EnvironmentId) -> Simulation:
        node_state, inbox, held = self.slots[node][slot]
        run = Simulation(self.compiled)
        run.node_states[node] = node_state
        run.flights, run.held, run.seen = list(inbox), list(held), []
        run.conditions = self.environments[environment]
        return run

    def _add_outcome(
        self,
        moves: Moves,
        node: int,
        slot: SlotId,
        environment: EnvironmentId,
        run: Simulation,
        action: Action,
    ) -> None:
        compiled = self.compiled
        own, batches = self._addressed(node, run.flights)
        others = [c for n, c in enumerate(run.node_states) if n != node]
        starts = [c for n, c in enumerate(compiled.start_node_states) if n != node]
        if others != starts or any(compiled.destination[m] != node for m in run.held):
            raise ActsElsewhere(action, f"its `at` is {compiled.nodes[node]}")
        if self.relevance is not None:
            self.relevance.require(self.slots[node][slot].node_state, run.node_states[node], action)
        held = tuple(sorted(run.held))
        moves[0].append(self.slot_id(node, (run.node_states[node], self.filed(own), held)))
        conditions = self._after(environment, run)
        seen = self.sighting_id(tuple(run.seen))
        effect = ActionEffect(self.environment_id(conditions), batches, seen, action)
        moves[1].append(self._effect_id(node, effect))


def _action(name: NodeId, choice: LocalChoice) -> Action:
    if choice.is_call:
        return Call(name, choice.value)
    assert isinstance(choice.value, str)
    return Fire(name, choice.value)
