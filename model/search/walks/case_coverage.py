"""What a search saw: which kinds of action it did, and what was given to whom; and what it never did.

A handler case is what can happen to a part of the system: a message of a type arrives, an operation is
asked for, a timer goes off, a crashed node recovers. A part are the nodes of one role at first, or with
one function, or with first states of one type. What was sent, armed, asked for or crashed, and never
came to anything, is a case that was never taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, is_dataclass
from typing import Any, NamedTuple

from counterpoint.model.actions import Settle, Transform
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
    Tear,
)
from counterpoint.model.inert import plain
from counterpoint.model.kind import kinds_of, undone_by
from counterpoint.model.mistakes import without_arguments
from counterpoint.model.normal import Call, Deliver, Fire
from counterpoint.model.roles import Roles
from counterpoint.model.scenario import Scenario, first_word
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.suspicions import Accuse, Clear, Detect
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action

WORD_MAX = 40
"""A name that somebody gave is shown up to this length."""

LOOKED_AT_MAX = 10_000
"""So many choices other than deliveries are known again; there are few but where values are many."""


class HandlerCase(NamedTuple):
    """What can happen to a part of a system: `what` names the message, operation or timer."""

    part: str
    given: str
    what: str

    def __str__(self) -> str:
        """Say it in a few words.

        >>> print(HandlerCase("server", "message", "ask"))
        server ← ask
        >>> print(HandlerCase("client", "recover", ""))
        client recover
        """
        sign = {"message": "←"}.get(self.given, self.given)
        return f"{self.part} {sign} {self.what}".strip()


WITHOUT_CASES: frozenset[type[Action]] = frozenset(
    {Call, Drop, Duplicate, Delay, Release, Omit, Mend, Cut, Heal, Settle}
)
"""The kinds that give nothing to a handler, and calls, which are seen as what is observed of them."""


def part_of(scenario: Scenario, node: NodeId) -> str:
    """Return what a node is called together with all that are alike: by its function, or its state."""
    system, state = scenario.system, scenario.initial_states[node]
    if scenario.role_of is not None:
        return plain(scenario.role_of(node, state), WORD_MAX)
    if isinstance(system, Roles):
        name = getattr(without_arguments(system.handler_of(node)), "__name__", node)
        return plain(node if name.startswith("<") else name, WORD_MAX)
    return plain(type(state).__name__.lower() if is_dataclass(state) else node, WORD_MAX)


@dataclass(slots=True)
class CaseCoverage:
    """The kinds of action that runs did, and the cases that could be and were taken in them.

    Runs are added one by one; what was added elsewhere is included.
    """

    kinds: Counter[type[Action]] = field(default_factory=Counter)
    possible: set[HandlerCase] = field(default_factory=set)
    taken: set[HandlerCase] = field(default_factory=set)
    _of: object = None
    _deliveries: set[int] = field(default_factory=set)
    _kept: set[int] = field(default_factory=set)
    _observations: set[int] = field(default_factory=set)
    _flights: set[int] = field(default_factory=set)
    _node_states: set[int] = field(default_factory=set)
    _looked_at: set[Action] = field(default_factory=set)
    _arrivals: dict[tuple[NodeId, type], HandlerCase] = field(default_factory=dict)

    def __getstate__(self) -> tuple[object, ...]:
        """Return what others may know of it: not which tables it has looked at."""
        return (self.kinds, self.possible, self.taken)

    def __setstate__(self, told: tuple[Any, ...]) -> None:
        self.kinds, self.possible, self.taken = told
        self._forget(None)

    def _forget(self, deliveries: object) -> None:
        self._of = deliveries
        self._deliveries, self._kept, self._observations = set(), set(), set()
        self._flights, self._node_states = set(), set()
        self._looked_at, self._arrivals = set(), {}

    def add(self, run: Simulation) -> None:
        """See one more run, as far as it got."""
        compiled, choices = run.compiled, run.choices
        if self._of is not compiled.deliveries:
            self._forget(compiled.deliveries)
            self.possible.update(_asked(run.scenario))
        self.kinds.update(map(type, choices))
        # Deliveries are most of a run, and the same objects again and again, kept by the tables.
        known = self._deliveries
        fresh_choices = [choice for choice in choices if id(choice) not in known]
        kept = self._kept_by(compiled) if fresh_choices else self._kept
        for choice in fresh_choices:
            if isinstance(choice, Deliver):
                if id(choice) in kept:
                    known.add(id(choice))
                case = self._arrival(run.scenario, choice.dst, choice.body)
                self.possible.add(case)
                self.taken.add(case)
            elif type(choice) not in WITHOUT_CASES and choice not in self._looked_at:
                self._look_at(run.scenario, choice)
        if not self._observations.issuperset(run.seen):
            fresh = set(run.seen) - self._observations
            self._observations |= fresh
            self._begin(run, fresh)
        if not self._flights.issuperset(run.flights):
            fresh = set(run.flights) - self._flights
            self._flights |= fresh
            contents = (compiled.contents[message] for message in fresh)
            self.possible.update(
                self._arrival(run.scenario, dst, body) for _, dst, body in contents
            )
        if compiled.has_timers and not self._node_states.issuperset(run.node_states):
            fresh = set(run.node_states) - self._node_states
            self._node_states |= fresh
            for number in fresh:
                self.possible.update(_armed(run, number))

    def _kept_by(self, compiled: Compiled) -> set[int]:
        """Return the identities of the deliveries that stay in the tables, and are known by them."""
        deliveries = compiled.deliveries
        self._kept.update(map(id, deliveries[len(self._kept) :]))
        return self._kept

    def _begin(self, run: Simulation, seen: Iterable[int]) -> None:
        for observation in map(run.compiled.observations.__getitem__, seen):
            if observation.kind == "invoke":
                part = part_of(run.scenario, observation.node)
                case = HandlerCase(part, "call", _word(observation.value))
                self.possible.add(case)
                self.taken.add(case)

    def _arrival(self, scenario: Scenario, dst: NodeId, body: Value) -> HandlerCase:
        """Return the case of a message, which is that of its class if it has fields."""
        key = (dst, type(body))
        known = self._arrivals.get(key)
        if known is None:
            known = _arrival(scenario, dst, body)
            if _has_fields(body):
                self._arrivals[key] = known
        return known

    def _look_at(self, scenario: Scenario, choice: Action) -> None:
        if len(self._looked_at) < LOOKED_AT_MAX:
            self._looked_at.add(choice)
        for case, is_taken in _cases(scenario, choice):
            self.possible.add(case)
            if is_taken:
                self.taken.add(case)

    def plus(self, other: CaseCoverage) -> CaseCoverage:
        """Return what was seen in one or the other."""
        both = CaseCoverage()
        both.include(self)
        both.include(other)
        return both

    def include(self, other: CaseCoverage) -> None:
        """See what was seen elsewhere as well."""
        self.kinds.update(other.kinds)
        self.possible |= other.possible
        self.taken |= other.taken

    @property
    def never(self) -> tuple[str, ...]:
        """The cases that were possible, and in no run taken."""
        return tuple(map(str, sorted(self.possible - self.taken)))

    @property
    def actions(self) -> dict[str, int]:
        """How often each kind of action was done, by its name."""
        counts: Counter[str] = Counter()
        for kind, count in self.kinds.items():
            counts[kind.kind] += count
        return dict(sorted(counts.items()))

    def actions_never(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the kinds of action that were possible in a scenario, and that no run did.

        Where nobody sets a timer none can go off, and what never began cannot be undone.
        """
        done, cases = self.actions, {case.given for case in self.possible}
        needed = {"deliver": "message", "call": "call", "fire": "timer"}
        return tuple(
            kind.kind
            for kind in kinds_of(scenario)
            if kind.kind not in done
            and needed.get(kind.kind, "") in {"", *cases}
            and (not undone_by(kind) or done.keys() & set(undone_by(kind)))
        )

    def form(self, scenario: Scenario) -> dict[str, object]:
        """Return what a JSON result says of it."""
        return {
            "actions": self.actions,
            "actions_never": list(self.actions_never(scenario)),
            "cases": list(map(str, sorted(self.taken))),
            "cases_never": list(self.never),
        }


