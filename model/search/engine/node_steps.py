"""What may become of a node, worked out once for all slots that have its node state.

Many slots have the same node state and differ in their inboxes. What a message does to the node state
depends on that state, the conditions and the message alone, and so it is with the node's own calls and
timers, and with most kinds of interference: of these what is next to be asked is one message, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from counterpoint.model.actions import NORMAL, Call, Deliver, Fire, Transform
from counterpoint.model.fault_state import FaultState
from counterpoint.model.faults import Crash, Cut, Drop, Duplicate, Heal, Mend, Omit, Restart, Tear
from counterpoint.model.legality import after_fire, can_pass, may_fire
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.dead_messages import Relevance
from counterpoint.model.search.engine.effects import (
    ActionEffect,
    EnvironmentId,
    NodeStateStep,
    SlotId,
)
from counterpoint.model.search.engine.interned import Interned
from counterpoint.model.search.engine.one_place import OnePlace, ReachesElsewhere
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import (
    EnginesDisagree,
    LocalChoice,
    Message,
    NodeStateId,
    TransitionEntry,
)
from counterpoint.model.suspicions import Accuse, Clear, Detect
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

NodeStateSteps: TypeAlias = tuple[NodeStateStep, ...]

SimulationT = TypeVar("SimulationT", bound=Simulation)


About: TypeAlias = Literal["each message", "what is next", "the node"]
"""What a kind of interference is asked about: each message on its way to a node; each that is next to
arrive, and then the node; or the node by itself."""

ASKED_ONCE: Mapping[type[Action], About] = MappingProxyType(
    {
        Drop: "each message", Duplicate: "each message", Omit: "each message",
        Tear: "what is next", Mend: "the node", Crash: "the node", Restart: "the node",
        Cut: "the node", Heal: "the node", Transform: "the node",
        Detect: "the node", Accuse: "the node", Clear: "the node",
    }
)  # fmt: skip
"""The kinds of which it depends on a node state, the conditions and one message alone, or none, when
they are legal and what they do. Whatever else is on its way is not looked at, so each is asked once;
kinds of one's own are asked in every slot."""


class Situation(NamedTuple):
    """A slot of a node under some conditions. What happens there depends on its node state alone."""

    node: int
    slot: SlotId
    environment: EnvironmentId
    node_state: NodeStateId


class HandlerBroke(Exception):
    """A handler failed while a slot was expanded: the last action of the counterexample."""

    def __init__(self, action: Action, error: Exception, at: Situation) -> None:
        self.action = action
        self.node, self.slot, self.environment = at.node, at.slot, at.environment
        super().__init__(str(error))


