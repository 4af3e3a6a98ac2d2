"""Messages that can never matter again, so that an exploration may forget them at once.

A message is spent at a node if the node ignores it in its present core and in every core that it may
ever have from then on. States that differ in spent messages alone can do the same for ever: arriving,
a spent message does nothing. (A fault on one only uses up a budget, and more budget allows more.)

Which cores a node may ever have is bounded from above before anything is explored: any message that
was ever sent to a node may arrive there in any core, as often as it likes, any call and timer of a
core may come, and the faults of the scenario may happen to any core. What a fault does is asked of its
class; one that does not promise to depend on its place alone cannot be bounded, and is refused. What is
not spent by this bound is kept, so that a bound that is too wide costs states, and loses nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from counterpoint.model.actions import ACTIONS, NORMAL
from counterpoint.model.faults import Tear
from counterpoint.model.kind import Action, ActionKind, undone_by
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled, CoreId, Message
from counterpoint.model.values import NodeId

REACTIONS_MAX = 200_000
"""So many reactions are computed for the bound before it is given up."""


class TooManyCores(ValueError):
    """The bound on the cores of the nodes was not found: there are too many, perhaps no end of them."""


class CannotForget(ValueError):
    """Messages cannot be forgotten: a fault of this scenario may do what is not known beforehand."""

    def __init__(self, kind: type[Action] | None, why: str) -> None:
        what = (
            ""
            if kind is None
            else f"{kind.__name__} ({kind.kind!r}) may make a message matter again; "
        )
        super().__init__(f"--no-op forget: {what}{why}; use --no-op keep")


class Relevance:
    """For each core the messages that may still matter to its node, as bits by message.

    Raises:
        TooManyCores: the bound is too large.
        CannotForget: what some fault may do to a node is not known.
    """

    def __init__(self, compiled: Compiled, reactions_max: int = REACTIONS_MAX) -> None:
        self.compiled = compiled
        self._left = reactions_max
        if compiled.scenario.goals:
            raise CannotForget(None, "goals see the messages on their way")
        fires = compiled.scenario.limits.get("fire")
        self._fires = fires is None or fires.per_run > 0
        others = [kind for kind in compiled.kinds if kind not in NORMAL]
        self._of_nodes = [k for k in map(_known, others) if k.target == "node"]
        self._tears = Tear in others
        self._of_messages = [
            k for k in map(_known, others) if k.target in ("message", "held") and k not in ACTIONS
        ]
        self._messages: list[list[Message]] = [[] for _ in compiled.nodes]
        self._cores: list[list[CoreId]] = [[] for _ in compiled.nodes]
        self._known_messages: set[Message] = set()
        self._running: set[CoreId] = set()
        self._stopped: set[CoreId] = set()
        self._before: dict[CoreId, set[CoreId]] = {}
        self._matters: dict[CoreId, int] = {}
        self._rest: deque[tuple[CoreId, Message | None]] = deque()
        self._close()
        self._spread()

    def may_matter(self, core: CoreId, message: Message) -> bool:
        """Tell whether a message may ever do something at a node that has this core now."""
        return bool(self._matters[core] >> message & 1)

    def require(self, core: CoreId, after: CoreId, action: Action) -> None:
        """See to it that the bound foresaw what an action has made of a node.

        Raises:
            CannotForget: it did not, so what was forgotten may have mattered.
        """
        if core != after and core not in self._before.get(after, ()):
            raise CannotForget(
                type(action),
                f"{action!r} did what could not be foreseen, although its class says is_of_its_place",
            )

    def _close(self) -> None:
        for core in self.compiled.start_cores:
            self._add_core(core)
        self._send(self.compiled.start_sends)
        while self._rest:
            core, message = self._rest.popleft()
            if message is None:
                self._own(core)
            else:
                self._arrive(core, message)

    def _note(self, core: CoreId) -> None:
        self._before.setdefault(core, set())
        self._matters.setdefault(core, 0)

    def _add_core(self, core: CoreId) -> None:
        if core in self._running:
            return
        self._running.add(core)
        self._note(core)
        node = self.compiled.node_of_core[core]
        self._cores[node].append(core)
        self._rest.append((core, None))
        self._rest.extend((core, message) for message in self._messages[node])

    def _send(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if message not in self._known_messages:
                self._known_messages.add(message)
                node = self.compiled.destination[message]
                self._messages[node].append(message)
                self._rest.extend((core, message) for core in self._cores[node])

    def _step(self, core: CoreId, after: CoreId, sends: tuple[Message, ...]) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyCores(
                "the nodes may have too many states to tell which messages never matter again; "
                "use --no-op keep"
            )
        self._add_core(after)
        self._before[after].add(core)
        self._send(sends)

    def _arrive(self, core: CoreId, message: Message) -> None:
        try:
            outcome = self.compiled.deliver(core, message)
        except HandlerFailed:  # the exploration meets it, if it can happen at all
            self._matters[core] |= 1 << message
            return
        if not outcome.is_ignored:
            self._matters[core] |= 1 << message
        self._step(core, outcome.core, outcome.sends)
        if self._tears:
            self._happen(core, Tear, message)
        for kind in self._of_messages:
            for action in kind.of_message(self.compiled.contents[message]):
                self._disturb(core, message, action)

    def _own(self, core: CoreId) -> None:
        """Let happen what else may happen to a node in a core: its own choices, and faults."""
        compiled = self.compiled
        for choice in compiled.choices[core]:
            if choice.is_call or self._fires:
                try:
                    outcome = compiled.choose(core, choice)
                except HandlerFailed:
                    continue
                self._step(core, outcome.core, outcome.sends)
        for kind in self._of_nodes:
            if not (kind in ACTIONS and undone_by(kind)):  # ours undo nothing at a node that runs
                self._happen(core, kind)

    def _happen(self, core: CoreId, kind: type[ActionKind], *inbox: Message) -> None:
        """Let a fault of nodes happen in a core, whether the budgets allow it or not."""
        run = self._alone(core, inbox)
        for action in tuple(kind.candidates(run, self._name(core))):
            self._perform(core, self._alone(core, inbox), action)

    def _perform(self, core: CoreId, run: Simulation, action: ActionKind) -> None:
        try:
            run.perform(action)
        except HandlerFailed:
            return
        node = self.compiled.node_of_core[core]
        after = run.cores[node]
        if self._name(core) not in run.conditions.down:
            self._step(core, after, tuple(run.flights))
            return
        # Nothing arrives at a node that is down, until something lets it run again.
        self._note(after)
        self._before[after].add(core)
        self._send(tuple(run.flights))
        if after not in self._stopped:  # a node that runs may have the same core
            self._stopped.add(after)
            for kind in self._of_nodes:
                for again in kind.candidates(run, self._name(core)) if undone_by(kind) else ():
                    stopped = self._alone(after, ())
                    stopped.conditions = run.conditions
                    self._perform(after, stopped, again)

    def _disturb(self, core: CoreId, message: Message, action: ActionKind) -> None:
        """Let a fault of one's own happen to a message; it matters if more comes of that than loss."""
        run = self._alone(core, (message,))
        if action.target == "held":
            run.flights, run.held = [], [message]
        try:
            run.perform(action)
        except HandlerFailed:
            self._matters[core] |= 1 << message
            return
        after = run.cores[self.compiled.node_of_core[core]]
        if after != core or not {*run.flights, *run.held} <= {message}:
            self._matters[core] |= 1 << message
        self._step(core, after, tuple(run.flights))

    def _alone(self, core: CoreId, inbox: Iterable[Message]) -> Simulation:
        run = Simulation(self.compiled)
        run.flights, run.held, run.seen = list(inbox), [], []
        run.cores[self.compiled.node_of_core[core]] = core
        return run

    def _name(self, core: CoreId) -> NodeId:
        return self.compiled.nodes[self.compiled.node_of_core[core]]

    def _spread(self) -> None:
        """Let what matters in a core matter in every core before it."""
        rest = deque(self._before)
        waiting = set(rest)
        while rest:
            core = rest.popleft()
            waiting.discard(core)
            bits = self._matters[core]
            for before in self._before[core]:
                if bits & ~self._matters[before]:
                    self._matters[before] |= bits
                    if before not in waiting:
                        waiting.add(before)
                        rest.append(before)


def _known(kind: type[Action]) -> type[ActionKind]:
    """Return a kind of which it is known what it may do to a node.

    Raises:
        CannotForget: it is not.
    """
    if not issubclass(kind, ActionKind):
        raise CannotForget(kind, "it is no ActionKind, so what it may do to a node is not known")
    if not kind.is_of_its_place:
        raise CannotForget(
            kind,
            "it does not say is_of_its_place = True: that what it does to a node depends on that node "
            "and the message alone",
        )
    return kind