def case_lines(covered: CaseCoverage, scenario: Scenario, *, most: int = 100) -> Iterator[str]:
    """Return a line on what was never done, if there is anything; names as far as they fit into it."""
    cases, actions = covered.never, covered.actions_never(scenario)
    if not covered.kinds or not (cases or actions):
        return
    line = f"never taken: {', '.join((*cases, *actions))}"
    if len(line) > most:
        counts = ((len(cases), "handler case"), (len(actions), "kind of action"))
        told = (f"{n} {what}{'s' * (n > 1)}" for n, what in counts if n)
        line = f"never taken: {' and '.join(told)} (fuzz --json names them)".replace(
            "kind of actions", "kinds of action"
        )
    yield line


def _armed(run: Simulation, number: int) -> Iterator[HandlerCase]:
    """Return the timers that are armed in a state of a node."""
    compiled = run.compiled
    for timer in compiled.node_states[number].timers:
        node = compiled.nodes[compiled.node_of_node_state[number]]
        yield HandlerCase(part_of(run.scenario, node), "timer", plain(timer, WORD_MAX))


def _asked(scenario: Scenario) -> Iterator[HandlerCase]:
    """Return the calls of a scenario; where they are drawn, of one run."""
    for client, operations in scenario.fixed_calls.items():
        for operation in dict.fromkeys(operations):
            yield HandlerCase(part_of(scenario, client), "call", _word(operation))


