"""What one kind of action is, said once: both engines, every search, replay and reports read it here.

A kind is a class, an action an instance of it, named by content. What its class says is all there is:
what it is about (`target`), what it uses up (`spends`), what it ends (`undoes`), when it is legal
(`is_open`, `fits`), and what it does (`perform`), in the few words of a `Mover`. Worlds are made to be
read, simulations to be fast; both can be looked at as a `View` and changed by a `Mover`, so that
neither needs a table of kinds of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import (
    Any,
    ClassVar,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

from counterpoint.model.exact import distinct, first_place, has_same_fields
from counterpoint.model.fault_state import FaultState
from counterpoint.model.mistakes import MODEL
from counterpoint.model.values import NodeId
from counterpoint.model.view import Content, Movable, Mover, ScenarioView, View

__all__ = [
    "Action", "ActionKind", "Content", "Mover", "Target", "View", "faults_used", "kinds_of",
    "may_happen", "may_interfere", "may_spend", "undone_by",
]  # fmt: skip

Target: TypeAlias = Literal["message", "held", "node", "network"]
"""What an action is about: a message on its way, one that is held back, a node, the whole network."""

MovedT = TypeVar("MovedT")


def _are_same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    return has_same_fields(one, other) if is_dataclass(one) else one is other


_PLACE = {"message": "dst", "held": "dst", "node": "node"}
"""The field that names the node at which an action about such a thing acts."""


class ActionKind:
    """The base of all kinds of action. A fault of one's own is one class like this:

        @dataclass(frozen=True, slots=True)
        class ClockJump(ActionKind):
            kind = "clock-jump"
            node: str

            def perform(self, move):
                move.give(self.node, Timeout("lease"))

    Named in `Scenario.actions` and given a budget in `Scenario.limits`, it happens in every search. One
    that looks at another node than its own, or changes one, is refused where states are explored.

    kind       keys its budget; names it in traces and reports
    is_fault   whether it interferes: a run that settles does without it
    target     what it is about, which says the fields it has and where it is looked for:
               "message" and "held" have `src`, `dst`, `body`; "node" has `node`; "network" lists its
               own `candidates`
    spends     whether each use takes one of its budget; without a budget it does not happen then
    undoes     the kinds whose interference it ends; it needs none of its own, and gets none
    needs      the kinds of which one must have a budget for this kind ever to be legal
    is_for_queues   whether it adds runs on ordered networks alone; without kinds of one's own,
               explorations leave it out on others
    is_prompt  whether, of what is no fault, it happens before any timer once the faults have stopped
    is_of_its_place whether what it does to its node depends on that node and the message alone, so
               that it can be known beforehand; `explore --no-op forget` asks for this
    """

    __slots__ = ()

    kind: ClassVar[str]
    is_fault: ClassVar[bool] = True
    target: ClassVar[Target] = "node"
    spends: ClassVar[bool] = True
    undoes: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    is_for_queues: ClassVar[bool] = False
    is_prompt: ClassVar[bool] = False
    is_of_its_place: ClassVar[bool] = False

    @property
    def at(self) -> NodeId | None:
        """The node that the action acts at, None for the network as a whole."""
        place = _PLACE.get(self.target)
        return None if place is None else getattr(self, place)

    @property
    def content(self) -> Content:
        """The message that the action is about."""
        thing: Any = self
        return (thing.src, thing.dst, thing.body)

    def __init_subclass__(cls) -> None:
        """Let two actions be equal only if they are about the same: 1 and True are two messages."""
        super().__init_subclass__()
        if cls.__eq__ in (object.__eq__, _are_same):
            cls.__eq__ = _are_same  # type: ignore[method-assign]

    # What a kind says of itself.

    @classmethod
    def belongs_to(cls, scenario: ScenarioView) -> bool:
        """Tell whether a scenario has what this kind is about, whatever its budgets."""
        del scenario
        return True

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Tell, cheaply, whether any action of this kind may be legal now."""
        return not cls.spends or may_spend(state.scenario, state.conditions, cls.kind)

    @classmethod
    def of_message(cls, content: Content) -> Iterable[Self]:
        """Return the actions of this kind about one message."""
        make: Any = cls
        return (make(*content),)

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Self]:
        """Return the actions at one place that there could be, in a fixed order; `fits` decides."""
        if at is None or cls.target == "network":
            return ()
        if cls.target == "node":
            make: Any = cls
            return (make(at),)
        contents = state.waiting(at) if cls.target == "message" else distinct(state.held_at(at))
        return (action for content in contents for action in cls.of_message(content))

    def fits(self, state: View) -> bool:
        """Tell whether this action is legal now, given that its kind is open."""
        match self.target:
            case "message":
                return state.is_waiting(self.content)
            case "held":
                return first_place(state.held_at(self.content[1]), self.content) is not None
            case "node":
                assert self.at is not None, f"{self!r} is about no node"
                return state.is_up(self.at)
        return True

    def is_free(self, state: View) -> bool:
        """Tell whether this use is free, although the kind has a budget."""
        del state
        return False

    def perform(self, move: Mover) -> None:
        """Do it. What it uses of its budget is counted already."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does (perform)")

    # What follows from it.

    @classmethod
    def options(cls, state: View, at: NodeId | None) -> Iterator[Self]:
        """Return every legal instance at one place, in a fixed order."""
        if cls.is_open(state):
            for action in cls.candidates(state, at):
                if action.fits(state):
                    yield action

    def is_legal(self, state: View) -> bool:
        """Tell whether this action is legal now."""
        return (
            self.is_open(state)
            and self.fits(state)
            and (self.target != "network" or self in self.candidates(state, None))
        )

    def conditions_after(self, state: View) -> FaultState:
        """Return the conditions in which one more use is counted, if it is not free."""
        conditions = state.conditions
        if not self.spends or self.is_free(state):
            return conditions
        return conditions.with_one_more(self.kind)

    def apply(self, world: Movable[MovedT]) -> MovedT:
        """Perform the action in a world in which it is legal."""
        move = world.mover(self.conditions_after(world))
        self.perform(move)
        return move.done()


@runtime_checkable
class Action(Protocol):
    """One choice, named by content. The only source of nondeterminism, and of new kinds of fault.

    `ActionKind` is the base of those that are here; any class with these five will do. It acts at one
    node (`at`), or on the network as a whole (`at` is None): it changes that node, the messages
    addressed to it and the conditions, and may send messages. A search of states refuses one that looks
    at more than that. `kind` keys its budget in `Limits`; `is_fault` says whether a run that settles may
    still do it.
    """

    kind: ClassVar[str]
    is_fault: ClassVar[bool]

    @property
    def at(self) -> NodeId | None:
        """The node that the action acts at, None for the network as a whole."""
        ...

    @classmethod
    def options(cls, world: Any, at: NodeId | None) -> Iterable[Action]:
        """Return every legal instance at one place, in a fixed order."""
        ...

    def apply(self, world: Any) -> Any:
        """Perform the action in a world in which it is legal; return the next one, as `Moved`."""
        ...


# ---- what the budgets of a scenario allow --------------------------------------------------------


def may_spend(scenario: ScenarioView, conditions: FaultState, kind: str, in_force: int = 0) -> bool:
    """Tell whether one more fault of a kind is within its budget, given how many are in force."""
    budget = scenario.limits.get(kind)
    if budget is None or conditions.settled is not None:
        return False
    if conditions.count(kind) >= budget.per_run:
        return False
    if budget.at_once is not None and in_force >= budget.at_once:
        return False
    return scenario.faults_max is None or faults_used(conditions) < scenario.faults_max


def faults_used(conditions: FaultState) -> int:
    """Return how many faults the run has used so far."""
    return sum(faults_by_kind(conditions).values())


def faults_by_kind(conditions: FaultState) -> dict[str, int]:
    """Return how many faults of each kind the run has used so far.

    Timers may have a budget of their own, but that one goes off is no fault.
    """
    return {kind: used for kind, used in conditions.spent if kind != "fire"}


def undone_by(kind: type[Action]) -> tuple[str, ...]:
    """Return the kinds of interference that a kind ends."""
    found: tuple[str, ...] = getattr(kind, "undoes", ())
    return found


def kinds_of(scenario: ScenarioView) -> tuple[type[Action], ...]:
    """Return what may happen in a scenario: the one answer, for every search, replay and settling."""
    return tuple(kind for kind in scenario.actions if may_happen(kind, scenario))


def may_happen(kind: type[Action], scenario: ScenarioView) -> bool:
    """Tell whether a kind can occur at all in a scenario that names it, given its budgets.

    A class that is no `ActionKind` keeps its rules to itself, so it may. What ends or follows from
    the interference of other kinds may also follow from that of a kind of one's own.
    """
    if not issubclass(kind, ActionKind):
        return True
    if not kind.belongs_to(scenario):
        return False
    follows = kind.needs or kind.undoes
    if follows:
        is_begun = any(_is_funded(name, scenario) for name in follows)
        return is_begun or any(may_interfere(other, scenario) for other in scenario.actions)
    return not kind.spends or _is_funded(kind.kind, scenario)


def may_interfere(kind: type[Action], scenario: ScenarioView) -> bool:
    """Tell whether a kind is somebody's own and may do what no budget of ours tells of."""
    if is_of_model(kind):
        return False
    is_known = issubclass(kind, ActionKind) and kind.spends
    return not is_known or _is_funded(kind.kind, scenario)


def is_of_model(kind: type[Action]) -> bool:
    """Tell whether a kind is one that every system has, whose rules are the scenario's."""
    return kind.__module__.startswith(MODEL)


def _is_funded(name: str, scenario: ScenarioView) -> bool:
    budget = scenario.limits.get(name)
    return budget is not None and budget.per_run > 0 and scenario.faults_max != 0
