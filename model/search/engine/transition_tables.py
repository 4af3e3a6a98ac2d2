"""The compiled form of a scenario: nodes, messages and reactions as small integers.

What an input does to a node depends on that node's core and the input alone, so each reaction is
computed once, by `world.react`, and looked up from then on. Cores, messages and observations are
interned as they appear. The meaning is that of `World`; tests compare the two, step by step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeAlias

from counterpoint.model.actions import ACTIONS, NORMAL, Call, Deliver, Fire
from counterpoint.model.determinism import AskedAgain
from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import kinds_of, undone_by
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.node import (
    Begin,
    CancelTimer,
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
from counterpoint.model.observer import Observation
from counterpoint.model.reaction import NodeState, react
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.goals_asked import GoalsLeft
from counterpoint.model.search.invariants import Down, Invariants
from counterpoint.model.values import KnownValues, NodeId, Value
from counterpoint.model.world import Content

Message: TypeAlias = int
"""An interned message content."""

CoreId: TypeAlias = int
"""An interned core of one node."""


class TransitionEntry(NamedTuple):
    """What an input does: the node's next core, the messages it sends, what is seen of it.

    `role` is the node's role afterwards, empty where the scenario knows of none; `is_ignored` says
    that nothing changed and nothing was done; `sets` are the timers that it set, or cancelled.
    """

    core: CoreId
    sends: tuple[Message, ...]
    seen: tuple[int, ...]
    role: str
    is_ignored: bool
    sets: tuple[str, ...] = ()


class LocalChoice(NamedTuple):
    """A call that a client may begin, or a timer that may go off, in some core."""

    node: int
    is_call: bool
    value: Value


class EnginesDisagree(OwnDefect):
    """The compiled form and the reference world tell two stories of one run: a defect of ours.

    No verdict can be trusted then, so the search ends.
    """


class Compiled:
    """The tables of one scenario, filled as runs need them. Safe to share between runs."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.asking = AskedAgain(scenario.system)
        self._values: KnownValues = {}
        self.nodes = scenario.system.nodes
        self.kinds = kinds_of(scenario)
        self.undoing = tuple(kind for kind in self.kinds if undone_by(kind))
        self.has_own_undoing = any(kind not in ACTIONS for kind in self.undoing)
        self.further = tuple(
            k for k in self.kinds if not (k.is_fault or k in NORMAL or k in self.undoing)
        )
        self.has_deliveries, self.has_calls, self.has_timers = (
            kind in self.kinds for kind in (Deliver, Call, Fire)
        )
        self.judges_rest = any(p.is_about_rest for p in scenario.properties)
        self.cores: list[NodeState] = []
        self.node_of_core: list[int] = []
        self.choices: list[tuple[LocalChoice, ...]] = []
        self.reactions: list[dict[object, TransitionEntry]] = []
        self.contents: list[Content] = []
        self.deliveries: list[Deliver] = []
        self.destination: list[int] = []
        self.source: list[int] = []
        self.observations: list[Observation] = []
        self.is_return: list[bool] = []
        self._core_ids: dict[tuple[int, NodeState], CoreId] = {}
        self._message_ids: dict[Content, Message] = {}
        self._observation_ids: dict[Observation, int] = {}
        self.has_invariants = bool(scenario.invariants)
        self.invariants = Invariants(scenario)
        self.goals = GoalsLeft(scenario, self.cores)
        self._violated: dict[tuple[tuple[CoreId, ...], Down], str | None] = {}
        self._tolerated: dict[tuple[str, ...], tuple[tuple[NodeId, ...], ...]] = {}
        self.start_cores: tuple[CoreId, ...] = ()
        self.start_sends: tuple[Message, ...] = ()
        self.start_seen: tuple[int, ...] = ()
        self.start_roles: tuple[str, ...] = ()
        self._begin()

    def known_message(self, content: Content) -> Message | None:
        """Return the number of a message content that some run has met, None if none has."""
        return self._message_ids.get(content)

    def core_id(self, node: int, core: NodeState) -> CoreId:
        """Intern a core of a node."""
        known = self._core_ids.get((node, core))
        if known is not None:
            return known
        identity = len(self.cores)
        self._core_ids[node, core] = identity
        self.cores.append(core)
        self.node_of_core.append(node)
        self.choices.append(self._choices(node, core))
        self.reactions.append({})
        return identity

    def message_id(self, content: Content) -> Message:
        """Intern a message content."""
        known = self._message_ids.get(content)
        if known is not None:
            return known
        identity = len(self.contents)
        self._message_ids[content] = identity
        self.contents.append(content)
        self.deliveries.append(Deliver(*content))
        self.source.append(self.scenario.index[content[0]])
        self.destination.append(self.scenario.index[content[1]])
        return identity

    def observation_id(self, observation: Observation) -> int:
        """Intern an observation."""
        known = self._observation_ids.setdefault(observation, len(self.observations))
        if known == len(self.observations):
            self.observations.append(observation)
            self.is_return.append(observation.kind == "return")
        return known

    def tolerated_failures(self, conditions: FaultState) -> tuple[tuple[NodeId, ...], ...]:
        """Return the sets of nodes that the system survives without; they depend on the roles."""
        known = self._tolerated.get(conditions.roles)
        if known is None:
            known = tuple(tolerated_failures(self.scenario, conditions))
            self._tolerated[conditions.roles] = known
        return known

    def violated(self, cores: tuple[CoreId, ...], down: Down) -> str | None:
        """Return the name of the first invariant that these cores of all nodes break."""
        key = (cores, down if self.invariants.reads_down else ())
        if key not in self._violated:
            states = {n: self.cores[c].state for n, c in zip(self.nodes, cores, strict=True)}
            self._violated[key] = self.invariants.violated(states, down)
        return self._violated[key]

    def role_change(self, node: int, role: str) -> int:
        """Return the observation that a node has another role now."""
        return self.observation_id(Observation("role", self.nodes[node], role))

    def deliver(self, core: CoreId, message: Message) -> TransitionEntry:
        """Return what the arrival of a message does to a node in this core."""
        outcome = self.reactions[core].get(message)
        if outcome is None:
            source, _, body = self.contents[message]
            outcome = self._react(core, Receive(source, body))
            self.reactions[core][message] = outcome
        return outcome

    def choose(self, core: CoreId, choice: LocalChoice) -> TransitionEntry:
        """Return what beginning a call, or a timer going off, does to a node in this core."""
        outcome = self.reactions[core].get(choice)
        if outcome is None:
            outcome = self._call(core, choice) if choice.is_call else self._fire(core, choice)
            self.reactions[core][choice] = outcome
        return outcome

    def give(self, core: CoreId, given: Input, effects_max: int | None = None) -> TransitionEntry:
        """Return what an input does to a node in this core, or no more of it than so many effects."""
        key = given if effects_max is None else (given, effects_max)
        outcome = self.reactions[core].get(key)
        if outcome is None:
            outcome = self._react(core, given, effects_max=effects_max)
            self.reactions[core][key] = outcome
        return outcome

    def arrive_in_part(
        self, core: CoreId, message: Message, effects_max: int | None
    ) -> TransitionEntry:
        """Return what is left of the arrival of a message that breaks off after so many effects."""
        source, _, body = self.contents[message]
        return self.give(core, Receive(source, body), effects_max)

    def crash(self, core: CoreId) -> TransitionEntry:
        """Return what is left of a node that stops in this core."""
        outcome = self.reactions[core].get("crash")
        if outcome is None:
            node, old = self.node_of_core[core], self.cores[core]
            name = self.nodes[node]
            blank = NodeState(self.scenario.initial_states[name], old.durable, (), old.todo)
            seen = self.observation_id(Observation("crash", name, None))
            role = self._role(node, old)
            outcome = TransitionEntry(self.core_id(node, blank), (), (seen,), role, False)
            self.reactions[core]["crash"] = outcome
        return outcome

    def _begin(self) -> None:
        cores: list[CoreId] = []
        sends: list[Message] = []
        seen: list[int] = []
        for node, name in enumerate(self.nodes):
            states, calls = self.scenario.initial_states, self.scenario.calls
            blank = NodeState(states[name], todo=tuple(calls.get(name, ())))
            outcome = self._react(self.core_id(node, blank), Start())
            cores.append(outcome.core)
            sends.extend(outcome.sends)
            seen.extend(outcome.seen)
            if outcome.role and outcome.role != self._role(node, blank):
                seen.append(self.role_change(node, outcome.role))
        self.start_cores, self.start_sends, self.start_seen = (
            tuple(cores),
            tuple(sends),
            tuple(seen),
        )
        if self.scenario.role_of is not None:
            self.start_roles = tuple(
                self._role(node, self.cores[core]) for node, core in enumerate(cores)
            )

    def _call(self, core: CoreId, choice: LocalChoice) -> TransitionEntry:
        old = self.cores[core]
        todo = list(old.todo)
        todo.remove(choice.value)
        calling = replace(old, todo=tuple(todo), pending=choice.value)
        first = Observation("invoke", self.nodes[choice.node], choice.value)
        return self._react(self.core_id(choice.node, calling), Invoke(choice.value), first=first)

    def _fire(self, core: CoreId, choice: LocalChoice) -> TransitionEntry:
        old = self.cores[core]
        assert isinstance(choice.value, str)
        disarmed = replace(old, timers=tuple(t for t in old.timers if t != choice.value))
        return self._react(self.core_id(choice.node, disarmed), Timeout(choice.value))

    def _react(
        self,
        core: CoreId,
        given: Input,
        *,
        first: Observation | None = None,
        effects_max: int | None = None,
    ) -> TransitionEntry:
        node, before = self.node_of_core[core], self.cores[core]
        name = self.nodes[node]
        reaction = react(
            self.asking, name, before, given, effects_max=effects_max, known=self._values
        )
        sends: list[Message] = []
        sets: list[str] = []
        seen = [] if first is None else [self.observation_id(first)]
        for effect in reaction.effects:
            match effect:
                case Send(to, body):
                    sends.append(self.message_id((name, to, body)))
                case Begin(operation):
                    seen.append(self.observation_id(Observation("invoke", name, operation)))
                case Return(result):
                    seen.append(self.observation_id(Observation("return", name, result)))
                case Note(what):
                    seen.append(self.observation_id(Observation("note", name, what)))
                case SetTimer(timer) | CancelTimer(timer):
                    sets.append(timer)
        return TransitionEntry(
            self.core_id(node, reaction.core),
            tuple(sends),
            tuple(seen),
            self._role(node, reaction.core),
            not reaction.effects and reaction.core == before,
            tuple(sets),
        )

    def _role(self, node: int, core: NodeState) -> str:
        role_of = self.scenario.role_of
        return "" if role_of is None else role_of(self.nodes[node], core.state)

    def _choices(self, node: int, core: NodeState) -> tuple[LocalChoice, ...]:
        fires = (
            tuple(LocalChoice(node, False, timer) for timer in core.timers)
            if self.has_timers
            else ()
        )
        if core.pending is not None or not self.has_calls:
            return fires
        todo = core.todo[:1] if self.scenario.in_order else tuple(dict.fromkeys(core.todo))
        return (*(LocalChoice(node, True, operation) for operation in todo), *fires)