def _cases(scenario: Scenario, choice: Action) -> Iterable[tuple[HandlerCase, bool]]:
    """Return the cases that an action takes, and those that it makes possible."""
    match choice:
        case Deliver(_, dst, body) | Overtake(_, dst, body):
            return [(_arrival(scenario, dst, body), True)]
        case Fire(node, timer):
            return [(HandlerCase(part_of(scenario, node), "timer", plain(timer, WORD_MAX)), True)]
        case Tear(step):
            return [*_cases(scenario, step), *_undone(scenario, str(choice.at), Restart, "recover")]
        case Crash(node):
            return _undone(scenario, node, Restart, "recover")
        case Restart(node):
            return [(HandlerCase(part_of(scenario, node), "recover", ""), True)]
        case Transform(node):
            return [(HandlerCase(part_of(scenario, node), "changes role", ""), True)]
        case Detect(node) | Accuse(node):
            suspects = HandlerCase(part_of(scenario, node), "suspects", "")
            return [(suspects, True), *_undone(scenario, node, Clear, "trusts")]
        case Clear(node):
            return [(HandlerCase(part_of(scenario, node), "trusts", ""), True)]
    return []


def _undone(
    scenario: Scenario, node: NodeId, by: type[Action], given: str
) -> list[tuple[HandlerCase, bool]]:
    """Return the case that becomes possible where what happened may be undone."""
    is_possible = by in kinds_of(scenario)
    return [(HandlerCase(part_of(scenario, node), given, ""), False)] if is_possible else []


def _arrival(scenario: Scenario, dst: NodeId, body: Value) -> HandlerCase:
    return HandlerCase(part_of(scenario, dst), "message", _word(body))


def _word(value: Value) -> str:
    """Return the type of a message or an operation: its class, or the word that it begins with.

    >>> _word(("write", 7)), _word("leave"), _word(Call("c1", "leave"))
    ('write', 'leave', 'call')
    """
    if type(value) is tuple and value:
        return _word(value[0])
    named = type(value).__name__.lower() if _has_fields(value) else first_word(value, None)
    return plain(named, WORD_MAX)


def _has_fields(value: Value) -> bool:
    return is_dataclass(value) or hasattr(value, "_fields")
