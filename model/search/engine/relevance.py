"""Messages that can never matter again, so that an exploration may forget them at once.

A message is spent at a node if the node ignores it in its present core and in every core that it may
ever have from then on. States that differ in spent messages alone can do the same for ever: arriving,
a spent message does nothing. (A fault on one only uses up a budget, and more budget allows more.)

Which cores a node may ever have is bounded from above before anything is explored: any message that
was ever sent to a node may arrive there in any core, as often as it likes, any call and timer of a
core may come, and the faults of the scenario may happen to any core. What is not spent by this bound
is kept, so that a bound that is too wide costs states, and loses nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from counterpoint.model.search.engine.compiled import Compiled, CoreId, Message, Outcome

REACTIONS_MAX = 200_000
"""So many reactions are computed for the bound before it is given up."""


class TooManyCores(ValueError):
    """The bound on the cores of the nodes was not found: there are too many, perhaps no end of them."""


class Relevance:
    """For each core the messages that may still matter to its node, as bits by message.

    Raises:
        TooManyCores: the bound is too large.
    """

    def __init__(self, compiled: Compiled, reactions_max: int = REACTIONS_MAX) -> None:
        self.compiled = compiled
        self._left = reactions_max
        limits = compiled.scenario.limits
        has_faults = compiled.scenario.faults_max != 0
        self._crashes = has_faults and "crash" in limits
        self._transforms = has_faults and "transform" in limits
        fires = limits.get("fire")
        self._fires = fires is None or fires.per_run > 0
        self._messages: list[list[Message]] = [[] for _ in compiled.nodes]
        self._cores: list[list[CoreId]] = [[] for _ in compiled.nodes]
        self._known_messages: set[Message] = set()
        self._running: set[CoreId] = set()
        self._before: dict[CoreId, set[CoreId]] = {}
        self._matters: dict[CoreId, int] = {}
        self._rest: deque[tuple[CoreId, Message | None]] = deque()
        self._close()
        self._spread()

    def may_matter(self, core: CoreId, message: Message) -> bool:
        """Tell whether a message may ever do something at a node that has this core now."""
        return bool(self._matters[core] >> message & 1)

    def _close(self) -> None:
        for core in self.compiled.start_cores:
            self._add_core(core)
        self._send(self.compiled.start_sends)
        while self._rest:
            core, message = self._rest.popleft()
            if message is None:
                for outcome in self._own(core):
                    self._step(core, outcome)
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

    def _step(self, core: CoreId, outcome: Outcome) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyCores(
                "the nodes may have too many states to tell which messages never matter again; "
                "use --no-op keep"
            )
        self._add_core(outcome.core)
        self._before[outcome.core].add(core)
        self._send(outcome.sends)

    def _arrive(self, core: CoreId, message: Message) -> None:
        try:
            outcome = self.compiled.deliver(core, message)
        except Exception:  # whatever it is, the exploration meets it, if it can happen at all
            self._matters[core] |= 1 << message
            return
        if not outcome.is_ignored:
            self._matters[core] |= 1 << message
        self._step(core, outcome)

    def _own(self, core: CoreId) -> Iterator[Outcome]:
        """Return what else may happen to a node in a core: its own choices, and faults."""
        compiled = self.compiled
        for choice in compiled.choices[core]:
            if choice.is_call or self._fires:
                yield from _tried(lambda c=choice: compiled.choose(core, c))
        if self._transforms:
            yield from _tried(lambda: compiled.transform(core))
        if self._crashes:
            stopped = compiled.crash(core).core  # nothing arrives there before the restart
            self._note(stopped)
            self._before[stopped].add(core)
            for outcome in _tried(lambda: compiled.restart(stopped)):
                self._step(stopped, outcome)

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


def _tried(react: object) -> Iterator[Outcome]:
    """Return an outcome, nothing if the handler fails: the exploration meets that by itself."""
    assert callable(react)
    try:
        outcome = react()
    except Exception:
        return
    yield outcome
