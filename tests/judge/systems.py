"""A small system as data: what is drawn, minimised, kept as a case, and made into a scenario.

`Drawn` is nodes with a table of rules, what their clients ask, what may go wrong and what must hold.
It goes to JSON and back, so that a case is a file, and a scenario can be built again from it:

    counterpoint explore tests.judge.systems:case --set path=tests/judge/cases/<name>.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

from counterpoint.model.actions import ACTIONS
from counterpoint.model.detector import FailureDetector
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    ChangeRole,
    Effect,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Suspect,
    Timeout,
    Trust,
)
from counterpoint.model.scenario import Budget, Scenario
from counterpoint.model.values import NodeId, Value
from tests.judge import claims
from tests.judge.own_faults import OWN_FAULTS

CASES = Path(__file__).parent / "cases"

Given: TypeAlias = tuple[str, ...]
"""An input as text: ("start",), ("invoke", "x"), ("receive", "p"), ("timeout", "t") ..."""

Wanted: TypeAlias = tuple[str, ...]
"""An effect as text: ("send", "b", "p"), ("set", "t"), ("return", "1"), ("raise",) ...

Besides nodes a message may go to "sender", "self", "heard" and "peers". ("tell", "b", "p") sends
("p", own name). ("hear",) remembers the sender. ("answer", r) returns r if a call is open, and is
nothing else; ("ask", x) begins x if none is.
"""


@dataclass(frozen=True)
class Rule:
    """What a node does in one mood when one thing happens to it."""

    who: str
    mood: int
    given: Given
    after: int
    effects: tuple[Wanted, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A whole small system. `group` are the nodes that are interchangeable; rules call them "group"."""

    nodes: tuple[NodeId, ...] = ("a", "b")
    group: tuple[NodeId, ...] = ()
    rules: tuple[Rule, ...] = ()
    calls: tuple[tuple[NodeId, tuple[str, ...]], ...] = ()
    in_order: bool = True
    network: str = "unordered"
    limits: tuple[tuple[str, int, int | None], ...] = ()
    faults_max: int | None = 1
    fails: tuple[NodeId, ...] = ()
    fails_max: int = 0
    leader_fails: bool = True
    partitions: tuple[tuple[NodeId, ...], ...] = ()
    depends_on: tuple[NodeId, ...] = ()
    roles: tuple[int, ...] = ()
    actions: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    detector: str = ""
    invariants: tuple[tuple[tuple[NodeId, int], ...], ...] = ()
    properties: tuple[tuple[str, ...], ...] = ()
    goals: tuple[tuple[str, ...], ...] = ()

    def replace(self, **changes: Any) -> Drawn:
        """Return this system with some fields changed."""
        return replace(self, **changes)


# ---- the system ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """What a node of a drawn system knows: its mood, whether a call is open, whom it has heard."""

    mood: int = 0
    is_called: bool = False
    heard: NodeId | None = None


@dataclass(frozen=True)
class Table:
    """A system whose handler looks up what to do; what is not in the table is ignored."""

    nodes: tuple[NodeId, ...]
    group: tuple[NodeId, ...]
    rows: Mapping[tuple[str, int, Given], tuple[int, tuple[Wanted, ...]]]

    def initial(self, node: NodeId) -> State:
        """Every node begins alike."""
        del node
        return State()

    def handle(self, node: NodeId, state: State, given: Input) -> Step[State]:
        """Look up the rule, and do what it says."""
        who = "group" if node in self.group else node
        sender = given.source if isinstance(given, Receive) else node
        if isinstance(given, Invoke):
            state = replace(state, is_called=True)
        row = self.rows.get((who, state.mood, _text(given, self.group)))
        if row is None:
            return Step(state)
        heard = sender if ("hear",) in row[1] else state.heard
        state = State(row[0], state.is_called, heard)
        effects = list[Effect]()
        for wanted in row[1]:
            for effect in self._effects(node, sender, wanted, state):
                if isinstance(effect, Return | Begin):
                    state = replace(state, is_called=isinstance(effect, Begin))
                effects.append(effect)
        return Step(state, tuple(effects))

    def _effects(self, node: NodeId, sender: NodeId, wanted: Wanted, state: State) -> list[Effect]:
        match wanted:
            case ("send", to, body):
                return [Send(target, body) for target in self._targets(node, sender, to, state)]
            case ("tell", to, body):
                told = (body, node)
                return [Send(target, told) for target in self._targets(node, sender, to, state)]
            case ("answer", result):
                return [Return(result)] if state.is_called else []
            case ("ask", operation):
                return [] if state.is_called else [Begin(operation)]
            case ("hear",):
                return []
            case ("raise",):
                raise ValueError("a drawn rule")
            case (name, value):
                return [_MAKE[name](value)]
        raise AssertionError(f"{wanted!r} is no effect")

    def _targets(self, node: NodeId, sender: NodeId, to: str, state: State) -> tuple[NodeId, ...]:
        match to:
            case "self":
                return (node,)
            case "sender":
                return (sender,)
            case "heard":
                return () if state.heard is None else (state.heard,)
            case "peers" | "group":
                return tuple(other for other in self.group if other != node)
        return (to,)