class NodeSteps:
    """The steps of all nodes. Each is worked out when it is first asked for."""

    def __init__(self, interned: Interned, relevance: Relevance | None) -> None:
        self._interned, self._relevance = interned, relevance
        self._compiled = interned.compiled
        self.interfering = tuple(kind for kind in self._compiled.kinds if kind not in NORMAL)
        # In a queue a copy comes last and the message stays where it is: that depends on the others.
        self.asked_once = {
            kind: ASKED_ONCE[kind]
            for kind in self.interfering
            if kind in ASKED_ONCE and not (kind is Duplicate and interned.is_ordered)
        }
        self._by_kind: dict[
            tuple[NodeStateId, EnvironmentId],
            dict[tuple[type[Action], Message | None], NodeStateSteps],
        ] = {}
        self._steps: dict[
            tuple[NodeStateId, EnvironmentId], dict[Message | None, NodeStateSteps]
        ] = {}

    def at(self, at: Situation) -> dict[Message | None, NodeStateSteps]:
        """Return the steps in a situation that are known."""
        return self._steps.setdefault((at.node_state, at.environment), {})

    def of(self, at: Situation, message: Message | None) -> NodeStateSteps:
        """Return what may become of a message that is next at a node; None: what it does by itself.

        Raises:
            HandlerBroke: a handler failed.
        """
        known = self.at(at)
        steps = known.get(message)
        if steps is None:
            steps = known[message] = tuple(
                self._own(at) if message is None else self._arrival(at, message)
            )
        return steps

    def _arrival(self, at: Situation, message: Message) -> Iterator[NodeStateStep]:
        """Yield what may become of a message that is next: it arrives, or it is lost on the way."""
        interned, conditions = self._interned, self._interned.environments[at.environment]
        src, dst, body = self._compiled.contents[message]
        if not can_pass(conditions, src, dst):
            return
        action = self._compiled.deliveries[message]
        try:
            outcome = self._compiled.deliver(at.node_state, message)
        except HandlerFailed as error:
            raise HandlerBroke(action, error, at) from error
        if not (outcome.is_ignored and interned.semantics.no_op != "consume"):
            yield self._step(at.node, outcome, conditions, action)
        if interned.semantics.is_lossy:
            after = interned.remembering(conditions, conditions.open_calls, (), [(src, dst)])
            lost = ActionEffect(interned.environment_id(after), (), 0, Drop(src, dst, body))
            yield NodeStateStep(at.node_state, (), interned.effect_id(at.node, lost))

    def _own(self, at: Situation) -> Iterator[NodeStateStep]:
        """Yield what a node may do by itself: begin a call, let a timer go off."""
        compiled, conditions = self._compiled, self._interned.environments[at.environment]
        name = compiled.nodes[at.node]
        if name in conditions.down:
            return
        for choice in compiled.choices[at.node_state]:
            after = conditions
            if not choice.is_call:
                if not may_fire(compiled.scenario, conditions):
                    continue
                after = after_fire(compiled.scenario, conditions)
            action = _action(name, choice)
            try:
                outcome = compiled.choose(at.node_state, choice)
            except HandlerFailed as error:
                raise HandlerBroke(action, error, at) from error
            yield self._step(at.node, outcome, after, action)

    def _step(
        self, node: int, outcome: TransitionEntry, conditions: FaultState, action: Action
    ) -> NodeStateStep:
        interned = self._interned
        own, batches = interned.addressed(node, outcome.sends)
        seen = outcome.seen
        if outcome.role and conditions.roles[node] != outcome.role:
            conditions = conditions.with_role(node, outcome.role)
            seen = (*seen, self._compiled.role_change(node, outcome.role))
        conditions = interned.remembering(conditions, conditions.open_calls, seen, ())
        sighting = interned.sighting_id(seen)
        effect = ActionEffect(
            interned.environment_id(conditions), batches, sighting, action, outcome.sets
        )
        return NodeStateStep(outcome.node_state, own, interned.effect_id(node, effect))

    def of_kind(self, at: Situation, kind: type[Action], message: Message | None) -> NodeStateSteps:
        """Return what a kind that is asked once may do to a node, or to a message on its way there.

        A message is gone then, but for what the steps put on its way.

        Raises:
            HandlerBroke: a handler failed.
        """
        known = self._by_kind.setdefault((at.node_state, at.environment), {})
        steps = known.get((kind, message))
        if steps is None:
            run = self.alone(at, () if message is None else (message,), ())
            options = run.options(kind, self._compiled.nodes[at.node])
            if message is not None:
                options = filter(_is_about_a_message, options)
            found = self._performed(at, options, run)
            known[kind, message] = steps = tuple(step for step, _ in found)
        return steps

    # Interference: the action classes speak for themselves, in a world where this node is alone.

    def interferences(
        self, at: Situation, kind: type[Action], run: Simulation
    ) -> Iterator[tuple[NodeStateStep, tuple[Message, ...]]]:
        """Yield what a kind may do in a run of a node of its own, and what is held back after it.

        The step's own messages are all that are on their way to the node after it.

        Raises:
            HandlerBroke: a handler failed.
            ReachesElsewhere: a kind looks at more than its place, or changes more.
        """
        return self._performed(at, run.options(kind, self._compiled.nodes[at.node]), run)

    def _performed(
        self, at: Situation, actions: Iterable[Action], run: Simulation
    ) -> Iterator[tuple[NodeStateStep, tuple[Message, ...]]]:
        for action in actions:
            after = self.run_of_place(at, run.flights, run.held)
            try:
                must(after, action)
            except HandlerFailed as error:
                raise HandlerBroke(action, error, at) from error
            yield self._done(at, after, action), tuple(sorted(after.held))

    def alone(self, at: Situation, inbox: Iterable[Message], held: Iterable[Message]) -> Simulation:
        """Return a run of its own of a node, with the messages on their way to it."""
        return self._with(Simulation(self._compiled), at, inbox, held)

    def run_of_place(
        self, at: Situation, inbox: Iterable[Message], held: Iterable[Message]
    ) -> OnePlace:
        """Return the same for a kind of which nothing is known: it may look at that node alone."""
        run = OnePlace(self._compiled, self._compiled.nodes[at.node])
        return self._with(run, at, inbox, held)

    def _with(
        self, run: SimulationT, at: Situation, inbox: Iterable[Message], held: Iterable[Message]
    ) -> SimulationT:
        run.node_states[at.node] = at.node_state
        run.flights, run.held, run.seen = list(inbox), list(held), []
        run.conditions = self._interned.environments[at.environment]
        return run

    def conditions_after(self, environment: EnvironmentId, run: Simulation) -> EnvironmentId:
        """Intern the conditions after an action that was done in a run of its own."""
        before = self._interned.environments[environment].open_calls
        lost = [ends for _, ends in run.lost]
        after = self._interned.remembering(run.conditions, before, run.seen, lost)
        return self._interned.environment_id(after)

    def _done(self, at: Situation, run: Simulation, action: Action) -> NodeStateStep:
        compiled, node_state = self._compiled, run.node_states[at.node]
        own, batches = self._interned.addressed(at.node, run.flights)
        others = [c for n, c in enumerate(run.node_states) if n != at.node]
        starts = [c for n, c in enumerate(compiled.start_node_states) if n != at.node]
        if others != starts or any(compiled.destination[m] != at.node for m in run.held):
            raise ReachesElsewhere(type(action), "changes others", compiled.nodes[at.node])
        if self._relevance is not None:
            self._relevance.require(at.node_state, node_state, action)
        conditions = self.conditions_after(at.environment, run)
        seen = self._interned.sighting_id(tuple(run.seen))
        effect = ActionEffect(conditions, batches, seen, action)
        return NodeStateStep(node_state, own, self._interned.effect_id(at.node, effect))


def _is_about_a_message(action: Action) -> bool:
    """Tell what a message lets happen from what a node can do, or break off, without it."""
    return not isinstance(action, Tear) or isinstance(action.step, Deliver)


def must(run: Simulation, action: Action) -> None:
    """Perform an action that is legal by its options.

    Raises:
        EnginesDisagree: it is not.
    """
    if not run.attempt(action):
        raise EnginesDisagree(f"{action!r} is legal by its options, and cannot be done")


def _action(name: NodeId, choice: LocalChoice) -> Action:
    if choice.is_call:
        return Call(name, choice.value)
    assert isinstance(choice.value, str)
    return Fire(name, choice.value)
