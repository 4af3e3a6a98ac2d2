"""What a protocol is: one pure function from a node's state and an input to a state and effects.

    handle(node, state, given) -> Step(state, effects)

A handler reads no clock, draws no random number, does no input or output and keeps nothing between
calls. What it must not decide comes in as an input; what it wants done goes out as an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId, Value

S = TypeVar("S")


# ---- inputs: what happens to a node --------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Start:
    """The run begins; given once to every node, to its initial state."""


@quick_init
@dataclass(frozen=True, slots=True)
class Invoke:
    """The user of this node asks for an operation; the node answers with `Return`."""

    operation: Value


@quick_init
@dataclass(frozen=True, slots=True)
class Receive:
    """A message arrived."""

    source: NodeId
    body: Value


@quick_init
@dataclass(frozen=True, slots=True)
class Timeout:
    """A timer that this node set went off; it is not armed any more."""

    timer: str


@quick_init
@dataclass(frozen=True, slots=True)
class Recover:
    """The node runs again after a crash, in its initial state, with what it last persisted.

    `durable` is the value of its last `Persist`, None if there was none.
    """

    durable: Value


@quick_init
@dataclass(frozen=True, slots=True)
class ChangeRole:
    """An operator asks this node to take its other role; what that means is the protocol's to say."""


@quick_init
@dataclass(frozen=True, slots=True)
class Suspect:
    """The failure detector holds another node for failed: down, or silent. It may be wrong.

    Given only where the scenario has a `FailureDetector`.
    """

    node: NodeId


@quick_init
@dataclass(frozen=True, slots=True)
class Trust:
    """The failure detector takes back what it has said of another node: it is well, or well again."""

    node: NodeId


Input: TypeAlias = Start | Invoke | Receive | Timeout | Recover | ChangeRole | Suspect | Trust


# ---- effects: what a node wants done -------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Send:
    """Put a message on the way. It may arrive late, twice or never; it is never altered."""

    to: NodeId
    body: Value


@quick_init
@dataclass(frozen=True, slots=True)
class SetTimer:
    """Arm a timer; arming an armed timer changes nothing. It may go off at any later step."""

    timer: str


@quick_init
@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Disarm a timer; disarming one that is not armed changes nothing."""

    timer: str


@quick_init
@dataclass(frozen=True, slots=True)
class Begin:
    """This node calls an operation of its own accord, without having been invoked."""

    operation: Value


@quick_init
@dataclass(frozen=True, slots=True)
class Return:
    """Answer the operation under way. This is the moment at which the client accepts the result."""

    result: Value


@quick_init
@dataclass(frozen=True, slots=True)
class GaveUp:
    """The result of a call whose client waits no more: it may have had an effect, now or later."""


@quick_init
@dataclass(frozen=True, slots=True)
class Persist:
    """Write to durable storage, in place of what was there. It survives crashes."""

    value: Value


@quick_init
@dataclass(frozen=True, slots=True)
class Note:
    """Say something to checkers and readers of traces; it has no effect on the run."""

    what: Value


Effect: TypeAlias = Send | SetTimer | CancelTimer | Begin | Return | Persist | Note


@dataclass(frozen=True, slots=True, init=False)
class Step(Generic[S]):
    """The outcome of one input: the node's next state, and its effects in order.

    The effects are given one by one, or as a sequence of them.

    >>> Step(1, Send("a", "x"), Return("ok")) == Step(1, (Send("a", "x"), Return("ok")))
    True
    """

    state: S
    effects: tuple[Effect, ...]

    def __init__(
        self, state: S, *given: Effect | Sequence[Effect] | None, effects: Sequence[Effect] = ()
    ) -> None:
        _set_state(self, state)
        if not given:
            _set_effects(self, effects)
        elif len(given) == 1 and type(given[0]) is tuple:  # as nearly always
            _set_effects(self, given[0])
        else:
            _set_effects(self, _flat(given))


_set_state: Callable[[object, object], None] = vars(Step)["state"].__set__
_set_effects: Callable[[object, object], None] = vars(Step)["effects"].__set__


def _flat(given: tuple[Effect | Sequence[Effect] | None, ...]) -> object:
    """Return effects as one tuple. What is neither is left to whoever asked for the step to refuse."""
    first = given[0]
    if len(given) == 1 and (first is None or isinstance(first, tuple | list | set | frozenset)):
        return first
    found: list[object] = []
    for each in given:
        if isinstance(each, tuple | list):
            found.extend(each)
        elif each is not None:
            found.append(each)
    return tuple(found)


class System(Protocol[S]):
    """A protocol under test: its nodes, their initial states, and the one handler.

    States, bodies, operations and results are frozen and hashable. `handle` is a pure function.
    """

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node, clients included, in the order in which reports show them."""
        ...

    def initial(self, node: NodeId) -> S:
        """Return the state of a node before its first input, and again after a crash."""
        ...

    def handle(self, node: NodeId, state: S, given: Input) -> Step[S]:
        """Return what `node` does when `given` happens to it in `state`."""
        ...