def _text(given: Input, group: tuple[NodeId, ...]) -> Given:
    match given:
        case Start():
            return ("start",)
        case Invoke(operation):
            return ("invoke", str(operation))
        case Receive(_, body):
            return ("receive", str(body[0] if isinstance(body, tuple) else body))
        case Timeout(timer):
            return ("timeout", timer)
        case Recover(durable):
            return ("recover", str(durable))
        case ChangeRole():
            return ("role",)
        case Suspect(node):
            return ("suspect", "group" if node in group else node)
        case Trust(node):
            return ("trust", "group" if node in group else node)


_MAKE: Mapping[str, Any] = {
    "set": SetTimer,
    "cancel": CancelTimer,
    "persist": Persist,
    "note": Note,
    "return": Return,
    "begin": Begin,
}


# ---- the scenario --------------------------------------------------------------------------------


def scenario_of(drawn: Drawn, origin: Mapping[str, str] | None = None) -> Scenario:
    """Return the scenario that a drawn system describes."""
    rows = {(r.who, r.mood, r.given): (r.after, r.effects) for r in drawn.rules}
    return Scenario(
        name="drawn",
        system=Table(drawn.nodes, drawn.group, rows),
        calls=dict(drawn.calls),
        properties=tuple(claims.property_of(words) for words in drawn.properties),
        invariants=tuple(claims.invariant_of(pairs) for pairs in drawn.invariants),
        goals=tuple(claims.goal_of(words) for words in drawn.goals),
        in_order=drawn.in_order,
        network=drawn.network,  # type: ignore[arg-type]
        limits={kind: Budget(per_run, at_once) for kind, per_run, at_once in drawn.limits},
        faults_max=drawn.faults_max,
        tolerates=Tolerates(drawn.fails, drawn.fails_max, drawn.leader_fails),
        partitions=drawn.partitions,
        depends_on=DependsOn(drawn.depends_on),
        role_of=RoleOf(drawn.roles) if drawn.roles else None,
        actions=_actions(drawn),
        symmetric=(drawn.group,) if drawn.group else (),
        walk_steps=(4, 25),
        min_calls_per_run=0.0,
        origin=origin or {},
        detector=DETECTORS[drawn.detector],
    )


DETECTORS: Mapping[str, FailureDetector | None] = {
    "": None,
    "accurate": FailureDetector(),
    "inaccurate": FailureDetector(is_eventually_accurate=False),
    "of a": FailureDetector(of=("a",)),
    "to b": FailureDetector(tells=("b",)),
}
"""The failure detectors that a drawn system may name."""


def _actions(drawn: Drawn) -> tuple[Any, ...]:
    kinds = [a for a in ACTIONS if not drawn.actions or a.kind in drawn.actions]
    return (*kinds, *(OWN_FAULTS[name] for name in drawn.own))


@dataclass(frozen=True)
class Tolerates:
    """So many of these nodes may fail at once; a leader among them only if it says so."""

    nodes: tuple[NodeId, ...]
    at_most: int
    leaders: bool

    def __call__(self, failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        """Tell whether the system survives these."""
        if len(failed) > self.at_most or not set(failed) <= set(self.nodes):
            return False
        return self.leaders or all(roles.get(node) != "lead" for node in failed)


@dataclass(frozen=True)
class DependsOn:
    """Every call needs its client and these."""

    nodes: tuple[NodeId, ...]

    def __call__(self, client: NodeId, operation: Value) -> tuple[NodeId, ...]:
        """Return the nodes that an answer needs."""
        del operation
        return tuple(dict.fromkeys((client, *self.nodes)))


@dataclass(frozen=True)
class RoleOf:
    """A node leads in these moods."""

    moods: tuple[int, ...]

    def __call__(self, node: NodeId, state: State) -> str:
        """Return the role of a node."""
        del node
        return "lead" if state.mood in self.moods else "follow"


# ---- as JSON -------------------------------------------------------------------------------------


def to_json(drawn: Drawn) -> dict[str, Any]:
    """Return what differs from the defaults, as JSON."""
    usual = asdict(Drawn())
    told = {name: value for name, value in asdict(drawn).items() if value != usual[name]}
    told["rules"] = [[r.who, r.mood, r.given, r.after, *r.effects] for r in drawn.rules]
    return told


def of_json(told: Mapping[str, Any]) -> Drawn:
    """Return the system that JSON describes."""
    given = {name: _frozen(value) for name, value in told.items()}
    rules = tuple(
        Rule(who, mood, heard, after, tuple(effects))
        for who, mood, heard, after, *effects in given.pop("rules", ())
    )
    unknown = set(given) - {f.name for f in fields(Drawn)}
    assert not unknown, f"a drawn system has no {', '.join(sorted(unknown))}"
    return Drawn(rules=rules, **given)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def told(drawn: Drawn) -> str:
    """Return a system as text that can be pasted into a case: a rule a line."""
    lines = []
    for name, value in to_json(drawn).items():
        if name == "rules":
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            lines.append(f' "rules": [\n{rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}"


def case(path: str) -> Scenario:
    """Return the scenario of a case, for the command line."""
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    drawn = of_json(content["system"])
    return scenario_of(drawn, {"system": "tests.judge.systems:case", "path": path})
