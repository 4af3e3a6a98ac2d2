"""What an author claims, ready to be used: each function makes a property, an invariant or a goal.

    properties=[linearizable(Register()), at_most_one(leads), converges(stored)]

Properties of histories read what clients asked and were told. An operation is a word, or a tuple of a
word and what it is asked with: "leave", ("write", 7), ("put", "x", 7). Invariants are judged in every
state, what is said of rest at the end of every run, and some run must meet a goal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from counterpoint.checkers.causal.check import PROPERTIES as CAUSAL_NAMES
from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.liveness import check_liveness
from counterpoint.checkers.objects.containers import AppendList, Counter, Queue, Set, Stack
from counterpoint.checkers.objects.locks import Mutex, Semaphore
from counterpoint.checkers.objects.registers import CasRegister, Register
from counterpoint.checkers.objects.sequential import Illegal, Specification, is_determined
from counterpoint.checkers.operations import OperationView, Seen, operations_of
from counterpoint.checkers.sequential_consistency import check_sequential_consistency
from counterpoint.checkers.sessions.check import GUARANTEES, OfSessions, check_sessions
from counterpoint.checkers.sessions.judge import Guarantee
from counterpoint.model.arguments import takes_second
from counterpoint.model.claims import Goal, Invariant, Property
from counterpoint.model.decider import DecidedOnceAnswered
from counterpoint.model.livelock import ending_of
from counterpoint.model.mistakes import BadScenario, brief, definition_of
from counterpoint.model.search.invariants import states_of
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict, Violation, broken, holds

Renaming: TypeAlias = Mapping[str, str]
"""What the operations of a system are called in a specification: {"enter": "acquire"}."""

StatesByNode: TypeAlias = Mapping[NodeId, Any]
"""The states of all nodes, by name."""

REFUSED = "refused"
"""An answer that says that a call surely had no effect, unless another is named."""

OBSERVED_IN_WALKS: frozenset[type] = frozenset(
    {AppendList, CasRegister, Counter, Mutex, Queue, Register, Semaphore, Set, Stack}
)
"""The objects whose observer is held against the check by tests: with it walks are judged. What an
author brings may not keep the rules of a specification, and then the check alone is right."""


# ---- histories: what clients asked and were told -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Map:
    """A key-value map: ("put", key, value) and ("get", key), each key a register of its own."""

    initial: Hashable = None

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The value of a key after one operation."""
        return Register(self.initial).step(state, f, argument, result)


def linearizable(
    specification: Specification,
    *,
    words: Renaming | None = None,
    keyed: bool = False,
    refused: Value = REFUSED,
    view: OperationView | None = None,
    name: str = "linearizability",
) -> Property:
    """Claim that each call takes effect at one moment between its call and its answer.

    `specification` is the object as it would be alone. `words` translates operations into its own;
    with `keyed` the first thing that an operation is asked with is the key of the object, each of
    which is judged by itself. A call that is answered with `refused` had no effect. `view` replaces
    all that: it shows an operation and its result as (f, key, argument, result), or None to leave it
    out; f, key and argument must not depend on the result.
    """
    asked, shown = _shown(specification, words, keyed=keyed, refused=refused, view=view)

    def check(trace: Trace) -> Verdict:
        return check_linearizability(operations_of(trace, shown), asked, name=name, show=show_any)

    if not is_determined(asked):
        return Property(name, check)
    observer = LinearizabilityObserver(asked, shown)
    if view is not None or type(asked) not in OBSERVED_IN_WALKS:
        return Property(name, check, observer=observer)
    return Property(name, check, observer=observer, decided=DecidedOnceAnswered(_judges(shown)))


def sequentially_consistent(
    specification: Specification,
    *,
    words: Renaming | None = None,
    keyed: bool = False,
    refused: Value = REFUSED,
    view: OperationView | None = None,
    name: str = "sequential consistency",
) -> Property:
    """Claim that one order of all calls, each client's in its own, explains all answers.

    The parameters are those of `linearizable`.
    """
    asked, shown = _shown(specification, words, keyed=keyed, refused=refused, view=view)

    def judged(history: History) -> Verdict:
        return check_sequential_consistency(history, asked, name=name)

    return _of_sessions(name, judged, shown)


def causally_consistent(
    *,
    level: Literal["cc", "ccv", "cm"] = "cc",
    initial: Hashable = None,
    words: Renaming | None = None,
    view: OperationView | None = None,
    name: str = "",
) -> Property:
    """Claim that effects are seen only after their causes, by ("write", key, value), ("read", key).

    `level` is "cc" (causal consistency), "ccv" (and one order for everybody) or "cm" (causal memory).
    """
    name = name or CAUSAL_NAMES[level]

    def judged(history: History) -> Verdict:
        return replace(check_causal(history, level=level, initial=initial), property=name)

    return _of_sessions(name, judged, view or _of_words(words or {}, keyed=True, refused=REFUSED))


