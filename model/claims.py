"""Claims: what must hold of every run, what of every state, and what some state must come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from counterpoint.model.decider import Decider
from counterpoint.model.glance import Glance
from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.observer import Observer
from counterpoint.model.verdict import Verdict, Violation

Reads: TypeAlias = Literal["operations", "end", "trace"]
"""What a trace must hold for a property to be judged; see `Property`."""

OURS = "counterpoint."
"""What the names of our modules begin with."""

OF_OBSERVERS = ("initial", "observe", "is_broken")
OF_DECIDERS = ("initial", "observe", "is_decided")
OF_GLANCES = ("look",)
"""What the two kinds of automaton have that a property may bring, and a glance."""


def require_claim(what: str, name: object, **functions: object) -> None:
    """Refuse a property, invariant or goal without a name, or with a function that is none."""
    if not isinstance(name, str) or not name.strip():
        raise BadScenario(f"a {what} is named {name!r}; its name is text, and not empty")
    for field, function in functions.items():
        if not callable(function):
            raise BadScenario(
                f"{what} {name!r} has {field} = {brief(function)}, which is no function"
            )


@dataclass(frozen=True, slots=True)
class Property:
    """A named claim about every trace: `check(trace)` returns a verdict, or True or False, or asserts.

    A check that raises breaks the property, too, with the line at which it did. `reads` says what a
    trace must hold for the check, and when it is made.

    "operations": calls, returns, notes, roles, crashes and recoveries are enough, so that fast
    walks need not record the rest; "end": the same, and the last world (`trace.final`) of a run whose
    faults have stopped and that is at rest, which is where it is judged, in every run;
    "trace": every event and world. A check of whole runs that is about what they come to at rest says
    so (`check.is_about_rest = True`); no run that is cut, with something still to come, breaks what is
    about rest. A check to which it makes no difference which of two calls that overlap began or was
    answered first may say so (`check.is_about_precedence = True`): then explorations forget it, and have
    fewer states. `observer` is the same property as an automaton, for
    explorations; without one they remember everything that the property may read. With `decided`, an
    automaton of which runs the check is bound to decide, walks are judged by the observer as well:
    the check is asked of runs that the two say nothing of, and about every finding. So it is with a
    `glance`, which several properties may share: it tells in one pass which of them hold.
    """

    name: str
    check: Callable[[Any], Verdict | bool | None]  # a trace, which is made of what is said here
    reads: Reads = "operations"
    observer: Observer | None = None
    decided: Decider | None = None
    glance: Glance | None = None

    def __post_init__(self) -> None:
        require_claim("property", self.name, check=self.check)
        if self.reads not in get_args(Reads):
            known = ", ".join(map(repr, get_args(Reads)))
            raise BadScenario(f"property {self.name!r} reads {self.reads!r}; there are: {known}")
        self._require_parts("observer", self.observer, OF_OBSERVERS)
        self._require_parts("decided", self.decided, OF_DECIDERS)
        self._require_parts("glance", self.glance, OF_GLANCES)
        if self.decided is not None and self.observer is None:
            raise BadScenario(
                f"property {self.name!r} has `decided`, and no observer beside which it could be asked"
            )

    def _require_parts(self, field: str, automaton: object, names: tuple[str, ...]) -> None:
        missing = [name for name in names if not hasattr(automaton, name)]
        if automaton is not None and missing:
            raise BadScenario(
                f"property {self.name!r} has {field} = {brief(automaton)}, which has no "
                f"`{missing[0]}`; {'a glance' if field == 'glance' else 'an automaton'} has "
                f"{', '.join(names)}"
            )

    @property
    def is_about_answers(self) -> bool:
        """Tell whether it asks alone who is owed an answer at the end, as `check_liveness` does.

        That is known of a check that says so (`check.is_about_answers = True`), or is one with some
        arguments given (`functools.partial`).
        """
        return self.reads == "end" and self._says("is_about_answers")

    @property
    def is_about_rest(self) -> bool:
        """Tell whether what a run comes to when it is at rest decides it.

        So it is where ends are read, but for who is owed an answer; and of a check of whole runs that
        says so (`check.is_about_rest = True`), as that of `leads_to` does. The calm then goes on until
        the run is at rest.
        """
        if self.reads == "end":
            return not self.is_about_answers
        return self.reads == "trace" and self._says("is_about_rest")

    @property
    def is_about_precedence(self) -> bool:
        """Tell whether a history decides it by what ended before what began, as linearizability.

        That is known of our own checks, and of one that says so (`check.is_about_precedence = True`).
        """
        return self._says("is_about_precedence") or str(self._function.__module__).startswith(OURS)

    @property
    def is_of_ends(self) -> bool:
        """Tell whether it is judged only of runs whose faults have stopped."""
        return self.reads == "end" or self.is_about_rest

    @property
    def is_about_last_world(self) -> bool:
        """Tell whether it looks at the last world of a run alone, and not at how that came about.

        That is known of a check that says so (`check.is_about_last_world = True`), as those of the
        claims that are ready do. An exploration that has seen every end has then judged every run.
        """
        return self.reads == "end" and self._says("is_about_last_world")

    @property
    def _function(self) -> Any:
        check: Any = self.check
        while isinstance(check, partial):
            check = check.func
        return check

    def _says(self, what: str) -> bool:
        return bool(getattr(self._function, what, False))


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named claim about every reachable state of the nodes.

    `violation(states)` maps the states of all nodes, by name, to a sentence that says what is wrong
    with them, or to None (or False); or to a `Violation`, which also tells the nodes that it is
    about, where a sentence is about those that it names. It must not look at anything else. A node
    that is down has lost its state, and is shown in its initial one; `violation(states, down)`, if
    it takes a second argument, is told which nodes those are.
    """

    name: str
    violation: Callable[..., str | Violation | Literal[False] | None]

    def __post_init__(self) -> None:
        require_claim("invariant", self.name, violation=self.violation)


@dataclass(frozen=True, slots=True)
class Goal:
    """A named claim that something can happen: that some reachable state is one of a kind.

    `is_met(states, messages)` maps the states of all nodes, by name, and the messages on their way
    as (source, destination, body), those held back among them, to whether this state is one. It
    must not look at anything else. A function of the states alone will do. Explorations tell where a
    goal is first met, and by which run; walks that come to no such state are not green.
    """

    name: str
    is_met: Callable[..., object]

    def __post_init__(self) -> None:
        require_claim("goal", self.name, is_met=self.is_met)
