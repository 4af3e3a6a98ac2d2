"""Slots: a node with the messages on their way to it, as one small integer.

A global state is one slot a node, the conditions, and what an observer remembers. An action at a
node depends on that node's slot and the conditions alone, so its outcome is computed once for each
pair: `expand`. Messages sent to another node change its slot in a way that depends on that slot and
the messages alone: `push`. A step of an exploration is two or three look-ups.

Every table is filled in the order of the questions asked, and keeps them in a journal: the same
questions again give the same numbers, which is how an exploration resumes from a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from counterpoint.model.actions import Settle
from counterpoint.model.fault_state import FaultState
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.dead_messages import Relevance
from counterpoint.model.search.engine.effects import (
    ActionEffect,
    EnvironmentId,
    Moves,
    SlotFields,
    SlotId,
)
from counterpoint.model.search.engine.interned import Interned
from counterpoint.model.search.engine.node_steps import (
    About,
    NodeSteps,
    Situation,
    must,
)
from counterpoint.model.search.engine.one_place import OnePlace, ReachesElsewhere
from counterpoint.model.search.engine.semantics import Semantics
from counterpoint.model.search.engine.transition_tables import Compiled, Message, NodeStateId
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action


class Slot(NamedTuple):
    """A node's node state with its inbox: the messages on their way to it, and those held back.

    On an unordered network the inbox is sorted, a multiset; on an ordered one it is in the order of
    sending by source, sources sorted.
    """

    node_state: NodeStateId
    inbox: tuple[Message, ...]
    held: tuple[Message, ...]


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
        if scenario.network == "lanes":
            raise BadScenario(
                f"scenario {scenario.name!r} has a network of lanes, which no exploration of states "
                "knows: explore it with --reduction dpor, or search by walks (fuzz, verify)"
            )
        self.compiled = Compiled(scenario)
        self.interned = interned = Interned(self.compiled, semantics)
        self.effects, self.environments = interned.effects, interned.environments
        self.batches, self.sightings = interned.batches, interned.sightings
        self.is_ordered, self.filed = interned.is_ordered, interned.filed
        self.relevance = self._bound() if semantics.no_op == "forget" else None
        self.steps = NodeSteps(interned, self.relevance)
        self.slots = [numbered() for _ in self.compiled.nodes]
        start = FaultState(roles=self.compiled.start_roles)
        self.start_environment = interned.environment_id(
            interned.remembering(start, (), self.compiled.start_seen, ())
        )
        self.start_seen = interned.sighting_id(self.compiled.start_seen)
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

    def slot_id(self, node: int, slot: SlotFields) -> SlotId:
        """Intern a slot of a node, given as the tuple that a slot is."""
        if self.relevance is not None and slot[1]:
            node_state, inbox, held = slot
            slot = (node_state, self._relevant(node_state, inbox), held)
        return self.slots[node].number(slot)

    def _relevant(self, node_state: NodeStateId, inbox: tuple[Message, ...]) -> tuple[Message, ...]:
        assert self.relevance is not None
        return tuple(m for m in inbox if self.relevance.may_matter(node_state, m))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing can happen but deliveries, losses, calls and timers."""
        return not self.steps.interfering

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
        if self.steps.interfering:
            self._add_interferences(moves, at, inbox, held)
        return moves

    def network_moves(self, environment: EnvironmentId) -> Moves:
        """Return what can happen to the network as a whole; the slots after it mean nothing."""
        moves: Moves = ([], [])
        if self.is_quiet:
            return moves
        run = self._nowhere(environment)
        for kind in self.steps.interfering:
            for action in run.options(kind, None):
                after = self._nowhere(environment)
                must(after, action)
                if (
                    after.node_states != run.node_states
                    or after.flights
                    or after.held
                    or after.seen
                ):
                    raise ReachesElsewhere(kind, "changes more than the conditions", None)
                conditions = self.steps.conditions_after(environment, after)
                moves[0].append(0)
                moves[1].append(
                    self.interned.effect_id(-1, ActionEffect(conditions, (), 0, action))
                )
        return moves

    def _nowhere(self, environment: EnvironmentId) -> OnePlace:
        """Return a run in which there is nothing but the conditions."""
        run = OnePlace(self.compiled, None)
        run.flights, run.held, run.seen = [], [], []
        run.conditions = self.environments[environment]
        return run

    def settled(
        self, node: int, slot: SlotId, environment: EnvironmentId, silent: tuple[NodeId, ...]
    ) -> tuple[SlotId, EnvironmentId]:
        """Return a node's slot and the conditions after the faults stopped."""
        node_state, inbox, held = self.slots[node][slot]
        run = self.steps.alone(Situation(node, slot, environment, node_state), inbox, held)
        run.perform(Settle(silent))
        after = (run.node_states[node], self.filed(run.flights), ())
        return self.slot_id(node, after), self.steps.conditions_after(environment, run)

    def _add_deliveries(
        self,
        moves: Moves,
        at: Situation,
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
    ) -> None:
        # What a message does to a node state is worked out once for all slots with that node state, and
        # only the inbox differs. With numpy this loop is one of arrays where there are many slots.
        known = self.steps.at(at)
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
                steps = self.steps.of(at, message)
            if steps:
                rest = inbox[:position] + inbox[position + 1 :]
                for node_state, own, effect in steps:
                    left = self.filed(rest + own) if own else rest
                    slots.append(self.slot_id(at.node, (node_state, left, held)))
                    effects.append(effect)

    def _add_own(
        self,
        moves: Moves,
        at: Situation,
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
    ) -> None:
        for node_state, own, effect in self.steps.of(at, None):
            left = self.filed(inbox + own) if own else inbox
            moves[0].append(self.slot_id(at.node, (node_state, left, held)))
            moves[1].append(effect)

    def _add_interferences(
        self, moves: Moves, at: Situation, inbox: tuple[Message, ...], held: tuple[Message, ...]
    ) -> None:
        run: OnePlace | None = None
        for kind in self.steps.interfering:
            about = self.steps.asked_once.get(kind)
            if about is not None:
                self._add_asked_once(moves, at, (kind, about), inbox, held)
                continue
            run = run or self.steps.run_of_place(at, inbox, held)
            for step, held_then in self.steps.interferences(at, kind, run):
                after = (step.node_state, self.filed(step.own), held_then)
                moves[0].append(self.slot_id(at.node, after))
                moves[1].append(step.effect)

    def _add_asked_once(
        self,
        moves: Moves,
        at: Situation,
        asked: tuple[type[Action], About],
        inbox: tuple[Message, ...],
        held: tuple[Message, ...],
    ) -> None:
        kind, about = asked
        for message in self._things(about, inbox):
            steps = self.steps.of_kind(at, kind, message)
            if steps:
                rest = inbox if message is None else _without(inbox, message)
                for node_state, own, effect in steps:
                    left = self.filed(rest + own) if own else rest
                    moves[0].append(self.slot_id(at.node, (node_state, left, held)))
                    moves[1].append(effect)

    def _things(self, about: About, inbox: tuple[Message, ...]) -> Iterable[Message | None]:
        """Return what a kind is to be asked about; None is the node."""
        if about == "each message":
            return dict.fromkeys(inbox)
        if about == "the node" or not self.compiled.has_deliveries:
            return (None,)
        if not self.is_ordered:
            return (*dict.fromkeys(inbox), None)
        heads: dict[int, Message] = {}
        for message in inbox:
            heads.setdefault(self.compiled.source[message], message)
        return (*heads.values(), None)


def _without(inbox: tuple[Message, ...], message: Message) -> tuple[Message, ...]:
    """Return an inbox without the first message of this content."""
    position = inbox.index(message)
    return inbox[:position] + inbox[position + 1 :]