def sessions(
    *guarantees: Guarantee,
    initial: Hashable = None,
    words: Renaming | None = None,
    view: OperationView | None = None,
    name: str = "session guarantees",
) -> Property:
    """Claim session guarantees of ("write", key, value), ("read", key): RYW, MR, MW, WFR, or all."""
    chosen: Collection[Guarantee] = guarantees or GUARANTEES

    def judged(history: History) -> Verdict:
        verdict = check_sessions(history, guarantees=chosen, initial=initial)
        return replace(verdict, property=name)

    return _of_sessions(name, judged, view or _of_words(words or {}, keyed=True, refused=REFUSED))


def answers(*, sends_again: bool = True, name: str = "liveness") -> Property:
    """Claim that every call that is owed an answer gets one, once the faults have stopped.

    With `sends_again` false the system may lose a call whose messages were lost.
    """

    def check(trace: Trace) -> Verdict:
        return check_liveness(trace, sends_again=sends_again, name=name)

    check.is_about_answers = True  # type: ignore[attr-defined]
    return Property(name, check, reads="end")


# ---- states: of all nodes, in every moment -------------------------------------------------------


def always(name: str, holds_in: Callable[..., object]) -> Invariant:
    """Claim something of the states of all nodes, in every moment.

    `holds_in(states)` is true where all is well; a text says what is wrong. `holds_in(states, down)`,
    if it takes a second argument, is told which nodes are down.
    """

    otherwise = f"{name} does not hold"
    if takes_second(holds_in, "down"):
        return Invariant(
            name, lambda states, down: _missing(holds_in(states, down), otherwise, name, holds_in)
        )
    return Invariant(name, lambda states: _missing(holds_in(states), otherwise, name, holds_in))


def at_most_one(is_one: Callable[[Any], object], name: str = "at most one") -> Invariant:
    """Claim that `is_one(state)` is true of no two nodes at once."""

    def violation(states: StatesByNode) -> Violation | None:
        found = [node for node, state in states.items() if is_one(state)]
        if len(found) < 2:
            return None
        *others, last = found
        return Violation(f"{', '.join(others)} and {last} are one at once", tuple(found))

    return Invariant(name, violation)


def never_over(
    amount: Callable[[Any], int], most: int, name: str = "never over the limit"
) -> Invariant:
    """Claim that what the nodes hold is never more than `most` in all; None holds nothing."""

    def violation(states: StatesByNode) -> Violation | None:
        held = _amounts(amount, states)
        if sum(held.values()) <= most:
            return None
        told = " + ".join(f"{node} {count}" for node, count in held.items())
        return Violation(f"{told} is more than {most}", tuple(held))

    return Invariant(name, violation)


def sometimes(name: str, is_met: Callable[[StatesByNode], object]) -> Goal:
    """Claim that some run comes to a state like this. A search that never sees one is not green."""
    return Goal(name, lambda states: _said(is_met(states), name, is_met))


# ---- rest: what runs have come to when nothing happens any more ----------------------------------


def converges(view: Callable[[Any], Value], name: str = "convergence") -> Property:
    """Claim that at rest all replicas show the same; where `view(state)` is None is no replica.

    Nor is a node that stays silent for good, as `Scenario.tolerates` lets it.
    """

    def check(trace: Trace) -> Verdict:
        states, silent = _at_rest(trace), _silent(trace)
        shown = {node: view(state) for node, state in states.items() if node not in silent}
        replicas = {node: seen for node, seen in shown.items() if seen is not None}
        first = next(iter(replicas), None)
        for node, seen in replicas.items():
            if first is not None and seen != replicas[first]:
                why = f"{first} has {show(replicas[first])} and {node} has {show(seen)}"
                return broken(name, why, examined=len(replicas))
        return holds(name, examined=len(replicas))

    return _of_last_world(name, check)


def conserved(amount: Callable[[Any], int], name: str = "conservation") -> Property:
    """Claim that at rest the nodes hold as much in all as they did at the start."""

    def check(trace: Trace) -> Verdict:
        held = _amounts(amount, _at_rest(trace))
        before = sum(_amounts(amount, trace.scenario.initial_states).values())
        told = " + ".join(f"{node} {count}" for node, count in held.items())
        if sum(held.values()) == before:
            return holds(name, examined=len(held))
        return broken(name, f"{told} is not {before}, as it was", examined=len(held))

    return _of_last_world(name, check)


def eventually(name: str, is_met: Callable[..., object]) -> Property:
    """Claim that at rest the states are such; a text says what is missing.

    `is_met(states)` is true, or None, where nothing is. `is_met(states, silent)`, if it takes a second
    argument, is told which nodes stay silent for good, as `Scenario.tolerates` lets them.
    """

    def check(trace: Trace) -> Verdict:
        states = _at_rest(trace)
        found = is_met(states, _silent(trace)) if takes_second(is_met, "silent") else is_met(states)
        why = _missing(found, f"{name} has not come about", name, is_met)
        return holds(name, examined=1) if why is None else broken(name, why, examined=1)

    return _of_last_world(name, check)


