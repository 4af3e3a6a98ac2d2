"""The Hypothesis state machine of a scenario: one rule for each kind of action.

    AbdMachine = state_machine_for(scenario)
    TestAbd = AbdMachine.TestCase

A rule draws a number, and each number ranks all actions that there could be, by their content; the
first in rank among the legal ones is done. What is printed is the action itself: the steps of a
failing run can be pasted and run as they are.

Hypothesis needs seconds to shrink a run of a machine, and stops at twice the length that our
minimiser reaches in milliseconds. The test case therefore leaves that phase out (put it back in the
`settings` to have it); what it reports, and keeps in the example database, is the minimised run.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar, TypeAlias

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.kind import kinds_of
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Calls, Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.failure import failure_of
from counterpoint.model.search.replay import HANDLER_PROPERTY, NotEnabled
from counterpoint.model.search.settling import finish
from counterpoint.model.search.stateful.bench import BLOCK, Bench
from counterpoint.model.search.stateful.bridge import TestCaseOfMachine
from counterpoint.model.search.stateful.legal import legal
from counterpoint.model.search.walks.examine import broken_among
from counterpoint.model.source import NoSource, class_name_of, source_of
from counterpoint.model.values import NodeId, NotAValue, canonical, digest_of
from counterpoint.model.workload import Workload
from counterpoint.model.world import Action

MachineRule: TypeAlias = Callable[..., None]

_BLOCK = st.binary(min_size=2 * BLOCK, max_size=2 * BLOCK)
# Bytes, as Hypothesis draws integers from all sizes alike: half of them would be small.
_RANKING = st.binary(min_size=2, max_size=2).map(partial(int.from_bytes, byteorder="big"))


class ScenarioMachine(RuleBasedStateMachine):
    """A run in the making. `state_machine_for` adds a rule for each kind of action."""

    bench: ClassVar[Bench]
    actions: ClassVar[tuple[type[Action], ...]]
    TestCase: Any = TestCaseOfMachine()
    _rules_strategy: Any

    def __init__(self) -> None:
        self.bench.require_time()
        super().__init__()
        self._begin(Simulation(self.bench.compiled))
        self._options: dict[type[Action], tuple[Action, ...]] = {}
        self._silent: tuple[NodeId, ...] = ()
        self._numbers_used = self._swarm = 0
        self._error_outside = sys.exception()
        self._rule_by_rule = getattr(self, "_rules_strategy", None)
        self._rules_strategy = self._chooser()

    @property
    def is_extended(self) -> bool:
        """Tell whether a subclass has added rules of its own."""
        own = {rule_name(action) for action in self.actions} | {"rest"}
        return not own >= set(self._rule_of)

    # How the next rule is drawn. Left alone, Hypothesis draws which rules a run may use, then a
    # rule, then its argument. That takes three times as long, and more than half of the runs end
    # early, when every legal rule is one that the run may not use.

    def _chooser(self) -> st.SearchStrategy[Any]:
        """Return the strategy that draws the next rule with its argument.

        A subclass that adds rules of its own has them drawn in Hypothesis's way, half of the time.
        """
        block = st.shared(_BLOCK, key=f"counterpoint {self._numbers_used // BLOCK}")
        chosen = block.map(self._step)
        if self._rule_by_rule is None or not self.is_extended:
            return chosen
        return st.one_of(chosen, self._rule_by_rule)

    def _step(self, block: bytes) -> tuple[Any, dict[str, Action]]:
        if self._numbers_used == 0:
            self._swarm = self._number(block)
        action = self.bench.ranking.choose(self.options, self._number(block), self._swarm)
        if self._numbers_used % BLOCK == 0:
            self._rules_strategy = self._chooser()
        if action is None:
            return self._rule_of["rest"], {}
        return self._rule_by_kind[type(action)], {"action": action}

    def _number(self, block: bytes) -> int:
        position = 2 * (self._numbers_used % BLOCK)
        self._numbers_used += 1
        return int.from_bytes(block[position : position + 2], "big")

    @cached_property
    def _rule_of(self) -> dict[str, Any]:
        """The rules as Hypothesis has them, by name; older releases have a method there."""
        rules: Any = self.rules
        return {each.function.__name__: each for each in (rules() if callable(rules) else rules)}

    @cached_property
    def _rule_by_kind(self) -> dict[type[Action], Any]:
        return {action: self._rule_of[rule_name(action)] for action in self.actions}

    def _pretty_print(self, value: object) -> str:
        """Print an action as a program has it, whatever its values print of themselves."""
        print_value: Callable[[object], str] = getattr(super(), "_pretty_print", repr)
        if not isinstance(value, self.actions) or not dataclasses.is_dataclass(value):
            return print_value(value)
        try:
            return source_of(value)
        except NoSource:
            return print_value(value)

    def written(self, action: Action) -> str:
        """Return the line of a program that performs an action."""
        return f"state.{rule_name(type(action))}(action={self._pretty_print(action)})"

    # What the rules share.

    def ask_for(self, calls: Calls) -> None:
        """Begin the run with these calls."""
        self._begin(Simulation(self.bench.with_calls(calls)))
        self._options.clear()

    def _begin(self, run: Simulation) -> None:
        self.run, self._judged = run, len(run.seen)
        self._broken_by_now = self.bench.examiner.of(run.compiled).following()

    def options(self, action: type[Action]) -> tuple[Action, ...]:
        """Return the legal actions of a kind."""
        known = self._options.get(action)
        if known is None:
            known = self._options[action] = legal(self.run, action)
        return known

    def take(self, action: Action) -> None:
        """Perform an action.

        Raises:
            NotEnabled: it is not legal now.
            PropertyBroken: a handler failed.
        """
        self._options.clear()
        try:
            if not self.run.attempt(action):
                raise NotEnabled(len(self.run.choices), action, self.run.world())
        except HandlerFailed:
            raise failure_of(self.run.scenario, self.run.choices, HANDLER_PROPERTY) from None
        except NotDeterministic as error:
            raise error.at(len(self.run.choices) - 1) from None

    @precondition(lambda self: not any(self.options(action) for action in self.actions))
    @rule()
    def rest(self) -> None:
        """Do nothing, as nothing goes on any more."""

    @property
    def has_news(self) -> bool:
        """Tell whether the clients have seen something since that can decide a property."""
        return any(map(self.bench.is_news, self.run.seen[self._judged :]))

    @precondition(lambda self: self.has_news)
    @invariant()
    def operations_hold(self) -> None:
        """Judge what the clients have seen so far, whenever they have seen something new."""
        self._judged = len(self.run.seen)
        name = self._broken_by_now(self.run.seen)
        if name is not None:
            raise failure_of(self.run.scenario, self.run.choices, name)

    def teardown(self) -> None:
        """Stop the faults, let the run come to rest, and judge it as a whole."""
        error = sys.exception()
        self.bench.has_failed |= error is not self._error_outside and _is_failure(error)
        try:
            if error is self._error_outside:
                self._settle()
        except Exception:
            self.bench.has_failed = True
            raise
        finally:
            self.bench.tally.add(self.run)

    def _settle(self) -> None:
        failure = None
        try:
            if not self.run.settle(self._silent):
                self.run.settle(())
            finish(self.run)
        except HandlerFailed as error:
            failure = str(error)
        rulings = self.bench.examiner.of(self.run.compiled).rulings(self.run, failure)
        self.bench.tally.judge(rulings)
        name = broken_among(rulings)
        if name is not None:
            raise failure_of(self.run.scenario, self.run.choices, name)


def _is_failure(error: BaseException | None) -> bool:
    """Tell whether a run failed; some exceptions are how Hypothesis ends one."""
    return isinstance(error, Exception) and not isinstance(error, HypothesisException)


# ---- the rules -----------------------------------------------------------------------------------


def state_machine_for(scenario: Scenario, *, name: str | None = None) -> type[ScenarioMachine]:
    """Return the state machine of a scenario, with a unittest test case as its `TestCase`.

    The class is called after the scenario and what it is made of, unless `name` is given:
    Hypothesis keys its example database by that name, so no two scenarios should share one.
    """
    actions = kinds_of(scenario)
    body: dict[str, Any] = {
        "__doc__": f"The scenario {scenario.name!r}, step by step.",
        "bench": Bench(scenario),
        "actions": actions,
        **{rule_name(action): _rule_for(action) for action in actions},
    }
    alone = (scenario.tolerates((node,), {}) for node in scenario.system.nodes)
    if scenario.role_of is not None or any(alone):
        body["silence"] = _silence()
    if isinstance(scenario.calls, Workload):
        body["workload"] = _workload()
    return type(name or _class_name(scenario), (ScenarioMachine,), body)


def rule_name(action: type[Action]) -> str:
    """Return the name of the rule that performs a kind of action.

    >>> from counterpoint.model.faults import Overtake
    >>> rule_name(Overtake)
    'reorder'
    """
    name = action.kind.replace("-", "_")
    return f"{name}_" if hasattr(ScenarioMachine, name) else name


def _rule_for(action: type[Action]) -> MachineRule:
    """Return the rule that performs one action of a kind, whenever one is legal."""

    def perform(self: ScenarioMachine, action: Action) -> None:
        self.take(action)

    # Hypothesis keeps some rules out of some runs, and tells them apart by this name.
    perform.__name__ = perform.__qualname__ = rule_name(action)
    perform.__doc__ = action.__doc__
    drawn = st.tuples(st.runner(), _RANKING).map(partial(_first, action))
    guarded = precondition(lambda self: bool(self.options(action)))
    return guarded(rule(action=drawn)(perform))


def _first(action: type[Action], drawn: tuple[Any, int]) -> Action:
    machine, number = drawn
    assert isinstance(machine, ScenarioMachine)
    return machine.bench.ranking.first(machine.options(action), number)


def _silence() -> MachineRule:
    """Return the rule that says, before anything else, who stays silent when the faults stop."""

    def silence(self: ScenarioMachine, nodes: tuple[NodeId, ...]) -> None:
        self._silent = nodes

    drawn = st.tuples(st.runner(), _RANKING).map(lambda drawn: drawn[0].bench.group(drawn[1]))
    return initialize(nodes=drawn)(silence)


def _workload() -> MachineRule:
    """Return the rule that says, before anything else, what the clients ask for."""

    def workload(self: ScenarioMachine, calls: Calls) -> None:
        self.ask_for(calls)

    drawn = st.tuples(st.runner(), _RANKING).map(lambda drawn: drawn[0].bench.calls(drawn[1]))
    return initialize(calls=drawn)(workload)


def _class_name(scenario: Scenario) -> str:
    named = [scenario.origin.get(key, "") for key in ("system", "scenario", "mutant")]
    spoken = " ".join(named).strip() or scenario.name
    return f"{class_name_of(spoken)}Machine_{_content(scenario)[:6]}"


def _content(scenario: Scenario) -> str:
    """Return a digest of what a scenario is made of, as far as that has a canonical form."""
    system = type(scenario.system)
    parts: tuple[object, ...] = (
        scenario.name,
        scenario.calls,
        scenario.limits,
        scenario.faults_max,
        scenario.network,
        scenario.origin,
        tuple(prop.name for prop in scenario.properties),
        f"{system.__module__}.{system.__qualname__}",
        scenario.system,
    )
    forms = []
    for part in parts:
        try:
            forms.append(canonical(part))
        except NotAValue:
            forms.append(None)
    return digest_of(forms)
