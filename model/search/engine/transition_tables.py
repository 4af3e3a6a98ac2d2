"""The compiled form of a scenario: nodes, messages and reactions as small integers.

What an input does to a node depends on that node's node state and the input alone, so each reaction is
computed once, by `world.react`, and looked up from then on. Node states, messages and observations are
interned as they appear. The meaning is that of `World`; tests compare the two, step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import NamedTuple, TypeAlias

from counterpoint.model.actions import ACTIONS, Call, Deliver, Fire
from counterpoint.model.determinism import AskedAgain
from counterpoint.model.exact import ExactNumbers, alike, distinct, made_of, without
from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import kinds_of, undone_by
from counterpoint.model.legality import lane_of, tolerated_failures
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Note,
    Receive,
    Return,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from counterpoint.model.normal import is_further
from counterpoint.model.observer import Observation
from counterpoint.model.reaction import NodeState, is_unchanged, react
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.link_passes import LinkPasses
from counterpoint.model.search.goals_asked import GoalsLeft
from counterpoint.model.search.invariants import JudgedStates
from counterpoint.model.values import KnownValues, NodeId, Value
from counterpoint.model.world import Content

Message: TypeAlias = int
"""An interned message content."""

NodeStateId: TypeAlias = int
"""An interned node state of one node."""


ACTIONS_MAX = 10_000
"""So many calls and timers are kept as actions; past that they are made anew."""


class TransitionEntry(NamedTuple):
    """What an input does: the node's next node state, the messages it sends, what is seen of it.

    `role` is the node's role afterwards, empty where the scenario knows of none; `is_ignored` says
    that nothing changed and nothing was done; `sets` are the timers that it set, or cancelled.
    """

    node_state: NodeStateId
    sends: tuple[Message, ...]
    seen: tuple[int, ...]
    role: str
    is_ignored: bool
    sets: tuple[str, ...] = ()


_entry: Callable[[tuple[object, ...]], TransitionEntry] = partial(tuple.__new__, TransitionEntry)
"""Makes an entry without a call in Python."""


class LocalChoice(NamedTuple):
    """A call that a client may begin, or a timer that may go off, in some node state.

    `alias` tells calls apart that are equal and are two, as 1 and True.
    """

    node: int
    is_call: bool
    value: Value
    alias: int = 0


class EnginesDisagree(OwnDefect):
    """The compiled form and the reference world tell two stories of one run: a defect of ours.

    No verdict can be trusted then, so the search ends.
    """


class Compiled:
    """The tables of one scenario, filled as runs need them. Safe to share between runs."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.asking = AskedAgain(scenario.system)
        self._is_trusted = bool(getattr(scenario.system, "gives_values", False))
        self._are_a_tree = bool(getattr(scenario.system, "states_are_a_tree", False))
        self._values: KnownValues = {}
        self.nodes = scenario.system.nodes
        self.kinds = kinds_of(scenario)
        self.undoing = tuple(kind for kind in self.kinds if undone_by(kind))
        self.has_own_undoing = any(kind not in ACTIONS for kind in self.undoing)
        self.further = tuple(filter(is_further, self.kinds))
        self.has_deliveries, self.has_calls, self.has_timers = (
            kind in self.kinds for kind in (Deliver, Call, Fire)
        )
        self.judges_rest = any(p.is_about_rest for p in scenario.properties) or bool(
            getattr(scenario.system, "runs_to_rest", False)
        )
        self.passes = LinkPasses(self.nodes, has_deliveries=self.has_deliveries).under
        self.node_states: list[NodeState] = []
        self.node_of_node_state: list[int] = []
        self.choices: list[tuple[LocalChoice, ...]] = []
        self._actions: dict[tuple[int, bool, int], tuple[LocalChoice, Call | Fire]] = {}
        self._timer_choices: dict[tuple[LocalChoice, ...], tuple[LocalChoice, ...]] = {}
        self.reactions: list[dict[object, TransitionEntry]] = []
        self.contents: list[Content] = []
        self.deliveries: list[Deliver] = []
        self.destination: list[int] = []
        self.source: list[int] = []
        self.link: list[int] = []
        self._lanes: dict[Value, int] = {}
        self._observed = ExactNumbers[Observation]()
        self.observations = self._observed.values
        self.is_return: list[bool] = []
        self._roles: dict[NodeStateId, str] = {}
        self._rest_of_node_state: list[int] = []
        self._rests = ExactNumbers[tuple[object, ...]]()
        self._node_state_ids: dict[tuple[int, Value, int], NodeStateId] = {}
        self._equal_states: dict[NodeStateId, list[NodeStateId]] = {}
        self._bodies = ExactNumbers[Value]()
        self._message_ids: dict[tuple[NodeId, NodeId, int], Message] = {}
        self.has_invariants = bool(scenario.invariants)
        self.judged = JudgedStates(scenario, self.node_states)
        self.goals = GoalsLeft(scenario, self.node_states)
        self.fires_freely = "fire" not in scenario.limits
        self.has_lanes = scenario.network == "lanes"
        self.is_unordered = scenario.network == "unordered"
        self.is_free = self.is_unordered and self.has_deliveries
        self.watches = self.has_invariants or bool(scenario.goals)
        self._tolerated: dict[
            tuple[tuple[str, ...], tuple[NodeId, ...]], tuple[tuple[NodeId, ...], ...]
        ] = {}
        self.start_node_states: tuple[NodeStateId, ...] = ()
        self.start_sends: tuple[Message, ...] = ()
        self.start_seen: tuple[int, ...] = ()
        self.start_roles: tuple[str, ...] = ()
        self._begin()

    def with_calls_of(self, scenario: Scenario) -> Compiled:
        """Return the form of the same scenario with other calls, which shares all tables."""
        other = copy(self)
        other.scenario = scenario
        other._begin()
        return other

    def with_weights(self, weights: Mapping[str, float]) -> Compiled:
        """Return the form of the same scenario with other weights, which shares all tables."""
        other = copy(self)
        other.scenario = self.scenario.with_weights(weights)
        return other

    @property
    def size(self) -> int:
        """How many entries the tables have: node states, answers of handlers, judged states."""
        return len(self.node_states) + self.asking.count + len(self.judged)

    def known_message(self, content: Content) -> Message | None:
        """Return the number of a message content that some run has met, None if none has."""
        source, to, body = content
        number = self._bodies.known(body)
        return None if number is None else self._message_ids.get((source, to, number))

    def node_state_id(self, node: int, node_state: NodeState) -> NodeStateId:
        """Intern a node state of a node."""
        return self._numbered(node, node_state, self._rest_id(node_state), None)

    def _rest_id(self, node_state: NodeState) -> int:
        """Return the number of all but the state: most inputs leave it as it was."""
        rest = (node_state.durable, node_state.timers, node_state.todo, node_state.pending)
        return self._rests.number(rest)

    def _after(self, before: NodeStateId, node_state: NodeState) -> NodeStateId:
        """Intern the node state that an input leads to from another."""
        old = self.node_states[before]
        if node_state is old:
            return before
        node = self.node_of_node_state[before]
        if is_unchanged(old, node_state):
            return self._numbered(node, node_state, self._rest_of_node_state[before], before)
        return self._numbered(node, node_state, self._rest_id(node_state), None)

    def _numbered(
        self, node: int, node_state: NodeState, rest: int, like: NodeStateId | None
    ) -> NodeStateId:
        """Return the number of a node state; `like` is one with the same choices, where it is known."""
        count = len(self.node_states)
        key = (node, node_state.state, rest)
        identity = self._node_state_ids.setdefault(key, count)  # hashed but once
        if identity < count:
            known, state = self.node_states[identity].state, node_state.state
            if known is state or alike(known, state):
                return identity
            equal_ones = self._equal_states.setdefault(identity, [])
            for other in equal_ones:
                if alike(self.node_states[other].state, node_state.state):
                    return other
            equal_ones.append(count)
        choices = self._choices(node, node_state) if like is None else self.choices[like]
        return self._new_node_state(node, node_state, rest, choices)

    def _new_node_state(
        self, node: int, node_state: NodeState, rest: int, choices: tuple[LocalChoice, ...]
    ) -> NodeStateId:
        self.node_states.append(node_state)
        self.node_of_node_state.append(node)
        self._rest_of_node_state.append(rest)
        self.choices.append(choices)
        self.reactions.append({})
        return len(self.reactions) - 1

    def message_id(self, content: Content) -> Message:
        """Intern a message content."""
        return self._sent(content, self._body_id(content[2]))

    def _body_id(self, body: Value) -> int:
        return self._bodies.number(body)

    def _sent(self, content: Content, body: int) -> Message:
        """Intern a message content with a body of this number."""
        count = len(self.contents)
        identity = self._message_ids.setdefault((content[0], content[1], body), count)
        if identity < count:
            return identity
        self.contents.append(content)
        self.deliveries.append(Deliver(*content))
        source, to = self.scenario.index[content[0]], self.scenario.index[content[1]]
        self.source.append(source)
        self.destination.append(to)
        link = source * len(self.nodes) + to
        self.link.append(link + self._lane(content) * len(self.nodes) ** 2)
        return identity

    def _lane(self, content: Content) -> int:
        """Return the number of the lane of a message, 0 for the only lane of a link."""
        if not self.has_lanes:
            return 0
        lane = lane_of(self.scenario.network, content)[2:]
        return self._lanes.setdefault(lane, len(self._lanes))

    def observation_id(self, observation: Observation) -> int:
        """Intern an observation."""
        known = self._observed.number(observation)
        if known == len(self.is_return):
            self.is_return.append(observation.kind == "return")
        return known

    def tolerated_failures(self, conditions: FaultState) -> tuple[tuple[NodeId, ...], ...]:
        """Return the sets of nodes that the system survives without; they depend on the roles.

        Where a failure detector tells of it, they depend on who has failed as well.
        """
        key = (conditions.roles, conditions.failed if self.scenario.detector else ())
        known = self._tolerated.get(key)
        if known is None:
            known = self._tolerated[key] = tuple(tolerated_failures(self.scenario, conditions))
        return known

    def role_change(self, node: int, role: str) -> int:
        """Return the observation that a node has another role now."""
        return self.observation_id(Observation("role", self.nodes[node], role))

    def deliver(self, node_state: NodeStateId, message: Message) -> TransitionEntry:
        """Return what the arrival of a message does to a node in this node state."""
        outcome = self.reactions[node_state].get(message)
        if outcome is None:
            source, _, body = self.contents[message]
            outcome = self._react(node_state, Receive(source, body))
            self.reactions[node_state][message] = outcome
        return outcome

    def choose(self, node_state: NodeStateId, choice: LocalChoice) -> TransitionEntry:
        """Return what beginning a call, or a timer going off, does to a node in this node state."""
        outcome = self.reactions[node_state].get(choice)
        if outcome is None:
            outcome = (
                self._call(node_state, choice) if choice.is_call else self._fire(node_state, choice)
            )
            self.reactions[node_state][choice] = outcome
        return outcome

    def action_of(self, choice: LocalChoice) -> Call | Fire:
        """Return the action that a choice is: of the very same value the very same, as long as kept."""
        key = (
            choice.node,
            choice.is_call,
            id(choice.value),
        )  # which is kept, so no other has its id
        kept = self._actions.get(key)
        if kept is None:
            if len(self._actions) >= ACTIONS_MAX:
                self._actions.clear()
            kept = self._actions[key] = (choice, self._action(choice))
        return kept[1]

    def _action(self, choice: LocalChoice) -> Call | Fire:
        name = self.nodes[choice.node]
        if choice.is_call:
            return Call(name, choice.value)
        assert isinstance(choice.value, str)
        return Fire(name, choice.value)

    def give(
        self, node_state: NodeStateId, given: Input, effects_max: int | None = None
    ) -> TransitionEntry:
        """Return what an input does to a node in this state, or no more of it than so many effects."""
        key = (given, made_of(given), effects_max)
        outcome = self.reactions[node_state].get(key)
        if outcome is None:
            outcome = self._react(node_state, given, effects_max=effects_max)
            self.reactions[node_state][key] = outcome
        return outcome

    def arrive_in_part(
        self, node_state: NodeStateId, message: Message, effects_max: int | None
    ) -> TransitionEntry:
        """Return what is left of the arrival of a message that breaks off after so many effects."""
        source, _, body = self.contents[message]
        return self.give(node_state, Receive(source, body), effects_max)

    def crash(self, node_state: NodeStateId) -> TransitionEntry:
        """Return what is left of a node that stops in this node state."""
        outcome = self.reactions[node_state].get("crash")
        if outcome is None:
            node, old = self.node_of_node_state[node_state], self.node_states[node_state]
            name = self.nodes[node]
            blank = NodeState(self.scenario.initial_states[name], old.durable, (), old.todo)
            seen = self.observation_id(Observation("crash", name, None))
            role = self._role(node, old)
            outcome = TransitionEntry(self.node_state_id(node, blank), (), (seen,), role, False)
            self.reactions[node_state]["crash"] = outcome
        return outcome

    def _begin(self) -> None:
        node_states: list[NodeStateId] = []
        sends: list[Message] = []
        seen: list[int] = []
        for node, name in enumerate(self.nodes):
            states, calls = self.scenario.initial_states, self.scenario.fixed_calls
            blank = NodeState(states[name], todo=tuple(calls.get(name, ())))
            outcome = self._react(self.node_state_id(node, blank), Start())
            node_states.append(outcome.node_state)
            sends.extend(outcome.sends)
            seen.extend(outcome.seen)
            if outcome.role and outcome.role != self._role(node, blank):
                seen.append(self.role_change(node, outcome.role))
        self.start_node_states, self.start_sends, self.start_seen = (
            tuple(node_states),
            tuple(sends),
            tuple(seen),
        )
        if self.scenario.role_of is not None:
            self.start_roles = tuple(
                self._role(node, self.node_states[node_state])
                for node, node_state in enumerate(node_states)
            )

    def _call(self, node_state: NodeStateId, choice: LocalChoice) -> TransitionEntry:
        old = self.node_states[node_state]
        todo = without(old.todo, choice.value)
        calling = NodeState(old.state, old.durable, old.timers, todo, choice.value)
        first = Observation("invoke", self.nodes[choice.node], choice.value)
        return self._react(
            self.node_state_id(choice.node, calling), Invoke(choice.value), first=first
        )

    def _fire(self, node_state: NodeStateId, choice: LocalChoice) -> TransitionEntry:
        old = self.node_states[node_state]
        assert isinstance(choice.value, str)
        timers = tuple(t for t in old.timers if t != choice.value)
        disarmed = NodeState(old.state, old.durable, timers, old.todo, old.pending)
        return self._react(self.node_state_id(choice.node, disarmed), Timeout(choice.value))

    def _react(
        self,
        node_state: NodeStateId,
        given: Input,
        *,
        first: Observation | None = None,
        effects_max: int | None = None,
    ) -> TransitionEntry:
        node, before = self.node_of_node_state[node_state], self.node_states[node_state]
        name = self.nodes[node]
        reaction = react(
            self.asking,
            name,
            before,
            given,
            is_trusted=self._is_trusted,
            effects_max=effects_max,
            known=self._values,
        )
        seen = [] if first is None else [self.observation_id(first)]
        sends, sets = self._effects(name, reaction.effects, seen) if reaction.effects else ((), ())
        after = reaction.node_state
        if (
            self._are_a_tree
        ):  # another state is reached from each, by each input: nothing to look up
            number = self._new_node_state(node, after, 0, self._choices(node, after))
        else:
            number = self._after(node_state, after)
        is_ignored = number == node_state and not reaction.effects
        role = self._roles.get(number)
        if role is None:
            role = self._roles[number] = self._role(node, after)
        return _entry((number, sends, tuple(seen), role, is_ignored, sets))

    def _effects(
        self, name: NodeId, effects: tuple[Effect, ...], seen: list[int]
    ) -> tuple[tuple[Message, ...], tuple[str, ...]]:
        """Return the messages that effects send, and the timers that they set; add what is seen."""
        sends: list[Message] = []
        sets: list[str] = []
        body_before: Value = self  # which no body is
        number = 0
        for effect in effects:  # asked class by class, as in `react`
            if isinstance(effect, Send):
                if effect.body is not body_before:  # the same is often sent to many
                    body_before = effect.body
                    number = self._body_id(body_before)
                sends.append(self._sent((name, effect.to, body_before), number))
            elif isinstance(effect, Note):
                seen.append(self.observation_id(Observation("note", name, effect.what)))
            elif isinstance(effect, Return):
                seen.append(self.observation_id(Observation("return", name, effect.result)))
            elif isinstance(effect, SetTimer | CancelTimer):
                sets.append(effect.timer)
            elif isinstance(effect, Begin):
                seen.append(self.observation_id(Observation("invoke", name, effect.operation)))
        return tuple(sends), tuple(sets)

    def _role(self, node: int, node_state: NodeState) -> str:
        role_of = self.scenario.role_of
        return "" if role_of is None else role_of(self.nodes[node], node_state.state)

    def _choices(self, node: int, node_state: NodeState) -> tuple[LocalChoice, ...]:
        timers = node_state.timers if self.has_timers else ()
        fires = tuple([LocalChoice(node, False, timer) for timer in timers])
        if node_state.pending is not None or not (self.has_calls and node_state.todo):
            # Equal choices of timers are one object, so that runs see at once if they changed.
            return self._timer_choices.setdefault(fires, fires) if fires else fires
        # Calls are left alone: 1 and True are equal, and are two operations.
        if self.scenario.in_order:
            return (LocalChoice(node, True, node_state.todo[0]), *fires)
        todo = distinct(node_state.todo)
        calls = [
            LocalChoice(node, True, call, todo[:at].count(call)) for at, call in enumerate(todo)
        ]
        return (*calls, *fires)
