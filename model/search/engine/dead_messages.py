"""Messages that can never matter again, so that an exploration may forget them at once.

A message is dead at a node if the node ignores it in its present state and in every state that it may
ever have from then on. States that differ in dead messages alone can do the same for ever: arriving, a
dead message does nothing. (A fault on one only uses up a budget, and more budget allows more.)

Which states a node may ever have is bounded from above before anything is explored: any message that
was ever sent to a node may arrive there in any state, as often as it likes, any call and timer of a
state may come, and the faults of the scenario may happen in any state. What a fault does is asked of
its class; one that does not promise to depend on its place alone cannot be bounded, and is refused.
What is not dead by this bound is kept, so that a bound that is too wide costs states, and loses
nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from counterpoint.model.actions import ACTIONS, NORMAL
from counterpoint.model.faults import Tear
from counterpoint.model.kind import Action, ActionKind, undone_by
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.one_place import OnePlace
from counterpoint.model.search.engine.transition_tables import Compiled, Message, NodeStateId
from counterpoint.model.values import NodeId

REACTIONS_MAX = 200_000
"""So many reactions are computed for the bound before it is given up."""


class TooManyNodeStates(ValueError):
    """The bound on the states of the nodes was not found: too many, perhaps without end."""


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
    """For each node state the messages that may still matter to its node, as bits by message.

    Raises:
        TooManyNodeStates: the bound is too large.
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
        self._node_states: list[list[NodeStateId]] = [[] for _ in compiled.nodes]
        self._known_messages: set[Message] = set()
        self._running: set[NodeStateId] = set()
        self._stopped: set[NodeStateId] = set()
        self._before: dict[NodeStateId, set[NodeStateId]] = {}
        self._matters: dict[NodeStateId, int] = {}
        self._rest: deque[tuple[NodeStateId, Message | None]] = deque()
        self._close()
        self._spread()

    def may_matter(self, node_state: NodeStateId, message: Message) -> bool:
        """Tell whether a message may ever do something at a node that has this node state now."""
        return bool(self._matters[node_state] >> message & 1)

    def require(self, node_state: NodeStateId, after: NodeStateId, action: Action) -> None:
        """See to it that the bound foresaw what an action has made of a node.

        Raises:
            CannotForget: it did not, so what was forgotten may have mattered.
        """
        if node_state != after and node_state not in self._before.get(after, ()):
            raise CannotForget(
                type(action),
                f"{action!r} did what could not be foreseen, although its class says is_of_its_place",
            )

    def _close(self) -> None:
        for node_state in self.compiled.start_node_states:
            self._add_node_state(node_state)
        self._send(self.compiled.start_sends)
        while self._rest:
            node_state, message = self._rest.popleft()
            if message is None:
                self._own(node_state)
            else:
                self._arrive(node_state, message)

    def _note(self, node_state: NodeStateId) -> None:
        self._before.setdefault(node_state, set())
        self._matters.setdefault(node_state, 0)

    def _add_node_state(self, node_state: NodeStateId) -> None:
        if node_state in self._running:
            return
        self._running.add(node_state)
        self._note(node_state)
        node = self.compiled.node_of_node_state[node_state]
        self._node_states[node].append(node_state)
        self._rest.append((node_state, None))
        self._rest.extend((node_state, message) for message in self._messages[node])

    def _send(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if message not in self._known_messages:
                self._known_messages.add(message)
                node = self.compiled.destination[message]
                self._messages[node].append(message)
                self._rest.extend((node_state, message) for node_state in self._node_states[node])

    def _step(
        self, node_state: NodeStateId, after: NodeStateId, sends: tuple[Message, ...]
    ) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyNodeStates(
                "the nodes may have too many states to tell which messages never matter again; "
                "use --no-op keep"
            )
        self._add_node_state(after)
        self._before[after].add(node_state)
        self._send(sends)

    def _arrive(self, node_state: NodeStateId, message: Message) -> None:
        try:
            outcome = self.compiled.deliver(node_state, message)
        except HandlerFailed:  # the exploration meets it, if it can happen at all
            self._matters[node_state] |= 1 << message
            return
        if not outcome.is_ignored:
            self._matters[node_state] |= 1 << message
        self._step(node_state, outcome.node_state, outcome.sends)
        if self._tears:
            self._happen(node_state, Tear, message)
        for kind in self._of_messages:
            for action in kind.of_message(self.compiled.contents[message]):
                self._disturb(node_state, message, action)

    def _own(self, node_state: NodeStateId) -> None:
        """Let happen what else may happen to a node in a node state: its own choices, and faults."""
        compiled = self.compiled
        for choice in compiled.choices[node_state]:
            if choice.is_call or self._fires:
                try:
                    outcome = compiled.choose(node_state, choice)
                except HandlerFailed:
                    continue
                self._step(node_state, outcome.node_state, outcome.sends)
        for kind in self._of_nodes:
            if not (kind in ACTIONS and undone_by(kind)):  # ours undo nothing at a node that runs
                self._happen(node_state, kind)

    def _happen(self, node_state: NodeStateId, kind: type[ActionKind], *inbox: Message) -> None:
        """Let a fault of nodes happen in a node state, whether the budgets allow it or not."""
        run, name = self._alone(node_state, inbox, kind), self._name(node_state)
        # Who may fail depends on the roles of all, of which nothing is known here.
        actions = Tear.of_steps(run, name) if kind is Tear else kind.candidates(run, name)
        for action in tuple(actions):
            self._perform(node_state, self._alone(node_state, inbox, kind), action)

    def _perform(self, node_state: NodeStateId, run: OnePlace, action: ActionKind) -> None:
        try:
            run.perform(action)
        except HandlerFailed:
            return
        node = self.compiled.node_of_node_state[node_state]
        after = run.node_states[node]
        if self._name(node_state) not in run.conditions.down:
            self._step(node_state, after, tuple(run.flights))
            return
        # Nothing arrives at a node that is down, until something lets it run again.
        self._note(after)
        self._before[after].add(node_state)
        self._send(tuple(run.flights))
        if after not in self._stopped:  # a node that runs may have the same node state
            self._stopped.add(after)
            for kind in self._of_nodes:
                for again in (
                    kind.candidates(run, self._name(node_state)) if undone_by(kind) else ()
                ):
                    stopped = self._alone(after, (), kind)
                    stopped.conditions = run.conditions
                    self._perform(after, stopped, again)

    def _disturb(self, node_state: NodeStateId, message: Message, action: ActionKind) -> None:
        """Let a fault of one's own happen to a message; it matters if more comes of that than loss."""
        run = self._alone(node_state, (message,), type(action))
        if action.target == "held":
            run.flights, run.held = [], [message]
        try:
            run.perform(action)
        except HandlerFailed:
            self._matters[node_state] |= 1 << message
            return
        after = run.node_states[self.compiled.node_of_node_state[node_state]]
        if after != node_state or not {*run.flights, *run.held} <= {message}:
            self._matters[node_state] |= 1 << message
        self._step(node_state, after, tuple(run.flights))

    def _alone(
        self, node_state: NodeStateId, inbox: Iterable[Message], kind: type[Action]
    ) -> OnePlace:
        run = OnePlace(self.compiled, self._name(node_state))
        run.ask_about(kind)
        run.flights, run.held, run.seen = list(inbox), [], []
        run.node_states[self.compiled.node_of_node_state[node_state]] = node_state
        return run

    def _name(self, node_state: NodeStateId) -> NodeId:
        return self.compiled.nodes[self.compiled.node_of_node_state[node_state]]

    def _spread(self) -> None:
        """Let what matters in a node state matter in every node state before it."""
        rest = deque(self._before)
        waiting = set(rest)
        while rest:
            node_state = rest.popleft()
            waiting.discard(node_state)
            bits = self._matters[node_state]
            for before in self._before[node_state]:
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