def leads_to(
    name: str, cause: Callable[[StatesByNode], object], effect: Callable[[StatesByNode], object]
) -> Property:
    """Claim that whenever `cause` is the case, `effect` is, then or later, until rest at the latest.

    A run that goes round for ever has to come to `effect` in each round. One that was cut before it
    was at rest says nothing of a cause that waits, and one without the cause nothing at all: a search
    in which it never is leaves the claim undecided.
    """

    def check(trace: Trace) -> Verdict:
        moments = [states_of(world) for world in trace.worlds]
        causes = [k for k, states in enumerate(moments) if _said(cause(states), name, cause)]
        effects = [k for k, states in enumerate(moments) if _said(effect(states), name, effect)]
        last = max(effects, default=-1)
        waits = next((step for step in causes if step > last), None)
        if waits is None or _comes_again(trace, last):
            return holds(name, examined=len(causes))
        why = f"what is the case after {waits} steps leads to nothing"
        return broken(name, why, examined=len(causes))

    check.is_about_rest = True  # type: ignore[attr-defined]
    return Property(name, check, reads="trace")


def show_any(value: Hashable) -> str:
    """Return how a value of a history is written: as a run shows it."""
    return "?" if value is UNKNOWN else show(value)


def _of_last_world(name: str, check: Callable[[Trace], Verdict]) -> Property:
    check.is_about_last_world = True  # type: ignore[attr-defined]
    return Property(name, check, reads="end")


def _at_rest(trace: Trace) -> StatesByNode:
    return states_of(trace.final)


def _comes_again(trace: Trace, moment: int) -> bool:
    """Tell whether a moment is one of those that a run repeats for ever."""
    ending = ending_of(trace)
    return ending is not None and ending.kind != "rest" and moment >= ending.begins


def _silent(trace: Trace) -> tuple[NodeId, ...]:
    return trace.final.conditions.settled or ()


def _missing(
    found: object, otherwise: str, name: str, function: Callable[..., object]
) -> str | None:
    """Return what is wrong by the answer of an author's function: None and True are "nothing"."""
    if isinstance(found, str):
        return found or otherwise
    return None if found is None or _said(found, name, function) else otherwise


def _said(found: object, name: str, function: Callable[..., object]) -> bool:
    """Return a yes or no of an author's function; whatever else is "true" is a slip.

    Raises:
        BadScenario: the answer is something else: a generator without `all`, a text, nothing.
    """
    if isinstance(found, bool):
        return found
    raise BadScenario(
        f"{name!r} was answered {brief(found)} ({definition_of(function)}); it is to be True or False: "
        "all(... for ...), any(... for ...), or bool(...)"
    )


def _amounts(amount: Callable[[Any], int], states: StatesByNode) -> dict[NodeId, int]:
    found = {node: amount(state) for node, state in states.items()}
    return {node: count for node, count in found.items() if count}


def _of_sessions(name: str, judged: Callable[[History], Verdict], view: OperationView) -> Property:
    def check(trace: Trace) -> Verdict:
        return judged(operations_of(trace, view))

    return Property(name, check, observer=OfSessions(judged, view))


def _shown(
    specification: Specification,
    words: Renaming | None,
    *,
    keyed: bool,
    refused: Value,
    view: OperationView | None,
) -> tuple[Specification, OperationView]:
    if not hasattr(specification, "initial") or not hasattr(specification, "step"):
        raise BadScenario(
            f"{brief(specification)} is no specification; it has an `initial` state and a method "
            "`step(state, f, argument, result)`, as Register() has"
        )
    if isinstance(specification, Map):
        words = {"put": "write", "get": "read", **(words or {})}
        specification, keyed = Register(specification.initial), True
    return specification, view or _of_words(words or {}, keyed=keyed, refused=refused)


def _judges(view: OperationView) -> Callable[[Value, Value], bool]:
    """Return what tells whether an answer is of an operation that is judged."""

    def counts(operation: Value, result: Value) -> bool:
        looks = view(operation, result)
        return looks is not None and Seen(*looks).status == "ok"

    return counts


def _of_words(words: Renaming, *, keyed: bool, refused: Value) -> OperationView:
    """Return how operations that are words, or begin with one, look to a checker."""

    def view(operation: Value, result: Hashable) -> Seen:
        parts = operation if isinstance(operation, tuple) else (operation,)
        word, *asked = parts
        key = asked.pop(0) if keyed and asked else None
        argument = asked[0] if len(asked) == 1 else (tuple(asked) or None)
        status = "fail" if result == refused and type(result) is type(refused) else "ok"
        return Seen(words.get(str(word), str(word)), key, argument, result, status)  # type: ignore[arg-type]

    return view
